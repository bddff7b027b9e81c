import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import { defaultCapacity, type Operations, type ServeOptions, type ServiceName, type Serving } from '../bus.ts';
import { fromSystemTime, now } from '../clock.ts';
import { handfast } from '../generated/handfast.js';
import {
  type Envelope,
  encodeRefusal,
  openRequest,
  parseRequest,
  recipientOf,
  schemaVersion,
  sealReply,
} from '../sealing/envelope.ts';
import type { InstanceKey } from '../sealing/instance-key.ts';
import { AnsweredRequests } from './answered-requests.ts';
import { DeadlineContext } from './deadline-context.ts';
import { announce, Endpoint } from './discovery.ts';
import { fits } from './fits.ts';
import { directSubjectOf, operationOf, queueGroup, subjectOf } from './subjects.ts';
import { within } from './within.ts';

const { Refusal } = handfast.v1;

/** How long work goes on before the event loop may read what has arrived meanwhile, in milliseconds. */
const slice = 1;

/** How long stopping waits for the server, in milliseconds. */
const farewell = 1_000;

/** Who does the work of an operation. */
interface Worker {
  readonly endpoint: Endpoint;
  readonly work: (message: Msg) => void;
}

/**
 * One instance of a service on NATS. What arrives is queued, and worked on between reads of the socket: so that a
 * request over the bound is answered `busy` at once, and not when those before it are done.
 */
export class NatsServing implements Serving {
  readonly service: ServiceName;
  readonly instance: string;
  readonly #connection: NatsConnection;
  readonly #key: InstanceKey;
  readonly #capacity: number;
  readonly #answered = new AnsweredRequests();
  /** By operation. */
  readonly #workers = new Map<string, Worker>();
  readonly #subscriptions: Subscription[] = [];
  readonly #waiting: (() => void)[] = [];
  /** The requests whose handlers did not answer at once. */
  readonly #running = new Set<Promise<void>>();
  #scheduled = false;

