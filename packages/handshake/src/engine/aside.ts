import { AskRound, type Environment } from './ask-round.ts';
import type { Ask, EncodedMessage } from './effects.ts';
import type { TimelineRecorder } from './recorder.ts';

/** An ask that nothing waits for, and the messages that its answer is for: neither knows which of the two comes first. */
export class Aside {
  readonly #round: AskRound;
  readonly #answered: () => void;
  #answer: { readonly value: unknown } | undefined;
  #make: ((answer: unknown) => readonly EncodedMessage[]) | undefined;

  /** @param answered told of an answer that comes after `put` has returned. */
  constructor(timeline: TimelineRecorder, environment: Environment, answered: () => void) {
    this.#answered = answered;
    this.#round = new AskRound(timeline, environment, (outcome) => {
      if (outcome.kind === 'refused') this.#refused();
      else this.#answer = { value: outcome.answers[0] };
      this.#answered();
    });
  }

  put(ask: Ask<unknown>): void {
    try {
      const answers = this.#round.put([ask]);
      if (answers !== undefined) this.#answer = { value: answers[0] };
    } catch {
      this.#refused();
    }
  }

  /** The timeline has the refusal, and nothing depends on it. */
  #refused(): void {
    this.#answer = { value: undefined };
    this.#make = () => [];
  }

  make(messages: (answer: unknown) => readonly EncodedMessage[]): void {
    this.#make ??= messages;
  }

  /** The messages, once; undefined while the answer, or what to make of it, is missing. None for a wrong answer. */
  take(): readonly EncodedMessage[] | undefined {
    if (this.#answer === undefined || this.#make === undefined) return undefined;
    const { value } = this.#answer;
    const make = this.#make;
    this.#make = undefined;
    try {
      return make(value);
    } catch {
      return [];
    }
  }

  cancel(): void {
    this.#round.cancel();
  }
}
