import { leastPadding } from '../premaster.ts';
import type { RandomBytes } from './random-bytes.ts';
import { encryptPadded, type RsaPublicKey } from './rsa.ts';

/**
 * RSAES-PKCS1-v1_5 (RFC 8017 section 7.2.1).
 * @returns undefined where the modulus is too short for the message.
 */
export function encryptPkcs1(key: RsaPublicKey, message: Uint8Array, randomBytes: RandomBytes): Uint8Array | undefined {
  if (message.length + leastPadding > key.length) return undefined;
  const padded = new Uint8Array(key.length);
  padded[1] = 2;
  const end = key.length - message.length - 1;
  for (let at = 2; at < end; ) {
    for (const byte of randomBytes(end - at)) {
      // Zero would end the padding.
      if (byte === 0) continue;
      padded[at] = byte;
      at += 1;
    }
  }
  padded.set(message, end + 1);
  return encryptPadded(key, padded);
}
