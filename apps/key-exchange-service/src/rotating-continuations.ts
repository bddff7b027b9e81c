import type { CryptoProvider, EphemeralKey } from '@handfast/crypto';
import {
  type Continuation,
  type ContinuationStore,
  type HostedAskContext,
  SealedContinuations,
} from '@handfast/key-exchange';
import { TlsError } from '@handfast/wire';

/**
 * Milliseconds for which a new secret only opens, until all replicas have it; and for which one that was replaced still
 * does, which is longer than that and the 30 seconds of a continuation.
 */
const [settling, retiring] = [60_000, 5 * 60_000];

interface Sealed {
  readonly secret: Uint8Array;
  readonly store: SealedContinuations;
  readonly since: number;
}

/** Sealed continuations whose secret changes, while handshakes go on that were begun under the one before. */
export class RotatingContinuations implements ContinuationStore {
  readonly #crypto: CryptoProvider;
  readonly #now: () => number;
  /** The newest first. */
  #sealed: readonly [Sealed, ...Sealed[]];

  /**
   * @param secret see {@link SealedContinuations}
   * @param now milliseconds since the Unix epoch
   */
  constructor(crypto: CryptoProvider, secret: Uint8Array, now: () => number) {
    this.#crypto = crypto;
    this.#now = now;
    this.#sealed = [{ secret, store: this.#storeWith(secret), since: Number.NEGATIVE_INFINITY }];
  }

  /** Has another secret from now on; the one in use changes nothing. */
  rotate(secret: Uint8Array): void {
    if (isSame(this.#sealed[0].secret, secret)) return;
    const since = this.#now();
    const kept = this.#sealed.filter((_, index) => since - (this.#sealed[index - 1]?.since ?? since) < retiring);
    // A secret that comes back has its store, which alone knows what was taken already.
    const known = kept.find((sealed) => isSame(sealed.secret, secret));
    const store = known?.store ?? this.#storeWith(secret);
    this.#sealed = [{ secret, store, since }, ...kept.filter((sealed) => sealed !== known)];
  }

  put(keys: readonly EphemeralKey[], context: HostedAskContext): Continuation {
    const [newest] = this.#sealed;
    const settled = this.#sealed.find(({ since }) => this.#now() - since >= settling) ?? newest;
    return settled.store.put(keys, context);
  }

  take(continuation: Continuation, context: HostedAskContext): readonly EphemeralKey[] {
    const [newest, ...others] = this.#sealed;
    for (const { store } of others) {
      try {
        return store.take(continuation, context);
      } catch (error) {
        // Of another secret, perhaps; all else is for the caller to know.
        if (!(error instanceof TlsError) || error.reason !== 'service-failed') throw error;
      }
    }
    return newest.store.take(continuation, context);
  }

  #storeWith(secret: Uint8Array): SealedContinuations {
    return new SealedContinuations({ crypto: this.#crypto, secret, now: this.#now });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
