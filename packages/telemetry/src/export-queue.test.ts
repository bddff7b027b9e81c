import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { full13 } from '../test/timelines.ts';
import type { Destination } from './destination.ts';
import { ExportQueue } from './export-queue.ts';
import { Services } from './services.ts';
import { spansOf } from './spans.ts';

const trace = spansOf(full13(), new Services({ name: 'test' }));

/** A destination whose requests the test answers, in order. */
class Controlled implements Destination {
  readonly name = 'controlled';
  readonly requests: { readonly traces: number; readonly answer: (error?: Error) => void }[] = [];
  closed = false;

  send(spans: ReadableSpan[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const answer = (error?: Error) => (error === undefined ? resolve() : reject(error));
      this.requests.push({ traces: spans.length / trace.length, answer });
    });
  }

  answer(request: number, error?: Error): void {
    this.requests[request]?.answer(error);
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

describe('the export queue', () => {
  const losses: [number, unknown][] = [];
  let destination: Controlled;
  let queue: ExportQueue;

  beforeEach(() => {
    vi.useFakeTimers();
    losses.length = 0;
    destination = new Controlled();
    queue = new ExportQueue(destination, { capacity: 5, batch: 3, delay: 100 }, (...loss) => void losses.push(loss));
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function add(traces: number): void {
    for (let added = 0; added < traces; added += 1) if (queue.accepts()) queue.add(trace);
  }

  it('waits a while for more, then sends whole traces in one request', async () => {
    add(2);
    await vi.advanceTimersByTimeAsync(99);
    expect(destination.requests).toHaveLength(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(destination.requests.map(({ traces }) => traces)).toEqual([2]);
  });

  it('sends a full batch at once', () => {
    add(3);
    expect(destination.requests.map(({ traces }) => traces)).toEqual([3]);
  });

  it('has one request under way at a time', async () => {
    add(3);
    add(3);
    expect(destination.requests).toHaveLength(1);
    destination.answer(0);
    await vi.advanceTimersByTimeAsync(0);
    expect(destination.requests.map(({ traces }) => traces)).toEqual([3, 3]);
  });

  it('is bounded: what does not fit is refused, and counted', () => {
    add(3);
    add(5);
    expect(losses).toEqual([]);
    add(2);
    expect(losses).toEqual([
      [1, 'too many are waiting'],
      [1, 'too many are waiting'],
    ]);
  });

  it('counts the traces of a request that failed, and goes on', async () => {
    const error = new Error('refused');
    add(3);
    destination.answer(0, error);
    await vi.advanceTimersByTimeAsync(0);
    expect(losses).toEqual([[3, error]]);
    add(3);
    expect(destination.requests).toHaveLength(2);
  });

  it('flushes everything', async () => {
    add(3);
    add(4);
    const flushed = queue.flush();
    for (const request of [0, 1, 2]) {
      destination.answer(request);
      await vi.advanceTimersByTimeAsync(0);
    }
    await flushed;
    expect(destination.requests.map(({ traces }) => traces)).toEqual([3, 3, 1]);
  });

  it('gives up when the destination fails while it closes: the rest is lost, and nothing hangs', async () => {
    add(3);
    add(4);
    const closed = queue.close();
    destination.answer(0, new Error('gone'));
    await closed;
    expect(losses.map(([traces]) => traces)).toEqual([3, 4]);
    expect(destination.requests).toHaveLength(1);
    expect(destination.closed).toBe(true);
  });

  it('accepts nothing once closed', async () => {
    await queue.close();
    add(1);
    await vi.advanceTimersByTimeAsync(1000);
    expect(losses).toEqual([[1, 'closed']]);
    expect(destination.requests).toHaveLength(0);
  });
});
