import { hmac as nobleHmac } from '@noble/hashes/hmac.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import type { Hash } from '@noble/hashes/utils.js';
import type { HashName, MacName, RunningHash } from '../provider.ts';

export const hashFunctions = { sha256, sha384, sha512 } as const;

export function hash(hash: HashName, data: Uint8Array): Uint8Array {
  return hashFunctions[hash](data);
}

const macFunctions = { ...hashFunctions, sha1 } as const;

export function hmac(hash: MacName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return nobleHmac(macFunctions[hash], key, data);
}

export class PortableRunningHash implements RunningHash {
  readonly #hash: CloneableHash;

  constructor(hash: HashName | CloneableHash) {
    this.#hash = typeof hash === 'string' ? hashFunctions[hash].create() : hash;
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  current(): Uint8Array {
    return this.#hash.clone().digest();
  }

  copy(): RunningHash {
    return new PortableRunningHash(this.#hash.clone());
  }
}

interface CloneableHash extends Hash<CloneableHash> {}
