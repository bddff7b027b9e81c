import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeReply } from '../reply.ts';
import { parseReply, parseRequest } from '../sealing/envelope.ts';
import { authoritiesCodec, credentialsCodec, validateCodec } from './certificates.ts';
import type { Codec } from './codec.ts';
import { agreeCodec, decryptCodec, offerCodec, respondCodec, signCodec, startServerCodec } from './key-exchange.ts';
import { blankTicketsCodec, keepCodec, recallCodec, resumeCodec } from './resumption.ts';
import { handshakesCodec, noteCodec } from './sessions.ts';

const bytes = (minLength = 1, maxLength = 300) => fc.uint8Array({ minLength, maxLength });
const codePoint = fc.integer({ min: 1, max: 0xffff });
const keyId = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString('hex'));
const hash = fc.constantFrom('sha256' as const, 'sha384' as const, 'sha512' as const);
const time = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 });
const text = fc.string({ maxLength: 40 });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const chain = fc.array(bytes(), { minLength: 1, maxLength: 4 });
const random = bytes(32, 32);
const reason = fc.constantFrom('certificate-expired' as const, 'certificate-name-mismatch' as const);

const id = fc.uint8Array({ minLength: 1, maxLength: 16 }).map((value) => Buffer.from(value).toString('hex'));
const entry = fc.record({
  id,
  traceId: id,
  role: fc.constantFrom('client' as const, 'server' as const),
  gateway: text,
  state: fc.constantFrom('started' as const, 'completed' as const, 'confirmed' as const, 'failed' as const),
  at: time,
  protocol: optional(text),
  cipherSuite: optional(text),
  serverName: optional(text),
  identity: optional(text),
  reason: optional(text),
});

const resumption = { kind: fc.constant('resumption' as const), state: bytes(0) };
const external = {
  kind: fc.constant('external' as const),
  psk: fc.record({
    identity: bytes(),
    key: bytes(),
    hash: fc.constantFrom('sha256' as const, 'sha384' as const),
    binder: fc.constantFrom('external' as const, 'imported' as const),
  }),
};
const place = { index: fc.nat({ max: 7 }) };

/** A codec with the values that it is for. */
interface Case {
  readonly name: string;
  roundTrip(): void;
  decode(bytes: Uint8Array): unknown;
}

const masterSecret = fc.oneof(
  fc.record({ kind: fc.constant('extended' as const), hash, sessionHash: bytes(32, 64) }),
  fc.record({ kind: fc.constant('classic' as const), hash, clientRandom: random, serverRandom: random }),
);

function orUndefined<T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(values, { nil: undefined });
}

function caseOf<T>(name: string, codec: Codec<T>, values: fc.Arbitrary<T>): Case {
  const roundTrip = () =>
    fc.assert(
      fc.property(values, (value) => {
        expect(plain(codec.decode(codec.encode(value)))).toEqual(plain(value));
      }),
    );
  return { name, roundTrip, decode: codec.decode };
}

