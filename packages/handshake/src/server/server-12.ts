import type { Verdict } from '@handfast/certificates';
import {
  ClientCertificateType,
  type ClientHello,
  findExtension,
  NamedGroup,
  nameOf,
  SignatureScheme,
  TlsError,
} from '@handfast/wire';
import { afterHandshake12 } from '../common/after-12.ts';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, ofLength, receive, send } from '../common/handshake.ts';
import { checkCompression, checkPointFormats, masterSecretLength } from '../common/hellos.ts';
import { accept, certificateOf, chainValidation, type PeerAuthentication, provePossession } from '../common/peer.ts';
import { answerLimits12 } from '../common/record-limits-12.ts';
import { blankTicket12, newSessionTicket12, sessionState12 } from '../common/session-12.ts';
import { encodeSessionState, type SessionState } from '../common/session-state.ts';
import { derivation12, factsOf12, verifyData12 } from '../common/terms-12.ts';
import { traffic12 } from '../common/traffic-12.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { askAll, currentDate, type Machine, type Steps } from '../engine/effects.ts';
import { openConnection12 } from '../engine/open-connection.ts';
import type { Negotiated } from '../timeline.ts';
import { chooseForServer12, type ServerChoice12 } from './choice-12.ts';
import { beginServerExchange12 } from './exchange-12.ts';
import {
  answersOfConnection,
  answersOfSession,
  checkFirstHandshake,
  serverHello12,
  serverTerms12,
  stapledResponse,
} from './hello-12.ts';
import { findSession12, resumeAsServer12, takesTickets } from './resumption-12.ts';

/** The TLS 1.2 handshake as a server: the thirteen messages of design section 2 (RFC 5246 section 7.3). */
export function* serverHandshake12(handshake: Handshake<ServerConfiguration>, hello: ClientHello): Machine {
  const { configuration, crypto, transcript } = handshake;
  checkCompression(hello, 'tls12');
  checkFirstHandshake(hello);
  checkPointFormats(findExtension(hello.extensions, 'ec_point_formats'), 'ClientHello');
  const choice = chooseForServer12(configuration, hello);
  const terms = serverTerms12(handshake, hello, choice);
  transcript.hashWith(terms.suite.hash);
  yield { kind: 'negotiated', facts: factsOf12(terms) };
  const { session, blank } = yield* findSession12(handshake, hello, terms);
  if (session !== undefined) return yield* resumeAsServer12(handshake, hello, choice, terms, session, blank);

  const { credential } = choice;
  yield { kind: 'negotiated', facts: { resumption: 'full', serverChain: credential.chain, ...exchangeFacts(choice) } };
  const remembered = howRemembered(handshake, hello);
  const limits = answerLimits12(configuration, hello);
  yield* send(
    handshake,
    serverHello12(terms, remembered.sessionId, [
      ...answersOfConnection(hello, terms, remembered.by === 'ticket'),
      ...answersOfSession(configuration, hello, choice),
      ...limits.answers,
    ]),
  );
  yield { kind: 'limit-records', reads: limits.reads, writes: limits.writes };
  yield* send(handshake, { type: 'Certificate', version: 'tls12', certificateList: credential.chain });
  const response = stapledResponse(hello, credential);
  if (response !== undefined) yield* send(handshake, { type: 'CertificateStatus', response });
  const exchange = yield* beginServerExchange12(choice, hello, terms);
  if (exchange.serverKeyExchange !== undefined) yield* send(handshake, exchange.serverKeyExchange);
  if (configuration.clientAuthentication !== 'none') {
    yield* send(handshake, {
      type: 'CertificateRequest',
      version: 'tls12',
      certificateTypes: [ClientCertificateType.ecdsa_sign, ClientCertificateType.rsa_sign],
      supportedSignatureAlgorithms: configuration.signatureSchemes,
      certificateAuthorities: configuration.authorities,
    });
  }
  yield* send(handshake, { type: 'ServerHelloDone' });

  const chain = yield* receiveClientChain(handshake);
  const { exchangeKeys } = yield* receive(handshake, 'tls12', 'ClientKeyExchange');
  // Neither the verdict on the client's chain nor the ticket depends on the secret: all are asked for at once.
  const [{ secret }, verdict, blanks] = yield* askAll(
    exchange.masterSecret(exchangeKeys, derivation12(handshake, terms)),
    chain && chainValidation(handshake, chain, { step: 'ClientKeyExchange' }),
    remembered.by === 'ticket' && blank === undefined ? blankTicket12('ClientKeyExchange') : undefined,
  );
  const masterSecret = ofLength(secret, masterSecretLength, 'a master secret');
  const client = yield* authenticateClient(handshake, chain, verdict);

  const traffic = traffic12(crypto, terms, masterSecret);
  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: traffic.client };
  const firstFinished = verifyData12(handshake, terms, masterSecret, 'client');
  yield* receiveFinished(handshake, 'tls12', firstFinished, client);

  const serverName = findExtension(hello.extensions, 'server_name');
  const left = sessionState12(terms, masterSecret, certificateOf(client), serverName, yield* currentDate());
  if (remembered.by === 'ticket') {
    yield* send(handshake, newSessionTicket12(crypto, blank ?? blanks?.tickets[0], left));
  }
  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: traffic.server };
  yield* send(handshake, { type: 'Finished', verifyData: verifyData12(handshake, terms, masterSecret, 'server') });
  yield { kind: 'completed' };
  if (remembered.by === 'session-id') yield* keep(remembered.sessionId, left);
  const serverCertificate = credential.chain[0];
  yield {
    kind: 'open',
    connection: openConnection12({ crypto, ...terms, masterSecret, peer: client, serverCertificate, firstFinished }),
  };
  return afterHandshake12('server');
}

