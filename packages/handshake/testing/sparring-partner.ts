// A peer that misbehaves: one of our own machines, run by a driver that does to its effects what a test wants.
import { HandshakeReassembler, RecordReader, RecordWriter } from '@handfast/record';
import { type AskContext, alertName, type ContentTypeName, decodeAlert, decodeHandshake } from '@handfast/wire';
import { clientHandshake } from '../src/client/client.ts';
import { Handshake } from '../src/common/handshake.ts';
import type { Effect, Machine, OpenConnection, Ports } from '../src/engine/effects.ts';
import { serverHandshake } from '../src/server/server.ts';
import { type End, endOf, type LoopbackOptions, type Party, partiesOf } from './loopback.ts';

/** What the partner does: an effect as its machine would yield it, or bytes that no machine would send. */
export type Act =
  | Effect
  /** One record of its own, under the keys in use. */
  | { readonly kind: 'record'; readonly type: ContentTypeName; readonly fragment: Uint8Array }
  /** Bytes as they are, whatever the keys. */
  | { readonly kind: 'raw'; readonly bytes: Uint8Array };

/** What is done in place of an effect. Not asked about what the machine receives and asks for. */
export type Habit = (effect: Effect) => readonly Act[];

export class SparringPartner {
  readonly outbox: Uint8Array[] = [];
  /** Names of the alerts that came. */
  readonly alerts: string[] = [];
  readonly received: Uint8Array[] = [];
  opened: OpenConnection | undefined;
  /** Why it has stopped. */
  error: unknown;
  readonly #role: 'client' | 'server';
  readonly #ports: Ports;
  /** The answer to an aside. */
  #aside: unknown;
  readonly #habit: Habit;
  #machine: Machine;
  readonly #reader = new RecordReader();
  readonly #writer = new RecordWriter();
  readonly #reassembler = new HandshakeReassembler();
  #awaited: Effect | undefined;

  constructor({ configuration, ports }: Party, habit: Habit) {
    this.#role = configuration.role;
    this.#ports = ports;
    this.#habit = habit;
    this.#machine =
      configuration.role === 'client'
        ? clientHandshake(new Handshake(configuration))
        : serverHandshake(new Handshake(configuration));
  }

  start(): void {
    this.#try(() => this.#advance(undefined));
  }

  receive(bytes: Uint8Array): void {
    this.#reader.push(bytes);
    this.#try(() => this.#pump());
  }

  /** Does something out of turn. */
  act(...acts: readonly Act[]): void {
    this.#try(() => {
      for (const act of acts) this.#do(act);
    });
  }

  #try(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.error ??= error;
      this.#awaited = undefined;
    }
    this.#flush();
  }

  #pump(): void {
    for (;;) {
      const bytes = this.#awaited?.kind === 'receive' ? this.#reassembler.next() : undefined;
      if (bytes !== undefined) {
        this.#take(bytes);
        continue;
      }
      const record = this.#reader.next();
      if (record === undefined) return;
      if (record.type === 'handshake') this.#reassembler.push(record.fragment);
      if (record.type === 'alert') this.alerts.push(alertName(decodeAlert(record.fragment).description));
      if (record.type === 'application_data') this.received.push(record.fragment);
      if (record.type === 'change_cipher_spec' && this.#awaited?.kind === 'receive-change-cipher-spec') {
        this.#advance(undefined);
      }
    }
  }

  #take(bytes: Uint8Array): void {
    if (this.#awaited?.kind !== 'receive') return;
    const { version, names } = this.#awaited;
    const message = decodeHandshake(bytes, version, this.#role === 'client' ? 'server' : 'client');
    if (!names.includes(message.type)) throw new Error(`the partner got ${message.type} in place of ${names}`);
    this.#advance({ message, bytes });
  }

  #advance(result: unknown): void {
    this.#awaited = undefined;
    let input = result;
    for (;;) {
      const { done, value: effect } = this.#machine.next(input);
      input = undefined;
      if (done === true) {
        this.#machine = effect;
        continue;
      }
      if (effect.kind === 'receive' || effect.kind === 'receive-change-cipher-spec') {
        this.#awaited = effect;
        return;
      }
      if (effect.kind === 'ask') {
        input = effect.asks.map((ask) => ask.call(this.#ports, context, Date.now()));
      } else if (effect.kind === 'date') {
        input = Date.now();
      } else if (effect.kind === 'tell') {
        effect.tell(this.#ports);
      } else if (effect.kind === 'ask-aside') {
        this.#aside = effect.ask.call(this.#ports, context, Date.now());
      } else if (effect.kind === 'send-aside') {
        for (const message of effect.messages(this.#aside)) this.#act({ kind: 'send', ...message });
      } else {
        this.#act(effect);
      }
    }
  }

  /** Does in place of that effect what its habit is. */
  #act(effect: Effect): void {
    for (const act of this.#habit(effect)) this.#do(act);
  }

  #do(act: Act): void {
    switch (act.kind) {
      case 'send':
        this.#writer.write('handshake', act.bytes);
        break;
      case 'send-change-cipher-spec':
        this.#writer.write('change_cipher_spec', Uint8Array.of(1));
        break;
      case 'protect':
        (act.direction === 'reads' ? this.#reader : this.#writer).protect(act.protection);
        break;
      case 'unprotect-writes':
        this.#writer.unprotect();
        break;
      case 'limit-records':
        if (act.reads !== undefined) this.#reader.limit(act.reads);
        if (act.writes !== undefined) this.#writer.limit(act.writes);
        break;
      case 'skip-early-data':
        this.#reader.skipEarlyData(act.limit);
        break;
      case 'open':
        this.opened = act.connection;
        break;
      case 'record':
        // To begin a record, end the one before.
        this.#flush();
        this.#writer.write(act.type, act.fragment);
        this.#flush();
        break;
      case 'raw':
        this.#flush();
        this.outbox.push(act.bytes);
        break;
    }
  }

  #flush(): void {
    if (this.#writer.pending > 0) this.outbox.push(this.#writer.take());
  }
}

const context: AskContext = {
  id: 'sparring',
  deadline: Number.POSITIVE_INFINITY,
  traceId: new Uint8Array(16),
  spanId: new Uint8Array(8),
  report() {},
  onCancel() {},
};

/** A connection under test and the partner that it meets. */
export class Bout {
  readonly subject: End;
  readonly partner: SparringPartner;

  constructor(subject: 'client' | 'server', options: LoopbackOptions, habit: Habit) {
    const parties = partiesOf(options);
    this.subject = endOf(parties[subject].configuration, parties[subject].ports);
    this.partner = new SparringPartner(subject === 'client' ? parties.server : parties.client, habit);
  }

  run(): this {
    this.subject.connection.start();
    this.partner.start();
    return this.deliver();
  }

  deliver(): this {
    for (;;) {
      const said = this.subject.outbox.shift();
      if (said !== undefined) this.partner.receive(said);
      const answer = this.partner.outbox.shift();
      if (answer !== undefined) this.subject.connection.receive(answer);
      if (said === undefined && answer === undefined) return this;
    }
  }
}
