import type { MsgHdrs } from '@nats-io/nats-core';
import type { DeliveryContext } from '../bus.ts';
import { fromSystemTime, now } from '../clock.ts';
import type { Envelope } from '../sealing/envelope.ts';
import { readTraceParent, type TraceParent } from './trace-parent.ts';

/** Milliseconds after which work is given up, however long the asker says that it waits. */
const longestWait = 60_000;

/** An ask that came over NATS: nobody waits for its answer any more when its deadline passes. */
export class DeadlineContext implements DeliveryContext {
  readonly id: string;
  readonly deadline: number;
  readonly caller: Uint8Array;
  readonly #headers: MsgHdrs | undefined;
  #trace: TraceParent | undefined;
  #listeners: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor({ header, sender }: Envelope, headers: MsgHdrs | undefined) {
    this.id = header.id;
    this.deadline = Math.min(fromSystemTime(header.deadline), now() + longestWait);
    this.caller = sender;
    this.#headers = headers;
  }

  get traceId(): Uint8Array {
    return this.#traceParent().traceId;
  }

  get spanId(): Uint8Array {
    return this.#traceParent().spanId;
  }

  /** The service's work is reported by its reply. */
  report(): void {}

  onCancel(listener: () => void): void {
    this.#listeners.push(listener);
    this.#timer ??= setTimeout(() => this.#cancel(), Math.max(0, this.deadline - now()));
  }

  /** The answer is there: nothing can be cancelled any more. */
  end(): void {
    clearTimeout(this.#timer);
    this.#listeners = [];
  }

  #cancel(): void {
    for (const listener of this.#listeners.splice(0)) listener();
  }

  #traceParent(): TraceParent {
    this.#trace ??= readTraceParent(this.#headers);
    return this.#trace;
  }
}
