import { maximumRecipients } from '../sealing/envelope.ts';

/** How much longer than another an instance may be silent, in milliseconds, before requests are not sealed for it. */
const silence = 60_000;

interface Known {
  readonly key: Uint8Array;
  heardAt: number;
}

/**
 * The instances of one service that we have heard of, by their public keys. Forgetting one that is alive costs a round
 * trip, no more: it says that it was no recipient, and is known again.
 */
export class KnownInstances {
  readonly #known = new Map<string, Known>();

  /** Notes that the instance is alive. True where it was not known. */
  heard(key: Uint8Array, at: number): boolean {
    const id = Buffer.from(key).toString('hex');
    const known = this.#known.get(id);
    if (known !== undefined) {
      known.heardAt = at;
      return false;
    }
    this.#known.set(id, { key: Uint8Array.from(key), heardAt: at });
    if (this.#known.size > maximumRecipients) this.#forgetMostSilent();
    return true;
  }

  /** Public keys of all of them. */
  all(): readonly Uint8Array[] {
    return [...this.#known.values()].map(({ key }) => key);
  }

  /** Public keys of those that were heard about as lately as the others. */
  lively(): readonly Uint8Array[] {
    const known = [...this.#known.values()];
    const latest = Math.max(...known.map(({ heardAt }) => heardAt));
    return known.filter(({ heardAt }) => latest - heardAt <= silence).map(({ key }) => key);
  }

  #forgetMostSilent(): void {
    const [first] = [...this.#known].sort(([, a], [, b]) => a.heardAt - b.heardAt);
    if (first !== undefined) this.#known.delete(first[0]);
  }
}
