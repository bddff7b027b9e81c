import type { CryptoProvider } from '@handfast/crypto';
import { type CipherSuiteParameters, nextTrafficSecret, trafficKeys13 } from '@handfast/key-exchange';
import { type TrafficProtection, trafficProtection } from '@handfast/record';

export function protection13(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  secret: Uint8Array,
): TrafficProtection {
  const { key, iv } = trafficKeys13(crypto, suite, secret);
  return trafficProtection(crypto, 'tls13', suite.aead, key, iv);
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
}
