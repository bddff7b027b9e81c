import {
  type CipherSuiteParameters,
  certificateVerifyContent13,
  cipherSuite,
  finishedVerifyData13,
  KeySchedule13,
} from '@handfast/key-exchange';
import {
  type CertificateRequest13,
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  type EncryptedExtensions,
  type Extension,
  findExtension,
  type HelloRetryRequest,
  type KeyShareEntry,
  type MessageOf,
  NamedGroup,
  nameOf,
  type ServerHello,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { afterClientHandshake13 } from './after-client-13.ts';
import { type Offer, offerShares } from './client-offer.ts';
import type { ClientConfiguration } from './configuration.ts';
import { ask, type Machine, type Steps } from './effects.ts';
import { receiveFinished } from './finished.ts';
import { type Handshake, ofLength, receive, send } from './handshake.ts';
import { exchangeLengthsOf } from './hellos.ts';
import { chooseCredential } from './negotiation.ts';
import { openConnection13 } from './open-connection.ts';
import { type ProvenPeer, provePossession, validateChain } from './peer.ts';
import { checkAnswered, offeredProtocol, versionChosen } from './server-answer.ts';
import { ApplicationTraffic, protection13 } from './traffic-13.ts';

/** The TLS 1.3 handshake as a client (RFC 8446 section 2, appendix A.1), from the server's first answer on. */
export function* clientHandshake13(
  handshake: Handshake<ClientConfiguration>,
  firstOffer: Offer,
  answer: ServerHello | HelloRetryRequest,
): Machine {
  const { crypto, transcript } = handshake;
  const suite = chosenSuite(firstOffer.hello, answer);
  transcript.hashWith(suite.hash);
  const { offer, serverHello } =
    answer.type === 'HelloRetryRequest'
      ? yield* retryHello(handshake, firstOffer, answer, suite)
      : { offer: firstOffer, serverHello: answer };

  const serverShare = chosenShare(offer, serverHello);
  yield { kind: 'negotiated', facts: { cipherSuite: suite.name, group: nameOf(NamedGroup, serverShare.group) } };
  const { secret } = yield* ask({
    step: 'ServerHello',
    port: 'key-exchange',
    operation: 'agree',
    call: ({ keyExchange }, context) =>
      keyExchange.agree(
        {
          continuation: offer.continuation,
          group: serverShare.group,
          peerShare: serverShare.keyExchange,
          masterSecret: undefined,
        },
        context,
      ),
  });
  const schedule = new KeySchedule13(crypto, suite.hash);
  const handshakeSecrets = schedule.enterHandshake(
    ofLength(secret, exchangeLengthsOf(serverShare.group).secret, 'a shared secret'),
    transcript.hash(),
  );
  yield { kind: 'protect', direction: 'reads', protection: protection13(crypto, suite, handshakeSecrets.server) };
  yield { kind: 'protect', direction: 'writes', protection: protection13(crypto, suite, handshakeSecrets.client) };

  const encryptedExtensions = yield* receive(handshake, 'tls13', 'EncryptedExtensions');
  const applicationProtocol = checkEncryptedExtensions(handshake.configuration, offer.hello, encryptedExtensions);
  if (applicationProtocol !== undefined) yield { kind: 'negotiated', facts: { applicationProtocol } };
  const { server, certificateRequest } = yield* authenticateServer(handshake, offer.hello);
  const expected = finishedVerifyData13(crypto, suite.hash, handshakeSecrets.server, transcript.hash());
  yield* receiveFinished(handshake, 'tls13', expected, server);
  const applicationSecrets = schedule.enterApplication(transcript.hash());
  const reads = new ApplicationTraffic(crypto, suite, applicationSecrets.server);
  yield { kind: 'protect', direction: 'reads', protection: reads.protection() };
  yield { kind: 'change-cipher-specs', policy: 'refused' };

  if (answer.type === 'ServerHello') yield { kind: 'send-change-cipher-spec' };
  yield* authenticateOurselves(handshake, certificateRequest);
  yield* send(handshake, {
    type: 'Finished',
    verifyData: finishedVerifyData13(crypto, suite.hash, handshakeSecrets.client, transcript.hash()),
  });
  const writes = new ApplicationTraffic(crypto, suite, applicationSecrets.client);
  yield { kind: 'protect', direction: 'writes', protection: writes.protection() };
  yield { kind: 'completed' };
  yield {
    kind: 'open',
    connection: openConnection13({
      crypto,
      suite,
      exporterSecret: applicationSecrets.exporter,
      peer: server,
      serverCertificate: server.chain[0],
      writes,
    }),
  };
  return afterClientHandshake13(reads, writes);
}

function chosenSuite(hello: ClientHello, answer: ServerHello | HelloRetryRequest): CipherSuiteParameters {
  const suite = cipherSuite(answer.cipherSuite);
  if (suite?.version !== 'tls13') {
    throw new TlsError('illegal-parameter', `${nameOf(CipherSuite, answer.cipherSuite)} is no TLS 1.3 cipher suite`, {
      step: answer.type,
    });
  }
  checkSessionIdEcho(hello, answer);
  return suite;
}

function checkSessionIdEcho(hello: ClientHello, answer: ServerHello | HelloRetryRequest): void {
  const sent = hello.legacySessionId;
  const echo = answer.legacySessionIdEcho;
  if (sent.length !== echo.length || sent.some((byte, index) => byte !== echo[index])) {
    throw new TlsError('illegal-parameter', 'legacy_session_id_echo is not what we sent', { step: answer.type });
  }
}

/** The second ClientHello and the ServerHello that follows it (RFC 8446 sections 4.1.2 and 4.1.4). */
function* retryHello(
  handshake: Handshake<ClientConfiguration>,
  firstOffer: Offer,
  retry: HelloRetryRequest,
  suite: CipherSuiteParameters,
): Steps<{ readonly offer: Offer; readonly serverHello: ServerHello }> {
  yield { kind: 'negotiated', facts: { helloRetried: true } };
  handshake.transcript.restartAfterRetry(suite.hash);
  const group = findExtension(retry.extensions, 'key_share');
  const cookie = findExtension(retry.extensions, 'cookie');
  checkRetry(handshake.configuration, firstOffer, group, cookie);

  // Middlebox compatibility: right before our second flight, which here is the second ClientHello (appendix D.4).
  yield { kind: 'send-change-cipher-spec' };
  const { shares, continuation } = group === undefined ? firstOffer : yield* offerShares([group]);
  const hello: ClientHello = {
    ...firstOffer.hello,
    extensions: retriedExtensions(firstOffer.hello.extensions, shares, cookie),
  };
  yield* send(handshake, hello);

  const serverHello = yield* receive(handshake, 'tls13', 'ServerHello');
  checkSessionIdEcho(hello, serverHello);
  const version = versionChosen(handshake.configuration, hello, serverHello);
  if (version !== 'tls13' || serverHello.cipherSuite !== suite.code) {
    throw new TlsError('illegal-parameter', 'ServerHello takes back what HelloRetryRequest chose', {
      step: 'ServerHello',
    });
  }
  return { offer: { hello, shares, continuation }, serverHello };
}

/** A retry must ask for a group that we support and sent no share for, or hand us a cookie. */
function checkRetry(
  configuration: ClientConfiguration,
  offer: Offer,
  group: number | undefined,
  cookie: Uint8Array | undefined,
): void {
  const step = 'HelloRetryRequest';
  if (group === undefined && cookie === undefined) {
    throw new TlsError('illegal-parameter', 'HelloRetryRequest asks for no change', { step });
  }
  if (group === undefined) return;
  if (!configuration.groups.includes(group) || offer.shares.some((share) => share.group === group)) {
    throw new TlsError(
      'illegal-parameter',
      `HelloRetryRequest asks for ${nameOf(NamedGroup, group)}, which we did not offer or already sent`,
      { step },
    );
  }
}

function retriedExtensions(
  extensions: readonly Extension<ClientHelloExtensions>[],
  shares: Offer['shares'],
  cookie: Uint8Array | undefined,
): readonly Extension<ClientHelloExtensions>[] {
  const keyShare: Extension<ClientHelloExtensions> = {
    name: 'key_share',
    value: shares.map(({ group, share }) => ({ group, keyExchange: share })),
  };
  return [
    ...extensions.filter((extension) => extension.name !== 'key_share'),
    ...(cookie === undefined ? [] : [{ name: 'cookie', value: cookie } as const]),
    keyShare,
  ];
}

function chosenShare(offer: Offer, serverHello: ServerHello): KeyShareEntry {
  const step = 'ServerHello';
  const misplaced = serverHello.extensions.find(({ name }) => name !== 'supported_versions' && name !== 'key_share');
  if (misplaced !== undefined) {
    throw new TlsError('misplaced-extension', `${misplaced.name} does not belong into a TLS 1.3 ServerHello`, { step });
  }
  const share = findExtension(serverHello.extensions, 'key_share');
  if (share === undefined) throw new TlsError('missing-extension', 'ServerHello has no key_share', { step });
  if (!offer.shares.some(({ group }) => group === share.group)) {
    throw new TlsError(
      'illegal-parameter',
      `the server chose ${nameOf(NamedGroup, share.group)}, for which we sent no share`,
      { step },
    );
  }
  return share;
}

function checkEncryptedExtensions(
  configuration: ClientConfiguration,
  hello: ClientHello,
  message: EncryptedExtensions,
): string | undefined {
  checkAnswered(hello.extensions, message.extensions, 'EncryptedExtensions');
  const chosen = findExtension(message.extensions, 'application_layer_protocol_negotiation');
  return chosen === undefined ? undefined : offeredProtocol(configuration, chosen, 'EncryptedExtensions');
}

interface ServerAuthentication {
  readonly server: ProvenPeer;
  readonly certificateRequest: CertificateRequest13 | undefined;
}

/** CertificateRequest, where there is one, Certificate and CertificateVerify (RFC 8446 section 4.4). */
function* authenticateServer(
  handshake: Handshake<ClientConfiguration>,
  hello: ClientHello,
): Steps<ServerAuthentication> {
  const first = yield* receive(handshake, 'tls13', 'CertificateRequest', 'Certificate');
  const certificateRequest = first.type === 'CertificateRequest' ? first : undefined;
  if (certificateRequest !== undefined) checkCertificateRequest(certificateRequest);
  const certificate = first.type === 'Certificate' ? first : yield* receive(handshake, 'tls13', 'Certificate');
  const chain = checkCertificate(hello, certificate);
  const peer = yield* validateChain(handshake, chain);

  const content = certificateVerifyContent13('server', handshake.transcript.hash());
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls13', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { serverSignatureScheme: nameOf(SignatureScheme, scheme) } };
  const server = provePossession(handshake, 'tls13', peer, { scheme, content, signature }, 'CertificateVerify');
  return { server, certificateRequest };
}

function checkCertificateRequest(request: CertificateRequest13): void {
  const step = 'CertificateRequest';
  if (request.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context must be empty in a handshake', { step });
  }
  if (findExtension(request.extensions, 'signature_algorithms') === undefined) {
    throw new TlsError('missing-extension', 'CertificateRequest needs signature_algorithms', { step });
  }
}

function checkCertificate(hello: ClientHello, certificate: MessageOf<'Certificate', 'tls13'>): readonly Uint8Array[] {
  const step = 'Certificate';
  if (certificate.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context must be empty for a server', { step });
  }
  if (certificate.certificateList.length === 0) {
    throw new TlsError('certificate-missing', 'the server presented no certificate', { step });
  }
  for (const entry of certificate.certificateList) checkAnswered(hello.extensions, entry.extensions, step);
  return certificate.certificateList.map((entry) => entry.certData);
}

/** Our Certificate, empty where we have none that fits, and CertificateVerify, if the server asked. */
function* authenticateOurselves(
  handshake: Handshake<ClientConfiguration>,
  request: CertificateRequest13 | undefined,
): Steps<void> {
  if (request === undefined) {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return;
  }
  const schemes = findExtension(request.extensions, 'signature_algorithms') ?? [];
  const choice = chooseCredential(handshake.configuration.credentials, schemes, 'tls13', undefined);
  const chain = choice?.credential.chain ?? [];
  yield* send(handshake, {
    type: 'Certificate',
    version: 'tls13',
    certificateRequestContext: request.certificateRequestContext,
    certificateList: chain.map((certData) => ({ certData, extensions: [] })),
  });
  if (choice === undefined) {
    yield { kind: 'negotiated', facts: { clientCertificate: 'absent' } };
    return;
  }
  const { credential, scheme } = choice;
  yield {
    kind: 'negotiated',
    facts: {
      clientCertificate: 'presented',
      clientChain: chain,
      clientSignatureScheme: nameOf(SignatureScheme, scheme),
    },
  };
  const content = certificateVerifyContent13('client', handshake.transcript.hash());
  const { signature } = yield* ask({
    step: 'CertificateVerify',
    port: 'key-exchange',
    operation: 'sign',
    call: ({ keyExchange }, context) => keyExchange.sign({ keyId: credential.keyId, scheme, content }, context),
  });
  yield* send(handshake, { type: 'CertificateVerify', algorithm: scheme, signature });
}
