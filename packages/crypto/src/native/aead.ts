import { type CipherGCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { checkAeadKey, checkNonce } from '../aead-lengths.ts';
import type { Aead, AeadName } from '../provider.ts';
import { plain } from './plain.ts';

const tagLength = 16;
const options = { authTagLength: tagLength } as const;

/** AES-GCM and ChaCha20-Poly1305. */
export class NativeAead implements Aead {
  readonly tagLength = tagLength;
  /** Our names are those of OpenSSL. ChaCha20-Poly1305 takes the same options as GCM, which the types do not say. */
  readonly #name: CipherGCMTypes;
  readonly #key: Uint8Array;

  constructor(name: AeadName, key: Uint8Array) {
    checkAeadKey(name, key);
    this.#name = name as CipherGCMTypes;
    this.#key = new Uint8Array(key);
  }

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + tagLength);
    this.sealInto(nonce, associatedData, plaintext, sealed);
    return sealed;
  }

  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    checkNonce(nonce);
    const cipher = createCipheriv(this.#name, this.#key, nonce, options);
    cipher.setAAD(associatedData);
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    const length = ciphertext.length - tagLength;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(this.#name, this.#key, nonce, options);
    decipher.setAAD(associatedData);
    decipher.setAuthTag(ciphertext.subarray(length));
    const plaintext = decipher.update(ciphertext.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain(plaintext);
  }
}
