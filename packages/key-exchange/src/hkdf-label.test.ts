import { nativeCrypto } from '@handfast/crypto/native';
import { describe, expect, it } from 'vitest';
import { hkdfExpandLabel } from './hkdf-label.ts';

const secret = new Uint8Array(32);
const nothing = new Uint8Array();

describe('hkdfExpandLabel', () => {
  it('takes a label of 249 bytes and a context of 255, and no more', () => {
    const expand = (label: number, context: number) =>
      hkdfExpandLabel(nativeCrypto, 'sha256', secret, 'x'.repeat(label), new Uint8Array(context), 32);
    expect(expand(249, 255)).toHaveLength(32);
    expect(() => expand(250, 0)).toThrow(/configuration-invalid/);
    expect(() => expand(0, 256)).toThrow(/configuration-invalid/);
  });

  it('gives one block and the first of several alike, but for the length that it binds', () => {
    const expand = (length: number) => hkdfExpandLabel(nativeCrypto, 'sha256', secret, 'key', nothing, length);
    for (const length of [0, 1, 12, 31, 32, 33, 64, 255]) expect(expand(length)).toHaveLength(length);
    expect(expand(12)).not.toEqual(expand(32).subarray(0, 12));
  });
});
