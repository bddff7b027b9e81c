import type { TlsError } from '@handfast/wire';
import type { PeerCertificate } from '../common/peer.ts';
import type { Timeline } from '../timeline.ts';
import type { EarlyConnection, OpenConnection } from './effects.ts';

/** What a connection tells whoever runs it. */
export interface ConnectionEvents {
  /** Bytes for the peer: a whole flight, meant to be one socket write. */
  output(bytes: Uint8Array): void;
  /** The handshake is done: application data may flow. */
  open(connection: OpenConnection): void;
  /** Application data. The bytes belong to the receiver. */
  data(bytes: Uint8Array): void;
  /**
   * Early data may be written: by a client up to `earlyDataLeft` bytes, by a server without an end, but to a client that
   * has not proved itself yet.
   */
  openEarly?(connection: EarlyConnection): void;
  /** A server's early data: somebody may have sent it before (RFC 8446 section 8). Needed where maxEarlyData is above 0. */
  earlyData?(bytes: Uint8Array): void;
  /** What became of a client's early data. Rejected data has to be sent again after `open`, if at all. */
  earlyDataEnded?(outcome: 'accepted' | 'rejected'): void;
  /** The client has answered `requestClientCertificate`; undefined: without a certificate. */
  clientAuthenticated?(peer: PeerCertificate | undefined): void;
  /** The peer sent close_notify: it will send no more. */
  peerClosed(): void;
  /** The connection has failed, and has told the peer so where that makes sense. Nothing comes after this. */
  failed(error: TlsError): void;
  /** The handshake has moved on: it began, was completed, was confirmed, failed, or ended without a confirmation. */
  progress?(timeline: Timeline): void;
  /** A port that kept the connection waiting has answered: bytes may be read again (see `congested`). */
  ready?(): void;
}
