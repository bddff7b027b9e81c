import { createInbox, type Msg, type NatsConnection } from '@nats-io/nats-core';

/** One subscription for all replies to this end of the bus. What comes for nobody, or for nobody any more, is dropped. */
export class Inbox {
  readonly #prefix = `${createInbox()}.`;
  readonly #listeners = new Map<string, (message: Msg) => void>();
  #count = 0;

  constructor(connection: NatsConnection) {
    connection.subscribe(`${this.#prefix}*`, {
      callback: (error, message) => {
        if (error === null) this.#listeners.get(message.subject.slice(this.#prefix.length))?.(message);
      },
    });
  }

  /** @returns the subject to reply to. */
  open(listener: (message: Msg) => void): string {
    this.#count += 1;
    const token = this.#count.toString(36);
    this.#listeners.set(token, listener);
    return this.#prefix + token;
  }

  close(subject: string): void {
    this.#listeners.delete(subject.slice(this.#prefix.length));
  }
}