const cases: readonly Case[] = [
  caseOf(
    'RespondRequest',
    respondCodec.request,
    fc.record({
      group: codePoint,
      clientShare: bytes(0),
      signature: orUndefined(fc.record({ keyId, scheme: codePoint, hash, beforeShare: bytes(), afterShare: bytes() })),
    }),
  ),
  caseOf(
    'RespondReply',
    respondCodec.answer,
    fc.record({ share: bytes(), secret: bytes(), signature: orUndefined(bytes()) }),
  ),
  caseOf(
    'StartServerRequest',
    startServerCodec.request,
    fc.record({ group: codePoint, keyId, scheme: codePoint, clientRandom: random, serverRandom: random }),
  ),
  caseOf(
    'StartServerReply',
    startServerCodec.answer,
    fc.record({ share: bytes(), signature: bytes(), continuation: bytes() }),
  ),
  caseOf('OfferRequest', offerCodec.request, fc.record({ groups: fc.array(codePoint, { maxLength: 5 }) })),
  caseOf(
    'OfferReply',
    offerCodec.answer,
    fc.record({ shares: fc.array(fc.record({ group: codePoint, share: bytes() })), continuation: bytes() }),
  ),
  caseOf(
    'AgreeRequest',
    agreeCodec.request,
    fc.record({
      continuation: bytes(),
      group: codePoint,
      peerShare: bytes(0),
      masterSecret: orUndefined(masterSecret),
    }),
  ),
  caseOf('AgreeReply', agreeCodec.answer, fc.record({ secret: bytes() })),
  caseOf('SignRequest', signCodec.request, fc.record({ keyId, scheme: codePoint, content: bytes() })),
  caseOf('SignReply', signCodec.answer, fc.record({ signature: bytes() })),
  caseOf(
    'DecryptRequest',
    decryptCodec.request,
    fc.record({ keyId, encryptedPremaster: bytes(0), clientVersion: codePoint, masterSecret }),
  ),
  caseOf('DecryptReply', decryptCodec.answer, fc.record({ secret: bytes(48, 48) })),
  caseOf(
    'ValidateRequest',
    validateCodec.request,
    fc.record({
      chain,
      purpose: fc.constantFrom('server' as const, 'client' as const),
      keyUse: optional(fc.constantFrom('sign' as const, 'decrypt' as const)),
      serverName: optional(text),
      time,
      ocspResponse: optional(bytes(0)),
      signedCertificateTimestamps: fc.array(bytes(), { maxLength: 3 }),
    }),
  ),
  caseOf(
    'ValidateReply',
    validateCodec.answer,
    fc.oneof(
      fc.record({
        trusted: fc.constant(true as const),
        path: chain,
        identity: fc.record({
          subject: text,
          issuer: text,
          serialNumber: text,
          dnsNames: fc.array(text),
          ipAddresses: fc.array(text),
          emails: fc.array(text),
          uris: fc.array(text),
          spiffeId: orUndefined(text),
          name: orUndefined(text),
          fingerprint: text,
          notBefore: time,
          notAfter: time,
        }),
      }),
      fc.record({
        trusted: fc.constant(false as const),
        reason,
        certificate: optional(fc.record({ subject: text, depth: fc.nat({ max: 20 }) })),
        detail: text,
        rule: text,
        path: orUndefined(chain),
      }),
    ),
  ),
  caseOf('CredentialsRequest', credentialsCodec.request, fc.constant(undefined)),
  caseOf(
    'CredentialsReply',
    credentialsCodec.answer,
    fc.array(
      fc.record({
        keyId,
        chain,
        names: fc.array(text),
        keyKind: fc.constantFrom('ecdsa-p256' as const, 'ed25519' as const, 'rsa' as const, 'rsa-pss' as const),
        schemes: fc.array(codePoint),
        issuers: orUndefined(fc.constantFrom('any' as const, 'listed' as const)),
        ocspResponse: orUndefined(bytes()),
        signedCertificateTimestamps: orUndefined(fc.array(bytes(), { minLength: 1 })),
        delegated: orUndefined(
          fc.record({ credential: bytes(), keyId, scheme: codePoint, credentialScheme: codePoint, expires: time }),
        ),
      }),
    ),
  ),
  caseOf('AuthoritiesRequest', authoritiesCodec.request, fc.constant(undefined)),
  caseOf('AuthoritiesReply', authoritiesCodec.answer, fc.array(bytes())),
  caseOf('NoteRequest', noteCodec, fc.array(entry)),
  caseOf('HandshakesRequest', handshakesCodec.request, fc.constant(undefined)),
  caseOf('HandshakesReply', handshakesCodec.answer, fc.array(entry)),
  caseOf('BlankTicketsRequest', blankTicketsCodec.request, fc.record({ count: fc.nat({ max: 16 }) })),
  caseOf(
    'BlankTicketsReply',
    blankTicketsCodec.answer,
    fc.record({
      tickets: fc.array(
        fc.record({ key: bytes(32, 32), wrappedKey: bytes(), lifetime: fc.integer({ min: 1, max: 604_800 }) }),
        { maxLength: 16 },
      ),
    }),
  ),
  caseOf(
    'ResumeRequest',
    resumeCodec.request,
    fc.record({
      offered: fc.oneof(
        fc.record({ kind: fc.constant('psk' as const), identities: fc.array(bytes(), { maxLength: 8 }) }),
        fc.record({ kind: fc.constant('ticket' as const), ticket: bytes(0) }),
        fc.record({ kind: fc.constant('session-id' as const), sessionId: bytes(0, 32) }),
      ),
      earlyDataClaim: optional(bytes(32, 48)),
    }),
  ),
  caseOf(
    'ResumeReply',
    resumeCodec.answer,
    fc.record({
      sessions: fc.array(fc.oneof(fc.record({ ...resumption, ...place }), fc.record({ ...external, ...place })), {
        maxLength: 8,
      }),
      earlyDataClaimed: fc.boolean(),
    }),
  ),
  caseOf(
    'KeepRequest',
    keepCodec,
    fc.record({
      under: fc.oneof(
        fc.record({ kind: fc.constant('session-id' as const), sessionId: bytes(1, 32) }),
        fc.record({ kind: fc.constant('server' as const), server: text }),
      ),
      state: bytes(0),
      expires: time,
    }),
  ),
  caseOf('RecallRequest', recallCodec.request, fc.record({ server: text, count: fc.nat({ max: 100 }) })),
  caseOf(
    'RecallReply',
    recallCodec.answer,
    fc.array(fc.oneof(fc.record(resumption), fc.record(external)), { maxLength: 16 }),
  ),
];

