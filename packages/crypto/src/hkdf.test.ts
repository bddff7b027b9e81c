import { hkdfSync, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createPortableCrypto, hkdfExpand, hkdfExtract } from './index.ts';
import { nativeCrypto } from './native/index.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe.each([nativeCrypto, createPortableCrypto((length) => new Uint8Array(length))])(
  'HKDF over the $name provider',
  (crypto) => {
    it('reproduces RFC 5869 appendix A.1', () => {
      const prk = hkdfExtract(crypto, 'sha256', hex('000102030405060708090a0b0c'), hex('0b'.repeat(22)));
      expect(hexOf(prk)).toBe('077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5');
      expect(hexOf(hkdfExpand(crypto, 'sha256', prk, hex('f0f1f2f3f4f5f6f7f8f9'), 42))).toBe(
        '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
      );
    });

    it('takes an empty salt for a hash length of zeros (RFC 5869 section 2.2)', () => {
      const ikm = randomBytes(20);
      expect(hexOf(hkdfExtract(crypto, 'sha384', new Uint8Array(), ikm))).toBe(
        hexOf(hkdfExtract(crypto, 'sha384', new Uint8Array(48), ikm)),
      );
    });

    it('expands to any length up to 255 hash lengths as node:crypto does', () => {
      const [salt, ikm, info] = [randomBytes(20), randomBytes(32), randomBytes(10)];
      for (const length of [1, 31, 32, 33, 64, 65, 1000, 255 * 32]) {
        const expected = Buffer.from(hkdfSync('sha256', ikm, salt, info, length)).toString('hex');
        const prk = hkdfExtract(crypto, 'sha256', salt, ikm);
        expect(hexOf(hkdfExpand(crypto, 'sha256', prk, info, length))).toBe(expected);
      }
    });

    it('refuses a longer output as a mistake of ours', () => {
      expect(() => hkdfExpand(crypto, 'sha256', new Uint8Array(32), new Uint8Array(), 255 * 32 + 1)).toThrow(
        expect.objectContaining({ reason: 'internal-error' }),
      );
    });
  },
);
