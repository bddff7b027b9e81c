import type { KeyUpdate } from '@handfast/wire';
import type { Steps } from '../engine/effects.ts';
import type { ApplicationTraffic } from './traffic-13.ts';

/** The peer has moved on to its next keys, and may want us to do the same (RFC 8446 section 4.6.3). */
export function* takeKeyUpdate(message: KeyUpdate, reads: ApplicationTraffic): Steps<void> {
  yield { kind: 'protect', direction: 'reads', protection: reads.next() };
  if (message.requestUpdate) yield { kind: 'key-update-due' };
}
