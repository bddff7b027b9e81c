import type { CryptoProvider } from '@handfast/crypto';
import {
  encodeHandshake,
  type HandshakeMessage,
  type MessageName,
  type MessageOf,
  type MessageVersion,
  TlsError,
} from '@handfast/wire';
import type { Configuration } from '../configuration.ts';
import { receiveMessage, type Steps } from '../engine/effects.ts';
import { Transcript } from './transcript.ts';

/** What a machine keeps from its first message to its last. */
export class Handshake<C extends Configuration = Configuration> {
  readonly configuration: C;
  readonly crypto: CryptoProvider;
  readonly transcript: Transcript;

  constructor(configuration: C) {
    this.configuration = configuration;
    this.crypto = configuration.crypto;
    this.transcript = new Transcript(configuration.crypto);
  }
}

/** Waits for one of `names` and adds it to the transcript. */
export function* receive<Name extends MessageName, Version extends MessageVersion>(
  handshake: Handshake,
  version: Version,
  ...names: readonly Name[]
): Steps<MessageOf<Name, Version>> {
  const { message, bytes } = yield* receiveMessage(version, ...names);
  handshake.transcript.add(bytes);
  return message;
}

/** Sends a message and adds it to the transcript. */
export function* send(handshake: Handshake, message: HandshakeMessage): Steps<void> {
  yield* sendEncoded(handshake, message.type, encodeHandshake(message));
}

/** Sends a message that had to be encoded before its turn. */
export function* sendEncoded(handshake: Handshake, name: MessageName, bytes: Uint8Array): Steps<void> {
  handshake.transcript.add(bytes);
  yield { kind: 'send', name, bytes };
}

/** What a port answered, if it is as long as it must be. */
export function ofLength(bytes: Uint8Array, length: number, what: string): Uint8Array {
  if (bytes.length === length) return bytes;
  throw new TlsError('service-reply-invalid', `${what} of ${bytes.length} bytes instead of ${length}`);
}
