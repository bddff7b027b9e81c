import type { CryptoProvider, PublicKey } from '@handfast/crypto';
import type { Certificate } from './certificate.ts';

const keys = new WeakMap<CryptoProvider, WeakMap<Certificate, PublicKey>>();

/**
 * The certificate's public key, imported once for as long as the certificate object lives.
 * @throws TlsError `certificate-unsupported` for a key of a kind that `crypto` does not know, or a malformed one
 */
export function publicKeyOf(crypto: CryptoProvider, certificate: Certificate): PublicKey {
  const imported = keys.get(crypto) ?? new WeakMap<Certificate, PublicKey>();
  keys.set(crypto, imported);
  const key = imported.get(certificate) ?? crypto.importPublicKey(certificate.spki);
  imported.set(certificate, key);
  return key;
}
