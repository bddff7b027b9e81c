import type { KeptSession, SessionManager } from '@handfast/sessions';
import type { Settings } from './arguments.ts';

/** Sessions, with the count of those that a client has kept; without tickets, where a server is to run out of them. */
export class CountedSessions implements SessionManager {
  readonly note: SessionManager['note'];
  readonly handshakes: SessionManager['handshakes'];
  readonly blankTickets: SessionManager['blankTickets'];
  readonly resume: SessionManager['resume'];
  readonly recall: SessionManager['recall'];
  readonly #inner: SessionManager;
  kept = 0;

  constructor(inner: SessionManager, settings: Settings) {
    this.#inner = inner;
    this.note = (entry) => inner.note(entry);
    this.handshakes = (context) => inner.handshakes(context);
    this.blankTickets = (request, context) =>
      settings['-skip-ticket'] ? { tickets: [] } : inner.blankTickets(request, context);
    this.resume = (request, context) => inner.resume(request, context);
    this.recall = (request, context) => inner.recall(request, context);
  }

  keep(session: KeptSession): void {
    if (session.under.kind === 'server') this.kept += 1;
    this.#inner.keep(session);
  }
}
