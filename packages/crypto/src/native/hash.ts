import * as crypto from 'node:crypto';
import { type HashName, type MacName, macLength, type RunningHash } from '../provider.ts';

/**
 * A hash as a text with a character for each byte. For outputs this short, node:crypto spends more on a Buffer than
 * on hashing; a text, and the array made of it here, take half the time. The one-shot form came with Node 20.12.
 */
const hashToText: (hash: MacName, data: Uint8Array) => string =
  typeof crypto.hash === 'function'
    ? (name, data) => crypto.hash(name, data, 'latin1')
    : (name, data) => crypto.createHash(name).update(data).digest('latin1');

export function hash(name: HashName, data: Uint8Array): Uint8Array {
  return bytesOf(hashToText(name, data));
}

export class NativeRunningHash implements RunningHash {
  readonly #hash: crypto.Hash;

  constructor(hash: HashName | crypto.Hash) {
    this.#hash = typeof hash === 'string' ? crypto.createHash(hash) : hash;
  }

  update(data: Uint8Array): void {
    this.#hash.update(data);
  }

  current(): Uint8Array {
    return bytesOf(this.#hash.copy().digest('latin1'));
  }

  copy(): RunningHash {
    return new NativeRunningHash(this.#hash.copy());
  }
}

/**
 * Room for a whole record with what is authenticated beside it. Were it less, the length from which on an HMAC takes a
 * new buffer would tell by its time how long a padding was (Lucky Thirteen).
 */
const longestShared = 2 ** 14 + 512;

/** Where the two inputs of an HMAC are put together: those of TLS come one after the other. */
class HmacInputs {
  readonly blockLength: number;
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;

  constructor(blockLength: number, hashLength: number) {
    this.blockLength = blockLength;
    this.inner = new Uint8Array(blockLength + longestShared);
    this.outer = new Uint8Array(blockLength + hashLength);
  }
}

const inputs = {
  sha1: new HmacInputs(64, macLength.sha1),
  sha256: new HmacInputs(64, macLength.sha256),
  sha384: new HmacInputs(128, macLength.sha384),
  sha512: new HmacInputs(128, macLength.sha512),
} as const satisfies Record<MacName, HmacInputs>;

/** RFC 2104 section 2, over two one-shot hashes: less than half the time of createHmac. */
export function hmac(name: MacName, key: Uint8Array, data: Uint8Array): Uint8Array {
  const { blockLength, inner: shared, outer } = inputs[name];
  if (key.length > blockLength) return hmac(name, bytesOf(hashToText(name, key)), data);
  const length = blockLength + data.length;
  const inner = length <= shared.length ? shared : new Uint8Array(length);
  // Loops, because fill() costs more than to fill so little.
  for (let index = 0; index < blockLength; index += 1) {
    const byte = key[index] ?? 0;
    inner[index] = byte ^ 0x36;
    outer[index] = byte ^ 0x5c;
  }
  inner.set(data, blockLength);
  writeText(outer, blockLength, hashToText(name, inner.subarray(0, length)));
  const text = hashToText(name, outer);
  // Neither key nor data, which may be a secret too, stays in memory that outlives the call.
  for (let index = 0; index < length; index += 1) inner[index] = 0;
  for (let index = 0; index < outer.length; index += 1) outer[index] = 0;
  return bytesOf(text);
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  writeText(bytes, 0, text);
  return bytes;
}

function writeText(target: Uint8Array, start: number, text: string): void {
  for (let index = 0; index < text.length; index += 1) target[start + index] = text.charCodeAt(index);
}
