import { gcm } from '@noble/ciphers/aes.js';
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { checkAeadKey, checkNonce } from '../aead-lengths.ts';
import { type Aead, type AeadName, aeadTagLength } from '../provider.ts';
import { Ccm } from './ccm.ts';

interface Operations {
  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array;
  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined;
}

export class PortableAead implements Aead {
  readonly tagLength: number;
  readonly #operations: Operations;

  constructor(name: AeadName, key: Uint8Array) {
    checkAeadKey(name, key);
    this.tagLength = aeadTagLength[name];
    this.#operations = operationsOf(name, new Uint8Array(key));
  }

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    checkNonce(nonce);
    return this.#operations.seal(nonce, associatedData, plaintext);
  }

  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    sealed.set(this.seal(nonce, associatedData, plaintext));
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    return this.#operations.open(nonce, associatedData, ciphertext);
  }
}

function operationsOf(name: AeadName, key: Uint8Array): Operations {
  switch (name) {
    case 'aes-128-gcm':
    case 'aes-256-gcm':
      return ofNoble(gcm, key);
    case 'chacha20-poly1305':
      return ofNoble(chacha20poly1305, key);
    default:
      return new Ccm(key, aeadTagLength[name]);
  }
}

function ofNoble(cipher: typeof gcm | typeof chacha20poly1305, key: Uint8Array): Operations {
  return {
    seal: (nonce, associatedData, plaintext) => cipher(key, nonce, associatedData).encrypt(plaintext),
    open(nonce, associatedData, ciphertext) {
      try {
        return cipher(key, nonce, associatedData).decrypt(ciphertext);
      } catch {
        return undefined;
      }
    },
  };
}
