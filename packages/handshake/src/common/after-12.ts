import { TlsError } from '@handfast/wire';
import { type Machine, receiveMessage } from '../engine/effects.ts';

/** TLS 1.2: only a wish to renegotiate may come, and that is refused (RFC 5246 section 7.2.2, no_renegotiation). */
export function* afterHandshake12(role: 'client' | 'server'): Machine {
  yield* role === 'client' ? receiveMessage('tls12', 'HelloRequest') : receiveMessage('tls12', 'ClientHello');
  throw new TlsError('renegotiation-refused', 'the peer wants to renegotiate');
}
