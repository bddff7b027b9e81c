import { type ClientHello, findExtension, type Reason, type ServiceWork } from '@handfast/wire';
import type { AlertRecord, AskRecord, Failure, Negotiated, Offered, StepName, Timeline } from '../timeline.ts';
import { offeredBy } from './offered.ts';

interface OpenStep {
  readonly name: StepName;
  readonly direction: 'sent' | 'received';
  bytes: number;
  readonly startedAt: number;
  endedAt: number;
  readonly waited: number;
  readonly spanId: Uint8Array;
  readonly asks: AskRecord[];
}

/** An ask that is under way. */
export interface OpenAsk {
  readonly port: AskRecord['port'];
  readonly operation: string;
  readonly spanId: Uint8Array;
  readonly startedAt: number;
  readonly work: ServiceWork[];
  readonly step: OpenStep;
  ended: boolean;
}

/**
 * Writes the timeline of a handshake while it happens. Steps follow one another without a gap but for the time that we
 * wait for the peer: the work between two messages belongs to the message that was received, or, once a port is asked
 * for the sake of a message, to that one.
 */
export class TimelineRecorder implements Timeline {
  readonly role: 'client' | 'server';
  readonly spanId: Uint8Array;
  readonly startedAt: number;
  readonly steps: OpenStep[] = [];
  readonly alerts: AlertRecord[] = [];
  traceId: Uint8Array;
  clientRandom: Uint8Array | undefined;
  state: Timeline['state'] = 'started';
  completedAt: number | undefined;
  confirmedAt: number | undefined;
  endedAt: number | undefined;
  failure: Failure | undefined;
  readonly negotiated: Negotiated = {};
  readonly offered: Offered | undefined;

  #open: OpenStep | undefined;
  #waitingSince: number | undefined;
  #spans = 0;

  /**
   * @param traceId 16 random bytes, in use until the ClientHello gives the real one.
   * @param spanId 8 random bytes; the other spans of this timeline are counted on from it.
   */
  constructor(role: 'client' | 'server', traceId: Uint8Array, spanId: Uint8Array, now: number) {
    this.role = role;
    this.traceId = traceId;
    this.spanId = spanId;
    this.startedAt = now;
  }

  /** What a client offers is put in words when somebody looks: most handshakes end without that. */
  offers(hello: ClientHello): void {
    const inWords = offeredBy(hello);
    let offered: Offered | undefined;
    const get = () => {
      offered ??= inWords();
      return offered;
    };
    // A property of its own, so that copies of the timeline have it too.
    Object.defineProperty(this, 'offered', { get, enumerable: true });
    const serverName = findExtension(hello.extensions, 'server_name');
    if (serverName !== undefined) this.agreed({ serverName });
  }

  agreed(facts: Negotiated): void {
    Object.assign(this.negotiated, facts);
  }

  /** We have nothing to do until the peer sends something. */
  wait(now: number): void {
    this.#stop(now);
    this.#waitingSince ??= now;
  }

  received(name: StepName, bytes: number, now: number): void {
    this.#stop(now);
    const waited = this.#waitingSince === undefined ? 0 : now - this.#waitingSince;
    this.#waitingSince = undefined;
    this.#begin(name, 'received', bytes, now, waited);
  }

  sent(name: StepName, bytes: number, now: number): void {
    if (this.#open?.direction === 'sent' && this.#open.name === name) {
      this.#open.bytes = bytes;
    } else {
      const since = this.#open?.direction === 'sent' ? now : this.#boundary(now);
      this.#begin(name, 'sent', bytes, since, 0);
    }
    this.#close(now);
  }

  /** A message that had to wait for an answer, sent when all others are, even where we wait for the peer by then. */
  sentAside(name: StepName, bytes: number, now: number): void {
    if (this.endedAt !== undefined) return;
    this.#begin(name, 'sent', bytes, this.#waitingSince === undefined ? this.#boundary(now) : now, 0);
    this.#close(now);
  }

  asked(step: StepName, port: AskRecord['port'], operation: string, now: number): OpenAsk {
    const spanId = this.#nextSpanId();
    return { port, operation, spanId, startedAt: now, work: [], step: this.#openFor(step, now), ended: false };
  }

  /** The end of an ask: what comes first counts, be it an answer or that nobody waits for one any more. */
  answered(ask: OpenAsk, failure: Reason | undefined, now: number): void {
    if (ask.ended) return;
    ask.ended = true;
    const { port, operation, spanId, startedAt, work } = ask;
    ask.step.asks.push({ port, operation, spanId, startedAt, endedAt: now, failure, work });
  }

  /** An alert, as long as the timeline has not ended: a peer may go on sending warnings. */
  alert(from: 'us' | 'peer', alert: string, level: 'warning' | 'fatal', now: number): void {
    if (this.endedAt !== undefined) return;
    this.alerts.push({ from, alert, level, at: now });
  }

  failed(failure: Omit<Failure, 'at' | 'late' | 'step'> & { readonly step: StepName | undefined }, now: number): void {
    this.#stop(now);
    this.state = 'failed';
    const late = this.completedAt === undefined ? undefined : now - this.completedAt;
    this.failure = { ...failure, at: now, late };
    this.endedAt = now;
  }

  completed(now: number): void {
    this.state = 'completed';
    this.completedAt = now;
  }

  confirmed(now: number): void {
    this.state = 'confirmed';
    this.confirmedAt = now;
    this.ended(now);
  }

  /** The last message is done; what follows is no step of the handshake. */
  settled(now: number): void {
    this.wait(now);
  }

  ended(now: number): void {
    this.#stop(now);
    this.endedAt ??= now;
  }

  /** The message that is being worked on, or was last. */
  get currentStep(): StepName | undefined {
    return (this.#open ?? this.steps.at(-1))?.name;
  }

  /** The last step, if it has that name, even where its message is out already; or a new one, of a message to be sent. */
  #openFor(name: StepName, now: number): OpenStep {
    const last = this.steps.at(-1);
    if (last?.name !== name || this.#waitingSince !== undefined || this.endedAt !== undefined) {
      return this.#begin(name, 'sent', 0, this.#boundary(now), 0);
    }
    this.#open = last;
    return last;
  }

  /** Where the step that begins now takes over from the one before. */
  #boundary(now: number): number {
    this.#close(now);
    return this.steps.at(-1)?.endedAt ?? now;
  }

  #begin(name: StepName, direction: 'sent' | 'received', bytes: number, startedAt: number, waited: number): OpenStep {
    this.#close(startedAt);
    const step = {
      name,
      direction,
      bytes,
      startedAt,
      endedAt: startedAt,
      waited,
      spanId: this.#nextSpanId(),
      asks: [],
    };
    this.#open = step;
    // What is asked for in an open connection is no step of the handshake, and may go on for days.
    if (this.endedAt === undefined) this.steps.push(step);
    return step;
  }

  /** What was done since the last message belongs to it. */
  #stop(now: number): void {
    const last = this.steps.at(-1);
    if (last !== undefined && this.#waitingSince === undefined) last.endedAt = now;
    this.#open = undefined;
  }

  #close(now: number): void {
    if (this.#open === undefined) return;
    this.#open.endedAt = now;
    this.#open = undefined;
  }

  #nextSpanId(): Uint8Array {
    this.#spans += 1;
    const id = this.spanId.slice();
    id[6] = (id[6] ?? 0) ^ (this.#spans >> 8);
    id[7] = (id[7] ?? 0) ^ (this.#spans & 0xff);
    return id;
  }
}
