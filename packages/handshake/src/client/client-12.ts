import {
  type CertificateRequest12,
  ClientCertificateType,
  findExtension,
  NamedGroup,
  nameOf,
  type ServerHello,
  type ServerKeyExchange,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { afterHandshake12 } from '../common/after-12.ts';
import { type CredentialChoice, chooseCredential } from '../common/credential-choice.ts';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, ofLength, receive, send } from '../common/handshake.ts';
import { masterSecretLength } from '../common/hellos.ts';
import { type PeerCertificate, validateChain } from '../common/peer.ts';
import { answeredLimits12 } from '../common/record-limits-12.ts';
import { sessionState12 } from '../common/session-12.ts';
import type { ClientSession } from '../common/session-state.ts';
import { derivation12, factsOf12, type Terms12, verifyData12 } from '../common/terms-12.ts';
import { traffic12 } from '../common/traffic-12.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { ask, currentDate, type Machine, type Steps } from '../engine/effects.ts';
import { openConnection12 } from '../engine/open-connection.ts';
import {
  checkCertificateKind12,
  proveServer12,
  readServerShare12,
  type SignedShare12,
  shareExchange12,
  transportExchange12,
} from './exchange-12.ts';
import type { Offer } from './offer.ts';
import { resumeAsClient12, ticketFollows } from './resumption-12.ts';
import { keepSession12 } from './session-12.ts';
import { clientTerms12, resumedSession12 } from './terms-12.ts';

/** The TLS 1.2 handshake as a client: the thirteen messages of design section 2, from ServerHello on. */
export function* clientHandshake12(
  handshake: Handshake<ClientConfiguration>,
  offer: Offer,
  serverHello: ServerHello,
): Machine {
  const { configuration, crypto, transcript } = handshake;
  const terms = clientTerms12(handshake, offer, serverHello);
  const session = resumedSession12(handshake, offer, serverHello, terms);
  transcript.hashWith(terms.suite.hash);
  yield { kind: 'negotiated', facts: factsOf12(terms) };
  yield { kind: 'limit-records', ...answeredLimits12(offer.hello, serverHello) };
  if (session !== undefined) return yield* resumeAsClient12(handshake, serverHello, terms, session);

  yield { kind: 'negotiated', facts: { resumption: 'full' } };
  const flight = yield* receiveServerFlight(handshake, terms, serverHello);
  const { certificateRequest } = flight;
  const choice = certificateRequest === undefined ? undefined : chooseOwn(configuration, certificateRequest);
  if (certificateRequest !== undefined) {
    const certificateList = choice?.credential.chain ?? [];
    yield* send(handshake, { type: 'Certificate', version: 'tls12', certificateList });
  }
  yield { kind: 'negotiated', facts: clientCertificateFacts(certificateRequest, choice) };
  const exchange =
    flight.signed === undefined
      ? transportExchange12(handshake, offer, flight.peer)
      : yield* shareExchange12(offer, flight.signed);
  yield* send(handshake, { type: 'ClientKeyExchange', exchangeKeys: exchange.exchangeKeys });
  const secret = yield* exchange.masterSecret(derivation12(handshake, terms));
  const masterSecret = ofLength(secret, masterSecretLength, 'a master secret');
  if (choice !== undefined) yield* sendCertificateVerify(handshake, choice);

  const traffic = traffic12(crypto, terms, masterSecret);
  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: traffic.client };
  const firstFinished = verifyData12(handshake, terms, masterSecret, 'client');
  yield* send(handshake, { type: 'Finished', verifyData: firstFinished });

  const issued = ticketFollows(serverHello) ? yield* receive(handshake, 'tls12', 'NewSessionTicket') : undefined;
  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: traffic.server };
  const { server } = exchange;
  yield* receiveFinished(handshake, 'tls12', verifyData12(handshake, terms, masterSecret, 'server'), server);
  yield { kind: 'completed' };
  const left = sessionState12(terms, masterSecret, server, configuration.serverName, yield* currentDate());
  yield* keepSession12(handshake, left, issued, sessionIdOf(serverHello));
  const serverCertificate = server.chain[0];
  yield {
    kind: 'open',
    connection: openConnection12({ crypto, ...terms, masterSecret, peer: server, serverCertificate, firstFinished }),
  };
  return afterHandshake12('client');
}

interface ServerFlight {
  readonly peer: PeerCertificate;
  /** RSA key transport has none. */
  readonly signed: SignedShare12 | undefined;
  readonly certificateRequest: CertificateRequest12 | undefined;
}

const afterShare = ['CertificateRequest', 'ServerHelloDone'] as const;

