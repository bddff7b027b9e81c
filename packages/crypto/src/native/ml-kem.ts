// By namespace, because a Node that lacks ML-KEM lacks the names as well, and would not load this module.
import * as crypto from 'node:crypto';
import { invalidKeyShare } from '../key-agreement.ts';
import type { MlKem, MlKemKey, MlKemName } from '../ml-kem.ts';
import { plain } from './plain.ts';

const types = { 'ML-KEM-768': 'ml-kem-768', 'ML-KEM-1024': 'ml-kem-1024' } as const;

class NativeMlKemKey implements MlKemKey {
  readonly #privateKey: crypto.KeyObject;
  #encapsulationKey: Uint8Array | undefined;

  constructor(privateKey: crypto.KeyObject, encapsulationKey?: Uint8Array) {
    this.#privateKey = privateKey;
    this.#encapsulationKey = encapsulationKey;
  }

  get encapsulationKey(): Uint8Array {
    this.#encapsulationKey ??= plain(crypto.createPublicKey(this.#privateKey).export({ format: 'raw-public' }));
    return this.#encapsulationKey;
  }

  decapsulate(ciphertext: Uint8Array): Uint8Array {
    return plain(crypto.decapsulate(this.#privateKey, ciphertext));
  }

  exportSeed(): Uint8Array {
    return plain(this.#privateKey.export({ format: 'raw-seed' }));
  }
}

export function nativeMlKem(name: MlKemName): MlKem {
  const type = types[name];
  return {
    name,
    generate(): MlKemKey {
      const { privateKey, publicKey } = crypto.generateKeyPairSync(type, {
        publicKeyEncoding: { format: 'raw-public' },
      });
      return new NativeMlKemKey(privateKey, plain(publicKey));
    },
    fromSeed: (seed): MlKemKey =>
      new NativeMlKemKey(crypto.createPrivateKey({ key: seed, format: 'raw-seed', asymmetricKeyType: type })),
    encapsulate(encapsulationKey) {
      const { ciphertext, sharedKey } = crypto.encapsulate(importEncapsulationKey(type, encapsulationKey));
      return { ciphertext: plain(ciphertext), sharedSecret: plain(sharedKey) };
    },
  };
}

function importEncapsulationKey(type: (typeof types)[MlKemName], encapsulationKey: Uint8Array): crypto.KeyObject {
  try {
    return crypto.createPublicKey({ key: encapsulationKey, format: 'raw-public', asymmetricKeyType: type });
  } catch {
    throw invalidKeyShare('ML-KEM key fails the modulus check');
  }
}
