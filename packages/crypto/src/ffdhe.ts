import { NamedGroup, TlsError } from '@handfast/wire';
import { checkExportedLength, checkShareLength, invalidKeyShare, type KeyAgreementLengths } from './key-agreement.ts';
import { toBigInt, toBytes } from './portable/big-integers.ts';

/** A group of RFC 7919: the powers of the generator, modulo a safe prime. Big-endian. */
export interface FfdheGroup {
  readonly prime: Uint8Array;
  readonly generator: Uint8Array;
}

/** Bits of the prime, and the least offset that makes it one (RFC 7919 appendix A). */
const parameters: ReadonlyMap<number, readonly [number, bigint]> = new Map([
  [NamedGroup.ffdhe2048, [2048, 560_316n]],
  [NamedGroup.ffdhe3072, [3072, 2_625_351n]],
  [NamedGroup.ffdhe4096, [4096, 5_736_041n]],
]);

/** The code points of the groups, in order of preference. */
export const ffdheGroups: readonly number[] = [...parameters.keys()];

const made = new Map<number, FfdheGroup>();

/** @throws TlsError `internal-error` for a code point that is none of theirs. */
export function ffdheGroup(group: number): FfdheGroup {
  const known = made.get(group);
  if (known !== undefined) return known;
  const parameter = parameters.get(group);
  if (parameter === undefined) throw new TlsError('internal-error', `${group} is no group of RFC 7919`);
  const [bits, offset] = parameter;
  const fresh = { prime: toBytes(safePrime(BigInt(bits), offset), bits / 8), generator: Uint8Array.of(2) };
  made.set(group, fresh);
  return fresh;
}

/** 2^bits - 2^(bits - 64) + ([2^(bits - 130) e] + offset) 2^64 - 1: a prime that nobody chose. */
function safePrime(bits: bigint, offset: bigint): bigint {
  return 2n ** bits - 2n ** (bits - 64n) + (scaledE(bits - 130n) + offset) * 2n ** 64n - 1n;
}

/** [2^scale e], as the sum of 1/k!, with 64 bits more for the errors of rounding to be in. */
function scaledE(scale: bigint): bigint {
  let sum = 0n;
  for (let term = 2n ** (scale + 64n), k = 1n; term > 0n; term /= k, k += 1n) sum += term;
  return sum >> 64n;
}

/** Everything is as long as the prime, which is not made before it is needed. */
export function ffdheLengths(group: number): KeyAgreementLengths {
  const length = (parameters.get(group)?.[0] ?? 0) / 8;
  return { clientShare: length, serverShare: length, exported: length };
}

/**
 * A share is as long as the prime, and none of the numbers whose powers anybody could guess (RFC 7919 section 5.1).
 * @throws TlsError `invalid-key-share`
 */
export function checkFfdheShare({ prime }: FfdheGroup, share: Uint8Array): void {
  checkShareLength(share, prime.length);
  const value = toBigInt(share);
  if (value <= 1n || value >= toBigInt(prime) - 1n) throw invalidKeyShare('not between 1 and the prime less 1');
}

/**
 * A private key that was exported: as long as the prime.
 * @throws TlsError `internal-error`: our own continuation, so our own error.
 */
export function checkExponent({ prime }: FfdheGroup, exponent: Uint8Array): void {
  checkExportedLength(exponent, prime.length);
  if (exponent.every((byte) => byte === 0)) throw new TlsError('internal-error', 'exported key is zero');
}
