import { type CryptoProvider, type HashName, hashLength } from './provider.ts';

/**
 * The pseudorandom function of TLS 1.2 (RFC 5246 section 5): P_hash(secret, label + seed).
 * @param label ASCII, such as `master secret`.
 * @param length of the output in bytes.
 */
export function prf(
  crypto: CryptoProvider,
  hash: HashName,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  const blockLength = hashLength[hash];
  // A(i) + label + seed, of which only A(i) changes from block to block.
  const input = new Uint8Array(blockLength + label.length + seed.length);
  for (let index = 0; index < label.length; index += 1) input[blockLength + index] = label.charCodeAt(index);
  input.set(seed, blockLength + label.length);

  const output = new Uint8Array(length);
  let a: Uint8Array = input.subarray(blockLength);
  for (let at = 0; at < length; at += blockLength) {
    a = crypto.hmac(hash, secret, a);
    input.set(a);
    const block = crypto.hmac(hash, secret, input);
    output.set(at + blockLength <= length ? block : block.subarray(0, length - at), at);
  }
  return output;
}
