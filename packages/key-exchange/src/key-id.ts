import type { CryptoProvider } from '@handfast/crypto';
import { toHex } from '@handfast/wire';

/**
 * The key ID by which a credential is known: SHA-256 of its SubjectPublicKeyInfo, as lower-case hexadecimal.
 * @param spki DER.
 */
export function keyIdOf(crypto: CryptoProvider, spki: Uint8Array): string {
  return toHex(crypto.hash('sha256', spki));
}
