import type { CryptoProvider } from '@handfast/crypto';
import { type Answer, type AskContext, TlsError, toHex } from '@handfast/wire';
import { maximumIdentities, maximumTickets } from './bounds.ts';
import { claimLifetime, type EarlyDataClaims, LocalEarlyDataClaims } from './early-data-claims.ts';
import { type ConfiguredPsk, ExternalPsks } from './external-psks.ts';
import { HandshakeRegistry } from './handshake-registry.ts';
import { KeptSessions } from './kept-sessions.ts';
import type {
  BlankTicket,
  BlankTicketsAnswer,
  BlankTicketsRequest,
  HandshakeEntry,
  KeptSession,
  RecalledPsk,
  RecallRequest,
  ResumableSession,
  ResumeAnswer,
  ResumeRequest,
  SessionManager,
} from './port.ts';
import { openTicket } from './ticket.ts';
import { TicketKeys } from './ticket-keys.ts';

/** Of a client's sessions with one server. */
const sessionsPerServer = 8;
/** `opaque session_id<0..32>`; the empty one stands for none (RFC 5246 section 7.4.1.2). */
const maximumSessionIdLength = 32;

export interface LocalSessionManagerOptions {
  readonly crypto: CryptoProvider;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  /** How many handshakes are remembered, living and ended together. By default 20,000. */
  readonly capacity?: number | undefined;
  /**
   * 32 bytes or more, that all replicas share and nobody else has: then each opens the tickets of every other, and those
   * from before a restart. Absent, tickets are worth something for as long as this object lives.
   */
  readonly ticketSecret?: Uint8Array | undefined;
  /** Seconds for which a ticket can be used, at most 604,800 (seven days). By default 7,200. */
  readonly ticketLifetime?: number | undefined;
  /** Seconds after which the next ticket key takes over. By default 3,600. Replicas must have the same. */
  readonly ticketKeyRotation?: number | undefined;
  /** Where ClientHellos with early data are remembered. By default in memory: right for one replica, not for several. */
  readonly earlyDataClaims?: EarlyDataClaims | undefined;
  /** Pre-shared keys from outside TLS: what a server accepts, and what a client offers. */
  readonly externalPsks?: readonly ConfiguredPsk[] | undefined;
  /** Bytes for the sessions that servers keep by their ID, and as many for those that clients keep. By default 32 MiB. */
  readonly sessionMemory?: number | undefined;
}

/** The port in memory. It answers at once, as long as its early data claims do. */
export class LocalSessionManager implements SessionManager {
  readonly #crypto: CryptoProvider;
  readonly #now: () => number;
  readonly #registry: HandshakeRegistry;
  readonly #ticketKeys: TicketKeys;
  readonly #claims: EarlyDataClaims;
  readonly #claimsFrom: number;
  readonly #externalPsks: ExternalPsks;
  readonly #sessionsById: KeptSessions;
  readonly #sessionsByServer: KeptSessions;

