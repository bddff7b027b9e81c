import type { Failure, Timeline } from '@handfast/handshake';
import { peerOf } from './rows.ts';
import { milliseconds } from './text.ts';

export interface Outcome {
  readonly kind: 'open' | 'confirmed' | 'unconfirmed' | 'failed';
  /** A sentence, without its full stop. */
  readonly text: string;
}

/** How a handshake ended, in words. */
export function outcomeOf(timeline: Timeline): Outcome {
  const { state, endedAt, failure } = timeline;
  const peer = peerOf(timeline);
  if (failure !== undefined) return { kind: 'failed', text: failureText(failure, peer) };
  switch (state) {
    case 'confirmed':
      return { kind: 'confirmed', text: confirmationText(timeline) };
    case 'completed':
      return endedAt === undefined
        ? { kind: 'open', text: `completed; waiting for the ${peer} to confirm it` }
        : { kind: 'unconfirmed', text: `completed, not confirmed: the ${peer} left without a word` };
    default:
      return { kind: 'open', text: 'under way' };
  }
}

function confirmationText(timeline: Timeline): string {
  const { completedAt, confirmedAt, alerts } = timeline;
  const closed = alerts.some(
    ({ from, alert, at }) => from === 'peer' && alert === 'close_notify' && at <= (confirmedAt ?? 0),
  );
  const delay = milliseconds((confirmedAt ?? 0) - (completedAt ?? 0));
  return `confirmed by the ${peerOf(timeline)}'s ${closed ? 'close_notify' : 'data'}, ${delay} ms after it was completed`;
}

function failureText(failure: Failure, peer: 'client' | 'server'): string {
  const late =
    failure.late === undefined ? '' : `, ${milliseconds(failure.late)} ms after our side had completed the handshake`;
  if (failure.by === 'peer') {
    return failure.alert === undefined
      ? `failed${where(failure)}: ${failure.detail}${late}`
      : `failed by the ${peer}${where(failure)}: alert ${failure.alert}${late}`;
  }
  const told = failure.alert === undefined ? '' : `; we sent the alert ${failure.alert}`;
  return `failed${where(failure)}: ${failure.reason}, ${failure.detail}${late}${told}`;
}

function where({ step, late }: Failure): string {
  return step === undefined || late !== undefined ? '' : ` at ${step}`;
}
