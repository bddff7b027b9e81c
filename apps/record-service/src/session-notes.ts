import type { Timeline } from '@handfast/handshake';
import type { HandshakeEntry, HandshakeState } from '@handfast/sessions';
import { toHex } from '@handfast/wire';

/** What the registry of live handshakes is told of a timeline. */
export function entryOf(timeline: Timeline, gateway: string): HandshakeEntry {
  const { state, at } = stateOf(timeline);
  const { protocol, cipherSuite, serverName, peerSubject } = timeline.negotiated;
  return {
    id: toHex(timeline.spanId),
    traceId: toHex(timeline.traceId),
    role: timeline.role,
    gateway,
    state,
    at,
    protocol,
    cipherSuite,
    serverName,
    identity: peerSubject,
    reason: timeline.failure?.reason,
  };
}

/** The same when the connection is gone. */
export function closedEntryOf(timeline: Timeline, gateway: string, now: number): HandshakeEntry {
  return { ...entryOf(timeline, gateway), state: 'closed', at: now };
}

function stateOf(timeline: Timeline): { readonly state: HandshakeState; readonly at: number } {
  const { state, startedAt, completedAt, confirmedAt, failure } = timeline;
  switch (state) {
    case 'started':
      return { state, at: startedAt };
    case 'completed':
      return { state, at: completedAt ?? startedAt };
    case 'confirmed':
      return { state, at: confirmedAt ?? startedAt };
    case 'failed':
      return { state, at: failure?.at ?? startedAt };
  }
}