  constructor(
    service: ServiceName,
    operations: Operations,
    end: { readonly connection: NatsConnection; readonly key: InstanceKey; readonly instance: string },
    { capacity = defaultCapacity }: ServeOptions,
  ) {
    this.service = service;
    this.instance = end.instance;
    this.#connection = end.connection;
    this.#key = end.key;
    this.#capacity = capacity;
    for (const [operation, handler] of Object.entries(operations.requests)) {
      const endpoint = new Endpoint(operation, subjectOf(service, operation));
      this.#workers.set(operation, { endpoint, work: (message) => this.#answer(message, endpoint, handler) });
      this.#subscribe(endpoint.subject, { queue: queueGroup }, () => operation);
    }
    this.#subscribe(directSubjectOf(service, '*', end.instance), {}, ({ subject }) => operationOf(subject));
    const endpoints = [...this.#workers.values()].map(({ endpoint }) => endpoint);
    this.#subscriptions.push(...announce(service, end, endpoints));
    for (const [operation, handler] of Object.entries(operations.notes)) {
      const endpoint = new Endpoint(operation, subjectOf(service, operation));
      this.#workers.set(operation, { endpoint, work: (message) => this.#hear(message, endpoint, handler) });
      this.#subscribe(endpoint.subject, {}, () => operation);
    }
  }

  /** May be called again. Where the server is away, nothing can be drained and the rest is lost. */
  async stop(): Promise<void> {
    const drained = this.#subscriptions.splice(0).map((subscription) => subscription.drain());
    await within(farewell, Promise.allSettled(drained));
    while (this.#waiting.length > 0 || this.#running.size > 0) {
      await Promise.allSettled(this.#running);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await within(farewell, Promise.allSettled([this.#connection.flush()]));
  }

  #subscribe(subject: string, options: { readonly queue?: string }, operationOf: (message: Msg) => string): void {
    const callback = (error: Error | null, message: Msg): void => {
      if (error !== null) return;
      const worker = this.#workers.get(operationOf(message));
      if (worker === undefined) return;
      const { endpoint, work } = worker;
      if (this.#waiting.length + this.#running.size < this.#capacity) this.#enqueue(() => work(message));
      else this.#refuse(message, endpoint, Refusal.REFUSAL_BUSY);
    };
    this.#subscriptions.push(this.#connection.subscribe(subject, { ...options, callback }));
  }

  #enqueue(work: () => void): void {
    this.#waiting.push(work);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#workOn());
  }

  #workOn(): void {
    const end = now() + slice;
    do this.#waiting.shift()?.();
    while (this.#waiting.length > 0 && now() < end);
    this.#scheduled = this.#waiting.length > 0;
    if (this.#scheduled) setImmediate(() => this.#workOn());
  }

  #answer(message: Msg, endpoint: Endpoint, handler: Operations['requests'][string]): void {
    const startedAt = now();
    const opened = this.#open(message, endpoint);
    if (opened === undefined) return;
    const { envelope, id, payload } = opened;
    const context = new DeadlineContext(envelope, message.headers);
    const send = (reply: Uint8Array): void => {
      context.end();
      endpoint.answered(now() - startedAt);
      const answer = sealReply(this.#key, envelope, reply);
      if (fits(this.#connection, answer)) {
        this.#answered.answered(id, answer);
        this.#respond(message, answer);
      } else {
        this.#refuse(message, endpoint, Refusal.REFUSAL_REPLY_TOO_LONG);
      }
    };
    const reply = handler(payload, context);
    if (reply instanceof Promise) this.#run(reply.then(send), context);
    else send(reply);
  }

  /** Counts `work` as under way until it is done, or nobody waits for it any more. */
  #run(work: Promise<void>, context: DeadlineContext): void {
    const abandoned = new Promise<void>((resolve) => context.onCancel(resolve));
    const running = Promise.race([work, abandoned]).finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #hear(message: Msg, endpoint: Endpoint, handler: Operations['notes'][string]): void {
    const opened = this.#open(message, endpoint);
    if (opened !== undefined) handler(opened.payload);
  }

  /** What the message holds, if it is one to work on; otherwise says why not. */
  #open(message: Msg, endpoint: Endpoint): Opened | undefined {
    try {
      const envelope = parseRequest(endpoint.subject, message.data);
      const payload = this.#payloadOf(envelope);
      if (!(payload instanceof Uint8Array)) {
        this.#refuse(message, endpoint, payload);
        return undefined;
      }
      const id = `${Buffer.from(envelope.sender).toString('latin1')}${envelope.header.id}`;
      if (this.#answered.begin(id)) return { envelope, id, payload };
      const answer = this.#answered.answerTo(id);
      if (answer !== undefined) this.#respond(message, answer);
    } catch {
      this.#refuse(message, endpoint, Refusal.REFUSAL_INVALID);
    }
    return undefined;
  }

  #payloadOf(envelope: Envelope): Uint8Array | handfast.v1.Refusal {
    if (envelope.schema !== schemaVersion) return Refusal.REFUSAL_UNKNOWN_SCHEMA;
    if (fromSystemTime(envelope.header.deadline) <= now()) return Refusal.REFUSAL_TOO_LATE;
    const recipient = recipientOf(envelope, this.#key);
    if (recipient === undefined) return Refusal.REFUSAL_NOT_A_RECIPIENT;
    return openRequest(this.#key, envelope, recipient) ?? Refusal.REFUSAL_INVALID;
  }

  #refuse(message: Msg, endpoint: Endpoint, refusal: handfast.v1.Refusal): void {
    if (refusal !== Refusal.REFUSAL_NOT_A_RECIPIENT) endpoint.refused(Refusal[refusal]);
    this.#respond(message, encodeRefusal(this.#key, refusal));
  }

  #respond(message: Msg, reply: Uint8Array): void {
    if (!this.#connection.isClosed()) message.respond(reply);
  }
}

interface Opened {
  readonly envelope: Envelope;
  /** Unique to the question and its sender. */
  readonly id: string;
  readonly payload: Uint8Array;
}
