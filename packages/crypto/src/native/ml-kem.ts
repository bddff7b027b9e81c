// By namespace, because a Node that lacks ML-KEM lacks the names as well, and would not load this module.
import * as crypto from 'node:crypto';
import { invalidKeyShare } from '../key-agreement.ts';
import type { MlKem768, MlKem768Key } from '../ml-kem.ts';

const type = 'ml-kem-768';

class NativeMlKem768Key implements MlKem768Key {
  readonly #privateKey: crypto.KeyObject;
  #encapsulationKey: Uint8Array | undefined;

  constructor(privateKey: crypto.KeyObject, encapsulationKey?: Uint8Array) {
    this.#privateKey = privateKey;
    this.#encapsulationKey = encapsulationKey;
  }

  get encapsulationKey(): Uint8Array {
    this.#encapsulationKey ??= crypto.createPublicKey(this.#privateKey).export({ format: 'raw-public' });
    return this.#encapsulationKey;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    return crypto.decapsulate(this.#privateKey, ciphertext);
  }

  exportSeed(): Uint8Array {
    return this.#privateKey.export({ format: 'raw-seed' });
  }
}

export const nativeMlKem768: MlKem768 = {
  generate(): MlKem768Key {
    const { privateKey, publicKey } = crypto.generateKeyPairSync(type, { publicKeyEncoding: { format: 'raw-public' } });
    return new NativeMlKem768Key(privateKey, publicKey);
  },
  fromSeed: (seed): MlKem768Key =>
    new NativeMlKem768Key(crypto.createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: type })),
  encapsulate(encapsulationKey) {
    const { ciphertext, sharedKey } = crypto.encapsulate(importEncapsulationKey(encapsulationKey));
    return { ciphertext, sharedSecret: sharedKey };
  },
};

function importEncapsulationKey(encapsulationKey: Uint8Array): crypto.KeyObject {
  try {
    return crypto.createPublicKey({ key: encapsulationKey, format: 'raw-public', asymmetricKeyType: type });
  } catch {
    throw invalidKeyShare('ML-KEM key fails the modulus check');
  }
}
