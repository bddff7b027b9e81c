import { maximumRecipients } from '../sealing/envelope.ts';
import type { InstanceKey } from '../sealing/instance-key.ts';

/** How much longer than another an instance may be silent, in milliseconds, before requests are not sealed for it. */
const silence = 15_000;

interface Known {
  readonly key: Uint8Array;
  heardAt: number;
}

/**
 * The instances of one service that we have heard of, by their public keys. Forgetting one that is alive costs a round
 * trip, no more: it says that it was no recipient, and is known again.
 */
export class KnownInstances {
  readonly #ownKey: InstanceKey;
  readonly #met: () => void;
  readonly #known = new Map<string, Known>();

  /** @param met runs when an instance is known that was not. */
  constructor(ownKey: InstanceKey, met: () => void) {
    this.#ownKey = ownKey;
    this.#met = met;
  }

  /**
   * Notes that the instance is alive.
   * @throws TlsError `invalid-key-share` where its key is none.
   */
  heard(key: Uint8Array, at: number): void {
    const id = Buffer.from(key).toString('hex');
    const known = this.#known.get(id);
    if (known !== undefined) {
      known.heardAt = at;
      return;
    }
    this.#ownKey.pairWith(key);
    this.#known.set(id, { key: Uint8Array.from(key), heardAt: at });
    if (this.#known.size > maximumRecipients) this.#forgetMostSilent();
    this.#met();
  }

  /** Public keys of all of them. */
  all(): readonly Uint8Array[] {
    return [...this.#known.values()].map(({ key }) => key);
  }

  /** Public keys of those that were heard about as lately as the others, the one that was heard last first. */
  lively(): readonly Uint8Array[] {
    const known = [...this.#known.values()].sort((a, b) => b.heardAt - a.heardAt);
    const latest = known[0]?.heardAt ?? 0;
    return known.filter(({ heardAt }) => latest - heardAt <= silence).map(({ key }) => key);
  }

  #forgetMostSilent(): void {
    const [first] = [...this.#known].sort(([, a], [, b]) => a.heardAt - b.heardAt);
    if (first !== undefined) this.#known.delete(first[0]);
  }
}
