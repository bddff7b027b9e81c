import { encodeHandshake, TlsError } from '@handfast/wire';
import { type Machine, receiveMessage } from './effects.ts';
import type { ApplicationTraffic } from './traffic-13.ts';

/** What handshake messages may still come once a connection is open. These machines end with the connection. */

/** TLS 1.3, RFC 8446 section 4.6: tickets, which this client has no use for yet, and key updates. */
export function* afterHandshake13(
  role: 'client' | 'server',
  reads: ApplicationTraffic,
  writes: ApplicationTraffic,
): Machine {
  for (;;) {
    const { message } =
      role === 'client'
        ? yield* receiveMessage('tls13', 'NewSessionTicket', 'KeyUpdate')
        : yield* receiveMessage('tls13', 'KeyUpdate');
    if (message.type !== 'KeyUpdate') continue;
    yield { kind: 'protect', direction: 'reads', protection: reads.next() };
    if (message.requestUpdate) {
      const answer = encodeHandshake({ type: 'KeyUpdate', requestUpdate: false });
      yield { kind: 'send', name: 'KeyUpdate', bytes: answer };
      yield { kind: 'protect', direction: 'writes', protection: writes.next() };
    }
  }
}

/** TLS 1.2: only a wish to renegotiate may come, and that is refused (RFC 5246 section 7.2.2, no_renegotiation). */
export function* afterHandshake12(role: 'client' | 'server'): Machine {
  yield* role === 'client' ? receiveMessage('tls12', 'HelloRequest') : receiveMessage('tls12', 'ClientHello');
  throw new TlsError('renegotiation-refused', 'the peer wants to renegotiate');
}