function exchangeFacts({ exchange }: ServerChoice12): Negotiated {
  if (exchange.kind === 'key-transport') return {};
  return {
    group: nameOf(NamedGroup, exchange.group),
    serverSignatureScheme: nameOf(SignatureScheme, exchange.scheme),
  };
}

/** How the session of a full handshake may be resumed. */
interface Remembrance {
  readonly by: 'ticket' | 'session-id' | 'nothing';
  /** For ServerHello: empty, but where it is what the session is known by (RFC 5077 section 3.4). */
  readonly sessionId: Uint8Array;
}

function howRemembered({ configuration, crypto }: Handshake<ServerConfiguration>, hello: ClientHello): Remembrance {
  if (configuration.resumption === 'off') return { by: 'nothing', sessionId: nothing };
  if (takesTickets(configuration, hello)) return { by: 'ticket', sessionId: nothing };
  return { by: 'session-id', sessionId: crypto.randomBytes(32) };
}

const nothing = new Uint8Array(0);

/** Keeps a session for the client that comes back with its ID. */
function* keep(sessionId: Uint8Array, session: SessionState): Steps<void> {
  const kept = { under: { kind: 'session-id', sessionId }, state: encodeSessionState(session) } as const;
  yield { kind: 'tell', tell: ({ sessions }) => sessions.keep({ ...kept, expires: session.expires }) };
}

/** The client's chain; undefined where none was asked for or, if that is acceptable, none came. */
function* receiveClientChain(handshake: Handshake<ServerConfiguration>): Steps<readonly Uint8Array[] | undefined> {
  const { clientAuthentication } = handshake.configuration;
  if (clientAuthentication === 'none') {
    yield { kind: 'negotiated', facts: { clientCertificate: 'not-requested' } };
    return undefined;
  }
  const { certificateList } = yield* receive(handshake, 'tls12', 'Certificate');
  const presented = certificateList.length > 0;
  yield { kind: 'negotiated', facts: { clientCertificate: presented ? 'presented' : 'absent' } };
  if (presented) return certificateList;
  if (clientAuthentication === 'optional') return undefined;
  // TLS 1.2 has no certificate_required (RFC 5246 section 7.4.6).
  throw new TlsError('certificate-required', 'the client presented no certificate', {
    step: 'Certificate',
    alert: 'handshake_failure',
  });
}

/** Enforces the verdict on the client's chain, and has the client prove that it is its own. */
function* authenticateClient(
  handshake: Handshake,
  chain: readonly Uint8Array[] | undefined,
  verdict: Verdict | undefined,
): Steps<PeerAuthentication> {
  if (chain === undefined) return 'without-certificate';
  if (verdict === undefined) throw new TlsError('service-reply-invalid', 'no verdict on the chain of the client');
  const peer = yield* accept(handshake, chain, verdict);
  // RFC 5246 section 7.4.8: over all handshake messages up to, and not with, this one.
  const content = handshake.transcript.bytes();
  const { algorithm: scheme, signature } = yield* receive(handshake, 'tls12', 'CertificateVerify');
  yield { kind: 'negotiated', facts: { clientSignatureScheme: nameOf(SignatureScheme, scheme) } };
  return provePossession(handshake, 'tls12', peer, { scheme, content, signature }, 'CertificateVerify');
}
