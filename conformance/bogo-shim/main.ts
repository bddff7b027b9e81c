import { TlsError } from '@handfast/wire';
import { parseArguments, type Settings, Unimplemented } from './arguments.ts';
import { Clock } from './clock.ts';
import { configurationOf } from './configuration.ts';
import { localPorts } from './ports.ts';
import { RunnerConnection } from './runner-connection.ts';
import { CountedSessions } from './sessions.ts';
import { VerifyCallback } from './validator.ts';

/** What the runner takes for "this shim does not do that". */
const unimplemented = 89;

async function run(given: readonly string[]): Promise<void> {
  const { initial, resume, retry } = parseArguments(given);
  const clock = new Clock();
  const { ports, close } = await portsOf([initial, resume, retry], clock);
  try {
    for (let count = 0; count <= (initial['-resume-count'] ?? 0); count++) {
      const settings = count === 0 ? initial : resume;
      if (count > 0) clock.advance(settings['-resumption-delay'] ?? 0);
      const certificates = new VerifyCallback(ports.certificates, settings);
      const sessions = new CountedSessions(ports.sessions, settings);
      await RunnerConnection.run(
        { settings, afterRetry: retry, resuming: count > 0 },
        configurationOf(settings),
        { ...ports, certificates, sessions },
        clock,
      );
    }
  } finally {
    await close();
  }
}

async function portsOf(all: readonly Settings[], clock: Clock) {
  const [initial] = all;
  if (initial?.['--bus'] !== true) return { ports: localPorts(all, clock), close: async () => {} };
  const { busPorts } = await import('./bus-ports.ts');
  return busPorts(all, clock, initial['-shim-id'] ?? 0);
}

/** Stable words for the runner, which looks for the reason, and for the alert of a peer. */
function textOf(error: unknown): string {
  if (!(error instanceof TlsError)) return error instanceof Error ? `shim: ${error.message}` : `shim: ${error}`;
  return `:${error.reason}: alert ${error.alert} at ${error.step ?? 'no step'}: ${error.detail}`;
}

run(process.argv.slice(2)).catch((error: unknown) => {
  console.error(textOf(error));
  process.exit(error instanceof Unimplemented ? unimplemented : 1);
});
