import type { CertificateValidator } from '@handfast/certificates';
import type { KeyExchange } from '@handfast/key-exchange';
import type { TrafficProtection } from '@handfast/record';
import type {
  Answer,
  AskContext,
  ClientHello,
  HandshakeMessage,
  MessageName,
  MessageOf,
  MessageVersion,
} from '@handfast/wire';
import type { PeerCertificate } from './peer.ts';
import type { AskRecord, Negotiated, StepName } from './timeline.ts';

/**
 * What a handshake asks of the connection engine. The machines are generators that yield these and get the results back;
 * they never wait, and touch neither socket, clock nor tracer.
 */
export type Effect =
  | { readonly kind: 'receive'; readonly version: MessageVersion; readonly names: readonly MessageName[] }
  | { readonly kind: 'receive-change-cipher-spec' }
  | { readonly kind: 'send'; readonly name: MessageName; readonly bytes: Uint8Array }
  | { readonly kind: 'send-change-cipher-spec' }
  | { readonly kind: 'protect'; readonly direction: 'reads' | 'writes'; readonly protection: TrafficProtection }
  | { readonly kind: 'ask'; readonly asks: readonly Ask<unknown>[] }
  /** TLS 1.3: stray change_cipher_spec records are dropped from here on, or refused (RFC 8446 section 5). */
  | { readonly kind: 'change-cipher-specs'; readonly policy: 'dropped' | 'refused' }
  | { readonly kind: 'begin'; readonly clientRandom: Uint8Array }
  | { readonly kind: 'offered'; readonly hello: ClientHello }
  | { readonly kind: 'negotiated'; readonly facts: Negotiated }
  /** Our Finished is done. */
  | { readonly kind: 'completed' }
  /** Both sides' Finished are done: application data may flow. */
  | { readonly kind: 'open'; readonly connection: OpenConnection };

/** A question to a port, and the message for whose sake it is asked. */
export interface Ask<T> {
  readonly step: StepName;
  readonly port: AskRecord['port'];
  readonly operation: string;
  /** @param date of today, milliseconds since the Unix epoch. */
  readonly call: (ports: Ports, context: AskContext, date: number) => Answer<T>;
}

/** The ports that a handshake asks. */
export interface Ports {
  readonly keyExchange: KeyExchange;
  readonly certificates: CertificateValidator;
}

/** What the engine needs of a finished handshake. */
export interface OpenConnection {
  readonly version: MessageVersion;
  /** The peer's chain and the verdict on it, if it presented one. */
  readonly peer: PeerCertificate | undefined;
  /** Keying material for `label` and `context` (RFC 8446 section 7.5, RFC 5705). */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
  /** TLS 1.3: our sending keys of the next generation, for use after a KeyUpdate (RFC 8446 section 7.2). */
  readonly nextWriteKeys: (() => TrafficProtection) | undefined;
}

/** A part of a handshake: a generator of effects that returns a `T`. */
export type Steps<T> = Generator<Effect, T, unknown>;

/** A whole machine. It ends with the one that takes over: what a handshake knew is forgotten once it is done. */
export type Machine = Generator<Effect, Machine, unknown>;

export interface Received<Message = HandshakeMessage> {
  readonly message: Message;
  /** The message as it was on the wire, with its header. */
  readonly bytes: Uint8Array;
}

/** Waits for the next handshake message, which must be one of `names`. */
export function* receiveMessage<Name extends MessageName, Version extends MessageVersion>(
  version: Version,
  ...names: readonly Name[]
): Steps<Received<MessageOf<Name, Version>>> {
  return (yield { kind: 'receive', version, names }) as Received<MessageOf<Name, Version>>;
}

/** Asks one port. */
export function* ask<T>(question: Ask<T>): Steps<T> {
  const [answer] = (yield { kind: 'ask', asks: [question] }) as [T];
  return answer;
}

/** Asks two ports at once. */
export function* askBoth<A, B>(first: Ask<A>, second: Ask<B>): Steps<[A, B]> {
  return (yield { kind: 'ask', asks: [first, second] }) as [A, B];
}
