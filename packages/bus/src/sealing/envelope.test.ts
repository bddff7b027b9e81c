import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import {
  type Envelope,
  type Header,
  openReply,
  openRequest,
  parseReply,
  parseRequest,
  recipientOf,
  sealReply,
  sealRequest,
} from './envelope.ts';
import { InstanceKey } from './instance-key.ts';

const header: Header = { subject: 'handfast.v1.key-exchange.respond', id: 'ask-1', deadline: 1_700_000_000_000.5 };
const payload = new TextEncoder().encode('the payload of a request');
const makeKey = (secret = new Uint8Array(0)) => new InstanceKey(nativeCrypto, secret);

describe('a sealed request', () => {
  it('opens for its one recipient', () => {
    const [asker, service] = [makeKey(), makeKey()];
    expect(openWith(service, sealRequest(asker, [service.publicKey], header, payload))).toEqual(payload);
  });

  it('opens for each of several recipients, and for nobody else', () => {
    const [asker, stranger, ...services] = [makeKey(), makeKey(), makeKey(), makeKey(), makeKey()];
    const keys = services.map(({ publicKey }) => publicKey);
    const sealed = sealRequest(asker, keys, header, payload);
    for (const service of services) expect(openWith(service, sealed)).toEqual(payload);
    expect(recipientOf(parseRequest(header.subject, sealed), stranger)).toBeUndefined();
  });

  it('cannot be made of another, with its payload as the key or its key as the payload', () => {
    const [asker, service, other] = [makeKey(), makeKey(), makeKey()];
    const knownPayload = new Uint8Array(32).fill(7);
    const direct = parseRequest(header.subject, sealRequest(asker, [service.publicKey], header, knownPayload));
    const text = `request\n1\n${header.subject}\n${header.id}\n${header.deadline}\n`;
    const data = Buffer.concat([Buffer.from(text), asker.publicKey]);
    const nonce = new Uint8Array(12);
    const ciphertext = nativeCrypto.aead('aes-256-gcm', knownPayload).seal(nonce, data, payload);
    const forged = { ...direct, sealed: { nonce, ciphertext } };
    const { sealed } = direct;
    const recipient = { instance: service.publicKey, nonce: sealed.nonce, wrappedKey: sealed.ciphertext };
    expect(openRequest(service, forged, recipient)).toBeUndefined();

    const keys = [service.publicKey, other.publicKey];
    const wrapped = parseRequest(header.subject, sealRequest(asker, keys, header, payload));
    const wrap = recipientOf(wrapped, service);
    const key = { nonce: wrap?.nonce ?? expect.fail(), ciphertext: wrap?.wrappedKey ?? expect.fail() };
    expect(openRequest(service, { ...wrapped, sealed: key }, { instance: service.publicKey })).toBeUndefined();
  });

  it('shows nothing of its payload', () => {
    const [asker, service, other] = [makeKey(), makeKey(), makeKey()];
    for (const recipients of [[service.publicKey], [service.publicKey, other.publicKey]]) {
      const sealed = Buffer.from(sealRequest(asker, recipients, header, payload));
      expect(sealed.includes(payload)).toBe(false);
    }
  });

  it('without recipients holds no payload', () => {
    const { recipients, sealed } = parseRequest(header.subject, sealRequest(makeKey(), [], header, payload));
    expect({ recipients, length: sealed.ciphertext.length }).toEqual({ recipients: [], length: 0 });
  });

  const changes: readonly (readonly [string, (envelope: Envelope) => Envelope])[] = [
    ['subject', (envelope) => withHeader(envelope, { subject: 'handfast.v1.key-exchange.sign' })],
    ['id', (envelope) => withHeader(envelope, { id: 'ask-2' })],
    ['deadline', (envelope) => withHeader(envelope, { deadline: header.deadline + 1 })],
    ['schema', (envelope) => ({ ...envelope, schema: 2 })],
    ['sender', (envelope) => ({ ...envelope, sender: makeKey().publicKey })],
    ['nonce', (envelope) => ({ ...envelope, sealed: { ...envelope.sealed, nonce: flipped(envelope.sealed.nonce) } })],
    [
      'ciphertext',
      (envelope) => ({ ...envelope, sealed: { ...envelope.sealed, ciphertext: flipped(envelope.sealed.ciphertext) } }),
    ],
  ];
  it.for(changes)('does not open with another %s', ([, change]) => {
    const [asker, service, other] = [makeKey(), makeKey(), makeKey()];
    for (const recipients of [[service.publicKey], [other.publicKey, service.publicKey]]) {
      const envelope = parseRequest(header.subject, sealRequest(asker, recipients, header, payload));
      const recipient = recipientOf(envelope, service) ?? {};
      expect(openRequest(service, envelope, recipient)).toEqual(payload);
      expect(openRequest(service, change(envelope), recipient)).toBeUndefined();
    }
  });

  it('does not open where the secret of the bus is another', () => {
    const [asker, service] = [makeKey(Buffer.from('one secret')), makeKey(Buffer.from('another'))];
    expect(openWith(service, sealRequest(asker, [service.publicKey], header, payload))).toBeUndefined();
  });

  it('of a sender whose key is of small order is refused', () => {
    const service = makeKey();
    const envelope = parseRequest(header.subject, sealRequest(makeKey(), [service.publicKey], header, payload));
    const forged = { ...envelope, sender: new Uint8Array(32) };
    expect(() => openRequest(service, forged, {})).toThrow(TlsError);
  });

  it.for([
    ['an empty id', { id: '' }],
    ['an id with a line break', { id: 'ask\n1' }],
    ['an id of 65 characters', { id: 'x'.repeat(65) }],
    ['an endless deadline', { deadline: Number.POSITIVE_INFINITY }],
  ] as const)('with %s is malformed', ([, change]) => {
    const sealed = sealRequest(makeKey(), [makeKey().publicKey], { ...header, ...change }, payload);
    expect(() => parseRequest(header.subject, sealed)).toThrow(RangeError);
  });

  it('for more than 16 recipients is malformed', () => {
    const keys = Array.from({ length: 17 }, () => makeKey().publicKey);
    const sealed = sealRequest(makeKey(), keys, header, payload);
    expect(() => parseRequest(header.subject, sealed)).toThrow(RangeError);
  });
});

