import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkedPadding } from './cbc-padding.ts';

/** The same judgement, as one would write it were there nothing to hide. */
function plainly(plaintext: Uint8Array, room: number): { readonly length: number; readonly right: number } {
  const length = (plaintext.at(-1) ?? 0) + 1;
  const right = length <= room && plaintext.subarray(-length).every((byte) => byte === length - 1);
  return right ? { length, right: 1 } : { length: 0, right: 0 };
}

describe('checkedPadding', () => {
  it('finds every length of padding right, where there is room for it, and wrong with one byte changed', () => {
    for (let last = 0; last < 256; last += 1) {
      const plaintext = new Uint8Array(400).fill(0x77, 0, 400 - last - 1).fill(last, 400 - last - 1);
      expect(checkedPadding(plaintext, 400)).toEqual({ length: last + 1, right: 1 });
      expect(checkedPadding(plaintext, last + 1)).toEqual({ length: last + 1, right: 1 });
      expect(checkedPadding(plaintext, last)).toEqual({ length: 0, right: 0 });
      for (let at = 400 - last - 1; at < 399; at += 1) {
        for (const change of [1, 0x80]) {
          const altered = plaintext.slice();
          altered[at] = (altered[at] ?? 0) ^ change;
          expect(checkedPadding(altered, 400)).toEqual({ length: 0, right: 0 });
        }
      }
    }
  });

  it('judges as plain code does', () => {
    const ending = fc.tuple(fc.integer({ min: 0, max: 255 }), fc.nat(300));
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        ending,
        fc.nat(310),
        ([...bytes], [last, count], room) => {
          const plaintext = Uint8Array.of(...bytes, ...new Uint8Array(count).fill(last));
          expect(checkedPadding(plaintext, room)).toEqual(plainly(plaintext, room));
        },
      ),
      { numRuns: 2000 },
    );
  });
});
