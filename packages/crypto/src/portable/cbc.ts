import { cbc } from '@noble/ciphers/aes.js';
import { checkCbcKey } from '../cbc-lengths.ts';
import type { Cbc, CbcName } from '../provider.ts';

const options = { disablePadding: true };

export class PortableCbc implements Cbc {
  readonly #key: Uint8Array;

  constructor(name: CbcName, key: Uint8Array) {
    checkCbcKey(name, key);
    this.#key = new Uint8Array(key);
  }

  encrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return cbc(this.#key, iv, options).encrypt(data);
  }

  decrypt(iv: Uint8Array, data: Uint8Array): Uint8Array {
    return cbc(this.#key, iv, options).decrypt(data);
  }
}
