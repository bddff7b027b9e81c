import type { Codec } from './codec.ts';
import { TlsError } from './errors.ts';
import * as certificates from './messages/certificates.ts';
import { endOfEarlyData, helloRequest, serverHelloDone } from './messages/empty.ts';
import { encryptedExtensions } from './messages/encrypted-extensions.ts';
import { finished12, finished13 } from './messages/finished.ts';
import { clientHello, serverHello } from './messages/hellos.ts';
import { clientKeyExchange, serverKeyExchange } from './messages/key-exchange.ts';
import { keyUpdate } from './messages/key-update.ts';
import { newSessionTicket12, newSessionTicket13 } from './messages/new-session-ticket.ts';
import type { HandshakeMessage, MessageName, MessageVersion } from './messages.ts';
import { Reader } from './reader.ts';
import { HandshakeType } from './registries.ts';
import { Writer } from './writer.ts';

interface MessageFormat {
  readonly type: number;
  readonly sender: 'client' | 'server' | 'either';
  /** Its body in TLS 1.2; absent where TLS 1.2 does not have this message. */
  readonly tls12?: Codec<HandshakeMessage>;
  /** Its body in TLS 1.3. */
  readonly tls13?: Codec<HandshakeMessage>;
}

/** RFC 5246 section 7.4, RFC 8446 section 4. */
const formats: Readonly<Record<MessageName, MessageFormat>> = {
  HelloRequest: { type: HandshakeType.hello_request, sender: 'server', tls12: helloRequest },
  ClientHello: { type: HandshakeType.client_hello, sender: 'client', tls12: clientHello, tls13: clientHello },
  ServerHello: { type: HandshakeType.server_hello, sender: 'server', tls12: serverHello, tls13: serverHello },
  HelloRetryRequest: { type: HandshakeType.server_hello, sender: 'server', tls12: serverHello, tls13: serverHello },
  EncryptedExtensions: {
    type: HandshakeType.encrypted_extensions,
    sender: 'server',
    tls13: encryptedExtensions,
  },
  Certificate: {
    type: HandshakeType.certificate,
    sender: 'either',
    tls12: certificates.certificate12,
    tls13: certificates.certificate13,
  },
  CertificateStatus: {
    type: HandshakeType.certificate_status,
    sender: 'server',
    tls12: certificates.certificateStatus,
  },
  CompressedCertificate: {
    type: HandshakeType.compressed_certificate,
    sender: 'either',
    tls13: certificates.compressedCertificate,
  },
  CertificateRequest: {
    type: HandshakeType.certificate_request,
    sender: 'server',
    tls12: certificates.certificateRequest12,
    tls13: certificates.certificateRequest13,
  },
  CertificateVerify: {
    type: HandshakeType.certificate_verify,
    sender: 'either',
    tls12: certificates.certificateVerify,
    tls13: certificates.certificateVerify,
  },
  ServerKeyExchange: { type: HandshakeType.server_key_exchange, sender: 'server', tls12: serverKeyExchange },
  ServerHelloDone: { type: HandshakeType.server_hello_done, sender: 'server', tls12: serverHelloDone },
  ClientKeyExchange: { type: HandshakeType.client_key_exchange, sender: 'client', tls12: clientKeyExchange },
  Finished: { type: HandshakeType.finished, sender: 'either', tls12: finished12, tls13: finished13 },
  NewSessionTicket: {
    type: HandshakeType.new_session_ticket,
    sender: 'server',
    tls12: newSessionTicket12,
    tls13: newSessionTicket13,
  },
  EndOfEarlyData: { type: HandshakeType.end_of_early_data, sender: 'client', tls13: endOfEarlyData },
  KeyUpdate: { type: HandshakeType.key_update, sender: 'either', tls13: keyUpdate },
};

const nameByType: ReadonlyMap<number, MessageName> = new Map(
  // Reversed, so that server_hello is a ServerHello until its random says otherwise.
  (Object.entries(formats) as [MessageName, MessageFormat][]).reverse().map(([name, { type }]) => [type, name]),
);

/** One buffer for all: making it costs as much as writing a ClientHello into it. */
const writer = new Writer();

/**
 * One handshake message as it is sent and hashed: HandshakeType, the length in 3 bytes, the body (RFC 8446 section 4). A
 * hello without extensions has no extension block, as in TLS 1.2.
 * @returns a new array, exactly as long as the message
 * @throws TlsError `internal-error` where a field does not fit its vector, or an extension not its message
 */
export function encodeHandshake(message: HandshakeMessage): Uint8Array {
  const format = formats[message.type];
  const is12 = 'version' in message && message.version === 'tls12';
  const body = (is12 ? format.tls12 : format.tls13) ?? format.tls12;
  if (body === undefined) throw new TlsError('internal-error', `${message.type} has no such version`);
  writer.clear();
  writer.uint8(format.type);
  const start = writer.open(3);
  body.write(writer, message);
  writer.close(start, 3);
  return writer.finish();
}

/**
 * Reads one whole handshake message, its header included.
 *
 * Byte strings in the result are views of `bytes`, not copies: keep `bytes` unchanged as long as the message is used, or
 * copy what outlives it. Unknown code points and extensions are kept (`Extension`); GREASE values are of these.
 * @param version which grammar applies to messages that differ by version; hellos read the same in both
 * @param sender who sent it; then a message that only the other side sends is refused as well
 * @throws TlsError and nothing else: `malformed-message`, `trailing-data`, `duplicate-extension`, `illegal-parameter`,
 *   `unexpected-message` for a type that this version or this sender does not have
 */
export function decodeHandshake(
  bytes: Uint8Array,
  version: MessageVersion,
  sender?: 'client' | 'server',
): HandshakeMessage {
  const reader = new Reader(bytes);
  const type = reader.uint8();
  const name = nameByType.get(type);
  const format = name && formats[name];
  const body = format?.[version];
  if (name === undefined || format === undefined || body === undefined) {
    throw new TlsError('unexpected-message', `handshake type ${type} in ${version}`);
  }
  if (sender !== undefined && format.sender !== 'either' && format.sender !== sender) {
    throw new TlsError('unexpected-message', `the ${sender} does not send it`, { step: name });
  }
  try {
    const content = reader.nested(3);
    reader.end();
    const message = body.read(content);
    content.end();
    return message;
  } catch (error) {
    throw error instanceof TlsError ? error.at(name) : error;
  }
}
