import { certificateVerifyContent13 } from '@handfast/key-exchange';
import {
  type Certificate13,
  type CertificateRequestExtensions,
  type Extension,
  encodeHandshake,
  nameOf,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { certificateMessages, decompressed } from '../common/certificate-compression.ts';
import { type Handshake, receive } from '../common/handshake.ts';
import { type PeerAuthentication, type ProvenPeer, provePossession, validateChain } from '../common/peer.ts';
import type { ServerConfiguration } from '../configuration.ts';
import type { Steps } from '../engine/effects.ts';

/** The client's certificate in TLS 1.3, during the handshake and after it. */

/**
 * Asks for it (RFC 8446 section 4.3.2).
 * @param context certificate_request_context: empty during the handshake.
 */
export function encodeCertificateRequest(configuration: ServerConfiguration, context: Uint8Array): Uint8Array {
  const { signatureSchemes, certificateSignatureSchemes, authorities, oidFilters } = configuration;
  const extensions: Extension<CertificateRequestExtensions>[] = [
    { name: 'signature_algorithms', value: signatureSchemes },
  ];
  if (certificateSignatureSchemes.length > 0) {
    extensions.push({ name: 'signature_algorithms_cert', value: certificateSignatureSchemes });
  }
  if (authorities.length > 0) extensions.push({ name: 'certificate_authorities', value: authorities });
  if (oidFilters.length > 0) extensions.push({ name: 'oid_filters', value: oidFilters });
  const compressions = configuration.certificateCompression.map(({ algorithm }) => algorithm);
  if (compressions.length > 0) extensions.push({ name: 'compress_certificate', value: compressions });
  return encodeHandshake({
    type: 'CertificateRequest',
    version: 'tls13',
    certificateRequestContext: context,
    extensions,
  });
}

/** Certificate and CertificateVerify of the client, where they are due. */
export function* authenticateClient(handshake: Handshake<ServerConfiguration>): Steps<PeerAuthentication> {
  const { configuration } = handshake;
  if (configuration.clientAuthentication === 'none') {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return 'without-certificate';
  }
  const message = yield* receive(handshake, 'tls13', ...certificateMessages(configuration));
  const certificate = decompressed(configuration, message);
  if (certificate.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context is not the one that we sent', {
      step: 'Certificate',
    });
  }
  const client = yield* proveClient(handshake, certificate);
  if (client !== undefined) return client;
  if (configuration.clientAuthentication === 'optional') return 'without-certificate';
  throw new TlsError('certificate-required', 'the client presented no certificate', { step: 'Certificate' });
}

/**
 * Judges the client's Certificate, and takes the CertificateVerify that follows it (RFC 8446 sections 4.4.2 and 4.4.3).
 * @param certificate the last message of the transcript.
 * @returns undefined where the client presents no certificate, and so proves nothing.
 */
export function* proveClient(
  handshake: Handshake<ServerConfiguration>,
  { certificateList }: Certificate13,
): Steps<ProvenPeer | undefined> {
  // We asked for none (section 4.4.2).
  if (certificateList.some(({ extensions }) => extensions.length > 0)) {
    throw new TlsError('unsolicited-extension', 'a certificate comes with an extension that we did not ask for', {
      step: 'Certificate',
    });
  }
  const chain = certificateList.map((entry) => entry.certData);
  yield { kind: 'negotiated', facts: { clientCertificate: chain.length === 0 ? 'absent' : 'presented' } };
  if (chain.length === 0) return undefined;
  const peer = yield* validateChain(handshake, chain);
  const content = certificateVerifyContent13('client', handshake.transcript.hash());
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls13', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { clientSignatureScheme: nameOf(SignatureScheme, scheme) } };
  return provePossession(handshake, 'tls13', peer, { scheme, content, signature }, 'CertificateVerify');
}