  /** @throws TlsError `configuration-invalid` for a secret or a PSK that is too short, or a time out of its bounds. */
  constructor(options: LocalSessionManagerOptions) {
    const { crypto, now, ticketSecret, capacity = 20_000, sessionMemory: memory = 2 ** 25 } = options;
    this.#crypto = crypto;
    this.#now = now;
    this.#registry = new HandshakeRegistry(capacity);
    this.#ticketKeys = new TicketKeys({
      crypto,
      now,
      secret: ticketSecret ?? crypto.randomBytes(32),
      lifetime: options.ticketLifetime ?? 7_200,
      rotation: options.ticketKeyRotation ?? 3_600,
    });
    this.#claims = options.earlyDataClaims ?? new LocalEarlyDataClaims({ now });
    // Hellos from before the claims began may be replayed, if their tickets open here (RFC 8446 section 8.2).
    this.#claimsFrom = ticketSecret === undefined ? Number.NEGATIVE_INFINITY : this.#claims.since + claimLifetime;
    this.#externalPsks = new ExternalPsks(crypto, options.externalPsks ?? []);
    this.#sessionsById = new KeptSessions({ crypto, now, perKey: 1, memory });
    this.#sessionsByServer = new KeptSessions({ crypto, now, perKey: sessionsPerServer, memory });
  }

  note(entry: HandshakeEntry): void {
    this.#registry.note(entry);
  }

  handshakes(): readonly HandshakeEntry[] {
    return this.#registry.entries();
  }

  /** @throws TlsError `service-failed` where more are asked for than one answer holds. */
  blankTickets({ count }: BlankTicketsRequest): BlankTicketsAnswer {
    if (count > maximumTickets) throw new TlsError('service-failed', `${count} tickets, allowed are ${maximumTickets}`);
    return { tickets: Array.from({ length: count }, () => this.#blankTicket()) };
  }

  resume({ offered, earlyDataClaim }: ResumeRequest, context: AskContext): Answer<ResumeAnswer> {
    const sessions = this.#resumable(offered);
    // Early data is under the first PSK (RFC 8446 section 4.2.10); replays of other PSKs' hellos are not told apart.
    const mayClaim = offered.kind === 'psk' && sessions[0]?.kind === 'resumption' && sessions[0].index === 0;
    if (earlyDataClaim === undefined || !mayClaim) return { sessions, earlyDataClaimed: false };
    const claimed = this.#claim(earlyDataClaim, context);
    if (!(claimed instanceof Promise)) return { sessions, earlyDataClaimed: claimed };
    return claimed.then((earlyDataClaimed) => ({ sessions, earlyDataClaimed }));
  }

  keep({ under, state, expires }: KeptSession): void {
    if (under.kind === 'server') this.#sessionsByServer.keep(under.server, state, expires);
    else if (isSessionId(under.sessionId)) this.#sessionsById.keep(toHex(under.sessionId), state, expires);
  }

  recall({ server, count }: RecallRequest): readonly RecalledPsk[] {
    const states = this.#sessionsByServer.take(server, count);
    const psks = this.#externalPsks.for(server);
    return [
      ...states.map((state) => ({ kind: 'resumption' as const, state })),
      ...psks.map((psk) => ({ kind: 'external' as const, psk })),
    ];
  }

  #blankTicket(): BlankTicket {
    return { ...this.#ticketKeys.make(), lifetime: this.#ticketKeys.lifetime };
  }

  #resumable(offered: ResumeRequest['offered']): readonly ResumableSession[] {
    switch (offered.kind) {
      case 'psk':
        return offered.identities
          .slice(0, maximumIdentities)
          .map((identity, index) => this.#pskSession(identity, index))
          .filter((session) => session !== undefined);
      case 'ticket':
        return sessionsOf(this.#stateIn(offered.ticket));
      case 'session-id':
        return sessionsOf(
          isSessionId(offered.sessionId) ? this.#sessionsById.newest(toHex(offered.sessionId)) : undefined,
        );
    }
  }

  #pskSession(identity: Uint8Array, index: number): ResumableSession | undefined {
    const state = this.#stateIn(identity);
    if (state !== undefined) return { kind: 'resumption', index, state };
    const psk = this.#externalPsks.find(identity);
    return psk && { kind: 'external', index, psk };
  }

  #stateIn(ticket: Uint8Array): Uint8Array | undefined {
    return openTicket(this.#crypto, (wrappedKey) => this.#ticketKeys.unwrap(wrappedKey), ticket);
  }

  /** False also where the claims fail: early data is refused then, and the handshake goes on. */
  #claim(earlyDataClaim: Uint8Array, context: AskContext): Answer<boolean> {
    if (!(this.#now() >= this.#claimsFrom)) return false;
    const id = toHex(this.#crypto.hash('sha256', earlyDataClaim));
    try {
      const claimed = this.#claims.claim(id, context);
      return claimed instanceof Promise ? claimed.catch(() => false) : claimed;
    } catch {
      return false;
    }
  }
}

function isSessionId({ length }: Uint8Array): boolean {
  return length > 0 && length <= maximumSessionIdLength;
}

function sessionsOf(state: Uint8Array | undefined): readonly ResumableSession[] {
  return state === undefined ? [] : [{ kind: 'resumption', index: 0, state }];
}
