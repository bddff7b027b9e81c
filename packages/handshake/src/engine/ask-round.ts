import { type AskContext, TlsError, toHex } from '@handfast/wire';
import type { Ask, Ports } from './effects.ts';
import type { OpenAsk, TimelineRecorder } from './recorder.ts';

/** What the engine is given from outside, since it has no clock and no services of its own. */
export interface Environment {
  readonly ports: Ports;
  /** For durations and deadlines: milliseconds since the Unix epoch, with fractions; never runs backwards. */
  readonly now: () => number;
  /** The date, as the system knows it, by which certificates are valid or not: milliseconds since the Unix epoch. */
  readonly date: () => number;
  /** Milliseconds that a port may take to answer. */
  readonly askTimeout: number;
}

/** How a round ends that had to be waited for. */
export type AskOutcome =
  | { readonly kind: 'answered'; readonly answers: readonly unknown[] }
  | { readonly kind: 'refused'; readonly error: TlsError };

/** The asks that a machine puts at once, and their answers. */
export class AskRound {
  readonly #timeline: TimelineRecorder;
  readonly #environment: Environment;
  readonly #ended: (outcome: AskOutcome) => void;
  readonly #records: OpenAsk[] = [];
  readonly #answers: unknown[] = [];
  readonly #cancelListeners: (() => void)[] = [];
  #unanswered = 0;
  #cancelled = false;

  /** @param ended told of the end, if it does not come before `put` returns. A port may answer after it was cancelled. */
  constructor(timeline: TimelineRecorder, environment: Environment, ended: (outcome: AskOutcome) => void) {
    this.#timeline = timeline;
    this.#environment = environment;
    this.#ended = ended;
  }

  /**
   * Asks all of them.
   * @returns the answers, where all ports answer at once.
   * @throws TlsError what a port refused with at once.
   */
  put(asks: readonly Ask<unknown>[]): readonly unknown[] | undefined {
    for (const ask of asks) this.#put(ask);
    return this.#unanswered === 0 ? this.#answers : undefined;
  }

  /** Nobody waits for the answers any more. */
  cancel(): void {
    const now = this.#environment.now();
    for (const record of this.#records) this.#timeline.answered(record, 'cancelled', now);
    if (this.#unanswered === 0) return;
    this.#cancelled = true;
    for (const listener of this.#cancelListeners) listener();
  }

  #put(ask: Ask<unknown>): void {
    const now = this.#environment.now();
    const record = this.#timeline.asked(ask.step, ask.port, ask.operation, now);
    const index = this.#records.push(record) - 1;
    this.#unanswered += 1;
    let answer: unknown;
    try {
      answer = ask.call(this.#environment.ports, this.#contextOf(record, now), this.#environment.date());
    } catch (error) {
      const refusal = this.#refused(ask, record, error);
      if (ask.otherwise === undefined) throw refusal;
      answer = ask.otherwise;
    }
    if (!(answer instanceof Promise)) {
      this.#answered(record, index, answer);
      return;
    }
    const answered = (value: unknown) => {
      this.#answered(record, index, value);
      if (this.#unanswered === 0) this.#ended({ kind: 'answered', answers: this.#answers });
    };
    answer.then(answered, (error: unknown) => {
      const refusal = this.#refused(ask, record, error);
      if (ask.otherwise === undefined) this.#ended({ kind: 'refused', error: refusal });
      else answered(ask.otherwise);
    });
  }

  #answered(record: OpenAsk, index: number, answer: unknown): void {
    this.#answers[index] = answer;
    this.#unanswered -= 1;
    this.#timeline.answered(record, undefined, this.#environment.now());
  }

  #refused(ask: Ask<unknown>, record: OpenAsk, error: unknown): TlsError {
    const refusal = portError(error).at(ask.step);
    this.#timeline.answered(record, refusal.reason, this.#environment.now());
    return refusal;
  }

  #contextOf(record: OpenAsk, now: number): AskContext {
    const { traceId } = this.#timeline;
    const { spanId } = record;
    return {
      // Only a bus asks for it.
      get id() {
        return `${toHex(traceId)}-${toHex(spanId)}`;
      },
      deadline: now + this.#environment.askTimeout,
      traceId,
      spanId,
      report: (work) => {
        if (!record.ended) record.work.push(work);
      },
      onCancel: (listener) => {
        if (this.#cancelled) listener();
        else this.#cancelListeners.push(listener);
      },
    };
  }
}

const reasonsOfPeer: ReadonlySet<string> = new Set(['peer-alert', 'peer-closed', 'connection-lost']);

/** Whether it was the peer, or the network, that gave up. There is nobody to send an alert to then. */
export function isOfPeer(reason: string): boolean {
  return reasonsOfPeer.has(reason);
}

/** What a port failed with. It cannot speak for the peer: of that, only the engine knows. */
function portError(error: unknown): TlsError {
  if (!(error instanceof TlsError)) return new TlsError('internal-error', String(error), { cause: error });
  if (!isOfPeer(error.reason)) return error;
  return new TlsError('service-reply-invalid', `a service failed with ${error.reason}, which is not for it to say`);
}
