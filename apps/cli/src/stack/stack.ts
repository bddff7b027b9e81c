import type { Endpoint } from '@handfast/record-service';
import type { StackFlags } from '../commands/stack.ts';
import { invitation } from '../demo/invitation.ts';
import { startUpstream } from '../demo/upstream.ts';
import { endpoint, endpointText } from '../flags/endpoint.ts';
import { askedToStop } from '../gateway/signals.ts';
import { readCredentials } from '../settings/credentials.ts';
import { readCertificates } from '../settings/files.ts';
import { negotiationOf } from '../settings/negotiation.ts';
import { UsageError } from '../usage-error.ts';
import { paletteFor } from '../waterfall/palette.ts';
import { handfastCommands } from './commands.ts';
import { parseLogLine } from './log-line.ts';
import { findNatsServer, natsArguments } from './nats-server.ts';
import { type Death, Processes } from './processes.ts';
import { Screen } from './screen.ts';
import { TemporaryFiles } from './temporary-files.ts';

/** `handfast stack`. */
export async function stack(flags: StackFlags): Promise<void> {
  checkSettings(flags);
  const asked = askedToStop();
  const screen = new Screen(paletteFor(process.stdout));
  const natsServer = await findNatsServer(process.env);
  const ownUpstream = flags.upstream === undefined ? await startUpstream() : undefined;
  const temporary = new TemporaryFiles();
  const processes = new Processes(screen);
  try {
    const started = start(flags, processes, screen, {
      natsServer,
      temporary,
      upstream: flags.upstream ?? ownUpstream?.address ?? flags.listen,
    });
    const end = await Promise.race([asked, processes.died, started.then(() => processes.died)]);
    if (end === 'stop') screen.say('stack', 'stopping');
    else tellDeath(end, screen);
  } finally {
    await processes.stop();
    await ownUpstream?.stop();
    temporary.remove();
  }
}

interface Surroundings {
  readonly natsServer: string;
  readonly temporary: TemporaryFiles;
  readonly upstream: Endpoint;
}

/** Starts all processes; resolves when the gateway accepts connections. */
async function start(
  flags: StackFlags,
  processes: Processes,
  screen: Screen,
  { natsServer, temporary, upstream }: Surroundings,
): Promise<void> {
  const bus = await startNats(natsServer, flags.bus, temporary.folder, processes);
  screen.say('nats', `listening on ${bus}`);
  const { cert, key = [] } = flags;
  const files = cert === undefined ? await temporary.credential() : { cert, key };
  const onBus = { url: bus, secretFile: temporary.busSecret() };
  const commands = Object.entries(handfastCommands(flags, files, onBus, upstream));
  const answers = await Promise.all(commands.map(([name, command]) => processes.start(name, command, readyAt)));
  const address = answers.find((answer) => answer !== '') ?? endpointText(flags.listen);
  console.log(`\n${invitation(endpoint(address), screen.palette).join('\n')}\n`);
}

/** Where a process of ours is ready: its address, or nothing for one that has none. */
function readyAt(line: string): string | undefined {
  const parsed = parseLogLine(line);
  return parsed?.event === 'ready' ? (parsed.address ?? '') : undefined;
}

/** Resolves with the URL of the server. What it writes at the level of information is for its developers. */
function startNats(natsServer: string, bus: string | undefined, folder: string, processes: Processes): Promise<string> {
  const { hostname, port } = new URL(bus ?? 'nats://127.0.0.1');
  const numbered = Number(port === '' && bus !== undefined ? 4222 : port);
  const command = [natsServer, ...natsArguments(hostname, numbered, folder)];
  return processes.start(
    'nats',
    command,
    (line) => {
      const found = /Listening for client connections on (\S+)/.exec(line)?.[1];
      return found === undefined ? undefined : `nats://${found}`;
    },
    (line) => !line.includes('[INF]'),
  );
}

/** The processes read their settings themselves; but what is wrong with them is better told before any is started. */
function checkSettings(flags: StackFlags): void {
  readCredentials(flags.cert, flags.key);
  negotiationOf(flags);
  for (const path of flags.clientCa ?? []) readCertificates('--client-ca', path);
  if (flags.clientAuth !== 'none' && flags.clientCa === undefined) {
    throw new UsageError(`--client-auth ${flags.clientAuth} needs --client-ca: the CAs that clients are judged by`);
  }
}

/** The exit code is 2 where the process found its settings wrong, such as a port that is taken, and 1 otherwise. */
function tellDeath({ name, ending }: Death, screen: Screen): void {
  const how = typeof ending === 'number' ? `ended with exit code ${ending}` : ending;
  screen.warn('stack', `${name} ${how}: stopping`);
  process.exitCode = ending === 2 ? 2 : 1;
}
