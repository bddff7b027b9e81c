import { type CryptoProvider, hkdfExpand, hkdfExtract } from '@handfast/crypto';

const salt = new TextEncoder().encode('handfast continuation secret');

/**
 * What seals continuations, derived from the private keys: all instances have these and nobody else, so they agree on it
 * without more configuration. An instance without keys makes one of its own, and ends what it began itself.
 * @param pkcs8 in any order.
 */
export function continuationSecret(crypto: CryptoProvider, pkcs8: readonly Uint8Array[]): Uint8Array {
  if (pkcs8.length === 0) return crypto.randomBytes(32);
  const digests = pkcs8.map((key) => crypto.hash('sha256', key)).sort(Buffer.compare);
  return hkdfExpand(crypto, 'sha256', hkdfExtract(crypto, 'sha256', salt, Buffer.concat(digests)), salt, 32);
}
