import type { HandshakeEntry, SessionManager } from '@handfast/sessions';
import type { Answer, AskContext } from '@handfast/wire';
import type { Bus } from './bus.ts';
import { handshakesCodec, noteCodec } from './codecs/sessions.ts';
import { RemoteService } from './remote-service.ts';

/** How long notes may wait for others to go with them, in milliseconds. */
const noteDelay = 10;
const maximumNotes = 256;

/**
 * The SessionManager port of whoever hosts it on the bus. Notes are gathered for a moment and go out together, off the
 * handshake's path; `handshakes` sends those that wait first, so that an asker finds what it noted.
 */
export class RemoteSessionManager implements SessionManager {
  readonly #service: RemoteService;
  #notes: HandshakeEntry[] = [];

  constructor(bus: Bus) {
    this.#service = new RemoteService(bus, 'session');
  }

  note(entry: HandshakeEntry): void {
    this.#notes.push(entry);
    if (this.#notes.length === 1) setTimeout(() => this.flush(), noteDelay).unref();
    else if (this.#notes.length >= maximumNotes) this.flush();
  }

  handshakes(context: AskContext): Answer<readonly HandshakeEntry[]> {
    this.flush();
    return this.#service.ask('handshakes', handshakesCodec, undefined, context);
  }

  /** Sends the notes that wait. */
  flush(): void {
    if (this.#notes.length === 0) return;
    const notes = this.#notes;
    this.#notes = [];
    this.#service.publish('note', noteCodec.encode(notes));
  }
}