/** What follows ServerHello, down to ServerHelloDone. */
function* receiveServerFlight(
  handshake: Handshake<ClientConfiguration>,
  terms: Terms12,
  { extensions }: ServerHello,
): Steps<ServerFlight> {
  const isTransport = terms.suite.keyExchange === 'rsa';
  const due = isTransport ? afterShare : (['ServerKeyExchange'] as const);
  const { certificateList } = yield* receive(handshake, 'tls12', 'Certificate');
  const [endEntity] = certificateList;
  if (endEntity === undefined) {
    throw new TlsError('certificate-missing', 'the server presented no certificate', { step: 'Certificate' });
  }
  checkCertificateKind12(handshake, terms, endEntity);
  // RFC 6066 section 8: a CertificateStatus need not come, even if it was announced.
  const isAnnounced = findExtension(extensions, 'status_request') !== undefined;
  const status = isAnnounced ? yield* receive(handshake, 'tls12', 'CertificateStatus', ...due) : undefined;
  const peer = yield* validateChain(handshake, certificateList, {
    step: status?.type ?? 'Certificate',
    keyUse: isTransport ? 'decrypt' : 'sign',
    stapled: {
      ocspResponse: status?.type === 'CertificateStatus' ? status.response : undefined,
      signedCertificateTimestamps: findExtension(extensions, 'signed_certificate_timestamp') ?? [],
    },
  });
  const share =
    status === undefined || status.type === 'CertificateStatus' ? yield* receive(handshake, 'tls12', ...due) : status;
  const signed = share.type === 'ServerKeyExchange' ? yield* takeServerShare(handshake, terms, peer, share) : undefined;
  const request = share.type === 'ServerKeyExchange' ? yield* receive(handshake, 'tls12', ...afterShare) : share;
  if (request.type === 'ServerHelloDone') return { peer, signed, certificateRequest: undefined };
  yield* receive(handshake, 'tls12', 'ServerHelloDone');
  return { peer, signed, certificateRequest: request };
}

function* takeServerShare(
  handshake: Handshake<ClientConfiguration>,
  terms: Terms12,
  peer: PeerCertificate,
  message: ServerKeyExchange,
): Steps<SignedShare12> {
  const share = readServerShare12(handshake.configuration, terms.suite, message);
  const server = proveServer12(handshake, terms, peer, share);
  const group = nameOf(NamedGroup, share.group);
  yield { kind: 'negotiated', facts: { group, serverSignatureScheme: nameOf(SignatureScheme, share.scheme) } };
  return { ...share, server };
}

/** A credential of a type that the server takes (RFC 5246 section 7.4.6); `ecdsa_sign` covers Ed25519 (RFC 8422 section 5.5). */
function chooseOwn(
  { credentials }: ClientConfiguration,
  { certificateTypes, supportedSignatureAlgorithms, certificateAuthorities }: CertificateRequest12,
): CredentialChoice | undefined {
  const taken = credentials.filter(({ keyKind }) =>
    certificateTypes.includes(
      keyKind.startsWith('rsa') ? ClientCertificateType.rsa_sign : ClientCertificateType.ecdsa_sign,
    ),
  );
  const wishes = { schemes: supportedSignatureAlgorithms, authorities: certificateAuthorities };
  return chooseCredential(taken, wishes, 'tls12');
}

function clientCertificateFacts(request: CertificateRequest12 | undefined, choice: CredentialChoice | undefined) {
  if (request === undefined) return { clientCertificate: 'not-requested' } as const;
  if (choice === undefined) return { clientCertificate: 'absent' } as const;
  return {
    clientCertificate: 'presented',
    clientChain: choice.credential.chain,
    clientSignatureScheme: nameOf(SignatureScheme, choice.scheme),
  } as const;
}

function* sendCertificateVerify(
  handshake: Handshake<ClientConfiguration>,
  { credential, scheme }: CredentialChoice,
): Steps<void> {
  const content = handshake.transcript.bytes();
  const { signature } = yield* ask({
    step: 'CertificateVerify',
    port: 'key-exchange',
    operation: 'sign',
    call: ({ keyExchange }, context) => keyExchange.sign({ keyId: credential.keyId, scheme, content }, context),
  });
  yield* send(handshake, { type: 'CertificateVerify', algorithm: scheme, signature });
}

/** What a server knows the session by that keeps it by itself. */
function sessionIdOf({ legacySessionIdEcho: sessionId }: ServerHello): ClientSession['handle'] | undefined {
  return sessionId.length === 0 ? undefined : { kind: 'session-id', sessionId };
}
