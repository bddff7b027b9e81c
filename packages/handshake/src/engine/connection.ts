import {
  HandshakeReassembler,
  RecordReader,
  RecordWriter,
  type TlsRecord,
  type TrafficProtection,
} from '@handfast/record';
import {
  AlertDescription,
  type AlertName,
  alertName,
  decodeAlert,
  decodeHandshake,
  encodeAlert,
  encodeHandshake,
  type HandshakeMessage,
  type MessageName,
  ProtocolVersion,
  TlsError,
} from '@handfast/wire';
import { clientHandshake } from '../client/client.ts';
import { Handshake } from '../common/handshake.ts';
import type { Configuration } from '../configuration.ts';
import { serverHandshake } from '../server/server.ts';
import type { StepName, Timeline } from '../timeline.ts';
import { Aside } from './aside.ts';
import { type AskOutcome, AskRound, type Environment, isOfPeer } from './ask-round.ts';
import type { ConnectionEvents } from './connection-events.ts';
import { EarlyData } from './early-data.ts';
import type { Ask, Effect, Machine, OpenConnection, Ports } from './effects.ts';
import { PeerLimits } from './peer-limits.ts';
import { TimelineRecorder } from './recorder.ts';
import { traceIdOf } from './trace-id.ts';

/** Bytes held back while a port is asked, above which whoever reads the socket should pause. */
const congestionMark = 128 * 1024;

/** Alerts that are no errors (RFC 8446 section 6.1, RFC 5246 section 7.2.2). */
const warnings: ReadonlySet<string> = new Set(['close_notify', 'user_canceled', 'no_renegotiation']);

type AwaitedMessage = Extract<Effect, { kind: 'receive' }>;

/**
 * One TLS connection, without I/O: bytes go in, bytes and events come out. It runs the handshake's machine, carries out
 * what the machine asks for, and keeps the timeline. Where all ports answer at once it never waits for anything but the
 * peer.
 */
export class Connection {
  readonly #configuration: Configuration;
  readonly #environment: Environment;
  readonly #events: ConnectionEvents;
  #machine: Machine;
  readonly #reader = new RecordReader();
  readonly #writer: RecordWriter;
  readonly #reassembler = new HandshakeReassembler();
  readonly #timeline: TimelineRecorder;

  #awaited: AwaitedMessage | Extract<Effect, { kind: 'receive-change-cipher-spec' }> | undefined;
  #round: AskRound | undefined;
  #aside: Aside | undefined;
  #early: EarlyData | undefined;
  #changeCipherSpecs: 'dropped' | 'refused' = 'refused';
  #open: OpenConnection | undefined;
  readonly #limits = new PeerLimits();
  /** The peer wants us to update our keys: told so several times before we write, we do it once (RFC 8446 section 4.6.3). */
  #keyUpdateDue = false;
  #working = false;
  #moreArrived = false;
  /** The alert by which the peer gave up. */
  #lastWord: string | undefined;
  #transportHasEnded = false;
  #writesClosed = false;
  #readsClosed = false;
  #over = false;

  constructor(configuration: Configuration, environment: Environment, events: ConnectionEvents) {
    this.#configuration = configuration;
    this.#environment = environment;
    this.#events = events;
    const { crypto, role } = configuration;
    if (configuration.role === 'server' && configuration.maxEarlyData > 0 && events.earlyData === undefined) {
      throw new RangeError('a server that takes early data needs the event earlyData');
    }
    this.#writer = new RecordWriter(role === 'client' ? { firstRecordVersion: ProtocolVersion.tls10 } : {});
    const ids = crypto.randomBytes(24);
    this.#timeline = new TimelineRecorder(role, ids.slice(0, 16), ids.slice(16), environment.now());
    this.#machine =
      configuration.role === 'client'
        ? clientHandshake(new Handshake(configuration))
        : serverHandshake(new Handshake(configuration));
  }

  get timeline(): Timeline {
    return this.#timeline;
  }

