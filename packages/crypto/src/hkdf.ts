import { TlsError } from '@handfast/wire';
import { type CryptoProvider, type HashName, hashLength } from './provider.ts';

/**
 * HKDF-Extract (RFC 5869 section 2.2).
 * @param salt may be empty, which is the same as a hash length of zeros.
 * @returns the pseudorandom key, of the hash's length
 */
export function hkdfExtract(crypto: CryptoProvider, hash: HashName, salt: Uint8Array, ikm: Uint8Array): Uint8Array {
  return crypto.hmac(hash, salt, ikm);
}

/**
 * HKDF-Expand (RFC 5869 section 2.3).
 * @param length of the output in bytes, at most 255 times the hash's length.
 * @throws TlsError `internal-error` for a longer output.
 */
export function hkdfExpand(
  crypto: CryptoProvider,
  hash: HashName,
  prk: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const blockLength = hashLength[hash];
  if (length > 255 * blockLength) throw new TlsError('internal-error', `HKDF output of ${length} bytes`);
  // T(1) has no block before it, and is all that TLS asks for nearly always.
  const first = new Uint8Array(info.length + 1);
  first.set(info);
  first[info.length] = 1;
  let block = crypto.hmac(hash, prk, first);
  if (length <= blockLength) return length === blockLength ? block : block.subarray(0, length);

  const output = new Uint8Array(length);
  output.set(block);
  const input = new Uint8Array(blockLength + info.length + 1);
  input.set(info, blockLength);
  for (let at = blockLength, counter = 2; at < length; at += blockLength, counter += 1) {
    input.set(block);
    input[input.length - 1] = counter;
    block = crypto.hmac(hash, prk, input);
    output.set(at + blockLength <= length ? block : block.subarray(0, length - at), at);
  }
  return output;
}
