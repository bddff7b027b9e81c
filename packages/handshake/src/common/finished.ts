import { type MessageVersion, TlsError } from '@handfast/wire';
import type { ClientConfiguration, Configuration } from '../configuration.ts';
import type { Steps } from '../engine/effects.ts';
import { type Handshake, receive } from './handshake.ts';
import type { PeerAuthentication, ProvenPeer, PskHolder } from './peer.ts';

/** A server proves itself in every handshake; a client may do without. */
type AuthenticationFor<C extends Configuration> = C extends ClientConfiguration
  ? ProvenPeer | PskHolder
  : PeerAuthentication;

/**
 * The peer's Finished.
 * @param expected verify_data over the transcript up to, and not with, this message.
 * @param _peer not read: to have it is the proof that the peer's authentication is settled (design section 7).
 */
export function* receiveFinished<C extends Configuration>(
  handshake: Handshake<C>,
  version: MessageVersion,
  expected: Uint8Array,
  _peer: AuthenticationFor<C>,
): Steps<void> {
  const { verifyData } = yield* receive(handshake, version, 'Finished');
  checkFinished(handshake, expected, verifyData);
}

/** Compares verify_data in constant time (RFC 8446 section 4.4.4, RFC 5246 section 7.4.9). */
function checkFinished(handshake: Handshake, expected: Uint8Array, received: Uint8Array): void {
  if (expected.length !== received.length) {
    throw new TlsError('malformed-message', `verify_data of ${received.length} bytes instead of ${expected.length}`, {
      step: 'Finished',
    });
  }
  if (!handshake.crypto.equal(expected, received)) {
    throw new TlsError('finished-mismatch', 'verify_data does not match our view of the handshake', {
      step: 'Finished',
    });
  }
}