describe('the codec of', () => {
  it.for(cases)('$name gives back what it was given', ({ roundTrip }) => roundTrip());
});

const parsers: readonly Pick<Case, 'name' | 'decode'>[] = [
  ...cases,
  { name: 'Reply', decode: decodeReply },
  { name: 'SealedRequest', decode: (input) => parseRequest('subject', input) },
  { name: 'SealedReply', decode: parseReply },
];

describe('arbitrary bytes', () => {
  it.for(parsers)('read as $name give a value or an Error', ({ decode }) => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (input) => {
        try {
          decode(input);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
      }),
    );
  });
});

describe('an empty message, whose fields are all missing,', () => {
  const filledAnswers: readonly (readonly [string, (bytes: Uint8Array) => unknown])[] = [
    ['RespondReply', respondCodec.answer.decode],
    ['StartServerReply', startServerCodec.answer.decode],
    ['OfferReply', offerCodec.answer.decode],
    ['AgreeReply', agreeCodec.answer.decode],
    ['SignReply', signCodec.answer.decode],
    ['DecryptRequest', decryptCodec.request.decode],
    ['DecryptReply', decryptCodec.answer.decode],
    ['ValidateReply', validateCodec.answer.decode],
    ['Reply', decodeReply],
    ['SealedReply', parseReply],
  ];
  it.for(filledAnswers)('is no %s', ([, decode]) => {
    expect(() => decode(new Uint8Array(0))).toThrow(RangeError);
  });
});

describe('a request to resume', () => {
  it('takes the first eight identities along: more are not looked at', () => {
    const identities = Array.from({ length: 20 }, (_, index) => Uint8Array.of(index));
    const encoded = resumeCodec.request.encode({ offered: { kind: 'psk', identities }, earlyDataClaim: undefined });
    expect(plain(resumeCodec.request.decode(encoded).offered)).toEqual(
      plain({ kind: 'psk', identities: identities.slice(0, 8) }),
    );
  });

  it('and its answer fit one message, however long the identities are', () => {
    const identities = Array.from({ length: 8 }, () => new Uint8Array(0xffff));
    const request = resumeCodec.request.encode({ offered: { kind: 'psk', identities }, earlyDataClaim: undefined });
    const sessions = identities.map((state, index) => ({ kind: 'resumption' as const, index, state }));
    const answer = resumeCodec.answer.encode({ sessions, earlyDataClaimed: false });
    for (const message of [request, answer]) expect(message.length).toBeLessThan(2 ** 20 - 8192);
  });
});

describe('notes', () => {
  it('arrive though one of them has a text that is too long, and all that go together fit one message', () => {
    const [first] = fc.sample(entry, 1);
    if (first === undefined) throw new Error('no sample');
    const long = { ...first, serverName: 'x'.repeat(255), identity: '\u20ac'.repeat(5000) };
    const encoded = noteCodec.encode(Array.from({ length: 256 }, () => long));
    expect(encoded.length).toBeLessThan(2 ** 20 - 8192);
    expect(noteCodec.decode(encoded)[255]).toMatchObject({ id: long.id, identity: '\u20ac'.repeat(1024) });
  });
});

describe('an answer to handshakes', () => {
  it('holds the newest where not all fit', () => {
    const [first] = fc.sample(entry, 1);
    if (first === undefined) throw new Error('no sample');
    const entries = Array.from({ length: 3000 }, (_, at) => ({ ...first, identity: 'x'.repeat(300), at }));
    const encoded = handshakesCodec.answer.encode(entries);
    expect(encoded.length).toBeLessThanOrEqual(2 ** 19);
    const decoded = handshakesCodec.answer.decode(encoded);
    expect(decoded.length).toBeGreaterThan(1000);
    expect(decoded.map(({ at }) => at)).toEqual(Array.from({ length: decoded.length }, (_, at) => at));
  });
});

/** With bytes as hex: whether they are a Buffer makes no difference. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item)]));
}
