import { exactly, finite, plainBytes } from '../codecs/codec.ts';
import { handfast } from '../generated/handfast.js';
import { type InstanceKey, publicKeyLength, type SealedBytes } from './instance-key.ts';

const proto = handfast.v1;

/** Version of the messages of proto/handfast/v1, raised with every change that an older service would misread. */
export const schemaVersion = 1;
/** Of instances that one message is sealed for. */
export const maximumRecipients = 16;

/** What is bound to a message, and readable by all. */
export interface Header {
  /** NATS subject, which names the service and the operation. */
  readonly subject: string;
  /** Of the question; 1 to 64 printable ASCII characters. */
  readonly id: string;
  /** Milliseconds since the Unix epoch. */
  readonly deadline: number;
}

/** A request as it arrived: parsed, not yet opened. */
export interface Envelope {
  readonly header: Header;
  readonly schema: number;
  readonly sender: Uint8Array;
  readonly recipients: readonly handfast.v1.Recipient.$Properties[];
  readonly sealed: SealedBytes;
}

export type Outcome =
  | { readonly kind: 'sealed'; readonly sealed: SealedBytes }
  | { readonly kind: 'refusal'; readonly refusal: handfast.v1.Refusal };

/** A reply as it arrived: parsed, not yet opened. */
export interface ReplyEnvelope {
  readonly schema: number;
  readonly sender: Uint8Array;
  readonly outcome: Outcome;
}

/** Seals `payload` for the instances whose public keys are given. Without any, it is a request for their keys alone. */
export function sealRequest(
  key: InstanceKey,
  recipients: readonly Uint8Array[],
  header: Header,
  payload: Uint8Array,
): Uint8Array {
  return proto.SealedRequest.encode({
    schema: schemaVersion,
    id: header.id,
    sender: key.publicKey,
    deadline: header.deadline,
    ...sealFor(key, recipients, header, payload),
  }).finish();
}

/** @throws Error of any kind where the bytes are no request. */
export function parseRequest(subject: string, bytes: Uint8Array): Envelope {
  const { schema, id, sender, deadline, recipients, nonce, ciphertext } = proto.SealedRequest.decode(plainBytes(bytes));
  if (!/^[!-~]{1,64}$/.test(id)) throw new RangeError('id');
  if (recipients.length > maximumRecipients) throw new RangeError('recipients');
  return {
    header: { subject, id, deadline: finite(deadline, 'deadline') },
    schema,
    sender: exactly(sender, 'sender', publicKeyLength),
    recipients,
    sealed: { nonce, ciphertext },
  };
}

/** The place of an instance among the recipients of a request; undefined where it is none of them. */
export function recipientOf(envelope: Envelope, key: InstanceKey): handfast.v1.Recipient.$Properties | undefined {
  return envelope.recipients.find(({ instance }) => instance && Buffer.compare(instance, key.publicKey) === 0);
}

/**
 * The payload of a request, or undefined where it does not open.
 * @throws TlsError `invalid-key-share` where the sender's key is none.
 */
export function openRequest(
  key: InstanceKey,
  envelope: Envelope,
  recipient: handfast.v1.Recipient.$Properties,
): Uint8Array | undefined {
  const { header, schema, sender, sealed } = envelope;
  const data = requestData(header, schema, sender);
  const pair = key.pairWith(sender);
  const { nonce, wrappedKey } = proto.Recipient.create(recipient);
  if (wrappedKey.length === 0) return pair.open(checked(sealed), data);
  const contentKey = pair.open(checked({ nonce, ciphertext: wrappedKey }), keyData(header, schema, sender));
  return contentKey?.length === 32 ? key.openOnce(contentKey, checked(sealed), data) : undefined;
}

/** Seals a reply for whoever sent the request. */
export function sealReply(key: InstanceKey, request: Envelope, reply: Uint8Array): Uint8Array {
  const data = replyData(request.header, schemaVersion, key.publicKey);
  return proto.SealedReply.encode({
    schema: schemaVersion,
    sender: key.publicKey,
    sealed: key.pairWith(request.sender).seal(data, reply),
  }).finish();
}

export function encodeRefusal(key: InstanceKey, refusal: handfast.v1.Refusal): Uint8Array {
  return proto.SealedReply.encode({ schema: schemaVersion, sender: key.publicKey, refusal }).finish();
}

/** @throws Error of any kind where the bytes are no reply. */
export function parseReply(bytes: Uint8Array): ReplyEnvelope {
  const { schema, sender, sealed, refusal } = proto.SealedReply.decode(plainBytes(bytes));
  return {
    schema,
    sender: exactly(sender, 'sender', publicKeyLength),
    outcome: sealed
      ? { kind: 'sealed', sealed: proto.Sealed.create(sealed) }
      : { kind: 'refusal', refusal: refusal ?? proto.Refusal.REFUSAL_UNSPECIFIED },
  };
}

/**
 * The reply to the request with this header, or undefined where it does not open.
 * @throws TlsError `invalid-key-share` where the sender's key is none.
 */
export function openReply(
  key: InstanceKey,
  header: Header,
  { schema, sender }: ReplyEnvelope,
  sealed: SealedBytes,
): Uint8Array | undefined {
  return key.pairWith(sender).open(checked(sealed), replyData(header, schema, sender));
}

function sealFor(
  key: InstanceKey,
  recipients: readonly Uint8Array[],
  header: Header,
  payload: Uint8Array,
): Pick<handfast.v1.SealedRequest.$Properties, 'recipients' | 'nonce' | 'ciphertext'> {
  const [only] = recipients;
  if (only === undefined) return {};
  const data = requestData(header, schemaVersion, key.publicKey);
  if (recipients.length === 1) return { recipients: [{ instance: only }], ...key.pairWith(only).seal(data, payload) };
  const { key: contentKey, nonce, ciphertext } = key.sealOnce(data, payload);
  const wrappingData = keyData(header, schemaVersion, key.publicKey);
  const wrapped = recipients.map((instance) => {
    const wrap = key.pairWith(instance).seal(wrappingData, contentKey);
    return { instance, nonce: wrap.nonce, wrappedKey: wrap.ciphertext };
  });
  return { recipients: wrapped, nonce, ciphertext };
}

/** A nonce and a tag, at least: what is shorter cannot open, and must not reach the cipher. */
function checked(sealed: SealedBytes): SealedBytes {
  exactly(sealed.nonce, 'nonce', 12);
  if (sealed.ciphertext.length < 16) throw new RangeError('ciphertext');
  return sealed;
}

function requestData({ subject, id, deadline }: Header, schema: number, sender: Uint8Array): Uint8Array {
  return associatedData(`request\n${schema}\n${subject}\n${id}\n${deadline}\n`, sender);
}

/** Of a wrapped key. It is sealed under the key of the pair as a payload is, and must never pass for one, nor one for it. */
function keyData({ subject, id, deadline }: Header, schema: number, sender: Uint8Array): Uint8Array {
  return associatedData(`key\n${schema}\n${subject}\n${id}\n${deadline}\n`, sender);
}

function replyData({ subject, id }: Header, schema: number, sender: Uint8Array): Uint8Array {
  return associatedData(`reply\n${schema}\n${subject}\n${id}\n`, sender);
}

function associatedData(text: string, sender: Uint8Array): Uint8Array {
  const data = Buffer.allocUnsafe(text.length + publicKeyLength);
  data.write(text, 'latin1');
  data.set(sender, text.length);
  return data;
}
