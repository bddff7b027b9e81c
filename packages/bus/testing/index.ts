export * from './context.ts';

import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A nats-server of a test's own, on loopback. */
export interface NatsServer {
  /** `nats://127.0.0.1:<port>` */
  readonly url: string;
  readonly port: number;
  /** Ends the process, and removes what it stored. */
  stop(): Promise<void>;
}

/** The nats-server to test with: `NATS_SERVER_BIN`, or the one on PATH; undefined where there is none. */
export function natsServerBinary(): string | undefined {
  const named = process.env.NATS_SERVER_BIN;
  const places = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'));
  return (named === undefined ? places : [named]).find(isExecutable);
}

/**
 * Starts a nats-server with an empty JetStream store.
 * @param options.port a free one where it is not given.
 * @param options.configuration more lines of its configuration.
 * @throws Error where there is no binary, or it does not start.
 */
export async function startNatsServer(
  options: { readonly port?: number; readonly configuration?: string } = {},
): Promise<NatsServer> {
  const binary = natsServerBinary();
  if (binary === undefined) throw new Error('no nats-server on PATH; infra/nats/ensure.sh gets one');
  const folder = await mkdtemp(join(tmpdir(), 'handfast-nats-'));
  const configuration = join(folder, 'nats.conf');
  await writeFile(
    configuration,
    `host: 127.0.0.1
port: ${options.port ?? -1}
ports_file_dir: "${folder}"
jetstream { store_dir: "${join(folder, 'store')}" }
${options.configuration ?? ''}
`,
  );
  const server = spawn(binary, ['--config', configuration], { stdio: 'ignore' });
  const stop = async (): Promise<void> => {
    await end(server);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const port = await portOf(server, folder);
    return { url: `nats://127.0.0.1:${port}`, port, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Ends a child process by its process ID, and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

/** The server writes a file with its ports once it listens. */
async function portOf(server: ChildProcess, folder: string): Promise<number> {
  const file = join(folder, `nats-server_${server.pid}.ports`);
  for (let attempt = 0; attempt < 500; attempt++) {
    if (server.exitCode !== null) throw new Error(`nats-server ended with exit code ${server.exitCode}`);
    if (existsSync(file)) {
      const port = /"nats:\/\/[^"]*:(\d+)"/.exec(await readFile(file, 'utf8'))?.[1];
      if (port !== undefined) return Number(port);
    }
    await delay(20);
  }
  throw new Error('nats-server did not start within 10 s');
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** A module that runs as a process of its own. */
export interface ModuleProcess {
  readonly child: ChildProcess;
  /** What it printed first: that it is ready. */
  readonly firstLine: string;
}

/**
 * Runs a module in a process of its own, and waits for its first line of output.
 * @param folder from which its imports are resolved.
 * @param code JavaScript.
 * @throws Error with what it printed, where it ends before.
 */
export async function startModule(
  folder: string,
  code: string,
  environment: NodeJS.ProcessEnv,
): Promise<ModuleProcess> {
  const flags = ['--conditions=handfast-source', '--input-type=module', '--eval', code];
  const env = { ...process.env, ...environment };
  const child = spawn(process.execPath, flags, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  return new Promise((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      const [firstLine = ''] = output.split('\n');
      if (output.includes('\n')) resolve({ child, firstLine });
    });
    child.once('exit', (code) => reject(new Error(`ended with exit code ${code}: ${errors}`)));
  });
}
