import { hashLength } from '@handfast/crypto';
import {
  type CipherSuiteParameters,
  certificateVerifyContent13,
  cipherSuite,
  finishedVerifyData13,
  KeySchedule13,
} from '@handfast/key-exchange';
import {
  type CertificateEntry,
  type CertificateRequest13,
  CipherSuite,
  type ClientHello,
  findExtension,
  type HelloRetryRequest,
  type KeyShareEntry,
  type MessageOf,
  NamedGroup,
  nameOf,
  PskKeyExchangeMode,
  type ServerHello,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { certificateMessages, decompressed } from '../common/certificate-compression.ts';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, ofLength, receive, send } from '../common/handshake.ts';
import { exchangeLengthsOf } from '../common/hellos.ts';
import {
  certificateOf,
  type ProvenPeer,
  type PskHolder,
  provePossession,
  type Stapled,
  validateChain,
} from '../common/peer.ts';
import { resumedPeer } from '../common/resumed-peer.ts';
import { ApplicationTraffic, protection13 } from '../common/traffic-13.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { ask, currentDate, type Machine, type Steps } from '../engine/effects.ts';
import { openConnection13 } from '../engine/open-connection.ts';
import type { Negotiated } from '../timeline.ts';
import { afterClientHandshake13 } from './after-13.ts';
import { authenticateOurselves, checkCertificateRequest } from './certificate-13.ts';
import { isEarlyDataAccepted } from './early-data.ts';
import { limitRecords } from './limits-13.ts';
import type { Offer } from './offer.ts';
import { chosenPsk, type OfferedPsk } from './psk-13.ts';
import { retryHello } from './retry-13.ts';
import { checkAnswered, checkSessionIdEcho, offeredProtocol } from './server-answer.ts';
import { keepsSessions, sessionsExpire, type TicketKeeping } from './tickets-13.ts';

