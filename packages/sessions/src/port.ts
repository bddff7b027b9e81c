import type { Answer, AskContext } from '@handfast/wire';

/** The SessionManager port: whoever implements it remembers connections beyond one gateway. */
export interface SessionManager {
  /**
   * Notes a change in a handshake's state in the registry of live handshakes. Off the critical path: nobody waits for it,
   * and its loss loses no handshake.
   */
  note(entry: HandshakeEntry): void;
  /** The handshakes that are alive or have just ended, newest first. */
  handshakes(context: AskContext): Answer<readonly HandshakeEntry[]>;

  /** A server's tickets-to-be. They do not depend on the handshake, so they can be asked for while something else is awaited. */
  blankTickets(request: BlankTicketsRequest, context: AskContext): Answer<BlankTicketsAnswer>;
  /** A server's look into what a client offers to resume, and its claim to early data: one round trip. */
  resume(request: ResumeRequest, context: AskContext): Answer<ResumeAnswer>;
  /**
   * Keeps a session under a key until it expires: nobody waits for it, and its loss costs a full handshake. Of a session ID
   * the last one is kept. The same session again takes the place of the first: with a time that has passed, it is forgotten.
   */
  keep(session: KeptSession): void;
  /** A client's sessions with a server, the newest first, each given out once; then the external PSKs, if there are any. */
  recall(request: RecallRequest, context: AskContext): Answer<readonly RecalledPsk[]>;
}

export interface BlankTicketsRequest {
  /** At most 16. */
  readonly count: number;
}

export interface BlankTicketsAnswer {
  readonly tickets: readonly BlankTicket[];
}

/**
 * A ticket that is still empty: a key for one session's state, and the same key wrapped under the ticket keys, which
 * never leave their service. `fillTicket` makes the ticket of it.
 */
export interface BlankTicket {
  /** 32 bytes; secret; used once. */
  readonly key: Uint8Array;
  readonly wrappedKey: Uint8Array;
  /** Seconds, at most 604,800 (RFC 8446 section 4.6.1), after which `resume` will not open it any more. */
  readonly lifetime: number;
}

export interface ResumeRequest {
  /**
   * What the client offers: the identities of its pre_shared_key, its session_ticket, or its session ID. Of many only the
   * first few are looked at.
   */
  readonly offered:
    | { readonly kind: 'psk'; readonly identities: readonly Uint8Array[] }
    | { readonly kind: 'ticket'; readonly ticket: Uint8Array }
    | { readonly kind: 'session-id'; readonly sessionId: Uint8Array };
  /**
   * With early data: what tells this ClientHello from every other (its first binder), to be remembered as long as the
   * hello could be taken for fresh (RFC 8446 section 8.2). Undefined where no early data is to be accepted.
   */
  readonly earlyDataClaim: Uint8Array | undefined;
}

export interface ResumeAnswer {
  /** Those that could be opened and have not expired, in the client's order. */
  readonly sessions: readonly ResumableSession[];
  /** True where this ClientHello was never claimed before, by any gateway. False also where that cannot be told. */
  readonly earlyDataClaimed: boolean;
}

export type ResumableSession =
  | {
      readonly kind: 'resumption';
      /** Place in `identities`; 0 for a ticket or a session ID. */
      readonly index: number;
      /** As it was put into the ticket, or kept. */
      readonly state: Uint8Array;
    }
  | { readonly kind: 'external'; readonly index: number; readonly psk: ExternalPsk };

/** A pre-shared key from outside TLS (RFC 8446 section 2.2), of sufficient entropy (RFC 9257). */
export interface ExternalPsk {
  readonly identity: Uint8Array;
  /** Secret. */
  readonly key: Uint8Array;
  readonly hash: 'sha256' | 'sha384';
  /** What its binder says of it: that it is used as it is, or that it was imported (RFC 9258 section 5.2). */
  readonly binder: 'external' | 'imported';
}

export interface KeptSession {
  /** A server's session ID, or what a client knows the server by. */
  readonly under:
    | { readonly kind: 'session-id'; readonly sessionId: Uint8Array }
    | { readonly kind: 'server'; readonly server: string };
  /** Opaque here; secret. */
  readonly state: Uint8Array;
  /** Milliseconds since the Unix epoch. */
  readonly expires: number;
}

export interface RecallRequest {
  /** What the client knows the server by: the key under which it kept its sessions. */
  readonly server: string;
  /** At most so many sessions. */
  readonly count: number;
}

export type RecalledPsk =
  | { readonly kind: 'resumption'; readonly state: Uint8Array }
  | { readonly kind: 'external'; readonly psk: ExternalPsk };

/**
 * `completed`: our Finished is done and the peer's is verified. `confirmed`: the peer has proved that it accepts the
 * handshake (its first valid application data or close_notify). `failed` may follow any state but `confirmed`.
 */
export type HandshakeState = 'started' | 'completed' | 'confirmed' | 'failed' | 'closed';

export interface HandshakeEntry {
  /** Lower-case hex; unique to this end of this handshake: its root span. */
  readonly id: string;
  /** Lower-case hex; made of the ClientHello: both ends have it, and a client may well use it again. */
  readonly traceId: string;
  readonly role: 'client' | 'server';
  /** The gateway that owns the connection. */
  readonly gateway: string;
  readonly state: HandshakeState;
  /** Milliseconds since the Unix epoch: when this state was entered. */
  readonly at: number;
  /** `TLS 1.2` or `TLS 1.3` once chosen. */
  readonly protocol: string | undefined;
  readonly cipherSuite: string | undefined;
  readonly serverName: string | undefined;
  /** Subject of the peer's validated certificate, if it presented one. */
  readonly identity: string | undefined;
  /** Why it failed: the reason's name. */
  readonly reason: string | undefined;
}
