/** Numbers that look random and are the same for the same seed (xorshift32, Marsaglia 2003). */
export class Random {
  #state: number;

  /** @param seed any integer. */
  constructor(seed: number) {
    // Zero would stay zero; neighbouring seeds should not begin alike.
    this.#state = Math.imul(seed, 0x9e3779b1) >>> 0 || 1;
    for (let index = 0; index < 8; index += 1) this.#next();
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return this.#next() % end;
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(values: readonly [T, ...T[]] | readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  hex(length: number): string {
    let text = '';
    for (let index = 0; index < length; index += 1) text += this.below(256).toString(16).padStart(2, '0');
    return text;
  }

  #next(): number {
    let state = this.#state;
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    this.#state = state >>> 0;
    return this.#state;
  }
}
