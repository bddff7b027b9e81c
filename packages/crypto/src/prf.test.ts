import { describe, expect, it } from 'vitest';
import { createPortableCrypto, type HashName, prf } from './index.ts';
import { nativeCrypto } from './native/index.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** The known answers of the TLS working group's list (April 2009), as `openssl kdf TLS1-PRF` gives them as well. */
const answers: readonly { hash: HashName; secret: string; seed: string; output: string }[] = [
  {
    hash: 'sha256',
    secret: '9bbe436ba940f017b17652849a71db35',
    seed: 'a0ba9f936cda311827a6f796ffd5198c',
    output:
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
  },
  {
    hash: 'sha384',
    secret: 'b80b733d6ceefcdc71566ea48e5567df',
    seed: 'cd665cf6a8447dd6ff8b27555edb7465',
    output:
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d',
  },
];

describe.each([nativeCrypto, createPortableCrypto((length) => new Uint8Array(length))])(
  'the PRF of TLS 1.2 over the $name provider',
  (crypto) => {
    it.for(answers)('gives the known answer with $hash, and its beginning where less is asked for', (answer) => {
      const { hash, secret, seed, output } = answer;
      for (const length of [output.length / 2, 48, 32, 12, 0]) {
        expect(hexOf(prf(crypto, hash, hex(secret), 'test label', hex(seed), length))).toBe(
          output.slice(0, 2 * length),
        );
      }
    });
  },
);
