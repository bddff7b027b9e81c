import { type Credential, credentialFromChain, decodePem, decodePrivateKeyPem } from '@handfast/certificates';
import type { PrivateKey } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { keyIdOf } from '@handfast/key-exchange';
import { TlsError } from '@handfast/wire';
import { loadDelegatedKey, type PemDelegatedKey } from './delegated-credential.ts';

/** A chain and its key, in PEM. */
export interface PemCredential {
  /** The end entity's certificate first, then the intermediates. */
  readonly cert: string;
  /** PKCS #8, SEC 1 or PKCS #1; not encrypted. */
  readonly key: string;
  /** An OCSPResponse (DER) to staple. */
  readonly ocspResponse?: Uint8Array | undefined;
  /** SignedCertificateTimestamps to send along (RFC 6962). */
  readonly signedCertificateTimestamps?: readonly Uint8Array[] | undefined;
  /** Signs instead of `key` where the client knows delegated credentials. */
  readonly delegated?: PemDelegatedKey | undefined;
}

export interface LoadedCredential {
  readonly credential: Credential;
  readonly key: PrivateKey;
  readonly delegatedKey?: PrivateKey | undefined;
}

/** The private keys behind them. */
export function keysOf(credentials: readonly LoadedCredential[]): readonly PrivateKey[] {
  return credentials.flatMap(({ key, delegatedKey }) => (delegatedKey === undefined ? [key] : [key, delegatedKey]));
}

/** Reads a chain and its key. Throws TlsError `configuration-invalid` where one is unreadable or they do not belong together. */
export function loadCredential(pem: PemCredential): LoadedCredential {
  const { cert, key, ocspResponse, signedCertificateTimestamps, delegated } = pem;
  const chain = decodePem(cert, 'CERTIFICATE');
  if (chain.length === 0) throw new TlsError('configuration-invalid', 'the certificate file has no CERTIFICATE in it');
  const credential = credentialFromChain(nativeCrypto, chain);
  const privateKey = nativeCrypto.importPrivateKey(decodePrivateKeyPem(key));
  if (keyIdOf(nativeCrypto, privateKey.spki) !== credential.keyId) {
    throw new TlsError(
      'configuration-invalid',
      'the private key does not belong to the first certificate of the chain',
    );
  }
  const presented = { ...credential, ocspResponse, signedCertificateTimestamps };
  if (delegated === undefined) return { credential: presented, key: privateKey };
  const other = loadDelegatedKey(credential, delegated);
  return { credential: { ...presented, delegated: other.delegated }, key: privateKey, delegatedKey: other.key };
}
