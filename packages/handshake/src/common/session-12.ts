import type { CryptoProvider } from '@handfast/crypto';
import { type BlankTicket, type BlankTicketsAnswer, fillTicket, maximumTicketLength } from '@handfast/sessions';
import type { NewSessionTicket12 } from '@handfast/wire';
import type { Ask } from '../engine/effects.ts';
import { type PeerCertificate, trustedUntil } from './peer.ts';
import { encodeSessionState, type SessionState } from './session-state.ts';
import type { Terms12 } from './terms-12.ts';

/** Sessions of TLS 1.2, as both sides remember them. */

/** RFC 5246 section F.1.4: "An upper limit of 24 hours is suggested". In milliseconds. */
const longestSession = 24 * 60 * 60 * 1_000;

/** What a full handshake leaves behind. It outlives neither the longest session nor the certificate of the peer. */
export function sessionState12(
  { suite, extendedMasterSecret, applicationProtocol }: Terms12,
  masterSecret: Uint8Array,
  peer: PeerCertificate | undefined,
  serverName: string | undefined,
  date: number,
): SessionState {
  return {
    version: 'tls12',
    cipherSuite: suite.code,
    secret: masterSecret,
    extendedMasterSecret,
    issuedAt: date,
    expires: Math.min(date + longestSession, trustedUntil(peer)),
    ageAdd: 0,
    serverName,
    applicationProtocol,
    maxEarlyData: 0,
    peer,
  };
}

/** A handshake does without a ticket where there is none to be had. */
export function blankTicket12(step: 'ClientHello' | 'ClientKeyExchange'): Ask<BlankTicketsAnswer> {
  return {
    step,
    port: 'session',
    operation: 'blankTickets',
    call: ({ sessions }, context) => sessions.blankTickets({ count: 1 }, context),
    otherwise: { tickets: [] },
  };
}

/**
 * The ticket of a session. One of no bytes says that there is none after all (RFC 5077 section 3.3): for want of a blank
 * one, or because the client's chain is so long that it would not fit.
 */
export function newSessionTicket12(
  crypto: CryptoProvider,
  blank: BlankTicket | undefined,
  session: SessionState,
): NewSessionTicket12 {
  const state = encodeSessionState(session);
  if (blank === undefined || blank.wrappedKey.length + state.length > roomInTicket) {
    return { type: 'NewSessionTicket', version: 'tls12', ticketLifetimeHint: 0, ticket: new Uint8Array(0) };
  }
  const left = Math.floor((session.expires - session.issuedAt) / 1_000);
  return {
    type: 'NewSessionTicket',
    version: 'tls12',
    ticketLifetimeHint: Math.min(blank.lifetime, left),
    ticket: fillTicket(crypto, blank, state),
  };
}

/** Some of a ticket is its own. */
const roomInTicket = maximumTicketLength - 64;
