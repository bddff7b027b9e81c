import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a process ended: its exit code, or in words where it has none. */
export type Ending = number | string;

/** A process of the stack. */
export class Child {
  readonly name: string;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;

  /** @param onLine gets each line that the process writes. */
  constructor(name: string, command: readonly string[], onLine: (line: string) => void) {
    const [file = '', ...args] = command;
    this.name = name;
    this.#process = spawn(file, args, {
      env: withoutFlags(process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
      // In a process group of its own: Ctrl-C is for the stack, which then stops its processes one after the other.
      detached: true,
    });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', onLine);
    }
    this.ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve(`could not be started: ${error.message}`));
      this.#process.once('exit', (code, signal) => resolve(code ?? `was ended by ${signal}`));
    });
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Asks the process to stop, and ends it by force where that takes longer than `patience` milliseconds. */
  async stop(patience: number): Promise<void> {
    this.#process.kill('SIGTERM');
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), patience);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The flags of the stack are for the stack: its processes get theirs as arguments. */
function withoutFlags(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith('HANDFAST_')));
}
