import { TlsError } from '@handfast/wire';
import { bitLength, type RsaKeyInfo } from '../public-key-info.ts';
import { inverse, power, toBigInt, toBytes } from './big-integers.ts';
import type { RsaIntegers } from './private-key-info.ts';
import type { RandomBytes } from './random-bytes.ts';

/** The RSA primitives of RFC 8017 section 5.2. Encodings of messages are in rsa-encodings.ts. */
export interface RsaPublicKey {
  readonly modulus: bigint;
  readonly exponent: bigint;
  /** Of the modulus. */
  readonly bits: number;
  /** Of the modulus, and of each signature, in bytes. */
  readonly length: number;
}

/** RFC 8017 section 3.2, the second representation. */
export interface RsaPrivateKey {
  readonly publicKey: RsaPublicKey;
  readonly primes: readonly [bigint, bigint];
  /** The private exponent modulo each prime less one. */
  readonly exponents: readonly [bigint, bigint];
  /** The inverse of the second prime modulo the first. */
  readonly coefficient: bigint;
}

export function rsaPublicKey(info: Pick<RsaKeyInfo, 'modulus' | 'exponent'>): RsaPublicKey {
  return {
    modulus: toBigInt(info.modulus),
    exponent: toBigInt(info.exponent),
    bits: bitLength(info.modulus),
    length: info.modulus.length,
  };
}

export function rsaPrivateKey(integers: RsaIntegers): RsaPrivateKey {
  return {
    publicKey: rsaPublicKey({ modulus: integers.modulus, exponent: integers.publicExponent }),
    primes: [toBigInt(integers.prime1), toBigInt(integers.prime2)],
    exponents: [toBigInt(integers.exponent1), toBigInt(integers.exponent2)],
    coefficient: toBigInt(integers.coefficient),
  };
}

/** RSAVP1: the encoded message of a signature, as long as the modulus; undefined for a signature out of range. */
export function recoverEncoded(key: RsaPublicKey, signature: Uint8Array): Uint8Array | undefined {
  if (signature.length !== key.length) return undefined;
  const representative = toBigInt(signature);
  if (representative >= key.modulus) return undefined;
  return toBytes(power(representative, key.exponent, key.modulus), key.length);
}

/** RSAEP: a padded message, as long as the modulus and with a first byte of 0, encrypted. */
export function encryptPadded({ modulus, exponent, length }: RsaPublicKey, padded: Uint8Array): Uint8Array {
  return toBytes(power(toBigInt(padded), exponent, modulus), length);
}

/** RSADP: the padded message of a ciphertext, as long as the modulus; undefined for a ciphertext out of range. */
export function decryptPadded(
  key: RsaPrivateKey,
  ciphertext: Uint8Array,
  randomBytes: RandomBytes,
): Uint8Array | undefined {
  const { modulus, length } = key.publicKey;
  if (ciphertext.length !== length) return undefined;
  const representative = toBigInt(ciphertext);
  return representative < modulus ? toBytes(applyPrivate(key, representative, randomBytes), length) : undefined;
}

/** RSASP1: the signature of an encoded message. */
export function signEncoded(key: RsaPrivateKey, encoded: Uint8Array, randomBytes: RandomBytes): Uint8Array {
  return toBytes(applyPrivate(key, toBigInt(encoded), randomBytes), key.publicKey.length);
}

/**
 * What the private key makes of a number. That is blinded, so that what can be seen of the time of the exponentiation
 * is not of a value that anyone chose or knows, and the result is checked, because a fault in one half of the
 * computation would give the factors away.
 */
function applyPrivate(key: RsaPrivateKey, representative: bigint, randomBytes: RandomBytes): bigint {
  const { modulus, exponent } = key.publicKey;
  const { factor, unblind } = blinding(key.publicKey, randomBytes);
  const result = (exponentiate(key, (representative * factor) % modulus) * unblind) % modulus;
  if (power(result, exponent, modulus) !== representative) {
    throw new TlsError('internal-error', 'RSA private key does not fit its public key');
  }
  return result;
}

function blinding(
  { modulus, exponent, length }: RsaPublicKey,
  randomBytes: RandomBytes,
): { readonly factor: bigint; readonly unblind: bigint } {
  for (;;) {
    // Eight bytes more than the modulus make what the reduction favours too little to matter.
    const random = toBigInt(randomBytes(length + 8)) % modulus;
    const unblind = inverse(random, modulus);
    if (unblind !== undefined) return { factor: power(random, exponent, modulus), unblind };
  }
}

/** By the Chinese remainder theorem (RFC 8017 section 5.1.2, step 2.b). */
function exponentiate({ primes: [p, q], exponents: [dP, dQ], coefficient }: RsaPrivateKey, base: bigint): bigint {
  const mP = power(base % p, dP, p);
  const mQ = power(base % q, dQ, q);
  const difference = (((mP - mQ) % p) + p) % p;
  return mQ + ((difference * coefficient) % p) * q;
}
