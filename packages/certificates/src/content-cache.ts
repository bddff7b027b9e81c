import { sameBytes } from './bytes.ts';

/** What is longer than this is not kept, so that a cache of n entries holds at most n times as much. */
const longestKept = 16_384;

/**
 * The values that were made of byte strings, least recently used out first. Looked up by a hash of the last octets,
 * which in everything signed are as good as random, then by the whole content: a collision replaces, never confuses.
 */
export class ContentCache<Value> {
  readonly #entries = new Map<number, { readonly content: Uint8Array; readonly value: Value }>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** The value kept for `content`, else what `make` makes of a copy of it. What `make` throws is passed on. */
  get(content: Uint8Array, make: (copy: Uint8Array) => Value): Value {
    const hash = hashOfEnd(content);
    const kept = this.#entries.get(hash);
    if (kept !== undefined && sameBytes(kept.content, content)) {
      this.#entries.delete(hash);
      this.#entries.set(hash, kept);
      return kept.value;
    }
    // A copy: the caller's bytes may be a window on a much larger buffer, and may change.
    const copy = new Uint8Array(content);
    const value = make(copy);
    if (copy.length <= longestKept) this.#keep(hash, copy, value);
    return value;
  }

  #keep(hash: number, content: Uint8Array, value: Value): void {
    this.#entries.delete(hash);
    this.#entries.set(hash, { content, value });
    if (this.#entries.size <= this.#capacity) return;
    for (const oldest of this.#entries.keys()) {
      this.#entries.delete(oldest);
      return;
    }
  }
}

/** FNV-1a over the last 32 octets, begun with the length. */
function hashOfEnd(content: Uint8Array): number {
  let hash = 0x811c9dc5 ^ content.length;
  for (let index = Math.max(0, content.length - 32); index < content.length; index++) {
    hash = Math.imul(hash ^ (content[index] ?? 0), 0x01000193);
  }
  return hash;
}
