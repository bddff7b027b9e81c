import type { CryptoProvider } from '@handfast/crypto';
import { type CipherSuiteParameters, resumptionPsk } from '@handfast/key-exchange';
import { findExtension, type NewSessionTicket13 } from '@handfast/wire';
import { type PeerCertificate, trustedUntil } from '../common/peer.ts';
import { encodeClientSession } from '../common/session-state.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { currentDate, type Steps } from '../engine/effects.ts';

/** What a client needs to keep the sessions that a server's tickets stand for (RFC 8446 section 4.6.1). */
export interface TicketKeeping {
  readonly crypto: CryptoProvider;
  readonly suite: CipherSuiteParameters;
  /** resumption_master_secret. */
  readonly resumptionSecret: Uint8Array;
  readonly sessionsWith: string;
  readonly serverName: string;
  readonly applicationProtocol: string | undefined;
  readonly server: PeerCertificate | undefined;
  /** When the server must prove itself anew: milliseconds since the Unix epoch. */
  readonly expires: number;
}

/** In seconds; for one ticket, and for all that follow from one full handshake. */
const longestLifetime = 604_800;

/** Until when sessions may follow from a full handshake of that date, with a server of that certificate. */
export function sessionsExpire(date: number, server: PeerCertificate | undefined): number {
  return Math.min(date + longestLifetime * 1000, trustedUntil(server));
}

/** Whom we do not trust we do not resume with: a session would be taken for trusted. */
export function keepsSessions({ resumption }: ClientConfiguration, server: PeerCertificate | undefined): boolean {
  return resumption === 'on' && (server === undefined || server.verdict.trusted);
}

/** Keeps the session that a ticket stands for. */
export function* keepTicket(keeping: TicketKeeping, message: NewSessionTicket13): Steps<void> {
  const { ticketLifetime, ticketAgeAdd, ticketNonce, ticket, extensions } = message;
  // "The value of zero indicates that the ticket should be discarded immediately."
  if (ticketLifetime === 0) return;
  const { crypto, suite, server, serverName, applicationProtocol, sessionsWith } = keeping;
  const issuedAt = yield* currentDate();
  const lifetime = Math.min(ticketLifetime, longestLifetime) * 1000;
  const state = encodeClientSession({
    version: 'tls13',
    cipherSuite: suite.code,
    secret: resumptionPsk(crypto, suite.hash, keeping.resumptionSecret, ticketNonce),
    extendedMasterSecret: false,
    issuedAt,
    expires: keeping.expires,
    ageAdd: ticketAgeAdd,
    serverName,
    applicationProtocol,
    maxEarlyData: findExtension(extensions, 'early_data') ?? 0,
    peer: server,
    handle: { kind: 'ticket', ticket },
  });
  const expires = Math.min(issuedAt + lifetime, keeping.expires);
  yield {
    kind: 'tell',
    tell: ({ sessions }) => sessions.keep({ under: { kind: 'server', server: sessionsWith }, state, expires }),
  };
}
