import { TlsError } from '@handfast/wire';
import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import {
  checkExportedLength,
  checkUncompressedPoint,
  invalidKeyShare,
  type KeyAgreement,
  respondWithKeyPair,
} from '../key-agreement.ts';
import type { NistCurve } from '../nist-curves.ts';
import type { EphemeralKey } from '../provider.ts';
import type { RandomBytes } from './random-bytes.ts';

const implementationOf = { 'P-256': p256, 'P-384': p384, 'P-521': p521 } as const satisfies Record<
  NistCurve['name'],
  ECDSA
>;

class EcdhKey implements EphemeralKey {
  readonly group: number;
  readonly share: Uint8Array;
  readonly #curve: NistCurve;
  readonly #scalar: Uint8Array;

  constructor(curve: NistCurve, scalar: Uint8Array) {
    this.group = curve.group;
    this.share = implementationOf[curve.name].getPublicKey(scalar, false);
    this.#curve = curve;
    this.#scalar = scalar;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkUncompressedPoint(peerShare, this.#curve.pointLength);
    try {
      const point = implementationOf[this.#curve.name].getSharedSecret(this.#scalar, peerShare, true);
      // The secret is the x coordinate (RFC 8446 section 7.4.2), which the compressed form has after its first byte.
      return point.subarray(1);
    } catch {
      throw invalidKeyShare(`point not on ${this.#curve.name}`);
    }
  }

  exportPrivate(): Uint8Array {
    return new Uint8Array(this.#scalar);
  }
}

export function portableNistCurve(curve: NistCurve, randomBytes: RandomBytes): KeyAgreement {
  const { utils } = implementationOf[curve.name];
  // Half as many bytes again as a scalar has, reduced: no bias that could be told (FIPS 186-5 appendix A.2.1).
  const seedLength = Math.ceil(curve.scalarLength * 1.5);
  const generate = (): EphemeralKey => new EcdhKey(curve, utils.randomSecretKey(randomBytes(seedLength)));
  return {
    group: curve.group,
    lengths: { clientShare: curve.pointLength, serverShare: curve.pointLength, exported: curve.scalarLength },
    generate,
    respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
    import(exported): EphemeralKey {
      checkExportedLength(exported, curve.scalarLength);
      if (!utils.isValidSecretKey(exported)) {
        throw new TlsError('internal-error', `exported key is not a scalar of ${curve.name}`);
      }
      return new EcdhKey(curve, new Uint8Array(exported));
    },
  };
}
