/**
 * What the ports (KeyExchange, CertificateValidator, SessionManager) have in common: how a question is asked, and how
 * an answer may arrive.
 */

/** A port in the same process answers at once; one behind a bus answers later. The caller looks, and waits only if it must. */
export type Answer<T> = T | Promise<T>;

/** Which service did a piece of work, and for how long; reported by the far side of an ask, shown in traces. */
export interface ServiceWork {
  /** `key-exchange`, `certificate` or `session`. */
  readonly service: string;
  /** The replica, by its instance name; `local` where the port is an object in this process. */
  readonly instance: string;
  readonly operation: string;
  /** Milliseconds since the Unix epoch, with fractions, on the service's clock. */
  readonly startedAt: number;
  /** Milliseconds. */
  readonly duration: number;
}

/** One ask, for whoever answers it: its identity, its place in the trace and how long the asker will wait. */
export interface AskContext {
  /** Unique for each ask; a repeated delivery has the same. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
  /** 16 bytes, see design of trace IDs. */
  readonly traceId: Uint8Array;
  /** 8 bytes: the span of this ask, parent of the service's work. */
  readonly spanId: Uint8Array;
  /** Called by a remote port with what the service says of its own work. */
  report(work: ServiceWork): void;
  /** Runs `listener` when nobody waits for the answer any more (the peer left, the deadline passed). */
  onCancel(listener: () => void): void;
}
