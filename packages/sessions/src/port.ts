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
}

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
