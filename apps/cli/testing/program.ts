import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

const command = fileURLToPath(new URL('../bin/handfast.js', import.meta.url));

export interface Result {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Variables = Readonly<Record<string, string>>;

/** Runs `handfast` to its end. */
export function handfast(args: readonly string[], variables: Variables = {}): Promise<Result> {
  return start(args, variables).ended;
}

/** Starts `handfast`. */
export function start(args: readonly string[], variables: Variables = {}): Program {
  return new Program(process.execPath, [command, ...args], { ...process.env, ...variables });
}

const running = new Map<ChildProcess, Promise<Result>>();

/** A test that fails in the middle leaves its processes to this. */
afterAll(async () => {
  for (const child of running.keys()) child.kill('SIGTERM');
  await Promise.all(running.values());
});

/** A child process, and what it has printed. */
export class Program {
  stdout = '';
  stderr = '';
  readonly ended: Promise<Result>;
  readonly #child: ChildProcess;
  readonly #listeners = new Set<() => void>();

  constructor(file: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
    const child = spawn(file, args, { env, stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.ended = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => {
        running.delete(child);
        resolve({ code, stdout: this.stdout, stderr: this.stderr });
      });
    });
    running.set(child, this.ended);
  }

  /** Resolves when `pattern` is found in what was printed. */
  async printed(pattern: RegExp): Promise<RegExpExecArray> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const match = pattern.exec(this.stdout) ?? pattern.exec(this.stderr);
        if (match === null) return;
        this.#listeners.delete(look);
        resolve(match);
      };
      this.#listeners.add(look);
      this.ended.then(({ stdout, stderr }) => reject(new Error(`ended without ${pattern}:\n${stdout}\n${stderr}`)));
      look();
    });
  }

  /** Ends the process by a signal. */
  stop(signal: NodeJS.Signals): Promise<Result> {
    this.#child.kill(signal);
    return this.ended;
  }

  #changed(): void {
    for (const look of [...this.#listeners]) look();
  }
}
