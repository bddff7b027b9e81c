import type { Plan } from './plan.ts';

/** Most bytes of a plan as JSON. */
const room = 64 * 1024;

/** The plan that a worker is at, for the thread that watches over it. */
export class SharedPlan {
  readonly buffer: SharedArrayBuffer;
  readonly #numbers: Int32Array;
  readonly #text: Uint8Array;

  constructor(buffer = new SharedArrayBuffer(8 + room)) {
    this.buffer = buffer;
    this.#numbers = new Int32Array(buffer, 0, 2);
    this.#text = new Uint8Array(buffer, 8);
  }

  set(plan: Plan): void {
    const text = Buffer.from(JSON.stringify(plan));
    this.#text.set(text.subarray(0, room));
    Atomics.store(this.#numbers, 1, Math.min(text.length, room));
    Atomics.add(this.#numbers, 0, 1);
  }

  /** How many plans there have been. */
  get count(): number {
    return Atomics.load(this.#numbers, 0);
  }

  get text(): string {
    return Buffer.from(this.#text.slice(0, Atomics.load(this.#numbers, 1))).toString();
  }
}
