import { type Profiler, Session } from 'node:inspector';

/** From and to below, offsets in a source file. */
type Interval = readonly [start: number, end: number];

/**
 * What of the packages' code has never run. V8 counts how often each block runs; all that is kept here is which blocks
 * have not been reached yet, so that code which runs for the first time is noticed.
 */
export class Coverage {
  readonly #session = new Session();
  /** By function. */
  readonly #unreached = new Map<string, readonly Interval[]>();

  constructor() {
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Whether code has run since the last call that had not before. From then on it has. */
  grew(): boolean {
    const grown = this.#taken().filter(({ key, missed }) => {
      const before = this.#unreached.get(key);
      const after = before === undefined ? missed : common(before, missed);
      this.#unreached.set(key, after);
      return before === undefined || lengthOf(after) < lengthOf(before);
    });
    return grown.length > 0;
  }

  /** The same, and it will be new once more. */
  wouldGrow(): boolean {
    return this.#taken().some(({ key, missed }) => {
      const before = this.#unreached.get(key);
      return before === undefined || lengthOf(common(before, missed)) < lengthOf(before);
    });
  }

  stop(): void {
    this.#session.disconnect();
  }

  /** The functions that have run since the last call, each with the blocks in it that have not. */
  #taken(): readonly { readonly key: string; readonly missed: readonly Interval[] }[] {
    let scripts: readonly Profiler.ScriptCoverage[] = [];
    // Answered before `post` returns: the session is one with this thread.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error !== null) throw error;
      scripts = answer.result;
    });
    return scripts
      .filter(({ url }) => url.includes('/packages/'))
      .flatMap(({ url, functions }) =>
        functions.flatMap(({ ranges: [whole, ...blocks] }) => {
          if (whole === undefined || whole.count === 0) return [];
          const missed = blocks.filter(({ count }) => count === 0);
          return [
            {
              key: `${url}:${whole.startOffset}`,
              missed: missed.map(({ startOffset, endOffset }): Interval => [startOffset, endOffset]),
            },
          ];
        }),
      );
  }
}

function common(some: readonly Interval[], others: readonly Interval[]): readonly Interval[] {
  return some.flatMap(([start, end]) =>
    others.map(([from, to]): Interval => [Math.max(start, from), Math.min(end, to)]).filter(([from, to]) => from < to),
  );
}

function lengthOf(intervals: readonly Interval[]): number {
  return intervals.reduce((sum, [start, end]) => sum + end - start, 0);
}
