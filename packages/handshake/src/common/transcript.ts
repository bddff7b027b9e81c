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
  /** Transcript-Hash of everything so far, once somebody has asked: often more than one secret is cut at the same message. */
  #current: Uint8Array | undefined;

  constructor(crypto: CryptoProvider) {
    this.#crypto = crypto;
  }

  /** Chooses the hash. What was added before is part of it. */
  hashWith(hash: HashName): void {
    this.#running = this.#crypto.runningHash(hash);
    this.#current = undefined;
    for (const message of this.#messages) this.#running.update(message);
  }

  add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#running?.update(message);
    this.#current = undefined;
  }

  /** Transcript-Hash of everything so far. */
  hash(): Uint8Array {
    if (this.#running === undefined) throw new RangeError('the transcript has no hash yet');
    this.#current ??= this.#running.current();
    return this.#current;
  }

  /** Another transcript that goes on from here by itself, with a hash and without the messages before (RFC 8446 section 4.4). */
  fork(): Transcript {
    const fork = new Transcript(this.#crypto);
    fork.#running = this.#running?.copy();
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
    this.#restart(hash, this.#crypto.hash(hash, firstHello), others);
  }

  /** After `restartAfterRetry`: the hash of the first ClientHello. */
  get firstHelloHash(): Uint8Array {
    const [messageHash] = this.#messages;
    if (messageHash?.[0] !== HandshakeType.message_hash) throw new RangeError('the transcript has not been restarted');
    return messageHash.subarray(4);
  }

  /**
   * Puts what went before it, elsewhere, in front of the second ClientHello, which is all that is here.
   * @param firstHelloHash the hash of the first ClientHello.
   * @param retry the HelloRetryRequest.
   */
  continueRetry(hash: HashName, firstHelloHash: Uint8Array, retry: Uint8Array): void {
    this.#restart(hash, firstHelloHash, [retry, ...this.#messages]);
  }

  #restart(hash: HashName, firstHelloHash: Uint8Array, others: readonly Uint8Array[]): void {
    const header = Uint8Array.of(HandshakeType.message_hash, 0, 0, hashLength[hash]);
    this.#messages.splice(0, this.#messages.length, concat(header, firstHelloHash), ...others);
    this.hashWith(hash);
  }
}
