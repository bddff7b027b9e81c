import { type AskContext, type Reason, TlsError } from '@handfast/wire';
import type { Msg, MsgHdrs, NatsConnection } from '@nats-io/nats-core';
import { now } from '../clock.ts';
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
import { traceHeaders } from './trace-parent.ts';

const { Refusal } = handfast.v1;

/** How long to wait for an answer before the request is sent again, in milliseconds: at first, and at most. */
const patience = 250;
const longestPatience = 1000;

/** How often to ask again where an instance is busy and there are others; 126 ms in all. */
const maximumTurns = 6;

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
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly context: AskContext;
}

/**
 * One question on its way. It is sent again where its answer does not come, as the instance that took it may have died;
 * where it was sealed for others than the instance that took it; and where that instance was busy and there are others.
 * The first reply that opens is the answer; it settles once.
 */
export class NatsAsk {
  readonly answer: Promise<Uint8Array>;
  readonly #surroundings: AskSurroundings;
  readonly #header: Header;
  readonly #payload: Uint8Array;
  readonly #headers: MsgHdrs;
  readonly #replyTo: string;
  readonly #settled: () => void;
  #resolve: (answer: Uint8Array) => void = () => {};
  #reject: (error: TlsError) => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  /** Of the request as it was sent last. */
  #recipients: readonly Uint8Array[] = [];
  #patience = 2 * patience;
  #strangers = 0;
  #busy = 0;
  #open = true;

  /** @param settled runs once, when nothing more is expected. */
  constructor(surroundings: AskSurroundings, { subject, payload, context }: Question, settled: (ask: NatsAsk) => void) {
    this.#surroundings = surroundings;
    this.#header = { subject, id: context.id, deadline: context.deadline };
    this.#payload = payload;
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
    if (this.#header.deadline > now()) this.#send();
    this.#wait(patience);
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

  #send(): void {
    const { connection, key, instances } = this.#surroundings;
    this.#recipients = instances.lively();
    const request = sealRequest(key, this.#recipients, this.#header, this.#payload);
    if (connection.isClosed()) this.fail('service-unavailable', 'the bus is closed');
    else if (!fits(connection, request)) this.fail('service-failed', 'the request is longer than the bus carries');
    else connection.publish(this.#header.subject, request, { reply: this.#replyTo, headers: this.#headers });
  }

  /** Sends again after `milliseconds`, and gives up at the deadline. */
  #wait(milliseconds: number): void {
    if (!this.#open) return;
    clearTimeout(this.#timer);
    const remaining = this.#header.deadline - now();
    if (remaining <= 0) {
      this.fail('service-timeout', 'no answer before the deadline');
      return;
    }
    this.#timer = setTimeout(
      () => {
        if (milliseconds < remaining) this.#send();
        this.#wait(this.#patience);
        this.#patience = Math.min(2 * this.#patience, longestPatience);
      },
      Math.min(milliseconds, remaining),
    );
  }

  #receive(message: Msg): void {
    if (message.data.length === 0 && message.headers?.code === noResponders) {
      this.fail('service-unavailable', 'no instance is on the bus');
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
    if (!this.#recipients.some((recipient) => Buffer.compare(recipient, sender) === 0)) {
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
    switch (refusal) {
      case Refusal.REFUSAL_NOT_A_RECIPIENT:
        this.#introduced(sender);
        break;
      case Refusal.REFUSAL_BUSY:
        this.#turnedAway();
        break;
      case Refusal.REFUSAL_UNKNOWN_SCHEMA:
        this.fail('service-failed', `the service speaks version ${schema} of the messages`);
        break;
      case Refusal.REFUSAL_TOO_LATE:
        this.fail('service-timeout', "the deadline had passed by the service's clock; do the clocks agree?");
        break;
      case Refusal.REFUSAL_INVALID:
        this.fail('service-failed', 'the service could not read the request');
        break;
      case Refusal.REFUSAL_REPLY_TOO_LONG:
        this.fail('service-failed', 'the reply is longer than the bus carries');
        break;
      default:
        this.fail('service-reply-invalid', 'neither an answer nor a known refusal');
    }
  }

  /** An instance that the request was not sealed for: it is from now on. */
  #introduced(sender: Uint8Array): void {
    this.#surroundings.instances.heard(sender, now());
    this.#strangers += 1;
    if (this.#strangers <= maximumRecipients) this.#send();
    else this.fail('service-failed', 'no instance finds itself among the recipients');
  }

  /** An instance was busy: another one may not be. The server chooses which one gets the request, so it may take some turns. */
  #turnedAway(): void {
    this.#busy += 1;
    if (this.#busy <= maximumTurns && this.#surroundings.instances.lively().length > 1) this.#wait(2 ** this.#busy);
    else this.fail('service-busy', 'as many requests are waiting as the service allows');
  }
}
