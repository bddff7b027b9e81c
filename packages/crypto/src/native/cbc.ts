import { createCipheriv, createDecipheriv } from 'node:crypto';
import { checkCbcKey } from '../cbc-lengths.ts';
import type { Cbc, CbcName } from '../provider.ts';
import { plain } from './plain.ts';

export class NativeCbc implements Cbc {
  /** Our names are those of OpenSSL. */
  readonly #name: CbcName;
  readonly #key: Uint8Array;

  constructor(name: CbcName, key: Uint8Array) {
    checkCbcKey(name, key);
    this.#name = name;
    this.#key = new Uint8Array(key);
  }

  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    // Without padding all of it comes out of update.
    return plain(createCipheriv(this.#name, this.#key, iv).setAutoPadding(false).update(data));
  }

  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return plain(createDecipheriv(this.#name, this.#key, iv).setAutoPadding(false).update(data));
  }
}
