import { type AskContext, type Reason, TlsError } from '@handfast/wire';
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/nats-core';
import type { ServiceName } from '../bus.ts';
import { now, toSystemTime } from '../clock.ts';
import { handfast } from '../generated/handfast.js';
import {
  type Header,
  maximumRecipients,
  openReply,
  parseReply,
  type ReplyEnvelope,
  sealRequest,
} from '../sealing/envelope.ts';
import type { InstanceKey } from '../sealing/instance-key.ts';
import { fits } from './fits.ts';
import type { Inbox } from './inbox.ts';
import type { KnownInstances } from './known-instances.ts';
import { directSubjectOf, instanceName, subjectOf } from './subjects.ts';
import { traceHeaders } from './trace-parent.ts';

const { Refusal } = handfast.v1;

/** How long to wait for an answer before the request is sent again, in milliseconds: at first, and at most. */
const patience = 250;
const longestPatience = 1000;

/** Status of the message that the server sends where nobody has subscribed. */
const noResponders = 503;

/** What all asks of one service share. */
export interface AskSurroundings {
  readonly connection: NatsConnection;
  readonly inbox: Inbox;
  readonly key: InstanceKey;
  readonly instances: KnownInstances;
}

export interface Question {
  readonly service: ServiceName;
  readonly operation: string;
  readonly payload: Uint8Array;
  readonly context: AskContext;
}

/**
 * One question on its way. First any instance is asked, as the server chooses. Where that one was not among the
 * recipients, it is asked again; where it refuses (busy, another version, another clock) or does not answer, each of the
 * others that we know is asked, as it may have died or stand still. The first answer that opens is the one.
 */
export class NatsAsk {
  readonly answer: Promise<Uint8Array>;
  readonly #surroundings: AskSurroundings;
  readonly #question: Question;
  readonly #header: Header;
  readonly #headers: MsgHdrs;
  readonly #replyTo: string;
  readonly #settled: () => void;
  #resolve: (answer: Uint8Array) => void = () => {};
  #reject: (error: TlsError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  /** Names of the instances that it was sealed for, and of those that refused or are gone. */
  readonly #readers = new Set<string>();
  readonly #refusers = new Set<string>();
  /** The one instance that was asked last; undefined where any was. */
  #asked: Uint8Array | undefined;
  /** How many requests have been neither answered nor refused. */
  #outstanding = 0;
  #patience = patience;
  #turns = 0;
  #strangers = 0;
  #open = true;

  /** @param settled runs once, when nothing more is expected. */
  constructor(surroundings: AskSurroundings, question: Question, settled: (ask: NatsAsk) => void) {
    const { service, operation, context } = question;
    this.#surroundings = surroundings;
    const deadline = toSystemTime(context.deadline);
    this.#header = { subject: subjectOf(service, operation), id: context.id, deadline };
    this.#question = question;
    this.#headers = traceHeaders(context);
    this.#settled = () => settled(this);
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#replyTo = surroundings.inbox.open((message) => this.#receive(message));
    context.onCancel(() => this.fail('cancelled', 'nobody waits for the answer'));
  }

