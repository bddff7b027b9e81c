import { execFile } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { UsageError } from '../usage-error.ts';

/** Both are in a checkout only, not in an installed package. */
const ensure = fileURLToPath(new URL('../../../../infra/nats/ensure.sh', import.meta.url));
const configuration = fileURLToPath(new URL('../../../../infra/nats/nats.conf', import.meta.url));

/**
 * The path of a nats-server: that of NATS_SERVER_BIN, one on PATH, or in a checkout one that infra/nats/ensure.sh gets.
 * @throws UsageError where there is none.
 */
export async function findNatsServer(environment: NodeJS.ProcessEnv): Promise<string> {
  const named = environment.NATS_SERVER_BIN;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new UsageError(`NATS_SERVER_BIN is ${named}, which is no executable file`);
  }
  const found = (environment.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, 'nats-server'))
    .find(isExecutable);
  return found ?? (await ensureNatsServer());
}

/**
 * The flags for a nats-server that listens there.
 * @param folder for what JetStream stores.
 */
export function natsArguments(host: string, port: number, folder: string): readonly string[] {
  const config = existsSync(configuration) ? ['--config', configuration] : [];
  // To nats-server, -1 is any port that is free.
  return [
    ...config,
    ...['--addr', host, '--port', String(port === 0 ? -1 : port)],
    ...['--jetstream', '--store_dir', folder],
  ];
}

async function ensureNatsServer(): Promise<string> {
  if (!existsSync(ensure)) {
    throw new UsageError(
      'there is no nats-server on PATH; install it (https://github.com/nats-io/nats-server/releases), or set NATS_SERVER_BIN to its path',
    );
  }
  try {
    const { stdout } = await promisify(execFile)(ensure);
    return stdout.trim();
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new UsageError(`there is no nats-server:\n${said}`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
