import {
  type Credential,
  type DelegatedKey,
  decodePrivateKeyPem,
  parseCertificate,
  publicKeyOf,
} from '@handfast/certificates';
import type { PrivateKey, PublicKeyKind } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { delegatedCredentialContent, keyIdOf, schemeFits } from '@handfast/key-exchange';
import { encodeDelegatedCredential, readDelegatedCredential, TlsError } from '@handfast/wire';

/** A key that may sign for a certificate's key, for at most seven days (RFC 9345), so that the latter can stay elsewhere. */
export interface PemDelegatedKey {
  /** The DelegatedCredential, as `delegate` makes it. */
  readonly credential: Uint8Array;
  /** PEM of its private key. */
  readonly key: string;
}

/** id-pe-delegationUsage (RFC 9345 section 4.2): only a certificate with it may delegate. */
const delegationUsage = '1.3.6.1.4.1.44363.44';
/** Seconds (RFC 9345 section 4.1.3). */
const longestValidity = 7 * 24 * 60 * 60;

/** @throws TlsError `configuration-invalid` for a credential that no client would accept. */
export function loadDelegatedKey(
  credential: Credential,
  { credential: bytes, key: pem }: PemDelegatedKey,
): { readonly delegated: DelegatedKey; readonly key: PrivateKey } {
  const certificate = delegatingCertificate(credential);
  const key = nativeCrypto.importPrivateKey(decodePrivateKeyPem(pem));
  const read = readDelegatedCredential(bytes);
  const { validTime, certVerifyAlgorithm: scheme, subjectPublicKeyInfo } = read.credential;
  const keyId = keyIdOf(nativeCrypto, key.spki);
  if (keyId !== keyIdOf(nativeCrypto, subjectPublicKeyInfo)) invalid('the private key does not belong to it');
  checkKind(key.kind);
  if (!schemeFits(scheme, key.kind, 'tls13')) invalid('its key cannot sign as it says');
  const content = delegatedCredentialContent('server', certificate.der, read);
  if (!publicKeyOf(nativeCrypto, certificate).verify(read.algorithm, content, read.signature)) {
    invalid("the certificate's key has not signed it");
  }
  const expires = certificate.notBefore + validTime * 1000;
  return { delegated: { credential: bytes, keyId, scheme, credentialScheme: read.algorithm, expires }, key };
}

/**
 * Lets another key sign for a certificate's.
 * @param key of the certificate.
 * @param options.publicKey SubjectPublicKeyInfo (DER) of the other key, and the SignatureScheme that it will sign with.
 * @param options.expires milliseconds since the Unix epoch, at most seven days from now.
 * @returns the DelegatedCredential (RFC 9345 section 4), which is no secret.
 * @throws TlsError `configuration-invalid` for a certificate that may not delegate, a key that may not sign for it, or too
 * long a time; `certificate-unsupported` for a public key that cannot be read.
 */
export function delegate(
  credential: Credential,
  key: PrivateKey,
  options: { readonly publicKey: Uint8Array; readonly scheme: number; readonly expires: number; readonly now: number },
): Uint8Array {
  const certificate = delegatingCertificate(credential);
  const { publicKey, scheme, expires, now } = options;
  checkKind(nativeCrypto.importPublicKey(publicKey).kind);
  if (expires > now + longestValidity * 1000) invalid('it would be valid for more than seven days');
  if (expires > certificate.notAfter) invalid('it would outlive its certificate');
  const [algorithm] = key.schemes;
  if (algorithm === undefined) invalid("the certificate's key cannot sign");
  const unsigned = {
    algorithm,
    credential: {
      validTime: Math.floor((expires - certificate.notBefore) / 1000),
      certVerifyAlgorithm: scheme,
      subjectPublicKeyInfo: publicKey,
    },
  };
  const signature = key.sign(algorithm, delegatedCredentialContent('server', certificate.der, unsigned));
  return encodeDelegatedCredential({ ...unsigned, signature });
}

function delegatingCertificate({ chain: [endEntity] }: Credential) {
  if (endEntity === undefined) invalid('there is no certificate');
  const certificate = parseCertificate(endEntity);
  if (!certificate.extensions.some(({ oid }) => oid === delegationUsage)) {
    invalid('the certificate has no DelegationUsage extension (RFC 9345 section 4.2), and so may not delegate');
  }
  return certificate;
}

/** RFC 9345 section 4: the key of a delegated credential must not be marked as one for encryption as well. */
function checkKind(kind: PublicKeyKind): void {
  if (kind === 'rsa') invalid('an RSA key must be one for RSASSA-PSS alone (id-RSASSA-PSS, not rsaEncryption)');
}

function invalid(detail: string): never {
  throw new TlsError('configuration-invalid', `delegated credential: ${detail}`);
}
