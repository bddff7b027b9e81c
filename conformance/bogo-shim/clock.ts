/** The time that the shim goes by, which the runner moves on between connections. Milliseconds since the Unix epoch. */
export class Clock {
  #ahead = 0;

  readonly now = (): number => performance.timeOrigin + performance.now() + this.#ahead;
  readonly date = (): number => Date.now() + this.#ahead;

  advance(seconds: number): void {
    this.#ahead += seconds * 1000;
  }
}
