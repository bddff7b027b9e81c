import type { Timeline } from '@handfast/handshake';

/** The other side of the timeline's role. */
export function peerOf({ role }: Timeline): 'client' | 'server' {
  return role === 'client' ? 'server' : 'client';
}

/**
 * When the handshake itself was over, in milliseconds since the Unix epoch: when it completed or failed, or when the
 * connection closed before either. Waiting for confirmation on an idle connection is no part of it, but a rejection
 * that came late is.
 */
export function handshakeEnd({ failure, completedAt, endedAt, startedAt }: Timeline): number {
  return failure?.at ?? completedAt ?? endedAt ?? startedAt;
}

/** Milliseconds. */
export function handshakeDuration(timeline: Timeline): number {
  return handshakeEnd(timeline) - timeline.startedAt;
}
