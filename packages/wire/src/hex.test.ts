import fc from 'fast-check';
import { expect, it } from 'vitest';
import { fromHex, toHex } from './hex.ts';

it('hexadecimal text is lower case, and reads back in either case', () => {
  expect(toHex(Uint8Array.of(0, 0x0a, 0xff))).toBe('000aff');
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect(fromHex(toHex(bytes))).toEqual(bytes);
      expect(fromHex(toHex(bytes).toUpperCase())).toEqual(bytes);
    }),
  );
});

it.for(['a', '0g', '0x', ' 1', '1\n', '1 2 ', 'é0'])('fromHex refuses %j', (text) => {
  expect(() => fromHex(text)).toThrow(RangeError);
});
