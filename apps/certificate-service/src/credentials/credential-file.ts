import { readFileSync } from 'node:fs';
import {
  type Credential,
  credentialFromChain,
  decodePem,
  decodePrivateKeyPem,
  parseCertificate,
} from '@handfast/certificates';
import type { CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';

/** A chain to present, as files. */
export interface CredentialFile {
  /** PEM, end entity first. */
  readonly chain: string;
  /** Its key, PEM, public or private: read to make sure that the two belong together, and not kept. */
  readonly key?: string | undefined;
}

/** What is in the files: equal where nothing has changed. */
export function contentOf({ chain, key }: CredentialFile): readonly string[] {
  return [chain, ...(key === undefined ? [] : [key])].map(readText);
}

/**
 * A chain from a file, checked against its key.
 * @throws TlsError `configuration-invalid` that names the file, where it cannot be used
 */
export function loadCredential(crypto: CryptoProvider, { chain, key }: CredentialFile): Credential {
  const credential = about(chain, () => credentialFromChain(crypto, decodePem(readText(chain), 'CERTIFICATE')));
  if (key === undefined) return credential;
  const [endEntity = new Uint8Array()] = credential.chain;
  const spki = about(key, () => publicHalf(crypto, readText(key)));
  if (Buffer.compare(parseCertificate(endEntity).spki, spki) !== 0) {
    throw new TlsError('configuration-invalid', `${chain}: the certificate is not for the key in ${key}`);
  }
  return credential;
}

function publicHalf(crypto: CryptoProvider, pem: string): Uint8Array {
  const [spki] = decodePem(pem, 'PUBLIC KEY');
  return spki ?? crypto.importPrivateKey(decodePrivateKeyPem(pem)).spki;
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new TlsError('configuration-invalid', `${path}: ${why}`, { cause });
  }
}

function about<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof TlsError)) throw cause;
    throw new TlsError('configuration-invalid', `${path}: ${cause.detail}`, { cause });
  }
}
