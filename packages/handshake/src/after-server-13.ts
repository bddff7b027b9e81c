import { type Machine, receiveMessage } from './effects.ts';
import { takeKeyUpdate } from './key-update.ts';
import type { ApplicationTraffic } from './traffic-13.ts';

/** What a client may still send in an open connection (RFC 8446 section 4.6). Ends with the connection. */
export function* afterServerHandshake13(reads: ApplicationTraffic, writes: ApplicationTraffic): Machine {
  for (;;) {
    const { message } = yield* receiveMessage('tls13', 'KeyUpdate');
    yield* takeKeyUpdate(message, reads, writes);
  }
}
