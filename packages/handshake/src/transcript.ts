import type { CryptoProvider, HashName, RunningHash } from '@handfast/crypto';
import { hashLength } from '@handfast/crypto';
import { concat, HandshakeType } from '@handfast/wire';

/**
 * The handshake messages so far, in order, with their headers (RFC 8446 section 4.4.1). Their hash runs from the moment
 * the cipher suite names it; the bytes stay, because signatures need them (RFC 5246 section 7.4.8, and a KeyExchange that
 * signs over a key share that only it knows).
 */
export class Transcript {
  readonly #crypto: CryptoProvider;
  readonly #messages: Uint8Array[] = [];
  #running: RunningHash | undefined;

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** Chooses the hash. What was added before is part of it. */
  hashWith(hash: HashName): void {
    this.#running = this.#crypto.runningHash(hash);
    for (const message of this.#messages) this.#running.update(message);
  }

  add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#running?.update(message);
  }

  /** Transcript-Hash of everything so far. */
  hash(): Uint8Array {
    if (this.#running === undefined) throw new RangeError('the transcript has no hash yet');
    return this.#running.current();
  }

  /** Another transcript that goes on from here by itself (RFC 8446 section 4.4: post-handshake authentication). */
  fork(hash: HashName): Transcript {
    const fork = new Transcript(this.#crypto);
    fork.#messages.push(...this.#messages);
    fork.hashWith(hash);
    return fork;
  }

  /** All messages as one string of bytes, followed by `more`. */
  bytes(...more: readonly Uint8Array[]): Uint8Array {
    return concat(...this.#messages, ...more);
  }

  /**
   * Puts the synthetic message_hash message in the place of the first ClientHello (RFC 8446 section 4.4.1). What followed
   * it, a HelloRetryRequest on the client's side, stays.
   */
  restartAfterRetry(hash: HashName): void {
    const [firstHello, ...others] = this.#messages;
    if (firstHello === undefined) throw new RangeError('the transcript has no ClientHello to replace');
    const messageHash = new Uint8Array(4 + hashLength[hash]);
    messageHash[0] = HandshakeType.message_hash;
    messageHash[3] = hashLength[hash];
    messageHash.set(this.#crypto.hash(hash, firstHello), 4);
    this.#messages.splice(0, this.#messages.length, messageHash, ...others);
    this.hashWith(hash);
  }
}
