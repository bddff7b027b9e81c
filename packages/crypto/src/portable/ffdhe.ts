import { checkExponent, checkFfdheShare, type FfdheGroup, ffdheGroup, ffdheLengths } from '../ffdhe.ts';
import { type KeyAgreement, respondWithKeyPair } from '../key-agreement.ts';
import type { EphemeralKey } from '../provider.ts';
import { power, toBigInt, toBytes } from './big-integers.ts';
import type { RandomBytes } from './random-bytes.ts';

/** Bytes of an exponent: twice the strength that the largest of the groups has, and more (RFC 7919 section 5.2). */
const exponentLength = 48;

/** BigInt takes a time that depends on the exponent, of which there is another one for each handshake. */
class FfdheKey implements EphemeralKey {
  readonly group: number;
  readonly share: Uint8Array;
  readonly #parameters: FfdheGroup;
  readonly #exponent: bigint;

  constructor(group: number, exponent: bigint) {
    this.group = group;
    this.#parameters = ffdheGroup(group);
    this.#exponent = exponent;
    this.share = this.#power(this.#parameters.generator);
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkFfdheShare(this.#parameters, peerShare);
    return this.#power(peerShare);
  }

  exportPrivate(): Uint8Array {
    return toBytes(this.#exponent, this.#parameters.prime.length);
  }

  #power(base: Uint8Array): Uint8Array {
    const { prime } = this.#parameters;
    return toBytes(power(toBigInt(base), this.#exponent, toBigInt(prime)), prime.length);
  }
}

export function portableFiniteField(group: number, randomBytes: RandomBytes): KeyAgreement {
  const generate = (): EphemeralKey => new FfdheKey(group, toBigInt(randomBytes(exponentLength)));
  return {
    group,
    lengths: ffdheLengths(group),
    generate,
    respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
    import(exported): EphemeralKey {
      checkExponent(ffdheGroup(group), exported);
      return new FfdheKey(group, toBigInt(exported));
    },
  };
}
