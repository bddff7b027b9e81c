import { Child, type Ending } from './child.ts';
import type { Screen } from './screen.ts';

/** A process that ended though nobody had asked it to. */
export interface Death {
  readonly name: string;
  readonly ending: Ending;
}

/** How long a process may take to stop, in milliseconds. */
const patience = 5_000;

/** The processes of the stack, in the order of their start. */
export class Processes {
  /** Resolves when one of them ends though nobody has asked it to. */
  readonly died: Promise<Death>;
  readonly #screen: Screen;
  readonly #children: Child[] = [];
  #reportDeath: (death: Death) => void = () => {};

  constructor(screen: Screen) {
    this.#screen = screen;
    this.died = new Promise((resolve) => {
      this.#reportDeath = resolve;
    });
  }

  /**
   * Starts a process, and shows what it writes.
   * @param readiness finds in a line that the process is ready, and what it says of that.
   * @param isShown whether a line is for people.
   * @returns what `readiness` found, when it has found it.
   */
  start<T>(
    name: string,
    command: readonly string[],
    readiness: (line: string) => T | undefined,
    isShown: (line: string) => boolean = () => true,
  ): Promise<T> {
    return new Promise((resolve) => {
      const child = new Child(name, command, (line) => {
        if (isShown(line)) this.#screen.show(name, line);
        const found = readiness(line);
        if (found !== undefined) resolve(found);
      });
      if (child.pid !== undefined) this.#screen.say(name, `started, process ${child.pid}`);
      this.#children.push(child);
      child.ended.then((ending) => this.#reportDeath({ name, ending }));
    });
  }

  /** Stops them one after the other, the last one first. */
  async stop(): Promise<void> {
    for (const child of this.#children.toReversed()) await child.stop(patience);
  }
}
