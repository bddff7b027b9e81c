import type { AskContext } from '@handfast/wire';
import type { ServiceLink, ServiceName } from '../bus.ts';
import { now } from '../clock.ts';
import { handfast } from '../generated/handfast.js';
import { parseReply, sealRequest } from '../sealing/envelope.ts';
import { requestInfo } from './discovery.ts';
import { KnownInstances } from './known-instances.ts';
import { type AskSurroundings, NatsAsk } from './nats-ask.ts';
import { subjectOf } from './subjects.ts';

/** How long a note may be under way, in milliseconds. */
const noteLifetime = 10_000;

/** The asking side of one service on NATS. */
export class NatsServiceLink implements ServiceLink {
  readonly #name: ServiceName;
  readonly #surroundings: AskSurroundings;
  readonly #asks: Set<NatsAsk>;
  readonly #introductions: string;
  #notes = 0;

  /** @param asks those under way; the link adds and removes its own. */
  constructor(name: ServiceName, shared: Omit<AskSurroundings, 'instances'>, asks: Set<NatsAsk>) {
    const instances = new KnownInstances();
    this.#name = name;
    this.#surroundings = { ...shared, instances };
    this.#asks = asks;
    this.#introductions = shared.inbox.open(({ data }) => {
      const key = strangersKey(data);
      if (key !== undefined) instances.heard(key, now());
    });
    requestInfo(name, shared, (key) => instances.heard(key, now()));
  }

  request(operation: string, payload: Uint8Array, context: AskContext): Promise<Uint8Array> {
    const question = { subject: subjectOf(this.#name, operation), payload, context };
    const ask = new NatsAsk(this.#surroundings, question, (settled) => this.#asks.delete(settled));
    this.#asks.add(ask);
    ask.start();
    return ask.answer;
  }

  publish(operation: string, payload: Uint8Array): void {
    const { connection, key, instances } = this.#surroundings;
    this.#notes += 1;
    const subject = subjectOf(this.#name, operation);
    const header = { subject, id: `note-${this.#notes}`, deadline: now() + noteLifetime };
    if (connection.isClosed()) return;
    const message = sealRequest(key, instances.all(), header, payload);
    connection.publish(subject, message, { reply: this.#introductions });
  }
}

/** The key of an instance that could not read a note. */
function strangersKey(data: Uint8Array): Uint8Array | undefined {
  try {
    const { sender, outcome } = parseReply(data);
    const stranger = outcome.kind === 'refusal' && outcome.refusal === handfast.v1.Refusal.REFUSAL_NOT_A_RECIPIENT;
    return stranger ? sender : undefined;
  } catch {
    return undefined;
  }
}
