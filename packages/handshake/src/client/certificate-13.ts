import { certificateVerifyContent13, type SignAnswer } from '@handfast/key-exchange';
import {
  type Certificate13,
  type CertificateRequest13,
  type CompressedCertificate,
  encodeHandshake,
  findExtension,
  type HandshakeMessage,
  nameOf,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { compressed } from '../common/certificate-compression.ts';
import { type CredentialChoice, chooseCredential } from '../common/credential-choice.ts';
import { type Handshake, send } from '../common/handshake.ts';
import type { ApplicationTraffic } from '../common/traffic-13.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { type Ask, ask, type EncodedMessage, type Received, type Steps } from '../engine/effects.ts';
import { allowedBy } from './oid-filters.ts';

/** How a client answers a CertificateRequest, in the handshake and after it. */

/** What a CertificateRequest must have (RFC 8446 section 4.3.2). Its context is empty in a handshake, and only there. */
export function checkCertificateRequest(request: CertificateRequest13, when: 'in handshake' | 'later'): void {
  const step = 'CertificateRequest';
  if (when === 'in handshake' && request.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context must be empty in a handshake', { step });
  }
  if (findExtension(request.extensions, 'signature_algorithms') === undefined) {
    throw new TlsError('missing-extension', 'CertificateRequest needs signature_algorithms', { step });
  }
}

/** Where the server asked: our Certificate, empty if we have none that fits, and CertificateVerify (RFC 8446 section 4.4). */
export function* authenticateOurselves(
  handshake: Handshake<ClientConfiguration>,
  request: CertificateRequest13 | undefined,
): Steps<void> {
  if (request === undefined) {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return;
  }
  const choice = chooseOwn(handshake.configuration, request);
  yield* send(handshake, ownCertificate(handshake.configuration, request, choice));
  if (choice === undefined) {
    yield { kind: 'negotiated', facts: { clientCertificate: 'absent' } };
    return;
  }
  yield {
    kind: 'negotiated',
    facts: {
      clientCertificate: 'presented',
      clientChain: choice.credential.chain,
      clientSignatureScheme: nameOf(SignatureScheme, choice.scheme),
    },
  };
  const { signature } = yield* ask(signatureOver(handshake.transcript.hash(), choice));
  yield* send(handshake, { type: 'CertificateVerify', algorithm: choice.scheme, signature });
}

/**
 * The answer to a request in the open connection (RFC 8446 section 4.6.2). Its three messages must follow one another
 * with nothing between them, so they go out once the last is made.
 */
export function* authenticateLater(
  handshake: Handshake<ClientConfiguration>,
  request: Received<CertificateRequest13>,
  writes: ApplicationTraffic,
): Steps<void> {
  checkCertificateRequest(request.message, 'later');
  const { configuration } = handshake;
  const transcript = handshake.transcript.fork();
  transcript.add(request.bytes);
  const flight: EncodedMessage[] = [];
  const make = (message: HandshakeMessage) => {
    const bytes = encodeHandshake(message);
    transcript.add(bytes);
    flight.push({ name: message.type, bytes });
  };
  const choice = chooseOwn(configuration, request.message);
  make(ownCertificate(configuration, request.message, choice));
  if (choice !== undefined) {
    const { signature } = yield* ask(signatureOver(transcript.hash(), choice));
    make({ type: 'CertificateVerify', algorithm: choice.scheme, signature });
  }
  make({ type: 'Finished', verifyData: writes.finished(transcript.hash()) });
  for (const { name, bytes } of flight) yield { kind: 'send', name, bytes };
}

function chooseOwn(
  { credentials }: ClientConfiguration,
  { extensions }: CertificateRequest13,
): CredentialChoice | undefined {
  const allowed = allowedBy(findExtension(extensions, 'oid_filters') ?? [], credentials);
  const wishes = {
    schemes: findExtension(extensions, 'signature_algorithms') ?? [],
    certificateSchemes: findExtension(extensions, 'signature_algorithms_cert'),
    authorities: findExtension(extensions, 'certificate_authorities'),
  };
  return chooseCredential(allowed, wishes, 'tls13');
}

function ownCertificate(
  configuration: ClientConfiguration,
  { certificateRequestContext, extensions }: CertificateRequest13,
  choice: CredentialChoice | undefined,
): Certificate13 | CompressedCertificate {
  const chain = choice?.credential.chain ?? [];
  const certificateList = chain.map((certData) => ({ certData, extensions: [] }));
  return compressed(configuration, findExtension(extensions, 'compress_certificate'), {
    type: 'Certificate',
    version: 'tls13',
    certificateRequestContext,
    certificateList,
  });
}

function signatureOver(transcriptHash: Uint8Array, { credential, scheme }: CredentialChoice): Ask<SignAnswer> {
  const content = certificateVerifyContent13('client', transcriptHash);
  return {
    step: 'CertificateVerify',
    port: 'key-exchange',
    operation: 'sign',
    call: ({ keyExchange }, context) => keyExchange.sign({ keyId: credential.keyId, scheme, content }, context),
  };
}
