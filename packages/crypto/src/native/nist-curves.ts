import { createECDH, type ECDH } from 'node:crypto';
import { TlsError } from '@handfast/wire';
import {
  checkExportedLength,
  checkUncompressedPoint,
  invalidKeyShare,
  type KeyAgreement,
  respondWithKeyPair,
} from '../key-agreement.ts';
import type { NistCurve } from '../nist-curves.ts';
import type { EphemeralKey } from '../provider.ts';
import { plain } from './plain.ts';

/** OpenSSL's ECDH object does as well as KeyObjects here, and reads and writes raw points on every Node. */
class EcdhKey implements EphemeralKey {
  readonly group: number;
  readonly share: Uint8Array;
  readonly #curve: NistCurve;
  readonly #ecdh: ECDH;

  constructor(curve: NistCurve, ecdh: ECDH, share: Uint8Array) {
    this.group = curve.group;
    this.share = share;
    this.#curve = curve;
    this.#ecdh = ecdh;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkUncompressedPoint(peerShare, this.#curve.pointLength);
    try {
      return plain(this.#ecdh.computeSecret(peerShare));
    } catch {
      throw invalidKeyShare(`point not on ${this.#curve.name}`);
    }
  }

  exportPrivate(): Uint8Array {
    const scalar = this.#ecdh.getPrivateKey();
    // OpenSSL leaves leading zeros out.
    const exported = new Uint8Array(this.#curve.scalarLength);
    exported.set(scalar, exported.length - scalar.length);
    return exported;
  }
}

export function nistCurve(curve: NistCurve): KeyAgreement {
  const generate = (): EphemeralKey => {
    const ecdh = createECDH(curve.opensslName);
    return new EcdhKey(curve, ecdh, plain(ecdh.generateKeys()));
  };
  return {
    group: curve.group,
    lengths: { clientShare: curve.pointLength, serverShare: curve.pointLength, exported: curve.scalarLength },
    generate,
    respond: (clientShare) => respondWithKeyPair(generate(), clientShare),
    import(exported): EphemeralKey {
      checkExportedLength(exported, curve.scalarLength);
      const ecdh = createECDH(curve.opensslName);
      try {
        ecdh.setPrivateKey(exported);
      } catch {
        throw new TlsError('internal-error', `exported key is not a scalar of ${curve.name}`);
      }
      return new EcdhKey(curve, ecdh, plain(ecdh.getPublicKey()));
    },
  };
}
