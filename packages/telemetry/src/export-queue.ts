import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Destination } from './destination.ts';

export interface QueueLimits {
  /** Traces that may wait; over that, new ones are lost. */
  readonly capacity: number;
  /** Traces in one request at most. */
  readonly batch: number;
  /** Milliseconds in which further traces may join the first. */
  readonly delay: number;
}

/**
 * Traces on their way to one destination: bounded, sent in batches, one request at a time, whole traces only. Adding
 * never waits and never throws.
 */
export class ExportQueue {
  readonly #destination: Destination;
  readonly #limits: QueueLimits;
  readonly #onLoss: (traces: number, error: unknown) => void;
  #waiting: (readonly ReadableSpan[])[] = [];
  #sending: Promise<boolean> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(destination: Destination, limits: QueueLimits, onLoss: (traces: number, error: unknown) => void) {
    this.#destination = destination;
    this.#limits = limits;
    this.#onLoss = onLoss;
  }

  /** Whether there is room; asked first, so that no spans are made in vain. What it refuses counts as lost. */
  accepts(): boolean {
    if (!this.#closed && this.#waiting.length < this.#limits.capacity) return true;
    this.#onLoss(1, this.#closed ? 'closed' : 'too many are waiting');
    return false;
  }

  add(trace: readonly ReadableSpan[]): void {
    this.#waiting.push(trace);
    this.#schedule();
  }

  /** Sends what waits. Resolves when all has arrived or, at the first request that fails, is given up. */
  async flush(): Promise<void> {
    while (this.#sending !== undefined || this.#waiting.length > 0) {
      const arrived = await (this.#sending ?? this.#send());
      if (!arrived) break;
    }
  }

  /** Flushes; what did not arrive by then is lost. Accepts nothing any more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
    clearTimeout(this.#timer);
    if (this.#waiting.length > 0) this.#onLoss(this.#waiting.length, 'closed');
    this.#waiting = [];
    await this.#destination.close();
  }

  #schedule(): void {
    if (this.#closed || this.#sending !== undefined) return;
    if (this.#waiting.length >= this.#limits.batch) {
      void this.#send();
    } else if (this.#timer === undefined && this.#waiting.length > 0) {
      this.#timer = setTimeout(() => void this.#send(), this.#limits.delay).unref();
    }
  }

  #send(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#sending = this.#sendBatch().finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
    return this.#sending;
  }

  async #sendBatch(): Promise<boolean> {
    const traces = this.#waiting.splice(0, this.#limits.batch);
    try {
      await this.#destination.send(traces.flat());
      return true;
    } catch (error) {
      this.#onLoss(traces.length, error);
      return false;
    }
  }
}
