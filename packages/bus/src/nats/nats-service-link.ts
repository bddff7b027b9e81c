import type { AskContext } from '@handfast/wire';
import type { ServiceLink, ServiceName } from '../bus.ts';
import { now, toSystemTime } from '../clock.ts';
import { handfast } from '../generated/handfast.js';
import { parseReply, sealRequest } from '../sealing/envelope.ts';
import { keyOf, requestInfo } from './discovery.ts';
import { fits } from './fits.ts';
import { KnownInstances } from './known-instances.ts';
import { type AskSurroundings, NatsAsk } from './nats-ask.ts';
import { subjectOf } from './subjects.ts';

/** How long a note may be under way, in milliseconds. */
const noteLifetime = 10_000;
/** How often to look for new instances while there is something to ask, in milliseconds. */
const discoveryInterval = 5_000;
/** How many notes wait for a first instance to be known. */
const maximumHeld = 16;

/** The asking side of one service on NATS. */
export class NatsServiceLink implements ServiceLink {
  readonly #name: ServiceName;
  readonly #surroundings: AskSurroundings;
  readonly #asks: Set<NatsAsk>;
  /** Where instances say who they are: those that could not read a note, and those that were looked for. */
  readonly #introductions: string;
  readonly #discoveries: string;
  #discoveredAt = Number.NEGATIVE_INFINITY;
  #held: (() => void)[] = [];
  #notes = 0;

  /** @param asks those under way; the link adds and removes its own. */
  constructor(name: ServiceName, shared: Omit<AskSurroundings, 'instances'>, asks: Set<NatsAsk>) {
    const instances = new KnownInstances(shared.key, () => this.#release());
    this.#name = name;
    this.#surroundings = { ...shared, instances };
    this.#asks = asks;
    this.#introductions = shared.inbox.open(({ data }) => this.#meet(() => strangersKey(data)));
    this.#discoveries = shared.inbox.open((message) => this.#meet(() => keyOf(message)));
    this.#discover();
  }

  request(operation: string, payload: Uint8Array, context: AskContext): Promise<Uint8Array> {
    this.#discover();
    const question = { service: this.#name, operation, payload, context };
    const ask = new NatsAsk(this.#surroundings, question, (settled) => this.#asks.delete(settled));
    this.#asks.add(ask);
    ask.start();
    return ask.answer;
  }

  publish(operation: string, payload: Uint8Array): void {
    this.#discover();
    const send = () => this.#publish(subjectOf(this.#name, operation), payload);
    if (this.#surroundings.instances.all().length > 0) send();
    else if (this.#held.length < maximumHeld) this.#held.push(send);
  }

  #discover(): void {
    const { connection } = this.#surroundings;
    if (now() - this.#discoveredAt < discoveryInterval || connection.isClosed()) return;
    this.#discoveredAt = now();
    requestInfo(connection, this.#name, this.#discoveries);
  }

  #publish(subject: string, payload: Uint8Array): void {
    const { connection, key, instances } = this.#surroundings;
    this.#notes += 1;
    const header = { subject, id: `note-${this.#notes}`, deadline: toSystemTime(now() + noteLifetime) };
    const message = sealRequest(key, instances.all(), header, payload);
    if (connection.isClosed() || !fits(connection, message)) return;
    connection.publish(subject, message, { reply: this.#introductions });
  }

  #release(): void {
    for (const send of this.#held.splice(0)) send();
  }

  /** Notes the instance that introduces itself, unless what it says makes no sense. */
  #meet(read: () => Uint8Array): void {
    try {
      this.#surroundings.instances.heard(read(), now());
    } catch {
      // Nobody waits for an introduction, and one that cannot be read introduces nobody.
    }
  }
}

/** The key of an instance that could not read a note. */
function strangersKey(data: Uint8Array): Uint8Array {
  const { sender, outcome } = parseReply(data);
  if (outcome.kind !== 'refusal' || outcome.refusal !== handfast.v1.Refusal.REFUSAL_NOT_A_RECIPIENT) {
    throw new RangeError('no introduction');
  }
  return sender;
}
