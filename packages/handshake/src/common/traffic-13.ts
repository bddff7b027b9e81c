import type { CryptoProvider } from '@handfast/crypto';
import {
  type CipherSuiteParameters,
  finishedVerifyData13,
  nextTrafficSecret,
  trafficKeys13,
} from '@handfast/key-exchange';
import { type TrafficProtection, trafficProtection13 } from '@handfast/record';

export function protection13(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  secret: Uint8Array,
): TrafficProtection {
  return trafficProtection13(crypto, suite.protection, trafficKeys13(crypto, suite, secret));
}

/** One direction's application traffic secret, and its generations (RFC 8446 section 7.2). */
export class ApplicationTraffic {
  readonly #crypto: CryptoProvider;
  readonly #suite: CipherSuiteParameters;
  #secret: Uint8Array;

  constructor(crypto: CryptoProvider, suite: CipherSuiteParameters, secret: Uint8Array) {
    this.#crypto = crypto;
    this.#suite = suite;
    this.#secret = secret;
  }

  protection(): TrafficProtection {
    return protection13(this.#crypto, this.#suite, this.#secret);
  }

  /** Moves on to the next generation: after this the old secret is gone. */
  next(): TrafficProtection {
    this.#secret = nextTrafficSecret(this.#crypto, this.#suite.hash, this.#secret);
    return this.protection();
  }

  /** verify_data of a Finished that this direction's sender makes in the open connection (RFC 8446 section 4.4.4). */
  finished(transcriptHash: Uint8Array): Uint8Array {
    return finishedVerifyData13(this.#crypto, this.#suite.hash, this.#secret, transcriptHash);
  }
}
