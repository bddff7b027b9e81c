import type { CertificateValidator } from '@handfast/certificates';
import type { KeyExchange } from '@handfast/key-exchange';
import type { TrafficProtection } from '@handfast/record';
import type { SessionManager } from '@handfast/sessions';
import type {
  Answer,
  AskContext,
  ClientHello,
  HandshakeMessage,
  MessageName,
  MessageOf,
  MessageVersion,
} from '@handfast/wire';
import type { PeerCertificate } from '../common/peer.ts';
import type { AskRecord, Negotiated, StepName } from '../timeline.ts';

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
  /** What is written from here on is not protected: the second ClientHello after refused early data. */
  | { readonly kind: 'unprotect-writes' }
  /** The most plaintext of a record from here on, as record_size_limit or max_fragment_length set it. */
  | { readonly kind: 'limit-records'; readonly reads: number | undefined; readonly writes: number | undefined }
  | { readonly kind: 'ask'; readonly asks: readonly Ask<unknown>[] }
  /** An ask that nothing waits for, one at a time. */
  | { readonly kind: 'ask-aside'; readonly ask: Ask<unknown> }
  /** Messages made of its answer: sent now if it is there, later when it comes, and not at all if it fails. */
  | { readonly kind: 'send-aside'; readonly messages: (answer: unknown) => readonly EncodedMessage[] }
  /** The peer wants us to update our keys (RFC 8446 section 4.6.3). */
  | { readonly kind: 'key-update-due' }
  /** Tells a port something. Nobody waits for it, and its failure changes nothing. */
  | { readonly kind: 'tell'; readonly tell: (ports: Ports) => void }
  /** Gives back the date: milliseconds since the Unix epoch. */
  | { readonly kind: 'date' }
  /** TLS 1.3: stray change_cipher_spec records are dropped from here on, or refused (RFC 8446 section 5). */
  | { readonly kind: 'change-cipher-specs'; readonly policy: 'dropped' | 'refused' }
  | { readonly kind: 'begin'; readonly clientRandom: Uint8Array }
  | { readonly kind: 'offered'; readonly hello: ClientHello }
  | { readonly kind: 'negotiated'; readonly facts: Negotiated }
  /**
   * Early data may flow (RFC 8446 section 2.3). A client may write up to `limit` bytes of it. A server receives as much
   * while it waits for EndOfEarlyData, and may write to a client that has not proved itself yet.
   */
  | { readonly kind: 'open-early'; readonly connection: EarlyConnection; readonly limit: number }
  /** Nothing more is written as early data; where it was `rejected`, no byte of it has reached the server's application. */
  | { readonly kind: 'early-data'; readonly outcome: 'accepted' | 'rejected' }
  /** A server drops early data that it did not accept, up to `limit` bytes of records (RFC 8446 section 4.2.10). */
  | { readonly kind: 'skip-early-data'; readonly limit: number }
  /** Our Finished is done. */
  | { readonly kind: 'completed' }
  /** Both sides' Finished are done: application data may flow. */
  | { readonly kind: 'open'; readonly connection: OpenConnection }
  /** The client has answered a request for its certificate in the open connection (RFC 8446 section 4.6.2). */
  | { readonly kind: 'client-authenticated'; readonly peer: PeerCertificate | undefined };

export interface EncodedMessage {
  readonly name: MessageName;
  readonly bytes: Uint8Array;
}

/** A question to a port, and the message for whose sake it is asked. */
export interface Ask<T> {
  readonly step: StepName;
  readonly port: AskRecord['port'];
  readonly operation: string;
  /** @param date of today, milliseconds since the Unix epoch. */
  readonly call: (ports: Ports, context: AskContext, date: number) => Answer<T>;
  /** What stands for the answer of a port that fails. Only for what a handshake can do without: sessions, never a proof. */
  readonly otherwise?: T;
}

/** The ports that a handshake asks. */
export interface Ports {
  readonly keyExchange: KeyExchange;
  readonly certificates: CertificateValidator;
  readonly sessions: SessionManager;
}

/** What is known of a connection while its handshake still runs and early data flows. */
export interface EarlyConnection {
  /** What the session that is being resumed was agreed on with. */
  readonly applicationProtocol: string | undefined;
  /** The peer of that session. */
  readonly peer: PeerCertificate | undefined;
  /** Keying material for early data (RFC 8446 section 7.5, early_exporter_master_secret). */
  exportKeyingMaterial(label: string, context: Uint8Array, length: number): Uint8Array;
}

/** What the engine needs of a finished handshake. */
export interface OpenConnection {
  readonly version: MessageVersion;
  /** The peer's chain and the verdict on it, if it presented one. */
  readonly peer: PeerCertificate | undefined;
  /** Whether the handshake resumed a session (or used an external PSK), so that no certificate crossed the wire. */
  readonly resumed: boolean;
  /**
   * Keying material for `label` and `context` (RFC 8446 section 7.5, RFC 5705).
   * @param context undefined: none, which in TLS 1.2 differs from an empty one.
   * @throws TlsError `extended-master-secret-missing` in a connection of TLS 1.2 without it (RFC 7627 section 5.4);
   * `configuration-invalid` for a label or a context that cannot be.
   */
  exportKeyingMaterial(label: string, context: Uint8Array | undefined, length: number): Uint8Array;
  /** TLS 1.3: our sending keys of the next generation, for use after a KeyUpdate (RFC 8446 section 7.2). */
  readonly nextWriteKeys: (() => TrafficProtection) | undefined;
  /**
   * What binds an application's authentication to this connection (RFC 5929, RFC 9266). Undefined where this connection has
   * none of that type: tls-unique ends with TLS 1.2, and is unsafe without extended_master_secret;
   * tls-server-end-point needs a server certificate.
   */
  channelBinding(type: ChannelBindingType): Uint8Array | undefined;
  /** TLS 1.3 server whose client allows it: a CertificateRequest to send now. */
  readonly requestClientCertificate: (() => EncodedMessage) | undefined;
}

export type ChannelBindingType = 'tls-unique' | 'tls-server-end-point' | 'tls-exporter';

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

/** The date, in milliseconds since the Unix epoch. */
export function* currentDate(): Steps<number> {
  return (yield { kind: 'date' }) as number;
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

/** Asks all ports at once for which there is a question. */
export function* askAll<const Questions extends readonly (Ask<unknown> | undefined)[]>(
  ...questions: Questions
): Steps<Answers<Questions>> {
  const answers = (yield { kind: 'ask', asks: questions.filter((question) => question !== undefined) }) as unknown[];
  return questions.map((question) => (question === undefined ? undefined : answers.shift())) as Answers<Questions>;
}

type Answers<Questions extends readonly (Ask<unknown> | undefined)[]> = {
  readonly [Place in keyof Questions]: Questions[Place] extends Ask<infer Answer>
    ? Answer
    : Questions[Place] extends Ask<infer Answer> | undefined
      ? Answer | undefined
      : never;
};
