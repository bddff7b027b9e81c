import { checkExportedLength, checkShareLength, type KeyAgreement, type ShareResponse } from './key-agreement.ts';
import { type MlKem, type MlKemKey, mlKemLength } from './ml-kem.ts';
import type { EphemeralKey } from './provider.ts';

/** ML-KEM as a group (draft-ietf-tls-mlkem section 4): the client's share is a key, the server's a ciphertext under it. */
export function mlKemGroup(group: number, mlKem: MlKem): KeyAgreement {
  const { encapsulationKey, ciphertext, seed } = mlKemLength[mlKem.name];
  return {
    group,
    lengths: { clientShare: encapsulationKey, serverShare: ciphertext, exported: seed },
    generate: () => new MlKemGroupKey(group, mlKem.generate(), ciphertext),
    respond(clientShare): ShareResponse {
      checkShareLength(clientShare, encapsulationKey);
      const encapsulated = mlKem.encapsulate(clientShare);
      return { share: encapsulated.ciphertext, secret: encapsulated.sharedSecret };
    },
    import(exported): EphemeralKey {
      checkExportedLength(exported, seed);
      return new MlKemGroupKey(group, mlKem.fromSeed(exported), ciphertext);
    },
  };
}

class MlKemGroupKey implements EphemeralKey {
  readonly group: number;
  readonly #key: MlKemKey;
  readonly #ciphertextLength: number;

  constructor(group: number, key: MlKemKey, ciphertextLength: number) {
    this.group = group;
    this.#key = key;
    this.#ciphertextLength = ciphertextLength;
  }

  get share(): Uint8Array {
    return this.#key.encapsulationKey;
  }

  agree(peerShare: Uint8Array): Uint8Array {
    checkShareLength(peerShare, this.#ciphertextLength);
    return this.#key.decapsulate(peerShare);
  }

  exportPrivate(): Uint8Array {
    return this.#key.exportSeed();
  }
}
