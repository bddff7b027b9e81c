import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ClientSession,
  decodeClientSession,
  decodeSessionState,
  encodeClientSession,
  encodeSessionState,
  type SessionState,
} from './session-state.ts';

const bytes = (maxLength: number, minLength = 0) => fc.uint8Array({ minLength, maxLength });
const milliseconds = fc.integer({ min: 0, max: 2 ** 47 });
const uint32 = fc.integer({ min: 0, max: 0xffff_ffff });
const optional = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

const identity = fc.record({
  subject: fc.string(),
  issuer: fc.string(),
  serialNumber: fc.string(),
  dnsNames: fc.array(fc.string(), { maxLength: 3 }),
  fingerprint: fc.string(),
  notBefore: milliseconds,
  notAfter: milliseconds,
});

const stapled = fc.record({
  ocspResponse: optional(bytes(60, 1)),
  signedCertificateTimestamps: fc.array(bytes(60, 1), { maxLength: 3 }),
});

const peer = fc
  .record({
    chain: fc.array(bytes(60, 1), { minLength: 1, maxLength: 4 }),
    anchor: bytes(60, 1),
    identity,
    stapled: optional(stapled),
  })
  .map(({ chain, anchor, identity, stapled }) => ({
    chain,
    verdict: { trusted: true as const, path: [...chain, anchor], identity },
    stapled,
  }));

const state: fc.Arbitrary<SessionState> = fc.record({
  version: fc.constantFrom('tls12', 'tls13'),
  cipherSuite: fc.integer({ min: 0, max: 0xffff }),
  secret: bytes(48),
  extendedMasterSecret: fc.boolean(),
  issuedAt: milliseconds,
  expires: milliseconds,
  ageAdd: uint32,
  serverName: optional(fc.string()),
  applicationProtocol: optional(fc.string()),
  maxEarlyData: uint32,
  peer: optional(peer),
});

const session: fc.Arbitrary<ClientSession> = fc
  .tuple(
    state,
    fc.oneof(
      bytes(300, 1).map((ticket) => ({ kind: 'ticket' as const, ticket })),
      bytes(32, 1).map((sessionId) => ({ kind: 'session-id' as const, sessionId })),
    ),
  )
  .map(([state, handle]) => ({ ...state, handle }));

describe('the state of a session', () => {
  test('is read back as it was written', () => {
    fc.assert(fc.property(state, (state) => void expect(decodeSessionState(encodeSessionState(state))).toEqual(state)));
    fc.assert(
      fc.property(
        session,
        (session) => void expect(decodeClientSession(encodeClientSession(session))).toEqual(session),
      ),
    );
  });

  test('holds a chain of any length', () => {
    const [sample] = fc.sample(state, 1);
    const chain = Array.from({ length: 300 }, (_, index) => Uint8Array.of(index >> 8, index));
    const identity = {
      dnsNames: [],
      subject: '',
      issuer: '',
      serialNumber: '',
      fingerprint: '',
      notBefore: 0,
      notAfter: 1,
    };
    const long = {
      ...(sample as SessionState),
      peer: { chain, verdict: { trusted: true as const, path: chain, identity }, stapled: undefined },
    };
    expect(decodeSessionState(encodeSessionState(long))).toEqual(long);
  });

  test('is nothing where it is cut off, goes on, or is of another form', () => {
    fc.assert(
      fc.property(session, fc.nat(), (session, cut) => {
        const whole = encodeClientSession(session);
        expect(decodeClientSession(whole.subarray(0, cut % whole.length))).toBeUndefined();
        expect(decodeClientSession(Buffer.concat([whole, Buffer.of(0)]))).toBeUndefined();
        expect(decodeClientSession(Buffer.concat([Buffer.of(9), whole.subarray(1)]))).toBeUndefined();
      }),
    );
  });

  test('is nothing where it is noise, without an error', () => {
    fc.assert(fc.property(bytes(200), (noise) => void decodeSessionState(Buffer.concat([Buffer.of(1), noise]))));
  });

  test('is not written of a peer that is not trusted', () => {
    const verdict = {
      trusted: false,
      reason: 'certificate-expired',
      certificate: undefined,
      detail: '',
      rule: '',
    } as const;
    const [sample] = fc.sample(state, 1);
    expect(() => encodeSessionState({ ...(sample as SessionState), peer: { chain: [], verdict } })).toThrow(
      /untrusted peer is not kept/,
    );
  });
});
