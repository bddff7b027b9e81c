import { randomBytes } from 'node:crypto';
import type { BlankTicket, BlankTicketsAnswer, BlankTicketsRequest, SessionManager } from '@handfast/sessions';
import type { Answer, AskContext } from '@handfast/wire';

/** As many as one answer of the port has. */
const stock = 16;

/**
 * Asks a session manager for blank tickets in advance, so that a server has them where it needs them. Without, tickets that
 * come over a bus may come after the answer to what the client has said, and the runner may be gone by then.
 */
export async function withTicketStock(inner: SessionManager): Promise<SessionManager> {
  const tickets: BlankTicket[] = [...(await inner.blankTickets({ count: stock }, inAdvance())).tickets];
  return {
    note: (entry) => inner.note(entry),
    handshakes: (context) => inner.handshakes(context),
    blankTickets: (request: BlankTicketsRequest, context: AskContext): Answer<BlankTicketsAnswer> =>
      tickets.length < request.count
        ? inner.blankTickets(request, context)
        : { tickets: tickets.splice(0, request.count) },
    resume: (request, context) => inner.resume(request, context),
    keep: (session) => inner.keep(session),
    recall: (request, context) => inner.recall(request, context),
  };
}

/** An ask that belongs to no handshake. */
function inAdvance(): AskContext {
  return {
    id: 'ticket-stock',
    deadline: Date.now() + 10_000,
    traceId: randomBytes(16),
    spanId: randomBytes(8),
    report: () => {},
    onCancel: () => {},
  };
}
