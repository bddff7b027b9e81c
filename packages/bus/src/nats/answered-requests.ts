/** How many answers are kept, and how many bytes of them. */
const maximumAnswers = 4096;
const maximumBytes = 8 * 2 ** 20;

/**
 * Requests that were taken, so that a repeated delivery is not worked on twice: it gets the same answer, or none while
 * the first is under way. The oldest are forgotten first. One that is repeated after that is worked on again, for the
 * asker alone: nobody else can open the answer.
 */
export class AnsweredRequests {
  readonly #answers = new Map<string, Uint8Array | undefined>();
  #bytes = 0;

  /** Notes that work on `id` begins. False where it began before. */
  begin(id: string): boolean {
    if (this.#answers.has(id)) return false;
    this.#answers.set(id, undefined);
    if (this.#answers.size > maximumAnswers) this.#forgetOldest();
    return true;
  }

  answered(id: string, answer: Uint8Array): void {
    if (!this.#answers.has(id)) return;
    this.#bytes += answer.length - (this.#answers.get(id)?.length ?? 0);
    this.#answers.set(id, answer);
    while (this.#bytes > maximumBytes) this.#forgetOldest();
  }

  /** The answer to `id`, as it was sent; undefined where there is none yet. */
  answerTo(id: string): Uint8Array | undefined {
    return this.#answers.get(id);
  }

  #forgetOldest(): void {
    for (const [id, answer] of this.#answers) {
      this.#answers.delete(id);
      this.#bytes -= answer?.length ?? 0;
      return;
    }
  }
}
