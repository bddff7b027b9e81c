import * as crypto from 'node:crypto';
import type { HashName, RunningHash } from '../provider.ts';

/** The one-shot form, which costs half, came with Node 20.12. */
export const hash: (hash: HashName, data: Uint8Array) => Uint8Array =
  typeof crypto.hash === 'function'
    ? (name, data) => crypto.hash(name, data, 'buffer')
    : (name, data) => crypto.createHash(name).update(data).digest();

export function hmac(hash: HashName, key: Uint8Array, data: Uint8Array): Uint8Array {
  return crypto.createHmac(hash, key).update(data).digest();
}

export class NativeRunningHash implements RunningHash {
  readonly #hash: crypto.Hash;

  constructor(hash: HashName) {
    this.#hash = crypto.createHash(hash);
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  current(): Uint8Array {
    return this.#hash.copy().digest();
  }
}
