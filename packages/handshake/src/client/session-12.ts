import type { NewSessionTicket12 } from '@handfast/wire';
import type { Handshake } from '../common/handshake.ts';
import { type ClientSession, encodeClientSession, type SessionState } from '../common/session-state.ts';
import type { ClientConfiguration } from '../configuration.ts';
import { currentDate, type Steps } from '../engine/effects.ts';

/**
 * Keeps a session for the next connection with this server: by the ticket that was just issued, or else by what it is
 * known by anyway. A session with a server that is not trusted is not kept.
 * @param known its session ID, or the ticket that was taken once more and not renewed.
 */
export function* keepSession12(
  { configuration }: Handshake<ClientConfiguration>,
  session: SessionState,
  issued: NewSessionTicket12 | undefined,
  known: ClientSession['handle'] | undefined,
): Steps<void> {
  const { resumption, sessionsWith: server } = configuration;
  // RFC 5077 section 3.3: no bytes, no ticket.
  const fresh = issued !== undefined && issued.ticket.length > 0 ? issued : undefined;
  const handle = fresh === undefined ? known : ({ kind: 'ticket', ticket: fresh.ticket } as const);
  if (resumption === 'off' || handle === undefined || session.peer?.verdict.trusted !== true) return;
  const date = yield* currentDate();
  const issuedAt = fresh === undefined ? session.issuedAt : date;
  const state = encodeClientSession({ ...session, handle, issuedAt });
  // A hint of 0 says nothing.
  const lifetime =
    fresh === undefined || fresh.ticketLifetimeHint === 0 ? Number.POSITIVE_INFINITY : fresh.ticketLifetimeHint;
  const expires = Math.min(session.expires, date + lifetime * 1_000);
  yield { kind: 'tell', tell: ({ sessions }) => sessions.keep({ under: { kind: 'server', server }, state, expires }) };
}
