import type { Outcome } from '../waterfall/outcome.ts';
import { outcomeOf } from '../waterfall/outcome.ts';
import type { Afterwards, TracedHandshake } from './handshake.ts';

/** How the handshake ended, and what a client can know of that. */
export function verdictOf({ timeline, afterwards }: TracedHandshake): Outcome {
  if (timeline.state !== 'completed') return outcomeOf(timeline);
  return { kind: 'unconfirmed', text: `completed, not confirmed: ${unconfirmed[afterwards]}` };
}

const unconfirmed: Readonly<Record<Afterwards, string>> = {
  spoke: 'the server has not proved yet that it accepts the handshake',
  left: 'the server left without close_notify when we said goodbye, which proves neither acceptance nor refusal',
  silent: 'the server did not answer our close_notify, which proves neither acceptance nor refusal',
};
