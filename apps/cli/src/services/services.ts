import { startCertificateService } from '@handfast/certificate-service';
import { credentialFromChain, decodePrivateKeyPem } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { startKeyExchangeService } from '@handfast/key-exchange-service';
import { startSessionService } from '@handfast/session-service';
import type { CertificateFlags, KeyExchangeFlags, SessionFlags } from '../commands/service.ts';
import { patiently } from '../gateway/nats.ts';
import { runUntilStopped } from '../gateway/signals.ts';
import { type Log, openLog } from '../log/log.ts';
import { readCredentials } from '../settings/credentials.ts';
import { certificatesIn, inFile } from '../settings/files.ts';

interface RunningService {
  readonly instance: string;
  stop(): Promise<void>;
}

/** `handfast service key-exchange`. */
export async function serveKeyExchange({ bus, key, cert }: KeyExchangeFlags): Promise<void> {
  if (cert !== undefined) readCredentials(cert, key);
  const keys = key.map((path) =>
    readChecked('--key', path, (pem) => nativeCrypto.importPrivateKey(decodePrivateKeyPem(pem))),
  );
  await run('key-exchange', bus, (log) => startKeyExchangeService({ bus, keys, log }));
}

/** `handfast service certificate`. */
export async function serveCertificates({ bus, cert = [], clientCa = [] }: CertificateFlags): Promise<void> {
  const chains = cert.map((path) =>
    readChecked('--cert', path, (pem) => credentialFromChain(nativeCrypto, certificatesIn(pem))),
  );
  const anchors = clientCa.map((path) => readChecked('--client-ca', path, certificatesIn));
  await run('certificate', bus, (log) => startCertificateService({ bus, chains, anchors, log }));
}

/** `handfast service session`. */
export async function serveSessions({ bus }: SessionFlags): Promise<void> {
  await run('session', bus, (log) => startSessionService({ bus, log }));
}

/** The text of a file, once `check` has found nothing wrong with it: the service would not know which file it is. */
function readChecked(flag: string, path: string, check: (text: string) => unknown): string {
  return inFile(flag, path, (text) => {
    check(text);
    return text;
  });
}

async function run(
  name: string,
  bus: string,
  start: (log: (line: string) => void) => Promise<RunningService>,
): Promise<void> {
  const log: Log = await openLog(`handfast-${name}`);
  const warn = (text: string): void => log.warn(text);
  await runUntilStopped(
    async () => {
      const service = await patiently('NATS', () => start(warn), warn);
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
