import { type Bus, EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions } from '@handfast/bus';
import { CheckingValidator, CredentialDirectory } from '@handfast/certificate-service';
import { type CertificateValidator, type Credential, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { HeldContinuations, type KeyExchange, LocalKeyExchange } from '@handfast/key-exchange';
import { KeyFiles, ReloadingKeyExchange } from '@handfast/key-exchange-service';
import { LocalSessionManager } from '@handfast/sessions';
import { keysOf, type LoadedCredential } from '@handfast/tls';
import type { CredentialPaths } from '../settings/credentials.ts';

const crypto = nativeCrypto;

/**
 * A bus within this process that has all three services.
 * @param anchors DER, for the certificates of clients.
 */
export function embeddedServices(
  credentials: readonly LoadedCredential[],
  anchors: readonly Uint8Array[],
): Promise<Bus> {
  const chains = credentials.map(({ credential }) => credential);
  return host(
    new LocalKeyExchange({ crypto, keys: keysOf(credentials) }),
    new LocalCertificateValidator({ crypto, anchors, credentials: chains }),
  );
}

/**
 * The same with chains and keys of files, which are read again when they change.
 * @param log gets a line for each change, and for each that cannot be used
 */
export function embeddedServicesWithFiles(
  files: readonly CredentialPaths[],
  anchors: readonly Uint8Array[],
  log: (line: string) => void,
): Promise<Bus> {
  const { now } = Date;
  const keyFiles = new KeyFiles({ crypto, paths: files.map(({ key }) => key), log, now });
  const continuations = new HeldContinuations();
  const withKeys = () => new LocalKeyExchange({ crypto, keys: keyFiles.keys, continuations });
  const keyExchange = new ReloadingKeyExchange(keyFiles, withKeys, now);
  const local = new LocalCertificateValidator({ crypto, anchors, credentials: [] });
  const chains = credentialsIn(files, log);
  const credentials = () => {
    keyExchange.reload();
    return chains();
  };
  return host(keyExchange, new CheckingValidator(local, undefined, credentials));
}

/** The chains of files as they are at each call, checked against their keys where these are given. */
export function credentialsIn(
  files: readonly { readonly cert: string; readonly key?: string }[],
  log: (line: string) => void,
): () => readonly Credential[] {
  const chains = files.map(({ cert, key }) => ({ chain: cert, key }));
  const directory = new CredentialDirectory(crypto, chains, log);
  return () => {
    directory.reload();
    return directory.credentials;
  };
}

async function host(keyExchange: KeyExchange, certificates: CertificateValidator): Promise<Bus> {
  const bus = new EmbeddedBus();
  await hostKeyExchange(bus, keyExchange);
  await hostCertificates(bus, certificates);
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }));
  return bus;
}
