import type { EphemeralKey } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import type { ContinuationStore } from './continuations.ts';
import type { Continuation } from './port.ts';

/**
 * Continuations for a caller in the same process. A continuation is an empty array whose identity stands for the keys,
 * so that they live exactly as long as the caller carries it: nothing to bound, nothing to expire.
 */
export class HeldContinuations implements ContinuationStore {
  readonly #keys = new WeakMap<Continuation, readonly EphemeralKey[]>();

  put(keys: readonly EphemeralKey[]): Continuation {
    const continuation: Continuation = new Uint8Array();
    this.#keys.set(continuation, keys);
    return continuation;
  }

  take(continuation: Continuation): readonly EphemeralKey[] {
    const keys = this.#keys.get(continuation);
    if (keys === undefined) {
      throw new TlsError('service-failed', 'the continuation is not one of this key exchange, or was used before');
    }
    this.#keys.delete(continuation);
    return keys;
  }
}
