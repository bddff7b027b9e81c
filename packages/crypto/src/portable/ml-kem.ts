import { ml_kem768, ml_kem1024 } from '@noble/post-quantum/ml-kem.js';
import { invalidKeyShare } from '../key-agreement.ts';
import { type MlKem, type MlKemKey, type MlKemName, mlKemLength } from '../ml-kem.ts';
import type { RandomBytes } from './random-bytes.ts';

const implementations = { 'ML-KEM-768': ml_kem768, 'ML-KEM-1024': ml_kem1024 } as const;

class PortableMlKemKey implements MlKemKey {
  readonly encapsulationKey: Uint8Array;
  readonly #name: MlKemName;
  readonly #seed: Uint8Array;
  readonly #decapsulationKey: Uint8Array;

  constructor(name: MlKemName, seed: Uint8Array) {
    const { publicKey, secretKey } = implementations[name].keygen(seed);
    this.encapsulationKey = publicKey;
    this.#name = name;
    this.#seed = seed;
    this.#decapsulationKey = secretKey;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    return implementations[this.#name].decapsulate(ciphertext, this.#decapsulationKey);
  }

  exportSeed(): Uint8Array {
    return this.#seed;
  }
}

export function portableMlKem(name: MlKemName, randomBytes: RandomBytes): MlKem {
  return {
    name,
    generate: (): MlKemKey => new PortableMlKemKey(name, randomBytes(mlKemLength[name].seed)),
    fromSeed: (seed): MlKemKey => new PortableMlKemKey(name, new Uint8Array(seed)),
    encapsulate(encapsulationKey) {
      // 32 bytes of randomness are `m` of FIPS 203 section 7.2.
      const message = randomBytes(32);
      try {
        const { cipherText, sharedSecret } = implementations[name].encapsulate(encapsulationKey, message);
        return { ciphertext: cipherText, sharedSecret };
      } catch {
        throw invalidKeyShare('ML-KEM key fails the modulus check');
      }
    },
  };
}
