import type { CryptoProvider } from '@handfast/crypto';
import { type CipherSuiteParameters, exportKeyingMaterial12, exportKeyingMaterial13 } from '@handfast/key-exchange';
import type { OpenConnection } from './effects.ts';
import type { PeerAuthentication } from './peer.ts';
import type { ApplicationTraffic } from './traffic-13.ts';

/**
 * What lives as long as the connection. Made in functions of their own, because a closure keeps all that its siblings
 * use: in a machine, that is the whole handshake.
 */

export function openConnection13(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  exporterSecret: Uint8Array,
  peer: PeerAuthentication,
  writes: ApplicationTraffic,
): OpenConnection {
  return {
    version: 'tls13',
    peer: peer === 'without-certificate' ? undefined : peer,
    exportKeyingMaterial: (label, context, length) =>
      exportKeyingMaterial13(crypto, suite.hash, exporterSecret, label, context, length),
    nextWriteKeys: () => writes.next(),
  };
}

export function openConnection12(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  masterSecret: Uint8Array,
  clientRandom: Uint8Array,
  serverRandom: Uint8Array,
  peer: PeerAuthentication,
): OpenConnection {
  // Copies, for they are views of whole hellos.
  const randoms = [clientRandom.slice(), serverRandom.slice()] as const;
  return {
    version: 'tls12',
    peer: peer === 'without-certificate' ? undefined : peer,
    exportKeyingMaterial: (label, context, length) =>
      exportKeyingMaterial12(crypto, suite.hash, masterSecret, ...randoms, label, context, length),
    nextWriteKeys: undefined,
  };
}
