import { concat, NamedGroup } from '@handfast/wire';
import { checkExportedLength, checkShareLength, type KeyAgreement, type ShareResponse } from './key-agreement.ts';
import { type MlKem768, type MlKem768Key, mlKem768Length } from './ml-kem.ts';
import type { EphemeralKey } from './provider.ts';

const x25519Length = 32;
const clientShareLength = mlKem768Length.encapsulationKey + x25519Length;
const serverShareLength = mlKem768Length.ciphertext + x25519Length;

/**
 * X25519MLKEM768 (draft-ietf-tls-ecdhe-mlkem section 4): shares and secret are those of ML-KEM-768 followed by those
 * of X25519. The secret is safe while either of them is.
 */
export function x25519MlKem768(mlKem: MlKem768, x25519: KeyAgreement): KeyAgreement {
  return {
    group: NamedGroup.X25519MLKEM768,
    generate: () => new HybridKey(mlKem.generate(), x25519.generate()),
    respond(clientShare): ShareResponse {
      checkShareLength(clientShare, clientShareLength);
      const kem = mlKem.encapsulate(clientShare.subarray(0, mlKem768Length.encapsulationKey));
      const curve = x25519.respond(clientShare.subarray(mlKem768Length.encapsulationKey));
      return { share: concat(kem.ciphertext, curve.share), secret: concat(kem.sharedSecret, curve.secret) };
    },
    import(exported): EphemeralKey {
      checkExportedLength(exported, mlKem768Length.seed + x25519Length);
      return new HybridKey(
        mlKem.fromSeed(exported.subarray(0, mlKem768Length.seed)),
        x25519.import(exported.subarray(mlKem768Length.seed)),
      );
    },
  };
}

class HybridKey implements EphemeralKey {
  readonly group = NamedGroup.X25519MLKEM768;
  readonly #kem: MlKem768Key;
  readonly #curve: EphemeralKey;

  constructor(kem: MlKem768Key, curve: EphemeralKey) {
    this.#kem = kem;
    this.#curve = curve;
  }

  get share(): Uint8Array {
    return concat(this.#kem.encapsulationKey, this.#curve.share);
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkShareLength(peerShare, serverShareLength);
    return concat(
      this.#kem.decapsulate(peerShare.subarray(0, mlKem768Length.ciphertext)),
      this.#curve.agree(peerShare.subarray(mlKem768Length.ciphertext)),
    );
  }

  exportPrivate(): Uint8Array {
    return concat(this.#kem.exportSeed(), this.#curve.exportPrivate());
  }
}
