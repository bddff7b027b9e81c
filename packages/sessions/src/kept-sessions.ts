import type { CryptoProvider } from '@handfast/crypto';
import { maximumTicketLifetime } from './ticket-keys.ts';

/** RFC 8446 section 4.6.1: a session is not kept longer, whatever its peer says; milliseconds. */
const longest = maximumTicketLifetime * 1_000;
/** Bytes of a session's state; as much as fits a ticket. */
export const maximumStateLength = 0xffff;
/** What a session takes beside its state and its key, in bytes, roughly. */
const overhead = 256;

export interface KeptSessionsOptions {
  readonly crypto: CryptoProvider;
  readonly now: () => number;
  /** Of one key. */
  readonly perKey: number;
  /** Bytes of all sessions together. */
  readonly memory: number;
}

interface Kept {
  readonly state: Uint8Array;
  readonly expires: number;
}

/** Sessions by a key, until they expire. Over their bounds, those are forgotten that were kept first. */
export class KeptSessions {
  readonly #crypto: CryptoProvider;
  readonly #now: () => number;
  readonly #perKey: number;
  readonly #memory: number;
  /** Of each key the newest session first; the key that was kept for last is the last one. */
  readonly #sessions = new Map<string, readonly Kept[]>();
  #used = 0;

  constructor({ crypto, now, perKey, memory }: KeptSessionsOptions) {
    this.#crypto = crypto;
    this.#now = now;
    this.#perKey = perKey;
    this.#memory = memory;
  }

  /** The same session again takes the place of the first; so one that has expired by now forgets it. */
  keep(key: string, state: Uint8Array, expires: number): void {
    const now = this.#now();
    const others = this.#alive(key).filter((other) => !this.#crypto.equal(other.state, state));
    const isKept = expires > now && state.length <= maximumStateLength;
    const kept = { state: state.slice(), expires: Math.min(expires, now + longest) };
    this.#put(key, isKept ? [kept, ...others].slice(0, this.#perKey) : others);
    while (this.#used > this.#memory) this.#forgetOldest();
  }

  /** The newest of the key, which stays. */
  newest(key: string): Uint8Array | undefined {
    return this.#alive(key)[0]?.state;
  }

  /** The newest of the key, at most `count`, which are gone from here then. */
  take(key: string, count: number): readonly Uint8Array[] {
    const sessions = this.#alive(key);
    this.#put(key, sessions.slice(count));
    return sessions.slice(0, count).map(({ state }) => state);
  }

  #alive(key: string): readonly Kept[] {
    const now = this.#now();
    return (this.#sessions.get(key) ?? []).filter(({ expires }) => now < expires);
  }

  #put(key: string, sessions: readonly Kept[]): void {
    this.#used += sizeOf(key, sessions) - sizeOf(key, this.#sessions.get(key) ?? []);
    this.#sessions.delete(key);
    if (sessions.length > 0) this.#sessions.set(key, sessions);
  }

  #forgetOldest(): void {
    for (const [key, sessions] of this.#sessions) {
      this.#put(key, sessions.slice(0, -1));
      return;
    }
  }
}

function sizeOf(key: string, sessions: readonly Kept[]): number {
  return sessions.reduce((sum, { state }) => sum + overhead + key.length + state.length, 0);
}
