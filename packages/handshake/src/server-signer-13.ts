import type { Credential } from '@handfast/certificates';
import {
  type CertificateEntryExtensions,
  type ClientHello,
  type Extension,
  encodeHandshake,
  findExtension,
} from '@handfast/wire';
import { compressed } from './certificate-compression.ts';
import type { ServerConfiguration } from './configuration.ts';
import { chooseCredential, noCredential, wishesOf } from './credential-choice.ts';
import { currentDate, type EncodedMessage, type Steps } from './effects.ts';
import type { Handshake } from './handshake.ts';

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
  const choice = chooseCredential(credentials, wishes, 'tls13');
  if (choice === undefined) throw noCredential(credentials, wishes);
  const { credential, scheme } = choice;
  const { delegated, keyId } = credential;
  const delegatedSchemes = findExtension(hello.extensions, 'delegated_credential') ?? [];
  // RFC 9345 section 4.1.3: the client must be able to verify both signatures.
  const usable =
    delegated !== undefined &&
    delegatedSchemes.includes(delegated.scheme) &&
    wishes.schemes.includes(delegated.credentialScheme) &&
    (yield* currentDate()) < delegated.expires;
  if (!usable) return { credential, keyId, scheme, delegatedCredential: undefined };
  return { credential, keyId: delegated.keyId, scheme: delegated.scheme, delegatedCredential: delegated.credential };
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
