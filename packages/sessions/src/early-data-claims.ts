import type { Answer, AskContext } from '@handfast/wire';

/**
 * How far the age of a ticket, as the client tells it, may depart from ours for its ClientHello to be fresh, in
 * milliseconds (RFC 8446 section 8.3). Early data of a hello that is not fresh must be refused.
 */
export const freshnessWindow = 10_000;

/**
 * How long a claim is remembered at least, in milliseconds. A hello looks fresh within twice the window; the rest is for
 * gateways whose clocks do not agree.
 */
export const claimLifetime = 60_000;

/**
 * What ClientHellos with early data have been seen (RFC 8446 section 8.2). Whoever implements it for several replicas of
 * a service must see to it that of several claims to the same at once, one is granted.
 */
export interface EarlyDataClaims {
  /** Milliseconds since the Unix epoch: from when on every claim was remembered. */
  readonly since: number;
  /**
   * True where `id` was not claimed before. False, or an error, where that cannot be told; no later than at the deadline.
   * @param id 64 hex digits.
   */
  claim(id: string, context: AskContext): Answer<boolean>;
}

export interface LocalEarlyDataClaimsOptions {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** How many claims are remembered in a {@link claimLifetime}; over it none is granted. By default 100,000, about 25 MB when full. */
  readonly capacity?: number | undefined;
}

/**
 * Claims in memory, in two sets of which the older is dropped when the younger is past its time: no entry needs a time or
 * a search of its own.
 */
export class LocalEarlyDataClaims implements EarlyDataClaims {
  readonly since: number;
  readonly #now: () => number;
  readonly #capacity: number;
  #older: ReadonlySet<string> = new Set();
  #younger = new Set<string>();
  #youngerSince: number;

  constructor({ now, capacity = 100_000 }: LocalEarlyDataClaimsOptions) {
    this.since = now();
    this.#now = now;
    this.#capacity = capacity;
    this.#youngerSince = this.since;
  }

  claim(id: string): boolean {
    const now = this.#now();
    if (now - this.#youngerSince >= claimLifetime) {
      // After a pause of two lifetimes the younger set is past use as well; dropping it one turn later does no harm.
      this.#older = this.#younger;
      this.#younger = new Set();
      this.#youngerSince = now;
    }
    if (this.#younger.has(id) || this.#older.has(id) || this.#younger.size >= this.#capacity) return false;
    this.#younger.add(id);
    return true;
  }
}