  /** A port is being asked and much has arrived meanwhile: stop reading from the socket until `ready`. */
  get congested(): boolean {
    return this.#round !== undefined && this.#reader.buffered > congestionMark;
  }

  /** Begins: a client sends its ClientHello, a server waits for one. Call once. */
  start(): void {
    this.#work(() => this.#advance(undefined));
  }

  /** Bytes from the peer, in chunks of any length. They belong to the connection from now on. */
  receive(bytes: Uint8Array): void {
    if (this.#over || this.#readsClosed) return;
    this.#reader.push(bytes);
    this.#moreArrived = true;
    this.#work();
  }

  /**
   * Sends application data, early data between `openEarly` and `open`. Once the connection has failed, data goes nowhere.
   * @throws RangeError before either, after `close`, and for more than `earlyDataLeft`.
   */
  write(data: Uint8Array): void {
    if (this.#over) return;
    if (this.#writesClosed || data.length > this.#writable) {
      throw new RangeError(
        this.#early === undefined
          ? 'the connection is not open for writing'
          : 'so much may not be written as early data',
      );
    }
    this.#early?.wrote(data.length);
    this.#guard(() => {
      this.#answerKeyUpdate();
      this.#renewWriteKeys(data.length);
      this.#writer.write('application_data', data);
      this.#flush();
    });
  }

  /** Bytes that may still be written as early data; 0 where none may. */
  get earlyDataLeft(): number {
    return this.#early?.writesLeft ?? 0;
  }

  /** A server writes before the client has proved itself, and so before the handshake is done (RFC 8446 section 2.3). */
  get writesEarly(): boolean {
    return this.#early?.writesLeft === Number.POSITIVE_INFINITY;
  }

  get #writable(): number {
    if (this.#open !== undefined) return Number.POSITIVE_INFINITY;
    return this.#early === undefined ? -1 : this.#early.writesLeft;
  }

  /**
   * TLS 1.3: moves on to new keys for what we send (RFC 8446 section 4.6.3).
   * @param ofPeer whether the peer is asked to do the same.
   * @throws RangeError where the connection is not open for writing, or is of TLS 1.2.
   */
  updateKeys(ofPeer: boolean): void {
    if (this.#over) return;
    const next = this.#open?.nextWriteKeys;
    if (next === undefined || this.#writesClosed) throw new RangeError('this connection cannot update its keys');
    this.#guard(() => {
      this.#updateKeys(next, ofPeer);
      this.#flush();
    });
  }

