import type { AlertName, MessageName, Reason, ServiceWork } from '@handfast/wire';

/**
 * What happened in one handshake at one endpoint, as plain data: the machine writes it, telemetry makes spans of it, the
 * command line draws it. Times are milliseconds since the Unix epoch with fractions; durations are milliseconds.
 */
export interface Timeline {
  readonly role: 'client' | 'server';
  /** Unset until the ClientHello is known: a connection may fail before. */
  readonly clientRandom: Uint8Array | undefined;
  /** 16 bytes, derived from the client random; random where there was no ClientHello. */
  readonly traceId: Uint8Array;
  /** 8 bytes: the span of the whole handshake. */
  readonly spanId: Uint8Array;
  readonly startedAt: number;
  readonly state: 'started' | 'completed' | 'confirmed' | 'failed';
  readonly completedAt: number | undefined;
  readonly confirmedAt: number | undefined;
  /** When nothing can change any more: confirmed, failed, or closed in silence. */
  readonly endedAt: number | undefined;
  readonly steps: readonly Step[];
  readonly alerts: readonly AlertRecord[];
  readonly failure: Failure | undefined;
  readonly negotiated: Negotiated;
  /** Unset until the ClientHello is known. */
  readonly offered: Offered | undefined;
}

/** What the ClientHello offers, by the names of the registries, in its order. */
export interface Offered {
  readonly versions: readonly string[];
  readonly cipherSuites: readonly string[];
  readonly groups: readonly string[];
  readonly applicationProtocols: readonly string[];
}

/** What the two sides agreed on, as far as it is known yet. Names are those of the IANA registries. */
export interface Negotiated {
  readonly protocol?: 'TLS 1.2' | 'TLS 1.3';
  readonly cipherSuite?: string;
  readonly group?: string;
  readonly serverSignatureScheme?: string;
  readonly clientSignatureScheme?: string;
  readonly serverName?: string;
  readonly applicationProtocol?: string;
  readonly helloRetried?: boolean;
  readonly extendedMasterSecret?: boolean;
  /** Whether a session was resumed, or an external PSK stood in for certificates. */
  readonly resumption?: 'full' | 'resumed' | 'external-psk';
  /** Unset where the client offered none. */
  readonly earlyData?: 'accepted' | 'rejected';
  readonly clientCertificate?: 'not-requested' | 'absent' | 'presented';
  /** Chains as they crossed the wire, DER, end entity first. */
  readonly serverChain?: readonly Uint8Array[];
  readonly clientChain?: readonly Uint8Array[];
  /** Subject of the peer's certificate, once it was found trusted. */
  readonly peerSubject?: string;
}

/** One message of the handshake, sent or received, with the work that belongs to it. */
export interface Step {
  readonly name: StepName;
  readonly direction: 'sent' | 'received';
  /** Bytes of the message with its header, before record protection. */
  readonly bytes: number;
  /** When work on it began: for a received message its arrival, for a sent one the start of its making. */
  readonly startedAt: number;
  readonly endedAt: number;
  /** How long we had waited for the peer before it; 0 for sent messages. */
  readonly waited: number;
  readonly spanId: Uint8Array;
  readonly asks: readonly AskRecord[];
}

export type StepName = MessageName | 'ChangeCipherSpec';

/** A question to a port, within a step. */
export interface AskRecord {
  readonly port: 'key-exchange' | 'certificate' | 'session';
  readonly operation: string;
  readonly spanId: Uint8Array;
  readonly startedAt: number;
  readonly endedAt: number;
  /** Unset when it was answered. */
  readonly failure: Reason | undefined;
  /** What the far side said it did. */
  readonly work: readonly ServiceWork[];
}

export interface AlertRecord {
  readonly from: 'us' | 'peer';
  /** A name of the registry, or `alert_<number>`. */
  readonly alert: AlertName | (string & {});
  readonly level: 'warning' | 'fatal';
  readonly at: number;
}

export interface Failure {
  readonly reason: Reason;
  /** Who gave up. */
  readonly by: 'us' | 'peer';
  /** The alert that was sent or received; unset where the peer gave none (reset, silent close). */
  readonly alert: AlertName | (string & {}) | undefined;
  readonly step: StepName | undefined;
  readonly detail: string;
  readonly at: number;
  /** Milliseconds after our Finished, where the handshake had looked complete: a late rejection. */
  readonly late: number | undefined;
}
