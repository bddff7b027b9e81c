import type { Credential } from '@handfast/certificates';
import {
  type CertificateEntryExtensions,
  type ClientHello,
  type Extension,
  encodeHandshake,
  findExtension,
} from '@handfast/wire';
import { compressed } from '../common/certificate-compression.ts';
import { type CertificateWishes, noCredential, schemeOf, useBest, wishesOf } from '../common/credential-choice.ts';
import type { Handshake } from '../common/handshake.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { currentDate, type EncodedMessage, type Steps } from '../engine/effects.ts';

/** How a server proves itself with a certificate in TLS 1.3. */

/** What signs CertificateVerify: the key of a certificate, or one that it has delegated that to. */
export interface Signer {
  readonly credential: Credential;
  /** For the KeyExchange port. */
  readonly keyId: string;
  /** SignatureScheme code point. */
  readonly scheme: number;
  /** The DelegatedCredential of that key (RFC 9345), as it goes on the wire. */
  readonly delegatedCredential: Uint8Array | undefined;
}

export function* chooseSigner(
  { configuration: { credentials } }: Handshake<ServerConfiguration>,
  hello: ClientHello,
): Steps<Signer> {
  const wishes = wishesOf(hello);
  const delegatedSchemes = findExtension(hello.extensions, 'delegated_credential') ?? [];
  const date = yield* currentDate();
  const signer = useBest(
    credentials,
    wishes,
    (credential) => delegatedSigner(credential, wishes, delegatedSchemes, date) ?? ownSigner(credential, wishes),
  );
  if (signer === undefined) throw noCredential(credentials, wishes);
  return signer;
}

/**
 * RFC 9345 section 4.1.3: the client must be able to verify both signatures.
 * @param schemes that it verifies of delegated keys.
 */
function delegatedSigner(
  credential: Credential,
  wishes: CertificateWishes,
  schemes: readonly number[],
  date: number,
): Signer | undefined {
  const { delegated } = credential;
  if (delegated === undefined || date >= delegated.expires) return undefined;
  const { keyId, scheme, credentialScheme, credential: delegatedCredential } = delegated;
  const isVerified = schemes.includes(scheme) && wishes.schemes.includes(credentialScheme);
  return isVerified ? { credential, keyId, scheme, delegatedCredential } : undefined;
}

function ownSigner(credential: Credential, wishes: CertificateWishes): Signer | undefined {
  const scheme = schemeOf(credential, wishes, 'tls13');
  if (scheme === undefined) return undefined;
  return { credential, keyId: credential.keyId, scheme, delegatedCredential: undefined };
}

/** Our Certificate (RFC 8446 section 4.4.2), with what the client wants to know of it, and compressed where it can read that. */
export function encodeCertificate(
  configuration: ServerConfiguration,
  { extensions }: ClientHello,
  { credential, delegatedCredential }: Signer,
): EncodedMessage {
  const { chain, ocspResponse, signedCertificateTimestamps: timestamps = [] } = credential;
  const ofEndEntity: Extension<CertificateEntryExtensions>[] = [];
  if (ocspResponse !== undefined && findExtension(extensions, 'status_request')?.statusType === 'ocsp') {
    ofEndEntity.push({ name: 'status_request', value: ocspResponse });
  }
  if (timestamps.length > 0 && findExtension(extensions, 'signed_certificate_timestamp') !== undefined) {
    ofEndEntity.push({ name: 'signed_certificate_timestamp', value: timestamps });
  }
  if (delegatedCredential !== undefined) {
    ofEndEntity.push({ name: 'delegated_credential', value: delegatedCredential });
  }
  const message = compressed(configuration, findExtension(extensions, 'compress_certificate'), {
    type: 'Certificate',
    version: 'tls13',
    certificateRequestContext: new Uint8Array(0),
    certificateList: chain.map((certData, index) => ({ certData, extensions: index === 0 ? ofEndEntity : [] })),
  });
  return { name: message.type, bytes: encodeHandshake(message) };
}
