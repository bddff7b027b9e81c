import type { AlertRecord, AskRecord, Step, Timeline } from '@handfast/handshake';

/** A line of the waterfall. Times are milliseconds since the handshake began; durations are milliseconds. */
export type Row = MessageRow | AskRow | AlertRow | FailureRow | ConfirmedRow;

interface Span {
  readonly from: number;
  readonly to: number;
}

export interface MessageRow extends Span {
  readonly kind: 'message';
  readonly name: string;
  readonly sender: 'client' | 'server';
  readonly bytes: number;
  /** For the peer, before `from`; undefined for messages that we sent. */
  readonly waited: number | undefined;
}

/** Work that a service did for the message above it. */
export interface AskRow extends Span {
  readonly kind: 'ask';
  readonly operation: string;
  /** Which instance answered, or the reason why none did. */
  readonly by: string;
  readonly failed: boolean;
  /** On the way to the service and back. */
  readonly waited: number;
  readonly worked: number;
}

export interface AlertRow extends Span {
  readonly kind: 'alert';
  readonly name: string;
  readonly sender: 'client' | 'server';
  readonly waited: number | undefined;
}

/** The end of a handshake that no alert explains: silence, a reset, a close. */
export interface FailureRow extends Span {
  readonly kind: 'failure';
  readonly reason: string;
  readonly waited: number;
}

/** The peer proved that it accepts the handshake. */
export interface ConfirmedRow extends Span {
  readonly kind: 'confirmed';
  readonly waited: number;
}

/** The lines of a handshake from top to bottom: messages with the work of services below them, then how it ended. */
export function rowsOf(timeline: Timeline): readonly Row[] {
  const { startedAt, steps, failure, confirmedAt } = timeline;
  const rows: Row[] = steps.flatMap((step) => [
    messageRow(timeline, step),
    ...step.asks.map((ask) => askRow(ask, startedAt)),
  ]);
  const alerts = timeline.alerts.filter(({ alert }) => alert !== 'close_notify');
  rows.push(...alerts.map((alert) => alertRow(timeline, alert)));
  if (failure !== undefined && alerts.length === 0) {
    const at = failure.at - startedAt;
    rows.push({
      kind: 'failure',
      reason: failure.reason,
      waited: sinceLastStep(timeline, failure.at),
      from: at,
      to: at,
    });
  }
  if (confirmedAt !== undefined) {
    const at = confirmedAt - startedAt;
    rows.push({ kind: 'confirmed', from: at, to: at, waited: sinceLastStep(timeline, confirmedAt) });
  }
  return rows;
}

/** The side that is not ours. */
export function peerOf({ role }: Timeline): 'client' | 'server' {
  return role === 'client' ? 'server' : 'client';
}

function messageRow(timeline: Timeline, step: Step): MessageRow {
  const { name, direction, bytes, startedAt, endedAt, waited } = step;
  return {
    kind: 'message',
    name,
    sender: direction === 'sent' ? timeline.role : peerOf(timeline),
    bytes,
    waited: direction === 'received' ? waited : undefined,
    from: startedAt - timeline.startedAt,
    to: endedAt - timeline.startedAt,
  };
}

function askRow({ port, operation, startedAt, endedAt, failure, work }: AskRecord, start: number): AskRow {
  const took = endedAt - startedAt;
  // A port that says nothing of its work is an object in this process: nothing was waited for.
  const worked =
    work.length === 0 && failure === undefined ? took : work.reduce((sum, { duration }) => sum + duration, 0);
  return {
    kind: 'ask',
    operation: `${port} ${operation}`,
    by: failure ?? work[0]?.instance.slice(0, 8) ?? 'local',
    failed: failure !== undefined,
    // The service's clock is its own: a duration can be compared with ours, a time cannot.
    waited: Math.max(0, took - worked),
    worked,
    from: startedAt - start,
    to: endedAt - start,
  };
}

function alertRow(timeline: Timeline, { from, alert, at }: AlertRecord): AlertRow {
  const waited = from === 'peer' || timeline.failure?.reason === 'handshake-timeout';
  return {
    kind: 'alert',
    name: alert,
    sender: from === 'us' ? timeline.role : peerOf(timeline),
    waited: waited ? sinceLastStep(timeline, at) : undefined,
    from: at - timeline.startedAt,
    to: at - timeline.startedAt,
  };
}

function sinceLastStep({ steps, startedAt }: Timeline, at: number): number {
  return at - (steps.findLast(({ endedAt }) => endedAt <= at)?.endedAt ?? startedAt);
}
