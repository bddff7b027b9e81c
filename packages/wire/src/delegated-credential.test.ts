import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeDelegatedCredential, encodeSignedCredential, readDelegatedCredential } from './delegated-credential.ts';
import { TlsError } from './errors.ts';
import { fromHex, toHex } from './hex.ts';

const known = {
  credential: { validTime: 0x00093a80, certVerifyAlgorithm: 0x0403, subjectPublicKeyInfo: fromHex('3003020100') },
  algorithm: 0x0804,
  signature: fromHex('aabbcc'),
};

describe('a delegated credential', () => {
  it('is written as RFC 9345 section 4 says', () => {
    expect(toHex(encodeDelegatedCredential(known))).toBe('00093a800403000005300302010008040003aabbcc');
    expect(toHex(encodeSignedCredential(known))).toBe('00093a80040300000530030201000804');
  });

  it('is read as it was written, and not with a byte less or more', () => {
    const code = fc.nat(0xffff);
    const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
    const any = fc.record({
      credential: fc.record({ validTime: fc.nat(0xffffffff), certVerifyAlgorithm: code, subjectPublicKeyInfo: bytes }),
      algorithm: code,
      signature: bytes,
    });
    fc.assert(
      fc.property(any, (value) => {
        const encoded = encodeDelegatedCredential(value);
        expect(readDelegatedCredential(encoded)).toEqual(value);
        expect(() => readDelegatedCredential(encoded.subarray(1))).toThrow();
        expect(() => readDelegatedCredential(encoded.subarray(0, -1))).toThrow(
          expect.objectContaining({ reason: 'malformed-message' }),
        );
        expect(() => readDelegatedCredential(Uint8Array.of(...encoded, 0))).toThrow(
          expect.objectContaining({ reason: 'trailing-data' }),
        );
      }),
    );
  });

  it.for([
    ['key', { ...known, credential: { ...known.credential, subjectPublicKeyInfo: new Uint8Array() } }],
    ['signature', { ...known, signature: new Uint8Array() }],
  ] as const)('has a %s of one byte at least', ([, value]) => {
    expect(() => encodeDelegatedCredential(value)).toThrow(expect.objectContaining({ reason: 'internal-error' }));
  });

  it('is a TlsError at worst, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          readDelegatedCredential(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
        }
      }),
    );
  });
});
