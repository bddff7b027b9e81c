import { type CipherCCMTypes, createCipheriv, createDecipheriv } from 'node:crypto';
import { checkAeadKey, checkNonce } from '../aead-lengths.ts';
import { type Aead, type AeadName, aeadTagLength } from '../provider.ts';
import { plain } from './plain.ts';

/** AES-CCM, of which node:crypto wants to know the lengths before the text (NIST SP 800-38C). */
export class NativeCcm implements Aead {
  readonly tagLength: number;
  readonly #name: CipherCCMTypes;
  readonly #key: Uint8Array;

  constructor(name: AeadName, key: Uint8Array) {
    checkAeadKey(name, key);
    this.tagLength = aeadTagLength[name];
    this.#name = key.length === 16 ? 'aes-128-ccm' : 'aes-256-ccm';
    this.#key = new Uint8Array(key);
  }

  seal(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array): Uint8Array {
    const sealed = new Uint8Array(plaintext.length + this.tagLength);
    this.sealInto(nonce, associatedData, plaintext, sealed);
    return sealed;
  }

  sealInto(nonce: Uint8Array, associatedData: Uint8Array, plaintext: Uint8Array, sealed: Uint8Array): void {
    checkNonce(nonce);
    const cipher = createCipheriv(this.#name, this.#key, nonce, { authTagLength: this.tagLength });
    cipher.setAAD(associatedData, { plaintextLength: plaintext.length });
    sealed.set(cipher.update(plaintext));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plaintext.length);
  }

  open(nonce: Uint8Array, associatedData: Uint8Array, ciphertext: Uint8Array): Uint8Array | undefined {
    checkNonce(nonce);
    const plaintextLength = ciphertext.length - this.tagLength;
    if (plaintextLength < 0) return undefined;
    const decipher = createDecipheriv(this.#name, this.#key, nonce, { authTagLength: this.tagLength });
    decipher.setAuthTag(ciphertext.subarray(plaintextLength));
    decipher.setAAD(associatedData, { plaintextLength });
    try {
      // The tag is checked by the first of these, and told by the second.
      const plaintext = decipher.update(ciphertext.subarray(0, plaintextLength));
      decipher.final();
      return plain(plaintext);
    } catch {
      return undefined;
    }
  }
}