  /**
   * TLS 1.3 server: asks the client for its certificate now (RFC 8446 section 4.6.2). `clientAuthenticated` tells the
   * answer; a client that proves to be somebody whom we do not trust ends the connection.
   * @throws RangeError where the connection is not open for writing, the client has not offered it, or too many requests
   * wait for their answer.
   */
  requestClientCertificate(): void {
    if (this.#over) return;
    const request = this.#open?.requestClientCertificate;
    if (request === undefined || this.#writesClosed) {
      throw new RangeError('the client does not allow to be asked for a certificate');
    }
    const { bytes } = request();
    this.#guard(() => {
      this.#writer.write('handshake', bytes);
      this.#flush();
    });
  }

  /**
   * Sends close_notify, after which nothing more is written (RFC 8446 section 6.1). Data may still be received, and a
   * server that has answered early data goes on with its handshake. Where nothing may be written yet, it is cancelled.
   */
  close(): void {
    if (this.#over || this.#writesClosed) return;
    if (this.#open === undefined && !this.writesEarly) {
      this.abort(new TlsError('cancelled', 'we closed before the handshake was done'));
      return;
    }
    this.#guard(() => {
      this.#writeAlert('close_notify', this.#environment.now());
      this.#writesClosed = true;
      this.#forgetAside();
      this.#flush();
    });
  }

  /** Gives up, for a reason that comes from outside: a deadline, a shutdown. */
  abort(error: TlsError): void {
    if (!this.#over) this.#fail(error);
  }

  /**
   * The transport has ended: nothing more will arrive. After the peer's close_notify that is the orderly end of its side,
   * and we may still send.
   * @param cause the transport's error, if it had one, in words.
   */
  transportEnded(cause?: string): void {
    if (this.#over) return;
    // What the peer said before it left still counts: it may have said all that it had to say.
    this.#transportHasEnded = true;
    const isUnread = this.#reader.buffered > 0 || !this.#reassembler.empty;
    if (cause === undefined && this.#round !== undefined && isUnread) return;
    this.#cancelAsks();
    if (cause !== undefined || this.#open === undefined) {
      // An alert may still lie unread behind an ask that nobody waits for any more.
      this.#guard(() => this.#readAlerts());
      if (this.#over) return;
    }
    if (cause !== undefined && !(this.#readsClosed && this.#writesClosed)) {
      this.#fail(new TlsError('connection-lost', cause));
    } else if (this.#open === undefined) {
      this.#fail(new TlsError('peer-closed', 'the peer closed the connection without a word'));
    } else if (!this.#readsClosed) {
      // RFC 8446 section 6.1: without close_notify, data may have been cut off. As to the handshake, a peer that leaves in
      // silence has neither confirmed nor refused it.
      this.#end();
      this.#fail(
        new TlsError('peer-closed', 'the peer closed the connection without close_notify: data may be missing'),
      );
    } else {
      this.#over = this.#writesClosed;
      if (this.#over) this.#forgetAside();
      this.#end();
    }
  }

  /** Runs `work`, and turns whatever it throws into the end of this connection. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#over) return;
      this.#fail(error instanceof TlsError ? error : new TlsError('internal-error', String(error), { cause: error }));
    }
  }

  /**
   * Takes `step`, if there is one, and then what has arrived. A peer in the same process may answer while we write; its
   * bytes wait until we are done with ours.
   */
  #work(step?: () => void): void {
    if (this.#working) return;
    this.#working = true;
    this.#guard(() => {
      step?.();
      do {
        this.#moreArrived = false;
        this.#pump();
      } while (this.#moreArrived);
    });
    this.#working = false;
  }

  /** Takes records, and whole messages from them, for as long as somebody waits for them. */
  #pump(): void {
    while (!this.#over && !this.#readsClosed && this.#round === undefined) {
      const message = this.#awaited?.kind === 'receive' ? this.#reassembler.next() : undefined;
      if (message !== undefined) {
        this.#takeMessage(message);
        continue;
      }
      const record = this.#reader.next();
      if (record === undefined) break;
      this.#takeRecord(record);
    }
    if (this.#over || this.#round !== undefined) return;
    if (this.#open === undefined) this.#timeline.wait(this.#environment.now());
    this.#flush();
    if (this.#transportHasEnded) this.transportEnded();
  }

  #takeRecord(record: TlsRecord): void {
    if (record.type !== 'handshake' && !this.#reassembler.empty) {
      throw new TlsError('interleaved-message', `a record of ${record.type} within a handshake message`);
    }
    switch (record.type) {
      case 'handshake':
        this.#takeHandshake(record.fragment);
        break;
      case 'change_cipher_spec':
        this.#takeChangeCipherSpec(record);
        break;
      case 'alert':
        this.#takeAlert(record.fragment);
        break;
      case 'application_data':
        this.#takeData(record.fragment);
        break;
    }
  }

  #takeHandshake(fragment: Uint8Array): void {
    if (this.#awaited?.kind === 'receive-change-cipher-spec') throw messageBeforeChangeCipherSpec();
    if (this.#open === undefined) this.#limits.countHandshakeBytes(fragment.length);
    this.#reassembler.push(fragment);
  }

  #takeMessage(bytes: Uint8Array): void {
    const awaited = this.#awaited;
    if (awaited?.kind !== 'receive') return;
    const message = this.#decode(bytes, awaited);
    this.#limits.message();
    if (this.#open !== undefined || message.type === 'HelloRequest') this.#limits.countIdleMessage();
    else this.#timeline.received(message.type, bytes.length, this.#environment.now());
    // RFC 5246 section 7.4.1.1: ignored during a handshake, and no part of it.
    if (this.#open === undefined && message.type === 'HelloRequest') return;
    if (!awaited.names.includes(message.type)) throw outOfTurn(message.type, awaited.names);
    this.#advance({ message, bytes });
  }

  #decode(bytes: Uint8Array, { version, names }: AwaitedMessage): HandshakeMessage {
    const sender = this.#configuration.role === 'client' ? 'server' : 'client';
    try {
      return decodeHandshake(bytes, version, sender);
    } catch (error) {
      if (!(error instanceof TlsError) || error.step === undefined) throw error;
      // A message that cannot be read is a step all the same: the one that failed.
      const name = error.step as MessageName;
      if (this.#open === undefined) this.#timeline.received(name, bytes.length, this.#environment.now());
      throw names.includes(name) ? error : outOfTurn(name, names);
    }
  }

  #takeChangeCipherSpec({ fragment }: TlsRecord): void {
    if (this.#awaited?.kind === 'receive-change-cipher-spec') {
      this.#timeline.received('ChangeCipherSpec', fragment.length, this.#environment.now());
      this.#advance(undefined);
    } else if (this.#changeCipherSpecs === 'refused') {
      throw new TlsError('unexpected-message', 'ChangeCipherSpec where none is due', { step: 'ChangeCipherSpec' });
    }
  }

  #takeAlert(fragment: Uint8Array): void {
    const { level, description } = decodeAlert(fragment);
    const name = alertName(description);
    this.#timeline.alert('peer', name, level, this.#environment.now());
    if (description === AlertDescription.close_notify) {
      this.#takeCloseNotify();
    } else if (this.#isWarning(level, description)) {
      this.#limits.countWarning();
    } else {
      const known = name in AlertDescription ? (name as AlertName) : undefined;
      this.#lastWord = name;
      throw new TlsError('peer-alert', `the peer refused with the alert ${name}`, { alert: known });
    }
  }

  /** In TLS 1.3 the level says nothing: every alert is fatal but close_notify and user_canceled (RFC 8446 section 6). */
  #isWarning(level: 'warning' | 'fatal', description: number): boolean {
    if (description === AlertDescription.user_canceled) return true;
    return level === 'warning' && this.#timeline.negotiated.protocol !== 'TLS 1.3';
  }

  #takeCloseNotify(): void {
    if (this.#open === undefined) {
      // RFC 8446 section 6.1: who cancels a handshake says user_canceled, and then close_notify.
      const cancelled = this.#timeline.alerts.some(({ from, alert }) => from === 'peer' && alert === 'user_canceled');
      this.#lastWord = cancelled ? 'user_canceled' : 'close_notify';
      throw new TlsError('peer-closed', `the peer sent ${this.#lastWord} before the handshake was done`);
    }
    this.#readsClosed = true;
    this.#confirm();
    if (!this.#over) this.#events.peerClosed();
  }

  #takeData(fragment: Uint8Array): void {
    const isEarly = this.#awaited?.kind === 'receive' && this.#awaited.names.includes('EndOfEarlyData');
    if (isEarly && this.#early !== undefined) {
      this.#takeEarlyData(this.#early, fragment);
      return;
    }
    if (this.#open === undefined) {
      throw new TlsError('unexpected-record', 'application data before the handshake was done');
    }
    if (this.#isWithinAnswer) {
      throw new TlsError('unexpected-record', 'application data within the answer to a CertificateRequest');
    }
    if (fragment.length === 0) return;
    this.#limits.progress();
    this.#confirm();
    if (!this.#over) this.#events.data(fragment);
  }

  /** The messages of such an answer follow one another without any other between them (RFC 8446 section 4.6.2). */
  get #isWithinAnswer(): boolean {
    const awaited = this.#awaited;
    return awaited?.kind === 'receive' && awaited.version === 'tls13' && !awaited.names.includes('KeyUpdate');
  }

  #takeEarlyData(early: EarlyData, fragment: Uint8Array): void {
    early.read(fragment.length);
    if (fragment.length > 0) this.#events.earlyData?.(fragment);
  }

  /** The peer has proved that it accepts the handshake (design section 2). */
  #confirm(): void {
    if (this.#timeline.state !== 'completed') return;
    this.#timeline.confirmed(this.#environment.now());
    this.#progress();
  }

  /** Runs the machine until it waits for the peer or for a port. */
  #advance(result: unknown): void {
    this.#awaited = undefined;
    let input = result;
    while (!this.#over) {
      const { done, value: effect } = this.#machine.next(input);
      input = undefined;
      if (done === true) {
        this.#machine = effect;
        continue;
      }
      switch (effect.kind) {
        case 'receive-change-cipher-spec':
          if (!this.#reassembler.empty) throw messageBeforeChangeCipherSpec();
          this.#awaited = effect;
          return;
        case 'receive':
          this.#awaited = effect;
          return;
        case 'ask': {
          const answers = this.#ask(effect.asks);
          if (answers === undefined) return;
          input = answers;
          break;
        }
        case 'send':
          this.#send(effect.name, effect.bytes);
          break;
        case 'send-change-cipher-spec':
          this.#checkEndOfFlight();
          this.#writer.write('change_cipher_spec', Uint8Array.of(1));
          this.#timeline.sent('ChangeCipherSpec', 1, this.#environment.now());
          break;
        case 'protect':
          this.#protect(effect);
          break;
        case 'unprotect-writes':
          this.#writer.unprotect();
          break;
        case 'limit-records':
          if (effect.reads !== undefined) this.#reader.limit(effect.reads);
          if (effect.writes !== undefined) this.#writer.limit(effect.writes);
          break;
        case 'ask-aside':
          this.#askAside(effect.ask);
          break;
        case 'send-aside':
          this.#aside?.make(effect.messages);
          this.#sendAside();
          break;
        case 'key-update-due':
          this.#keyUpdateDue = true;
          break;
        case 'tell':
          this.#tell(effect.tell);
          break;
        case 'date':
          input = this.#environment.date();
          break;
        case 'open-early':
          this.#openEarly(effect);
          break;
        case 'early-data':
          this.#early = undefined;
          this.#timeline.agreed({ earlyData: effect.outcome });
          this.#events.earlyDataEnded?.(effect.outcome);
          break;
        case 'skip-early-data':
          this.#reader.skipEarlyData(effect.limit);
          break;
        case 'client-authenticated':
          // It came because we asked.
          this.#limits.progress();
          this.#events.clientAuthenticated?.(effect.peer);
          break;
        case 'change-cipher-specs':
          this.#changeCipherSpecs = effect.policy;
          break;
        case 'begin':
          this.#timeline.clientRandom = effect.clientRandom.slice();
          this.#timeline.traceId = traceIdOf(this.#configuration.crypto, effect.clientRandom);
          this.#progress();
          break;
        case 'offered':
          this.#timeline.offers(effect.hello);
          break;
        case 'negotiated':
          this.#timeline.agreed(effect.facts);
          break;
        case 'completed':
          this.#timeline.completed(this.#environment.now());
          this.#progress();
          break;
        case 'open':
          // The last flight goes out before the application may add to it.
          this.#flush();
          this.#early = undefined;
          this.#open = effect.connection;
          this.#timeline.settled(this.#environment.now());
          this.#events.open(effect.connection);
          break;
      }
    }
  }

  #send(name: MessageName, bytes: Uint8Array): void {
    // Only a message that somebody else asked for can still be on its way after our close_notify.
    if (this.#writesClosed) return;
    this.#checkEndOfFlight();
    this.#writer.write('handshake', bytes);
    if (this.#open === undefined) this.#timeline.sent(name, bytes.length, this.#environment.now());
  }

  /** The peer had its say before it could know ours: in no flight does a message follow the last one. */
  #checkEndOfFlight(): void {
    if (this.#open === undefined && !this.#reassembler.empty) {
      throw new TlsError('unexpected-message', 'bytes of a handshake message are left over at the end of a flight');
    }
  }

  #protect({ direction, protection }: Extract<Effect, { kind: 'protect' }>): void {
    if (direction === 'writes') {
      this.#writer.protect(protection);
      return;
    }
    // RFC 8446 section 5.1: a message must not span a change of keys.
    if (!this.#reassembler.empty) {
      throw new TlsError('unexpected-message', 'bytes of a handshake message are left over where the keys change', {
        step: this.#timeline.steps.findLast((step) => step.direction === 'received')?.name,
      });
    }
    this.#reader.protect(protection);
  }

  /** The answers, where all ports answer at once; undefined where the machine has to wait for them. */
  #ask(asks: readonly Ask<unknown>[]): readonly unknown[] | undefined {
    const round = new AskRound(this.#timeline, this.#environment, (outcome) => this.#resume(round, outcome));
    this.#round = round;
    const answers = round.put(asks);
    if (answers !== undefined) this.#round = undefined;
    return answers;
  }

  #askAside(ask: Ask<unknown>): void {
    const aside = new Aside(this.#timeline, this.#environment, () => this.#sendAside());
    this.#aside = aside;
    aside.put(ask);
  }

  /** Sends what the aside is for, as soon as it has its answer and the machine has said what to make of it. */
  #sendAside(): void {
    const messages = this.#aside?.take();
    if (messages === undefined || this.#over || this.#writesClosed) return;
    // Its answer has keys in it, and the connection may live for days.
    this.#aside = undefined;
    this.#guard(() => {
      for (const { name, bytes } of messages) {
        this.#writer.write('handshake', bytes);
        this.#timeline.sentAside(name, bytes.length, this.#environment.now());
      }
      // Before `open` it goes with the last flight.
      if (this.#open !== undefined) this.#flush();
    });
  }

  #tell(tell: (ports: Ports) => void): void {
    try {
      tell(this.#environment.ports);
    } catch {
      // Nobody waits for it, and nothing depends on it.
    }
  }

  #openEarly({ connection, limit }: Extract<Effect, { kind: 'open-early' }>): void {
    this.#early = new EarlyData(this.#configuration.role, limit);
    this.#events.openEarly?.(connection);
  }

  /** Goes on after an ask, unless the connection has ended or moved on meanwhile: a late answer changes nothing. */
  #resume(round: AskRound, outcome: AskOutcome): void {
    if (this.#over || this.#round !== round) return;
    this.#work(() => {
      this.#cancelAsks();
      if (outcome.kind === 'refused') throw outcome.error;
      this.#advance(outcome.answers);
    });
    if (!this.#over) this.#events.ready?.();
  }

  #forgetAside(): void {
    const aside = this.#aside;
    this.#aside = undefined;
    aside?.cancel();
  }

  /** Nobody waits for the asks that are under way any more. */
  #cancelAsks(): void {
    const round = this.#round;
    this.#round = undefined;
    round?.cancel();
  }

  /** RFC 8446 section 5.5: new keys before the old ones have protected too much. */
  #renewWriteKeys(length: number): void {
    const next = this.#open?.nextWriteKeys;
    const records = Math.ceil(length / 2 ** 14) + 1;
    if (next === undefined || this.#writer.recordsLeft > records) return;
    this.#updateKeys(next, false);
  }

  /** RFC 8446 section 4.6.3: before our next application data. */
  #answerKeyUpdate(): void {
    const next = this.#open?.nextWriteKeys;
    if (this.#keyUpdateDue && next !== undefined) this.#updateKeys(next, false);
  }

  #updateKeys(next: () => TrafficProtection, ofPeer: boolean): void {
    this.#writer.write('handshake', encodeHandshake({ type: 'KeyUpdate', requestUpdate: ofPeer }));
    this.#writer.protect(next());
    this.#keyUpdateDue = false;
  }

  #flush(): void {
    if (this.#writer.pending > 0) this.#events.output(this.#writer.take());
  }

  #readAlerts(): void {
    for (let record = this.#readable(); record !== undefined; record = this.#readable()) {
      if (record.type === 'alert') this.#takeAlert(record.fragment);
    }
  }

  /** The next record, unless it is under keys that we were still asking for. */
  #readable(): TlsRecord | undefined {
    try {
      return this.#reader.next();
    } catch {
      return undefined;
    }
  }

  #fail(error: TlsError): void {
    this.#over = true;
    this.#cancelAsks();
    this.#forgetAside();
    const step = this.#stepOf(error);
    const now = this.#environment.now();
    const byPeer = isOfPeer(error.reason);
    const told = byPeer ? undefined : this.#tellPeer(error.alert, now);
    const isNews = this.#timeline.endedAt === undefined;
    if (isNews) {
      const { reason, detail } = error;
      const alert = byPeer ? this.#lastWord : told;
      this.#timeline.failed({ reason, by: byPeer ? 'peer' : 'us', alert, step, detail }, now);
    }
    try {
      if (isNews) this.#progress();
    } finally {
      // Whatever is thrown at us while we tell: who does not hear of the end would wait for it for ever.
      this.#events.failed(step === undefined ? error : error.at(step));
    }
  }

  /** The step that an error belongs to: what it says itself, what we wait for, or what we work on. */
  #stepOf(error: TlsError): StepName | undefined {
    if (error.step !== undefined) return error.step as StepName;
    if (this.#open !== undefined) return undefined;
    if (this.#awaited?.kind === 'receive') return this.#awaited.names.at(-1);
    if (this.#awaited?.kind === 'receive-change-cipher-spec') return 'ChangeCipherSpec';
    return this.#timeline.currentStep;
  }

  /**
   * Our last words to the peer.
   * @returns the alert that told it why, unless we had closed before.
   */
  #tellPeer(alert: AlertName, now: number): AlertName | undefined {
    // Who breaks off an answer to early data must not seem to have said all of it.
    if (this.#writesClosed || (alert === 'user_canceled' && this.writesEarly)) return undefined;
    // RFC 8446 section 6.1: only a handshake is cancelled; what comes after it is closed.
    const last = alert === 'user_canceled' && this.#open !== undefined ? 'close_notify' : alert;
    try {
      this.#writeAlert(last, now);
      if (last === 'user_canceled' || last === 'no_renegotiation') this.#writeAlert('close_notify', now);
      this.#flush();
    } catch {
      // The key has reached its limit, or the transport is gone: then the close must say it all.
    }
    return last;
  }

  #writeAlert(alert: AlertName, now: number): void {
    const level = warnings.has(alert) ? 'warning' : 'fatal';
    this.#writer.write('alert', encodeAlert(level, alert));
    this.#timeline.alert('us', alert, level, now);
  }

  /** The handshake's story is over. One that was never confirmed stays `completed`. */
  #end(): void {
    if (this.#timeline.endedAt !== undefined) return;
    this.#timeline.ended(this.#environment.now());
    this.#progress();
  }

  #progress(): void {
    this.#events.progress?.(this.#timeline);
  }
}

function outOfTurn(name: MessageName, due: readonly MessageName[]): TlsError {
  return new TlsError('unexpected-message', `${name} where ${due.join(' or ')} is due`, { step: name });
}

function messageBeforeChangeCipherSpec(): TlsError {
  return new TlsError('unexpected-message', 'a handshake message where ChangeCipherSpec is due', {
    step: 'ChangeCipherSpec',
  });
}