describe('a sealed reply', () => {
  const [asker, service] = [makeKey(), makeKey()];
  const request = parseRequest(header.subject, sealRequest(asker, [service.publicKey], header, payload));
  const reply = parseReply(sealReply(service, request, payload));
  const sealed = reply.outcome.kind === 'sealed' ? reply.outcome.sealed : expect.fail('not sealed');

  it('opens for who asked', () => {
    expect(openReply(asker, header, reply, sealed)).toEqual(payload);
  });

  it('does not open as the reply to another request', () => {
    expect(openReply(asker, { ...header, id: 'ask-2' }, reply, sealed)).toBeUndefined();
    expect(openReply(asker, { ...header, subject: 'handfast.v1.session.note' }, reply, sealed)).toBeUndefined();
  });

  it('does not open as that of another instance, or of another schema', () => {
    expect(openReply(asker, header, { ...reply, sender: makeKey().publicKey }, sealed)).toBeUndefined();
    expect(openReply(asker, header, { ...reply, schema: 2 }, sealed)).toBeUndefined();
  });

  it('is not the request sent back', () => {
    expect(openReply(asker, header, reply, request.sealed)).toBeUndefined();
  });
});

describe('the nonces of an instance', () => {
  it('never come twice, also where a pair was forgotten and agreed anew', () => {
    const asker = makeKey();
    const peers = Array.from({ length: 300 }, () => makeKey().publicKey);
    const nonces = [...peers, ...peers].map((peer) => asker.pairWith(peer).seal(new Uint8Array(0), payload).nonce);
    expect(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size).toBe(600);
  });
});

function openWith(key: InstanceKey, bytes: Uint8Array): Uint8Array | undefined {
  const envelope = parseRequest(header.subject, bytes);
  return openRequest(key, envelope, recipientOf(envelope, key) ?? expect.fail('not a recipient'));
}

function withHeader(envelope: Envelope, change: Partial<Header>): Envelope {
  return { ...envelope, header: { ...envelope.header, ...change } };
}

function flipped(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte));
}
