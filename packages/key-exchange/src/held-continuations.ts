import type { EphemeralKey } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import type { ContinuationStore } from './continuations.ts';
import type { Continuation } from './port.ts';

/** Handshakes under way at once, above which the oldest ones are given up: they have been abandoned long since. */
const defaultCapacity = 65_536;

/**
 * Continuations for callers in the same process: the keys stay here, and what the caller carries is their number. A
 * handshake that ends between its two round trips leaves its keys behind, until so many others have come after it.
 */
export class HeldContinuations implements ContinuationStore {
  readonly #keys = new Map<number, readonly EphemeralKey[]>();
  readonly #capacity: number;
  #last = 0;

  constructor({ capacity = defaultCapacity }: { readonly capacity?: number } = {}) {
    this.#capacity = capacity;
  }

  put(keys: readonly EphemeralKey[]): Continuation {
    this.#last += 1;
    this.#keys.set(this.#last, keys);
    if (this.#keys.size > this.#capacity) {
      const [oldest] = this.#keys.keys();
      if (oldest !== undefined) this.#keys.delete(oldest);
    }
    const continuation = new Uint8Array(8);
    new DataView(continuation.buffer).setFloat64(0, this.#last);
    return continuation;
  }

  take(continuation: Continuation): readonly EphemeralKey[] {
    const number = continuation.length === 8 ? numberIn(continuation) : Number.NaN;
    const keys = this.#keys.get(number);
    if (keys === undefined) {
      throw new TlsError('service-failed', 'the continuation is not one of this key exchange, or was used before');
    }
    this.#keys.delete(number);
    return keys;
  }
}

function numberIn(continuation: Continuation): number {
  return new DataView(continuation.buffer, continuation.byteOffset, continuation.byteLength).getFloat64(0);
}
