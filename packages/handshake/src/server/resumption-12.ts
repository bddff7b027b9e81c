import type { BlankTicket, ResumeAnswer, ResumeRequest } from '@handfast/sessions';
import { type ClientHello, findExtension, TlsError } from '@handfast/wire';
import { afterHandshake12 } from '../common/after-12.ts';
import { receiveFinished } from '../common/finished.ts';
import { type Handshake, ofLength, send } from '../common/handshake.ts';
import { masterSecretLength } from '../common/hellos.ts';
import { certificateOf } from '../common/peer.ts';
import { answerLimits12 } from '../common/record-limits-12.ts';
import { resumedPeer } from '../common/resumed-peer.ts';
import { blankTicket12, newSessionTicket12 } from '../common/session-12.ts';
import { decodeSessionState, type SessionState } from '../common/session-state.ts';
import { type Terms12, verifyData12 } from '../common/terms-12.ts';
import { traffic12 } from '../common/traffic-12.ts';
import type { ServerConfiguration } from '../configuration.ts';
import { type Ask, askAll, currentDate, type Machine, type Steps } from '../engine/effects.ts';
import { openConnection12 } from '../engine/open-connection.ts';
import type { ServerChoice12 } from './choice-12.ts';
import { answersOfConnection, offers, serverHello12 } from './hello-12.ts';
import { isWelcome } from './resumed-client.ts';

/** What became of a client's wish to resume a session. */
export interface Resumption12 {
  readonly session: SessionState | undefined;
  /** The ticket that was asked for beside it: to renew that of the session, or for a new one. */
  readonly blank: BlankTicket | undefined;
}

/** The session that the client offers to resume, by its ticket or its ID, if we know it and it is acceptable today. */
export function* findSession12(
  handshake: Handshake<ServerConfiguration>,
  hello: ClientHello,
  terms: Terms12,
): Steps<Resumption12> {
  const offered = offeredSession(handshake.configuration, hello);
  if (offered === undefined) return { session: undefined, blank: undefined };
  const [{ sessions }, blanks] = yield* askAll(
    resume(offered),
    offered.kind === 'ticket' ? blankTicket12('ClientHello') : undefined,
  );
  const blank = blanks?.tickets[0];
  const [found] = sessions;
  const session = found?.kind === 'resumption' ? decodeSessionState(found.state) : undefined;
  const date = yield* currentDate();
  if (session === undefined || !isAcceptable(handshake.configuration, hello, terms, session, date)) {
    return { session: undefined, blank };
  }
  if (session.extendedMasterSecret && !terms.extendedMasterSecret) {
    throw new TlsError(
      'extended-master-secret-missing',
      'the client resumes a session that has the extended master secret without it (RFC 7627 section 5.3)',
      { step: 'ClientHello' },
    );
  }
  return { session, blank: blank !== undefined && isHalfway(session, blank, date) ? blank : undefined };
}

/** Whether the client gets a ticket for its session, or else a session ID. */
export function takesTickets({ ticketCount }: ServerConfiguration, hello: ClientHello): boolean {
  return ticketCount > 0 && offers(hello, 'session_ticket');
}

function offeredSession(configuration: ServerConfiguration, hello: ClientHello): ResumeRequest['offered'] | undefined {
  if (configuration.resumption === 'off') return undefined;
  const isGivenTickets = takesTickets(configuration, hello);
  const ticket = isGivenTickets ? findExtension(hello.extensions, 'session_ticket') : undefined;
  if (ticket !== undefined && ticket.length > 0) return { kind: 'ticket', ticket };
  // A client of TLS 1.3 always sends an ID (RFC 8446 appendix D.4): we gave it none if it takes tickets.
  const isMadeUp = isGivenTickets && offers(hello, 'supported_versions');
  const sessionId = hello.legacySessionId;
  return isMadeUp || sessionId.length === 0 ? undefined : { kind: 'session-id', sessionId };
}

function resume(offered: ResumeRequest['offered']): Ask<ResumeAnswer> {
  return {
    step: 'ClientHello',
    port: 'session',
    operation: 'resume',
    call: ({ sessions }, context) => sessions.resume({ offered, earlyDataClaim: undefined }, context),
    otherwise: { sessions: [], earlyDataClaimed: false },
  };
}

/**
 * The suite must be the one that we would choose (RFC 5246 section 7.4.1.3), the name the same (RFC 6066 section 3), and
 * the client one whom we would let in. A session without the extended master secret is not resumed with it; where neither
 * has it, what depends on it is not given out: no renegotiation, no channel bindings, no keying material (RFC 7627
 * sections 5.3 and 5.4).
 */
function isAcceptable(
  configuration: ServerConfiguration,
  hello: ClientHello,
  terms: Terms12,
  session: SessionState,
  date: number,
): boolean {
  return (
    session.version === 'tls12' &&
    date < session.expires &&
    session.cipherSuite === terms.suite.code &&
    session.serverName === findExtension(hello.extensions, 'server_name') &&
    (session.extendedMasterSecret || !terms.extendedMasterSecret) &&
    isWelcome(configuration, session)
  );
}

/** Whether the ticket has lived half its life: then it is renewed (RFC 5077 section 3.3). */
function isHalfway({ issuedAt }: SessionState, { lifetime }: BlankTicket, date: number): boolean {
  return date - issuedAt > (lifetime * 1_000) / 2;
}

/** The abbreviated handshake as a server (RFC 5246 section 7.3, RFC 5077 section 3.1): our Finished comes first. */
export function* resumeAsServer12(
  handshake: Handshake<ServerConfiguration>,
  hello: ClientHello,
  { credential }: ServerChoice12,
  terms: Terms12,
  session: SessionState,
  renewed: BlankTicket | undefined,
): Machine {
  const { configuration, crypto } = handshake;
  const masterSecret = ofLength(session.secret, masterSecretLength, 'a master secret');
  const limits = answerLimits12(configuration, hello);
  yield { kind: 'negotiated', facts: { resumption: 'resumed' } };
  const client = yield* resumedPeer(handshake, session, { step: 'ClientHello' });

  const answers = answersOfConnection(hello, terms, renewed !== undefined);
  yield* send(handshake, serverHello12(terms, hello.legacySessionId, [...answers, ...limits.answers]));
  yield { kind: 'limit-records', reads: limits.reads, writes: limits.writes };
  if (renewed !== undefined) {
    const issuedAt = yield* currentDate();
    yield* send(handshake, newSessionTicket12(crypto, renewed, { ...session, peer: certificateOf(client), issuedAt }));
  }
  const traffic = traffic12(crypto, terms, masterSecret);
  yield { kind: 'send-change-cipher-spec' };
  yield { kind: 'protect', direction: 'writes', protection: traffic.server };
  const firstFinished = verifyData12(handshake, terms, masterSecret, 'server');
  yield* send(handshake, { type: 'Finished', verifyData: firstFinished });
  yield { kind: 'completed' };

  yield { kind: 'receive-change-cipher-spec' };
  yield { kind: 'protect', direction: 'reads', protection: traffic.client };
  yield* receiveFinished(handshake, 'tls12', verifyData12(handshake, terms, masterSecret, 'client'), client);
  const serverCertificate = credential.chain[0];
  yield {
    kind: 'open',
    connection: openConnection12({ crypto, ...terms, masterSecret, peer: client, serverCertificate, firstFinished }),
  };
  return afterHandshake12('server');
}