/** The TLS 1.3 handshake as a client (RFC 8446 section 2, appendix A.1), from the server's first answer on. */
export function* clientHandshake13(
  handshake: Handshake<ClientConfiguration>,
  firstOffer: Offer,
  answer: ServerHello | HelloRetryRequest,
): Machine {
  const { configuration, crypto, transcript } = handshake;
  const suite = chosenSuite(firstOffer.hello, answer);
  transcript.hashWith(suite.hash);
  const { offer, serverHello } =
    answer.type === 'HelloRetryRequest'
      ? yield* retryHello(handshake, firstOffer, answer, suite)
      : { offer: firstOffer, serverHello: answer };

  const selectedIdentity = findExtension(serverHello.extensions, 'pre_shared_key');
  const psk = chosenPsk(offer.psks, selectedIdentity, suite.hash);
  const serverShare = chosenShare(configuration, offer, serverHello, psk);
  yield { kind: 'negotiated', facts: factsOf(suite, serverShare, psk) };
  const secret =
    serverShare === undefined ? new Uint8Array(hashLength[suite.hash]) : yield* agreeOnSecret(offer, serverShare);
  const schedule = psk?.schedule ?? new KeySchedule13(crypto, suite.hash);
  const handshakeSecrets = schedule.enterHandshake(secret, transcript.hash());
  yield { kind: 'protect', direction: 'reads', protection: protection13(crypto, suite, handshakeSecrets.server) };
  const handshakeWrites = protection13(crypto, suite, handshakeSecrets.client);
  const { earlyData } = offer;
  // Middlebox compatibility: once, before the first that we encrypt, which may be an alert (appendix D.4).
  if (answer === serverHello && earlyData === undefined) yield { kind: 'send-change-cipher-spec' };
  // Early data goes on under its own keys until we know that it is refused, or tell its end.
  if (earlyData === undefined) yield { kind: 'protect', direction: 'writes', protection: handshakeWrites };

  const encryptedExtensions = yield* receive(handshake, 'tls13', 'EncryptedExtensions');
  const { extensions } = encryptedExtensions;
  checkAnswered(offer.hello.extensions, extensions, 'EncryptedExtensions');
  const chosenProtocol = findExtension(extensions, 'application_layer_protocol_negotiation');
  const applicationProtocol = chosenProtocol && offeredProtocol(configuration, chosenProtocol, 'EncryptedExtensions');
  if (applicationProtocol !== undefined) yield { kind: 'negotiated', facts: { applicationProtocol } };
  const chosen = { psk, cipherSuite: suite.code, applicationProtocol };
  const earlyDataAccepted = earlyData !== undefined && isEarlyDataAccepted(earlyData, encryptedExtensions, chosen);
  if (earlyData !== undefined && !earlyDataAccepted) {
    yield { kind: 'early-data', outcome: 'rejected' };
    yield { kind: 'protect', direction: 'writes', protection: handshakeWrites };
  }
  yield* limitRecords(configuration, encryptedExtensions);

  const { server, certificateRequest } =
    psk === undefined ? yield* authenticateServer(handshake, offer.hello) : yield* pskServer(handshake, psk);
  const expected = finishedVerifyData13(crypto, suite.hash, handshakeSecrets.server, transcript.hash());
  yield* receiveFinished(handshake, 'tls13', expected, server);
  const applicationSecrets = schedule.enterApplication(transcript.hash());
  const reads = new ApplicationTraffic(crypto, suite, applicationSecrets.server);
  yield { kind: 'protect', direction: 'reads', protection: reads.protection() };
  yield { kind: 'change-cipher-specs', policy: 'refused' };

  if (earlyDataAccepted) {
    yield { kind: 'early-data', outcome: 'accepted' };
    yield* send(handshake, { type: 'EndOfEarlyData' });
    yield { kind: 'protect', direction: 'writes', protection: handshakeWrites };
  }
  yield* authenticateOurselves(handshake, certificateRequest);
  yield* send(handshake, {
    type: 'Finished',
    verifyData: finishedVerifyData13(crypto, suite.hash, handshakeSecrets.client, transcript.hash()),
  });
  const writes = new ApplicationTraffic(crypto, suite, applicationSecrets.client);
  yield { kind: 'protect', direction: 'writes', protection: writes.protection() };
  yield { kind: 'completed' };
  const certificate = certificateOf(server);
  const tickets = keepsSessions(configuration, certificate)
    ? yield* ticketKeeping(handshake, { suite, schedule, psk, server, applicationProtocol })
    : undefined;
  yield {
    kind: 'open',
    connection: openConnection13({
      crypto,
      suite,
      exporterSecret: applicationSecrets.exporter,
      peer: server,
      serverCertificate: certificate?.chain[0],
      writes,
    }),
  };
  const asksLater = configuration.postHandshakeAuthentication === 'offered';
  const authentication = asksLater ? { configuration, crypto, transcript: transcript.fork() } : undefined;
  return afterClientHandshake13({ reads, writes, tickets, authentication });
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

const inServerHello: ReadonlySet<string> = new Set(['supported_versions', 'key_share', 'pre_shared_key']);

/**
 * The server's key share, which with a PSK there may be none of; whether there is one, the mode decides (RFC 8446 section
 * 4.2.9).
 */
function chosenShare(
  { pskKeyExchangeModes }: ClientConfiguration,
  offer: Offer,
  { extensions }: ServerHello,
  psk: OfferedPsk | undefined,
): KeyShareEntry | undefined {
  const step = 'ServerHello';
  const misplaced = extensions.find(({ name }) => !inServerHello.has(name));
  if (misplaced !== undefined) {
    throw new TlsError('misplaced-extension', `${misplaced.name} does not belong into a TLS 1.3 ServerHello`, { step });
  }
  const share = findExtension(extensions, 'key_share');
  if (share === undefined) {
    if (psk !== undefined && pskKeyExchangeModes.includes(PskKeyExchangeMode.psk_ke)) return undefined;
    throw new TlsError('missing-extension', 'ServerHello has no key_share', { step });
  }
  if (psk !== undefined && !pskKeyExchangeModes.includes(PskKeyExchangeMode.psk_dhe_ke)) {
    throw new TlsError('illegal-parameter', 'the server chose psk_dhe_ke, which we did not offer', { step });
  }
  if (!offer.shares.some(({ group }) => group === share.group)) {
    throw new TlsError(
      'illegal-parameter',
      `the server chose ${nameOf(NamedGroup, share.group)}, for which we sent no share`,
      { step },
    );
  }
  return share;
}

function factsOf(
  suite: CipherSuiteParameters,
  share: KeyShareEntry | undefined,
  psk: OfferedPsk | undefined,
): Negotiated {
  return {
    cipherSuite: suite.name,
    ...(share === undefined ? {} : { group: nameOf(NamedGroup, share.group) }),
    ...resumptionFacts(psk),
  };
}

function resumptionFacts(psk: OfferedPsk | undefined): Negotiated {
  if (psk === undefined) return { resumption: 'full' };
  return { resumption: psk.kind === 'resumption' ? 'resumed' : 'external-psk' };
}

function* agreeOnSecret({ continuation }: Offer, { group, keyExchange: peerShare }: KeyShareEntry): Steps<Uint8Array> {
  const { secret } = yield* ask({
    step: 'ServerHello',
    port: 'key-exchange',
    operation: 'agree',
    call: ({ keyExchange }, context) =>
      keyExchange.agree({ continuation, group, peerShare, masterSecret: undefined }, context),
  });
  return ofLength(secret, exchangeLengthsOf(group).secret, 'a shared secret');
}

interface ServerAuthentication {
  readonly server: ProvenPeer | PskHolder;
  readonly certificateRequest: CertificateRequest13 | undefined;
}

/** With a PSK, the server's Finished is the proof of who it is, and it may not ask who we are (RFC 8446 section 4.3.2). */
function* pskServer(handshake: Handshake, psk: OfferedPsk): Steps<ServerAuthentication> {
  const session = psk.kind === 'resumption' ? psk.session : undefined;
  const server = yield* resumedPeer(handshake, session, { step: 'EncryptedExtensions' });
  return { server, certificateRequest: undefined };
}

/** CertificateRequest, where there is one, Certificate and CertificateVerify (RFC 8446 section 4.4). */
function* authenticateServer(
  handshake: Handshake<ClientConfiguration>,
  hello: ClientHello,
): Steps<ServerAuthentication> {
  const { configuration, transcript } = handshake;
  const certificateDue = certificateMessages(configuration);
  const first = yield* receive(handshake, 'tls13', 'CertificateRequest', ...certificateDue);
  const certificateRequest = first.type === 'CertificateRequest' ? first : undefined;
  if (certificateRequest !== undefined) checkCertificateRequest(certificateRequest, 'in handshake');
  const message = first.type === 'CertificateRequest' ? yield* receive(handshake, 'tls13', ...certificateDue) : first;
  const certificate = decompressed(configuration, message);
  const endEntity = checkCertificate(hello, certificate);
  const chain = certificate.certificateList.map(({ certData }) => certData);
  const peer = yield* validateChain(handshake, chain, { step: message.type, stapled: stapledTo(endEntity) });

  const content = certificateVerifyContent13('server', transcript.hash());
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls13', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { serverSignatureScheme: nameOf(SignatureScheme, scheme) } };
  const server = provePossession(handshake, 'tls13', peer, { scheme, content, signature }, 'CertificateVerify');
  return { server, certificateRequest };
}

/** @returns the entry of the end entity. */
function checkCertificate(hello: ClientHello, certificate: MessageOf<'Certificate', 'tls13'>): CertificateEntry {
  const step = 'Certificate';
  if (certificate.certificateRequestContext.length > 0) {
    throw new TlsError('illegal-parameter', 'certificate_request_context must be empty for a server', { step });
  }
  const [endEntity] = certificate.certificateList;
  if (endEntity === undefined) {
    throw new TlsError('certificate-missing', 'the server presented no certificate', { step });
  }
  for (const entry of certificate.certificateList) checkAnswered(hello.extensions, entry.extensions, step);
  return endEntity;
}

/** What is stapled to the end entity; what is said of other certificates we did not ask for. */
function stapledTo({ extensions }: CertificateEntry): Stapled {
  return {
    ocspResponse: findExtension(extensions, 'status_request'),
    signedCertificateTimestamps: findExtension(extensions, 'signed_certificate_timestamp') ?? [],
  };
}

/** What it takes to keep the tickets that the server will send. */
function* ticketKeeping(
  { configuration, crypto, transcript }: Handshake<ClientConfiguration>,
  agreed: {
    readonly suite: CipherSuiteParameters;
    readonly schedule: KeySchedule13;
    readonly psk: OfferedPsk | undefined;
    readonly server: ProvenPeer | PskHolder;
    readonly applicationProtocol: string | undefined;
  },
): Steps<TicketKeeping> {
  const { suite, schedule, psk, applicationProtocol } = agreed;
  const server = certificateOf(agreed.server);
  return {
    crypto,
    suite,
    resumptionSecret: schedule.resumptionSecret(transcript.hash()),
    sessionsWith: configuration.sessionsWith,
    serverName: configuration.serverName,
    applicationProtocol,
    server,
    expires: psk?.kind === 'resumption' ? psk.session.expires : sessionsExpire(yield* currentDate(), server),
  };
}
