import type { RunningService } from '@handfast/bus';
import { type CredentialFile, startCertificateService } from '@handfast/certificate-service';
import { credentialFromChain, decodePrivateKeyPem } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { startKeyExchangeService } from '@handfast/key-exchange-service';
import { patiently } from '@handfast/record-service';
import { startSessionService } from '@handfast/session-service';
import type { ServiceMetrics } from '@handfast/telemetry';
import type { CertificateFlags, KeyExchangeFlags, ServiceFlags, SessionFlags } from '../commands/service.ts';
import { runUntilStopped } from '../gateway/signals.ts';
import { openMetrics } from '../gateway/telemetry.ts';
import { type Log, openLog } from '../log/log.ts';
import { credentialPaths, readCredentials } from '../settings/credentials.ts';
import { certificatesIn, inFile, readCertificates, readText } from '../settings/files.ts';
import { readSecret } from '../settings/secret.ts';
import { UsageError } from '../usage-error.ts';

/** `handfast service key-exchange`. */
export async function serveKeyExchange(flags: KeyExchangeFlags): Promise<void> {
  const { key, cert } = flags;
  if (cert !== undefined) readCredentials(cert, key);
  for (const path of key) {
    inFile('--key', path, (pem) => nativeCrypto.importPrivateKey(decodePrivateKeyPem(pem)));
  }
  await run('key-exchange', flags, (place) => startKeyExchangeService({ ...place, keys: [], files: key }));
}

/** `handfast service certificate`. */
export async function serveCertificates(flags: CertificateFlags): Promise<void> {
  const { cert = [], key, clientCa = [], fetch, revocation, profile, otlpMetrics } = flags;
  if (revocation === 'require' && fetch === undefined) {
    throw new UsageError('--revocation require needs --fetch: without it, nothing is known of any certificate');
  }
  const files = credentialFiles(cert, key);
  const anchors = clientCa.map((path) => {
    readCertificates('--client-ca', path);
    return readText('--client-ca', path);
  });
  const judgement = { anchors, revocation, profile, fetch: fetch && { privateAddresses: fetch === 'anywhere' } };
  let metrics: ServiceMetrics | undefined;
  await run('certificate', flags, async (place) => {
    // Once, however long NATS is waited for.
    metrics ??= await openMetrics(otlpMetrics, 'handfast-certificate', place.log);
    const service = await startCertificateService({ ...place, ...judgement, chains: [], files });
    return {
      ...service,
      stop: async () => {
        await service.stop();
        await metrics?.shutdown();
      },
    };
  });
}

/** Reads them here already, to say which flag is wrong; the service reads them itself, again and again. */
function credentialFiles(cert: readonly string[], key: readonly string[] | undefined): readonly CredentialFile[] {
  for (const path of cert) inFile('--cert', path, (pem) => credentialFromChain(nativeCrypto, certificatesIn(pem)));
  for (const path of key ?? []) readText('--key', path);
  if (key === undefined) return cert.map((chain) => ({ chain }));
  return credentialPaths(cert, key).map((paths) => ({ chain: paths.cert, key: paths.key }));
}

/** `handfast service session`. */
export async function serveSessions(flags: SessionFlags): Promise<void> {
  const { ticketLifetime } = flags;
  const ticketSecret = readSecret('--ticket-secret', flags.ticketSecret);
  await run('session', flags, (place) => startSessionService({ ...place, ticketSecret, ticketLifetime }));
}

/** Where a service runs, whatever it does. */
interface Place {
  readonly bus: string;
  readonly busSecret: Uint8Array | undefined;
  readonly log: (line: string) => void;
}

async function run(
  name: string,
  { bus, busSecret }: ServiceFlags,
  start: (place: Place) => Promise<RunningService>,
): Promise<void> {
  const log: Log = await openLog(`handfast-${name}`);
  const warn = (text: string): void => log.warn(text);
  const place: Place = { bus, busSecret: readSecret('--bus-secret', busSecret), log: warn };
  await runUntilStopped(
    async () => {
      const service = await patiently('NATS', () => start(place), warn);
      const { instance } = service;
      log.ready(`the ${name} service answers on ${bus}, instance ${instance}`, { instance });
      return service;
    },
    async (service) => {
      log.info('stopping');
      await service.stop();
    },
  );
}
