/** Says that reports were lost: at once, and from then on once a minute with their number. */
export class LossLog {
  readonly #destination: string;
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #unsaid = 0;
  #saidAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds, for example `Date.now` */
  constructor(destination: string, log: (line: string) => void, now: () => number) {
    this.#destination = destination;
    this.#log = log;
    this.#now = now;
  }

  lost(reports: number, error: unknown): void {
    this.#unsaid += reports;
    const now = this.#now();
    if (now - this.#saidAt < minute) return;
    this.#log(`telemetry: ${this.#unsaid} lost on the way to ${this.#destination}: ${reasonOf(error)}`);
    this.#saidAt = now;
    this.#unsaid = 0;
  }
}

const minute = 60_000;

/** Node's error for a name with several addresses has an empty message and a code. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.message || ('code' in error && String(error.code)) || error.name;
}
