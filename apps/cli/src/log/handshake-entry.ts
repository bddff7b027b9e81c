import type { Negotiated, Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import { toHex } from '@handfast/wire';
import { type Outcome, outcomeOf } from '../waterfall/outcome.ts';

/** A handshake that has ended, as the log has it. */
export interface HandshakeEntry {
  readonly trace_id: string;
  readonly outcome: Outcome['kind'];
  /** A sentence. */
  readonly message: string;
  readonly client: string | undefined;
  readonly server_name: string | undefined;
  readonly protocol: string | undefined;
  readonly cipher_suite: string | undefined;
  readonly group: string | undefined;
  readonly application_protocol: string | undefined;
  readonly resumption: Negotiated['resumption'];
  readonly early_data: Negotiated['earlyData'];
  /** Of the peer, where it was found trusted. */
  readonly identity: string | undefined;
  /** Until it was completed or had failed. */
  readonly duration_ms: number;
  readonly reason: string | undefined;
  readonly alert: string | undefined;
}

export function entryOf(timeline: Timeline, endpoints: Endpoints | undefined): HandshakeEntry {
  const { traceId, negotiated, failure, startedAt, completedAt, endedAt } = timeline;
  const outcome = outcomeOf(timeline);
  const end = completedAt ?? endedAt ?? startedAt;
  return {
    trace_id: toHex(traceId),
    outcome: outcome.kind,
    message: outcome.text,
    client: endpoints && `${endpoints.peer.address}:${endpoints.peer.port}`,
    server_name: negotiated.serverName,
    protocol: negotiated.protocol,
    cipher_suite: negotiated.cipherSuite,
    group: negotiated.group,
    application_protocol: negotiated.applicationProtocol,
    resumption: negotiated.resumption,
    early_data: negotiated.earlyData,
    identity: negotiated.peerSubject,
    duration_ms: Math.round((end - startedAt) * 1000) / 1000,
    reason: failure?.reason,
    alert: failure?.alert,
  };
}
