import type { Bus } from '@handfast/bus';
import { type Credential, credentialFromChain } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import type { ServeFlags } from '../commands/serve.ts';
import { endpointText } from '../flags/endpoint.ts';
import { type Log, openLog } from '../log/log.ts';
import { credentialPaths, readCredentials } from '../settings/credentials.ts';
import { about, readCertificates } from '../settings/files.ts';
import { negotiationOf } from '../settings/negotiation.ts';
import { readSecret } from '../settings/secret.ts';
import { UsageError } from '../usage-error.ts';
import { credentialsIn, embeddedServicesWithFiles } from './embedded-services.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { connectBus } from './nats.ts';
import { runUntilStopped } from './signals.ts';

/** `handfast serve`. */
export async function serve(flags: ServeFlags): Promise<void> {
  const log = await openLog('handfast-gateway');
  await runUntilStopped(
    () => start(flags, log),
    async (gateway) => {
      log.info('stopping: connections that are open may end first');
      await gateway.stop();
    },
  );
}

async function start(flags: ServeFlags, log: Log): Promise<Gateway> {
  const negotiation = negotiationOf(flags);
  const { bus, credentials } = flags.bus === 'embedded' ? await embedded(flags, log) : await overNats(flags, log);
  const gateway = await startGateway({
    ...negotiation,
    bus,
    credentials,
    listen: flags.listen,
    upstream: flags.upstream,
    clientAuthentication: flags.clientAuth,
    maxEarlyData: flags.earlyData,
    telemetry: flags,
    onHandshake: (timeline, endpoints) => log.handshake(timeline, endpoints),
    onTrouble: (trouble) => log.warn(trouble),
  });
  const address = endpointText(gateway.address);
  log.ready(`listening on ${address}, in front of ${endpointText(flags.upstream)}`, { address });
  return gateway;
}

interface Services {
  readonly bus: Bus;
  /** Unset: those of the certificate service. */
  readonly credentials: (() => readonly Credential[]) | undefined;
}

async function embedded({ cert, key, clientAuth, clientCa = [] }: ServeFlags, log: Log): Promise<Services> {
  // To say which flag is wrong; the services read the files themselves, again and again.
  if (readCredentials(cert, key).length === 0) {
    throw new UsageError(
      '--cert and --key are needed, unless --bus nats://… says where the services are that have them',
    );
  }
  if (clientAuth !== 'none' && clientCa.length === 0) {
    throw new UsageError(`--client-auth ${clientAuth} needs --client-ca: the CAs that clients are judged by`);
  }
  const anchors = clientCa.flatMap((path) => readCertificates('--client-ca', path));
  const bus = await embeddedServicesWithFiles(credentialPaths(cert, key), anchors, (line) => log.warn(line));
  return { bus, credentials: undefined };
}

async function overNats({ bus: url, busSecret, cert, key, clientCa }: ServeFlags, log: Log): Promise<Services> {
  const warn = (text: string): void => log.warn(text);
  if (key !== undefined) warn('--key is not read: the key exchange service holds the keys');
  if (clientCa !== undefined) warn('--client-ca is not read: the certificate service judges client certificates');
  for (const path of cert ?? []) {
    about(`--cert ${path}`, () => credentialFromChain(nativeCrypto, readCertificates('--cert', path)));
  }
  const bus = await connectBus(url, readSecret('--bus-secret', busSecret), warn);
  const credentials =
    cert &&
    credentialsIn(
      cert.map((path) => ({ cert: path })),
      warn,
    );
  return { bus, credentials };
}
