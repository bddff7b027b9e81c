import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { invalidKeyShare } from '../key-agreement.ts';
import { type MlKem768, type MlKem768Key, mlKem768Length } from '../ml-kem.ts';
import type { RandomBytes } from './random-bytes.ts';

class PortableMlKem768Key implements MlKem768Key {
  readonly encapsulationKey: Uint8Array;
  readonly #seed: Uint8Array;
  readonly #decapsulationKey: Uint8Array;

  constructor(seed: Uint8Array) {
    const { publicKey, secretKey } = ml_kem768.keygen(seed);
    this.encapsulationKey = publicKey;
    this.#seed = seed;
    this.#decapsulationKey = secretKey;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    return ml_kem768.decapsulate(ciphertext, this.#decapsulationKey);
  }

  exportSeed(): Uint8Array {
    return this.#seed;
  }
}

export function portableMlKem768(randomBytes: RandomBytes): MlKem768 {
  return {
    generate: (): MlKem768Key => new PortableMlKem768Key(randomBytes(mlKem768Length.seed)),
    fromSeed: (seed): MlKem768Key => new PortableMlKem768Key(new Uint8Array(seed)),
    encapsulate(encapsulationKey) {
      // 32 bytes of randomness are `m` of FIPS 203 section 7.2.
      const message = randomBytes(32);
      try {
        const { cipherText, sharedSecret } = ml_kem768.encapsulate(encapsulationKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } catch {
        throw invalidKeyShare('ML-KEM key fails the modulus check');
      }
    },
  };
}
