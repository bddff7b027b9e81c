import { type Credential, credentialFromChain, decodePem, decodePrivateKeyPem } from '@handfast/certificates';
import type { PrivateKey } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { keyIdOf } from '@handfast/key-exchange';
import { TlsError } from '@handfast/wire';

/** A chain and its key, in PEM. */
export interface PemCredential {
  /** The end entity's certificate first, then the intermediates. */
  readonly cert: string;
  /** PKCS #8, SEC 1 or PKCS #1; not encrypted. */
  readonly key: string;
}

export interface LoadedCredential {
  readonly credential: Credential;
  readonly key: PrivateKey;
}

/** Reads a chain and its key. Throws TlsError `configuration-invalid` where one is unreadable or they do not belong together. */
export function loadCredential({ cert, key }: PemCredential): LoadedCredential {
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
  return { credential, key: privateKey };
}
