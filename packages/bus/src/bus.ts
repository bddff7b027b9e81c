import type { Answer, AskContext } from '@handfast/wire';

/** The services of a handshake; what each one does is the port of the same name. */
export type ServiceName = 'key-exchange' | 'certificate' | 'session';

/**
 * How services are reached: within the process ({@link EmbeddedBus}) or over NATS ({@link NatsBus}). Payloads are protobuf
 * messages of proto/handfast/v1. A bus that leaves the process seals them from sender to receiver.
 */
export interface Bus {
  /** The name of this end, under which its services report their work. */
  readonly instance: string;
  /** The way to a service, whoever of its instances answers. */
  service(name: ServiceName): ServiceLink;
  /** Hosts a service at this end, beside its other instances. Resolves once questions can reach it. */
  serve(name: ServiceName, operations: Operations, options?: ServeOptions): Answer<Serving>;
  /** Ends what is under way, with the reason `cancelled`, and lets go of the connection. */
  close(): Promise<void>;
}

export interface ServiceLink {
  /**
   * Asks one instance.
   * @returns the encoded Reply of proto/handfast/v1/envelope.proto
   * @throws TlsError `service-unavailable`, `service-busy`, `service-timeout`, `service-reply-invalid`, `service-failed`, `cancelled`
   */
  request(operation: string, payload: Uint8Array, context: AskContext): Answer<Uint8Array>;
  /** Tells all instances. Nobody answers, and nobody learns whether it arrived. */
  publish(operation: string, payload: Uint8Array): void;
}

/** What a service does, by the names of its operations. */
export interface Operations {
  readonly requests: Readonly<Record<string, RequestHandler>>;
  readonly notes: Readonly<Record<string, NoteHandler>>;
}

/** Answers with an encoded Reply. Does not throw. */
export type RequestHandler = (payload: Uint8Array, context: DeliveryContext) => Answer<Uint8Array>;

/** Does not throw. */
export type NoteHandler = (payload: Uint8Array) => void;

/** An ask, as it reaches a service. */
export interface DeliveryContext extends AskContext {
  /** Public key of the instance that asks, 32 bytes: what is kept for it between two asks is kept for it alone. */
  readonly caller: Uint8Array;
}

export interface ServeOptions {
  /** How many requests may be waiting or under way; one more is answered `busy` at once. By default 256. */
  readonly capacity?: number | undefined;
}

export const defaultCapacity = 256;

export interface Serving {
  readonly service: ServiceName;
  readonly instance: string;
  /** Takes no more requests, and resolves when those under way have been answered. */
  stop(): Promise<void>;
}

/** A service in a process of its own, with an end of the bus of its own. */
export interface RunningService {
  /** Name of this instance on the bus. */
  readonly instance: string;
  /** Takes no more requests, answers those under way, and leaves the bus. */
  stop(): Promise<void>;
}
