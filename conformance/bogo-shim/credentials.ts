import { readFileSync } from 'node:fs';
import {
  type Credential,
  credentialFromChain,
  decodePem,
  decodePrivateKeyPem,
  parseCertificate,
} from '@handfast/certificates';
import type { PrivateKey } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ImportedPsk, importPsk, keyIdOf } from '@handfast/key-exchange';
import { type LoadedCredential, loadCredential } from '@handfast/tls';
import { readDelegatedCredential, TlsError } from '@handfast/wire';
import { type CredentialSettings, type PskSettings, type Settings, Unimplemented } from './arguments.ts';

const loaded = new Map<string, LoadedCredential>();

/** What a credential is given as: files of a chain and a key, the order in which to sign, and what to staple. */
export function credentialOf(settings: CredentialSettings): Credential {
  const { credential } = load(settings);
  const { '-signing-prefs': preferences, '-ocsp-response': ocspResponse } = settings;
  const timestamps = settings['-signed-cert-timestamps'];
  return {
    ...credential,
    ...(preferences.length > 0 && { schemes: preferences }),
    issuers: settings['-must-match-issuer'] ? 'listed' : 'any',
    ...(!settings['-decline-ocsp-callback'] && { ocspResponse }),
    ...(timestamps !== undefined && { signedCertificateTimestamps: timestampsOf(timestamps) }),
  };
}

/** A SignedCertificateTimestampList (RFC 6962 section 3.3), taken apart. Throws Error for what is none. */
export function timestampsOf(list: Uint8Array): readonly Uint8Array[] {
  if (list.length < 3) throw new Error('a list of SCTs that is none');
  const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
  const timestamps: Uint8Array[] = [];
  for (let at = 2; at < list.length; ) {
    const length = at + 2 <= list.length ? view.getUint16(at) : 0;
    const end = at + 2 + length;
    if (length === 0 || end > list.length) throw new Error('a list of SCTs that is none');
    timestamps.push(list.subarray(at + 2, end));
    at = end;
  }
  return timestamps;
}

/** What a pre-shared key is given as: one for suites of each hash (RFC 9258). */
export function pskOf(settings: PskSettings): readonly ImportedPsk[] {
  const empty = new Uint8Array(0);
  return importPsk(nativeCrypto, {
    identity: settings['-psk-importer-identity'] ?? empty,
    key: settings['-psk-importer-key'] ?? empty,
    context: settings['-psk-importer-context'] ?? empty,
    hash: settings['-psk-importer-sha384'] ? 'sha384' : 'sha256',
  });
}

/** The private keys of all credentials of all connections. */
export function keysOf(all: readonly Settings[]): readonly PrivateKey[] {
  const keys = all.flatMap(({ credentials }) => credentials.map((settings) => load(settings).key));
  return [...new Set(keys)];
}

function load(settings: CredentialSettings): LoadedCredential {
  const { '-cert-file': certFile, '-key-file': keyFile, '-delegated-credential': delegated } = settings;
  if (certFile === undefined || keyFile === undefined) throw new Unimplemented('a credential without its files');
  const name = `${certFile} ${keyFile}`;
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const credential =
    delegated === undefined ? loadFiles(certFile, keyFile) : loadDelegated(certFile, keyFile, delegated);
  loaded.set(name, credential);
  return credential;
}

/** @throws Unimplemented for a key that this stack does not sign with: of an unknown kind, or too short. */
function loadFiles(certFile: string, keyFile: string): LoadedCredential {
  try {
    return loadCredential({ cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') });
  } catch (error) {
    if (error instanceof TlsError && error.reason === 'configuration-invalid') throw new Unimplemented(error.detail);
    throw error;
  }
}

/**
 * A chain with a key that it delegated to, in the place of its own (RFC 9345). `@handfast/tls` does not load these, for the
 * runner's certificates have no DelegationUsage.
 */
function loadDelegated(certFile: string, keyFile: string, bytes: Uint8Array): LoadedCredential {
  const credential = credentialFromChain(nativeCrypto, decodePem(readFileSync(certFile, 'utf8'), 'CERTIFICATE'));
  const key = nativeCrypto.importPrivateKey(decodePrivateKeyPem(readFileSync(keyFile, 'utf8')));
  const keyId = keyIdOf(nativeCrypto, key.spki);
  const { algorithm: credentialScheme, credential: signed } = readDelegatedCredential(bytes);
  const { certVerifyAlgorithm: scheme, subjectPublicKeyInfo, validTime } = signed;
  if (key.kind === 'rsa' || keyIdOf(nativeCrypto, subjectPublicKeyInfo) !== keyId) {
    throw new Unimplemented('a delegated credential that is refused when it is loaded');
  }
  const [endEntity = new Uint8Array(0)] = credential.chain;
  const expires = parseCertificate(endEntity).notBefore + validTime * 1000;
  const delegated = { credential: bytes, keyId, scheme, credentialScheme, expires };
  return { credential: { ...credential, schemes: [], delegated }, key };
}
