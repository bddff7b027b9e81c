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
  const { by, reason, alert, step, late, detail } = failure;
  const afterwards = late === undefined ? '' : `, ${milliseconds(late)} ms after our side had completed the handshake`;
  if (by === 'us') {
    const told = alert === undefined ? '' : `; we sent the alert ${alert}`;
    return `failed${step === undefined ? '' : ` at ${step}`}: ${reason}, ${detail}${afterwards}${told}`;
  }
  const waiting = step === undefined || late !== undefined ? '' : ` while we waited for ${step}`;
  if (alert !== undefined) return `failed by the ${peer}${waiting}: alert ${alert}${afterwards}`;
  const what = reason === 'connection-lost' ? `the connection broke (${detail})` : detail;
  return `failed${waiting}: ${what}${afterwards}`;
}
