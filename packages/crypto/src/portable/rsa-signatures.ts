import { TlsError } from '@handfast/wire';
import { equal } from '../equal.ts';
import { hashLength } from '../provider.ts';
import type { SignatureAlgorithm } from '../signature-schemes.ts';
import type { RandomBytes } from './random-bytes.ts';
import { type RsaPrivateKey, type RsaPublicKey, recoverEncoded, signEncoded } from './rsa.ts';
import { encodePkcs1, encodePss, verifyPss } from './rsa-encodings.ts';

export function signRsa(
  key: RsaPrivateKey,
  { type, hash }: SignatureAlgorithm,
  message: Uint8Array,
  randomBytes: RandomBytes,
): Uint8Array {
  const { bits, length } = key.publicKey;
  const encoded =
    type === 'rsa-pkcs1'
      ? encodePkcs1(hash, message, length)
      : encodePss(hash, message, randomBytes(hashLength[hash]), bits);
  if (encoded === undefined) throw new TlsError('internal-error', `RSA key of ${bits} bits is too short for ${hash}`);
  return signEncoded(key, encoded, randomBytes);
}

export function verifyRsa(
  key: RsaPublicKey,
  { type, hash }: SignatureAlgorithm,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  const encoded = recoverEncoded(key, signature);
  if (encoded === undefined) return false;
  if (type === 'rsa-pss') return verifyPss(hash, message, encoded, key.bits);
  const expected = encodePkcs1(hash, message, key.length);
  return expected !== undefined && equal(encoded, expected);
}
