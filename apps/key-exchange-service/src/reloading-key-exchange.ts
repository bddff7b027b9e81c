import type {
  AgreeAnswer,
  AgreeRequest,
  DecryptAnswer,
  DecryptRequest,
  HostedAskContext,
  KeyExchange,
  LocalKeyExchange,
  OfferAnswer,
  OfferRequest,
  RespondAnswer,
  RespondRequest,
  SignAnswer,
  SignRequest,
  StartServerAnswer,
  StartServerRequest,
} from '@handfast/key-exchange';
import { TlsError } from '@handfast/wire';
import type { KeyFiles } from './key-files.ts';

/** How often the files are looked at for the sake of asks that cannot be answered, in milliseconds. */
const lookInterval = 1_000;

/**
 * The key exchange with the keys of files. An ask that it cannot answer, for want of a key or of what opens a
 * continuation, has it look whether they have changed: a gateway may learn of a certificate before we do of its key.
 */
export class ReloadingKeyExchange implements KeyExchange {
  readonly #files: KeyFiles;
  readonly #make: () => LocalKeyExchange;
  readonly #now: () => number;
  #current: LocalKeyExchange;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param make called for each set of keys that `files` come to have */
  constructor(files: KeyFiles, make: () => LocalKeyExchange, now: () => number) {
    this.#files = files;
    this.#make = make;
    this.#now = now;
    this.#current = make();
  }

  respond(request: RespondRequest, context: HostedAskContext): RespondAnswer {
    return this.#ask((keys) => keys.respond(request, context));
  }

  startServer(request: StartServerRequest, context: HostedAskContext): StartServerAnswer {
    return this.#ask((keys) => keys.startServer(request, context));
  }

  offer(request: OfferRequest, context: HostedAskContext): OfferAnswer {
    return this.#current.offer(request, context);
  }

  agree(request: AgreeRequest, context: HostedAskContext): AgreeAnswer {
    return this.#ask((keys) => keys.agree(request, context));
  }

  sign(request: SignRequest, context: HostedAskContext): SignAnswer {
    return this.#ask((keys) => keys.sign(request, context));
  }

  decrypt(request: DecryptRequest): DecryptAnswer {
    return this.#ask((keys) => keys.decrypt(request));
  }

  /** Reads the files that have changed. @returns whether there are other keys now */
  reload(): boolean {
    this.#lookedAt = this.#now();
    if (!this.#files.reload()) return false;
    this.#current = this.#make();
    return true;
  }

  #ask<T>(question: (keys: LocalKeyExchange) => T): T {
    try {
      return question(this.#current);
    } catch (error) {
      if (!(error instanceof TlsError) || error.reason !== 'service-failed') throw error;
      if (this.#now() - this.#lookedAt < lookInterval || !this.reload()) throw error;
      return question(this.#current);
    }
  }
}
