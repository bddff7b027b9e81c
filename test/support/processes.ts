import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll } from 'vitest';

/** The path of a program on PATH; undefined where there is none. */
export function findProgram(name: string): string | undefined {
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  return places.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** The name of a group of tests with a program, which says why it is skipped where there is none. */
export function titleWith(title: string, program: string, path: string | undefined): string {
  return path === undefined ? `${title} (skipped: no ${program} on PATH)` : title;
}

const running = new Set<Program>();

// A test that failed half-way leaves processes behind.
afterAll(async () => {
  await Promise.all([...running].map((program) => program.stop('SIGKILL')));
});

/** A child process with all that it printed. It ends with the test file at the latest. */
export class Program {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  /** Resolves with the exit code, or the name of the signal that ended it, once all that it printed is here. */
  readonly ended: Promise<number | NodeJS.Signals | null>;
  readonly #command: string;
  readonly #listeners = new Set<() => void>();
  #over = false;

  constructor(command: string, args: readonly string[], options: SpawnOptions = {}) {
    this.#command = [command, ...args].join(' ');
    const child = spawn(command, [...args], { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    this.child = child;
    running.add(this);
    // What is written to a process that has just ended is lost; its exit code tells the tale.
    child.stdin?.on('error', () => {});
    child.stdout?.on('data', (chunk: Buffer) => {
      this.stdout += chunk.toString('latin1');
      this.#changed();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.stderr += chunk.toString('latin1');
      this.#changed();
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        running.delete(this);
        this.#over = true;
        this.#changed();
        resolve(code ?? signal);
      });
    });
  }

  /** Resolves as soon as `found` finds something in what was printed; with undefined where the process ends before. */
  until<T>(found: () => T | undefined): Promise<T | undefined> {
    return new Promise((resolve) => {
      const look = (): void => {
        const value = found();
        if (value === undefined && !this.#over) return;
        this.#listeners.delete(look);
        resolve(value);
      };
      this.#listeners.add(look);
      look();
    });
  }

  /** As `until`, and the end of the process is an error. */
  async untilPrinted(pattern: RegExp): Promise<RegExpExecArray> {
    const match = await this.until(() => pattern.exec(this.stdout) ?? undefined);
    if (match === undefined) throw new Error(`${this.#command} ended early:\n${this.stdout}\n${this.stderr}`);
    return match;
  }

  /** Ends the process by its ID. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | NodeJS.Signals | null> {
    if (!this.#over) this.child.kill(signal);
    return this.ended;
  }

  #changed(): void {
    for (const look of [...this.#listeners]) look();
  }
}
