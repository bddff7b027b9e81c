import type {
  BlankTicketsAnswer,
  BlankTicketsRequest,
  HandshakeEntry,
  KeptSession,
  RecalledPsk,
  RecallRequest,
  ResumeAnswer,
  ResumeRequest,
  SessionManager,
} from '@handfast/sessions';
import type { Answer, AskContext } from '@handfast/wire';
import type { Bus } from './bus.ts';
import { blankTicketsCodec, keepCodec, recallCodec, resumeCodec } from './codecs/resumption.ts';
import { handshakesCodec, noteCodec } from './codecs/sessions.ts';
import { RemoteService } from './remote-service.ts';

/** How long notes may wait for others to go with them, in milliseconds. */
const noteDelay = 10;
const maximumNotes = 256;

/**
 * The SessionManager port of whoever hosts it on the bus. Notes are gathered for a moment and go out together, off the
 * handshake's path; `handshakes` sends those that wait first, so that an asker finds what it noted. Sessions are kept by
 * every instance of the service.
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

  blankTickets(request: BlankTicketsRequest, context: AskContext): Answer<BlankTicketsAnswer> {
    return this.#service.ask('blankTickets', blankTicketsCodec, request, context);
  }

  resume(request: ResumeRequest, context: AskContext): Answer<ResumeAnswer> {
    return this.#service.ask('resume', resumeCodec, request, context);
  }

  keep(session: KeptSession): void {
    this.#service.publish('keep', keepCodec.encode(session));
  }

  recall(request: RecallRequest, context: AskContext): Answer<readonly RecalledPsk[]> {
    const psks = this.#service.ask('recall', recallCodec, request, context);
    if (!(psks instanceof Promise)) return this.#givenOut(request, psks);
    return psks.then((recalled) => this.#givenOut(request, recalled));
  }

  /** Sends the notes that wait. */
  flush(): void {
    if (this.#notes.length === 0) return;
    const notes = this.#notes;
    this.#notes = [];
    this.#service.publish('note', noteCodec.encode(notes));
  }

  /** Has the sessions forgotten by the instances that did not answer: each is given out once. */
  #givenOut({ server }: RecallRequest, psks: readonly RecalledPsk[]): readonly RecalledPsk[] {
    for (const psk of psks) {
      if (psk.kind === 'resumption') this.keep({ under: { kind: 'server', server }, state: psk.state, expires: 0 });
    }
    return psks;
  }
}