  start(): void {
    if (this.#question.context.deadline > now()) this.#send();
    this.#wait();
  }

  fail(reason: Reason, detail: string): void {
    if (!this.#open) return;
    this.#end();
    this.#reject(new TlsError(reason, `${this.#header.subject}: ${detail}`));
  }

  #end(): void {
    this.#open = false;
    clearTimeout(this.#timer);
    this.#surroundings.inbox.close(this.#replyTo);
    this.#settled();
  }

  /** @param instance the only one to ask; any where it is not given. */
  #send(instance?: Uint8Array): void {
    const { connection, key, instances } = this.#surroundings;
    const { service, operation, payload } = this.#question;
    const recipients = instance === undefined ? instances.lively() : [instance];
    for (const recipient of recipients) this.#readers.add(instanceName(recipient));
    const request = sealRequest(key, recipients, this.#header, payload);
    this.#asked = instance;
    const { subject } = this.#header;
    const to = instance === undefined ? subject : directSubjectOf(service, operation, instanceName(instance));
    if (connection.isClosed()) this.fail('service-unavailable', 'the bus is closed');
    else if (!fits(connection, request)) this.fail('service-failed', 'the request is longer than the bus carries');
    else {
      this.#outstanding += 1;
      connection.publish(to, request, { reply: this.#replyTo, headers: this.#headers });
    }
  }

  /** Asks another instance where no answer comes, and gives up at the deadline. */
  #wait(): void {
    if (!this.#open) return;
    const remaining = this.#question.context.deadline - now();
    if (remaining <= 0) {
      this.fail('service-timeout', 'no answer before the deadline');
      return;
    }
    const isLast = this.#patience >= remaining;
    this.#timer = setTimeout(
      () => {
        if (!isLast) this.#takeTurn();
        this.#wait();
      },
      Math.min(this.#patience, remaining),
    );
    this.#patience = Math.min(2 * this.#patience, longestPatience);
  }

  /** Asks those that we know one after the other, beginning with the one that was heard last, and then any again. */
  #takeTurn(): void {
    const known = this.#surroundings.instances.lively();
    this.#send(known[this.#turns % (known.length + 1)]);
    this.#turns += 1;
  }

  #receive(message: Msg): void {
    if (message.data.length === 0 && message.headers?.code === noResponders) {
      this.#unheard();
      return;
    }
    try {
      this.#read(parseReply(message.data));
    } catch (error) {
      this.fail('service-reply-invalid', error instanceof Error ? error.message : String(error));
    }
  }

  #read(reply: ReplyEnvelope): void {
    const { outcome, sender, schema } = reply;
    if (outcome.kind === 'refusal') {
      this.#refused(outcome.refusal, sender, schema);
      return;
    }
    if (!this.#readers.has(instanceName(sender))) {
      this.fail('service-reply-invalid', 'the reply is of an instance that could not read the request');
      return;
    }
    const { key, instances } = this.#surroundings;
    const answer = openReply(key, this.#header, reply, outcome.sealed);
    if (answer === undefined) {
      this.fail('service-reply-invalid', 'the reply does not open');
      return;
    }
    instances.heard(sender, now());
    this.#end();
    this.#resolve(answer);
  }

  #refused(refusal: handfast.v1.Refusal, sender: Uint8Array, schema: number): void {
    this.#outstanding -= 1;
    switch (refusal) {
      case Refusal.REFUSAL_NOT_A_RECIPIENT:
        this.#introduced(sender);
        break;
      case Refusal.REFUSAL_BUSY:
        this.#elsewhere(sender, 'service-busy', 'as many requests are waiting as the service allows');
        break;
      case Refusal.REFUSAL_UNKNOWN_SCHEMA:
        this.#elsewhere(sender, 'service-failed', `the service speaks version ${schema} of the messages`);
        break;
      case Refusal.REFUSAL_TOO_LATE:
        this.#elsewhere(
          sender,
          'service-timeout',
          "it is past the deadline by the service's clock; do the clocks agree?",
        );
        break;
      case Refusal.REFUSAL_INVALID:
        this.#elsewhere(sender, 'service-failed', 'the service could not read the request');
        break;
      case Refusal.REFUSAL_REPLY_TOO_LONG:
        this.fail('service-failed', 'the reply is longer than the bus carries');
        break;
      default:
        this.fail('service-reply-invalid', 'neither an answer nor a known refusal');
    }
  }

  /** Nobody has subscribed: the one instance that was asked is gone, or there is none at all. */
  #unheard(): void {
    this.#outstanding -= 1;
    if (this.#asked === undefined) {
      this.#giveUp('service-unavailable', 'no instance is on the bus');
    } else {
      this.#refusers.add(instanceName(this.#asked));
      this.#send();
    }
  }

  /** The instance that took the request was not among its recipients. */
  #introduced(sender: Uint8Array): void {
    this.#surroundings.instances.heard(sender, now());
    this.#strangers += 1;
    if (this.#strangers <= maximumRecipients) this.#send(sender);
    else this.fail('service-failed', 'no instance finds itself among the recipients');
  }

  /** Asks an instance that has not refused; fails for this reason where there is none. */
  #elsewhere(refuser: Uint8Array, reason: Reason, detail: string): void {
    this.#refusers.add(instanceName(refuser));
    const known = this.#surroundings.instances.lively();
    const other = known.find((instance) => !this.#refusers.has(instanceName(instance)));
    if (other !== undefined) this.#send(other);
    else this.#giveUp(reason, detail);
  }

  /** Fails, unless an earlier request is under way still: then it was only a repetition that nobody wanted. */
  #giveUp(reason: Reason, detail: string): void {
    if (this.#outstanding <= 0) this.fail(reason, detail);
  }
}
