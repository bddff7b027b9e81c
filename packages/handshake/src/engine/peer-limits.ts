import { TlsError } from '@handfast/wire';

/** Most bytes of handshake messages that a peer may send before the connection is open. */
const handshakeBudget = 256 * 1024;
/** Most messages or alerts that a peer may send in an open connection without any application data between them. */
const idleMessageLimit = 32;
/** Most alerts in a row that are no errors. */
const warningLimit = 4;

/** What a peer may make us do without getting anywhere. Over a bound the connection ends. */
export class PeerLimits {
  #handshakeBytes = 0;
  #idleMessages = 0;
  #warnings = 0;

  /** @throws TlsError `handshake-too-large` */
  countHandshakeBytes(length: number): void {
    this.#handshakeBytes += length;
    if (this.#handshakeBytes > handshakeBudget) {
      throw new TlsError('handshake-too-large', `more than ${handshakeBudget} bytes of handshake messages`);
    }
  }

  /** @throws TlsError `too-many-records` */
  countIdleMessage(): void {
    this.#idleMessages += 1;
    if (this.#idleMessages > idleMessageLimit) {
      throw new TlsError('too-many-records', `${this.#idleMessages} alerts or messages without any data between them`);
    }
  }

  /** @throws TlsError `too-many-records` */
  countWarning(): void {
    this.countIdleMessage();
    this.#warnings += 1;
    if (this.#warnings > warningLimit) {
      throw new TlsError('too-many-records', `${this.#warnings} warning alerts in a row`);
    }
  }

  /** A message has come that is no alert. */
  message(): void {
    this.#warnings = 0;
  }

  /** Something that we wanted has come. */
  progress(): void {
    this.#idleMessages = 0;
    this.#warnings = 0;
  }
}
