import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerError, DerReader, DerTag, encodeDer } from './der.ts';

const read = (...bytes: readonly number[]): DerReader => new DerReader(Uint8Array.from(bytes));

describe('DerReader', () => {
  it('reads back what encodeDer wrote, of every length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 70_000 }), (content) => {
        const reader = new DerReader(encodeDer(DerTag.octetString, content));
        expect(Buffer.compare(reader.read(DerTag.octetString), content)).toBe(0);
        expect(reader.isDone).toBe(true);
      }),
      { numRuns: 50 },
    );
    for (const length of [0, 127, 128, 255, 256, 65_535, 65_536]) {
      const reader = new DerReader(encodeDer(DerTag.octetString, new Uint8Array(length)));
      expect(reader.read(DerTag.octetString).length).toBe(length);
      reader.end();
    }
  });

  it.each([
    ['another tag', read(0x05, 0)],
    ['nothing', read()],
    ['a tag alone', read(0x04)],
    ['a truncated value', read(0x04, 2, 1)],
    ['a truncated length', read(0x04, 0x82, 1)],
    ['an indefinite length', read(0x04, 0x80, 0, 0)],
    ['a length in more bytes than needed', read(0x04, 0x81, 1, 0)],
    ['a length with a leading zero', read(0x04, 0x82, 0, 0x80, ...new Uint8Array(128))],
    ['a length of four bytes', read(0x04, 0x84, 1, 0, 0, 0)],
  ])('refuses %s', (_name, reader) => {
    expect(() => reader.read(DerTag.octetString)).toThrow(DerError);
  });

  it.each([
    ['no content', read(2, 0)],
    ['zero', read(2, 1, 0)],
    ['a negative value', read(2, 1, 0x80)],
    ['a sign byte that is not needed', read(2, 2, 0, 1)],
  ])('refuses as a positive integer %s', (_name, reader) => {
    expect(() => reader.readPositiveInteger()).toThrow(DerError);
  });

  it('refuses bit strings with unused bits or without their count, and trailing data', () => {
    expect(() => read(3, 2, 1, 0).readBitString()).toThrow(DerError);
    expect(() => read(3, 0).readBitString()).toThrow(DerError);
    expect(() => read(3, 2, 0, 0).end()).toThrow(DerError);
  });
});
