import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { checkAeadKey, checkNonce } from '../aead-lengths.ts';
import type { Aead, AeadName } from '../provider.ts';

const ciphers = {
  'aes-128-gcm': gcm,
  'aes-256-gcm': gcm,
  'chacha20-poly1305': chacha20poly1305,
} as const satisfies Record<AeadName, unknown>;

export class PortableAead implements Aead {
  readonly #cipher: typeof gcm | typeof chacha20poly1305;
  readonly #key: Uint8Array;

  constructor(name: AeadName, key: Uint8Array) {
    checkAeadKey(name, key);
    this.#cipher = ciphers[name];
    this.#key = new Uint8Array(key);
  }

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkNonce(nonce);
    return this.#cipher(this.#key, nonce, associatedData).encrypt(plaintext);
  }

  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    sealed.set(this.seal(nonce, associatedData, plaintext));
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    try {
      return this.#cipher(this.#key, nonce, associatedData).decrypt(ciphertext);
    } catch {
      return undefined;
    }
  }
}
