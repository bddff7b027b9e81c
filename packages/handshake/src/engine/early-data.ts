import { TlsError } from '@handfast/wire';

/** Early data under way: what may still be read and written of it, in bytes. */
export class EarlyData {
  #readsLeft: number;
  #writesLeft: number;

  /** @param limit of what a client sends; a server's own data, to a client that is not confirmed yet, has none. */
  constructor(role: 'client' | 'server', limit: number) {
    this.#readsLeft = role === 'client' ? 0 : limit;
    this.#writesLeft = role === 'client' ? limit : Number.POSITIVE_INFINITY;
  }

  get writesLeft(): number {
    return this.#writesLeft;
  }

  wrote(length: number): void {
    this.#writesLeft -= length;
  }

  /** @throws TlsError `too-much-early-data` */
  read(length: number): void {
    if (length > this.#readsLeft) {
      throw new TlsError('too-much-early-data', 'the client sends more early data than its ticket allows');
    }
    this.#readsLeft -= length;
  }
}
