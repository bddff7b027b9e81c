/** The time that the shim goes by. Its date stands still, as the runner expects to the millisecond, and is moved on by it. */
export class Clock {
  #date = Date.now();

  /** Milliseconds since the Unix epoch, for durations. */
  readonly now = (): number => performance.timeOrigin + performance.now();
  /** Milliseconds since the Unix epoch. */
  readonly date = (): number => this.#date;

  advance(seconds: number): void {
    this.#date += seconds * 1000;
  }
}
