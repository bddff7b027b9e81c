import { rootCertificates } from 'node:tls';
import { decodePem, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ClientConfiguration, clientConfiguration, type Ports } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import type { Endpoint } from '@handfast/record-service';
import { LocalSessionManager } from '@handfast/sessions';
import { certificateCompression, keysOf, type LoadedCredential } from '@handfast/tls';
import type { TraceFlags } from '../commands/trace.ts';
import { openTelemetry } from '../gateway/telemetry.ts';
import { readCredentials } from '../settings/credentials.ts';
import { readCertificates } from '../settings/files.ts';
import { negotiationOf } from '../settings/negotiation.ts';
import { paletteFor } from '../waterfall/palette.ts';
import { wrap } from '../waterfall/text.ts';
import { makeHandshake, type TracedHandshake } from './handshake.ts';
import { jsonReport, jsonUnreachable } from './json-report.ts';
import { type Connected, connectTo, Unreachable } from './network.ts';
import { textReport } from './text-report.ts';

/** Milliseconds. */
const connectTimeout = 10_000;

/** `handfast trace`: sets exit code 1 where the handshake fails. */
export async function trace(server: Endpoint, flags: TraceFlags): Promise<void> {
  const credentials = readCredentials(flags.cert, flags.key);
  const configuration = configurationOf(server, flags, credentials);
  const ports = portsOf(credentials, flags.ca);
  const telemetry = await openTelemetry(flags, { name: 'handfast-trace' }, (line) => console.error(line));

  await traceOne(server, flags, configuration, ports, telemetry);
  if (flags.resume && process.exitCode === undefined) {
    if (!flags.json) console.log('');
    const again = await traceOne(server, flags, configuration, ports, telemetry);
    const problem = again && whyNotResumed(again);
    if (problem !== undefined && !flags.json) {
      console.log(['', ...wrap(problem, 79).map((line) => paletteFor(process.stdout).yellow(` ${line}`))].join('\n'));
    }
  }
  await telemetry?.shutdown();
}

/** One connection, from the look-up of the address to the report; undefined where there was no TCP connection. */
async function traceOne(
  server: Endpoint,
  flags: TraceFlags,
  configuration: ClientConfiguration,
  ports: Ports,
  telemetry: Awaited<ReturnType<typeof openTelemetry>>,
): Promise<TracedHandshake | undefined> {
  const connected = await connectTo(server, connectTimeout).catch((error: unknown) => {
    if (error instanceof Unreachable) return error;
    throw error;
  });
  if (connected instanceof Unreachable) {
    tellUnreachable(server, connected, flags);
    return undefined;
  }
  const handshake = await makeHandshake(connected, configuration, ports);
  const now = Date.now();
  if (flags.json) console.log(JSON.stringify(jsonReport(server, connected, handshake, now), undefined, 2));
  else console.log(textReport(server, connected, handshake, now, paletteFor(process.stdout)).join('\n'));
  if (handshake.timeline.state === 'failed') process.exitCode = 1;
  telemetry?.record({ ...handshake.timeline, endedAt: handshake.timeline.endedAt ?? now }, endpointsOf(connected));
  return handshake;
}

/** Why the second connection did not go on from the first, for people; undefined where it did, or failed before. */
function whyNotResumed({ timeline, peer }: TracedHandshake): string | undefined {
  if (timeline.state === 'failed' || timeline.negotiated.resumption === 'resumed') return undefined;
  return peer?.verdict.trusted === false
    ? 'No session was resumed: none is kept with a server that is not trusted.'
    : 'No session was resumed: the server gave out none, or did not take it back.';
}

function configurationOf(
  { host }: Endpoint,
  flags: TraceFlags,
  credentials: readonly LoadedCredential[],
): ClientConfiguration {
  return clientConfiguration({
    crypto: nativeCrypto,
    ...negotiationOf(flags),
    credentials: credentials.map(({ credential }) => credential),
    serverName: flags.servername ?? host,
    serverVerification: flags.insecure ? 'reported' : 'required',
    resumption: flags.resume ? 'on' : 'off',
    certificateCompression,
  });
}

function portsOf(credentials: readonly LoadedCredential[], ca: readonly string[] = []): Ports {
  const anchors = [
    ...rootCertificates.flatMap((pem) => decodePem(pem, 'CERTIFICATE')),
    ...ca.flatMap((path) => readCertificates('--ca', path)),
  ];
  return {
    keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys: keysOf(credentials) }),
    certificates: new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials: [] }),
    sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }),
  };
}

function tellUnreachable(server: Endpoint, problem: Unreachable, { json }: TraceFlags): void {
  if (json) console.log(JSON.stringify(jsonUnreachable(server, problem), undefined, 2));
  else console.log(wrap(problem.message, 80).map(paletteFor(process.stdout).red).join('\n'));
  process.exitCode = 1;
}

function endpointsOf({ address, port, localAddress, localPort }: Connected) {
  return { local: { address: localAddress, port: localPort }, peer: { address, port } };
}
