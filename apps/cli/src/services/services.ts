import type { RunningService } from '@handfast/bus';
import { startCertificateService } from '@handfast/certificate-service';
import { credentialFromChain, decodePrivateKeyPem } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { startKeyExchangeService } from '@handfast/key-exchange-service';
import { patiently } from '@handfast/record-service';
import { startSessionService } from '@handfast/session-service';
import type { CertificateFlags, KeyExchangeFlags, ServiceFlags, SessionFlags } from '../commands/service.ts';
import { runUntilStopped } from '../gateway/signals.ts';
import { type Log, openLog } from '../log/log.ts';
import { readCredentials } from '../settings/credentials.ts';
import { certificatesIn, inFile } from '../settings/files.ts';
import { readSecret } from '../settings/secret.ts';

/** `handfast service key-exchange`. */
export async function serveKeyExchange(flags: KeyExchangeFlags): Promise<void> {
  const { key, cert } = flags;
  if (cert !== undefined) readCredentials(cert, key);
  const keys = key.map((path) =>
    readChecked('--key', path, (pem) => nativeCrypto.importPrivateKey(decodePrivateKeyPem(pem))),
  );
  await run('key-exchange', flags, (place) => startKeyExchangeService({ ...place, keys }));
}

/** `handfast service certificate`. */
export async function serveCertificates(flags: CertificateFlags): Promise<void> {
  const { cert = [], clientCa = [] } = flags;
  const chains = cert.map((path) =>
    readChecked('--cert', path, (pem) => credentialFromChain(nativeCrypto, certificatesIn(pem))),
  );
  const anchors = clientCa.map((path) => readChecked('--client-ca', path, certificatesIn));
  await run('certificate', flags, (place) => startCertificateService({ ...place, chains, anchors }));
}

/** `handfast service session`. */
export async function serveSessions(flags: SessionFlags): Promise<void> {
  const { ticketLifetime } = flags;
  const ticketSecret = readSecret('--ticket-secret', flags.ticketSecret);
  await run('session', flags, (place) => startSessionService({ ...place, ticketSecret, ticketLifetime }));
}

/** The text of a file, once `check` has found nothing wrong with it: the service would not know which file it is. */
function readChecked(flag: string, path: string, check: (text: string) => unknown): string {
  return inFile(flag, path, (text) => {
    check(text);
    return text;
  });
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
