import { equal } from '../equal.ts';
import { type HashName, hashLength } from '../provider.ts';
import { hash } from './hash.ts';

/** DigestInfo up to the hash (RFC 8017 section 9.2, note 1). */
const digestInfoPrefix = {
  sha256: [0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0, 0x04, 32],
  sha384: [0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05, 0, 0x04, 48],
  sha512: [0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05, 0, 0x04, 64],
} as const satisfies Record<HashName, readonly number[]>;

/**
 * EMSA-PKCS1-v1_5 (RFC 8017 section 9.2). A verifier encodes as well, and compares: there is nothing to parse.
 * @param length of the modulus, in bytes.
 * @returns undefined where the modulus is too short for the hash.
 */
export function encodePkcs1(name: HashName, message: Uint8Array, length: number): Uint8Array | undefined {
  const prefix = digestInfoPrefix[name];
  const separator = length - hashLength[name] - prefix.length - 1;
  // At least eight bytes of padding.
  if (separator < 10) return undefined;
  const encoded = new Uint8Array(length).fill(0xff);
  encoded[0] = 0;
  encoded[1] = 1;
  encoded[separator] = 0;
  encoded.set(prefix, separator + 1);
  encoded.set(hash(name, message), separator + 1 + prefix.length);
  return encoded;
}

/**
 * EMSA-PSS-ENCODE (RFC 8017 section 9.1.1), with MGF1 over the same hash.
 * @param salt as long as the hash.
 * @param bits of the modulus.
 * @returns as many bytes as the modulus has; undefined where it is too short.
 */
export function encodePss(name: HashName, message: Uint8Array, salt: Uint8Array, bits: number): Uint8Array | undefined {
  const layout = pssLayout(name, bits);
  if (layout === undefined) return undefined;
  const { start, hashAt, end } = layout;
  const encoded = new Uint8Array(end);
  const digest = pssDigest(name, message, salt);
  encoded[hashAt - salt.length - 1] = 1;
  encoded.set(salt, hashAt - salt.length);
  applyMask(name, digest, encoded.subarray(start, hashAt));
  encoded[start] = (encoded[start] ?? 0) & layout.firstByteMask;
  encoded.set(digest, hashAt);
  encoded[end - 1] = 0xbc;
  return encoded;
}

/** EMSA-PSS-VERIFY (RFC 8017 section 9.1.2), with MGF1 over the same hash and a salt as long as it. */
export function verifyPss(name: HashName, message: Uint8Array, encoded: Uint8Array, bits: number): boolean {
  const layout = pssLayout(name, bits);
  if (layout === undefined) return false;
  const { start, hashAt, end, firstByteMask } = layout;
  const first = encoded[start] ?? 0;
  if (encoded[end - 1] !== 0xbc || (first & ~firstByteMask) !== 0 || (start === 1 && encoded[0] !== 0)) return false;

  const digest = encoded.subarray(hashAt, end - 1);
  const block = encoded.slice(start, hashAt);
  applyMask(name, digest, block);
  block[0] = (block[0] ?? 0) & firstByteMask;
  const separator = block.length - hashLength[name] - 1;
  if (block[separator] !== 1 || block.subarray(0, separator).some((byte) => byte !== 0)) return false;
  return equal(digest, pssDigest(name, message, block.subarray(separator + 1)));
}

/** Where the parts of an encoded message lie in as many bytes as the modulus has. */
interface PssLayout {
  /** Of the masked data block: 1 where the encoded message, a bit shorter than the modulus, is a byte shorter too. */
  readonly start: number;
  /** Of the hash, after the masked data block. */
  readonly hashAt: number;
  readonly end: number;
  /** Bits of the first byte that belong to the encoded message. */
  readonly firstByteMask: number;
}

function pssLayout(name: HashName, modulusBits: number): PssLayout | undefined {
  const bits = modulusBits - 1;
  const end = Math.ceil(modulusBits / 8);
  const start = end - Math.ceil(bits / 8);
  const hashAt = end - hashLength[name] - 1;
  if (hashAt - start < hashLength[name] + 1) return undefined;
  return { start, hashAt, end, firstByteMask: 0xff >> (8 * (end - start) - bits) };
}

function pssDigest(name: HashName, message: Uint8Array, salt: Uint8Array): Uint8Array {
  const input = new Uint8Array(8 + hashLength[name] + salt.length);
  input.set(hash(name, message), 8);
  input.set(salt, 8 + hashLength[name]);
  return hash(name, input);
}

/** Exclusive-or with MGF1 (RFC 8017 appendix B.2.1), in place. */
function applyMask(name: HashName, seed: Uint8Array, block: Uint8Array): void {
  const input = new Uint8Array(seed.length + 4);
  input.set(seed);
  for (let at = 0, counter = 0; at < block.length; at += hashLength[name], counter += 1) {
    new DataView(input.buffer).setUint32(seed.length, counter);
    hash(name, input).forEach((byte, index) => {
      if (at + index < block.length) block[at + index] = (block[at + index] ?? 0) ^ byte;
    });
  }
}
