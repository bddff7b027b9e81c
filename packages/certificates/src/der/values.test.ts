import { describe, expect, it } from 'vitest';
import { Tag } from './reader.ts';
import { booleanOf, integerOf, namedBitsOf, octetAlignedBitsOf, oidOf, smallIntegerOf, timeOf } from './values.ts';

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const malformed = expect.objectContaining({ reason: 'certificate-malformed' });

describe('BOOLEAN', () => {
  it('is 0xff or 0x00', () => {
    expect(booleanOf(bytes(0xff), 'test')).toBe(true);
    expect(booleanOf(bytes(0x00), 'test')).toBe(false);
  });
  it.for([[0x01], [], [0xff, 0xff]])('refuses %j', (octets) => {
    expect(() => booleanOf(bytes(...octets), 'test')).toThrow(malformed);
  });
});

describe('INTEGER', () => {
  it.for([[0x00], [0x7f], [0x00, 0x80], [0xff], [0xff, 0x7f]])('accepts the shortest form %j', (octets) => {
    expect(integerOf(bytes(...octets), 'test')).toEqual(bytes(...octets));
  });
  it.for([[], [0x00, 0x00], [0x00, 0x7f], [0xff, 0x80], [0xff, 0xff]])('refuses %j', (octets) => {
    expect(() => integerOf(bytes(...octets), 'test')).toThrow(malformed);
  });
  it('as a number is from 0 to 2^31 - 1', () => {
    expect(smallIntegerOf(bytes(0x7f, 0xff, 0xff, 0xff), 'test')).toBe(2 ** 31 - 1);
    expect(() => smallIntegerOf(bytes(0x00, 0x80, 0, 0, 0), 'test')).toThrow(malformed);
    expect(() => smallIntegerOf(bytes(0xff), 'test')).toThrow(malformed);
  });
});

describe('OBJECT IDENTIFIER', () => {
  it.for<[string, number[]]>([
    ['0.9.2342.19200300.100.1.1', [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 0x01, 0x01]],
    ['1.2.840.113549.1.1.11', [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b]],
    ['2.5.29.19', [0x55, 0x1d, 0x13]],
    ['2.999', [0x88, 0x37]],
    [
      '2.25.329800735698586629295641978511506172918',
      [
        0x69, 0x83, 0xf0, 0x9d, 0xa7, 0xeb, 0xcf, 0xde, 0xe0, 0xc7, 0xa1, 0xa7, 0xb2, 0xc0, 0x94, 0x8c, 0xc8, 0xf9,
        0xd7, 0x76,
      ],
    ],
  ])('reads %s', ([dotted, octets]) => {
    expect(oidOf(bytes(...octets), 'test')).toBe(dotted);
  });
  it.for([[], [0x80, 0x01], [0x55, 0x80, 0x01], [0x55, 0x9d], new Array(65).fill(1)])('refuses %j', (octets) => {
    expect(() => oidOf(bytes(...octets), 'test')).toThrow(malformed);
  });
});

describe('BIT STRING', () => {
  it('of whole octets has no unused bits', () => {
    expect(octetAlignedBitsOf(bytes(0, 1, 2), 'test')).toEqual(bytes(1, 2));
    for (const octets of [[], [1, 2], [8, 0]]) {
      expect(() => octetAlignedBitsOf(bytes(...octets), 'test')).toThrow(malformed);
    }
  });
  it('as a list of named bits has bit 0 in front', () => {
    expect(namedBitsOf(bytes(7, 0x80), 'test')).toBe(1 << 0);
    expect(namedBitsOf(bytes(1, 0x06), 'test')).toBe((1 << 5) | (1 << 6));
    expect(namedBitsOf(bytes(7, 0x00, 0x80), 'test')).toBe(1 << 8);
    expect(namedBitsOf(bytes(0), 'test')).toBe(0);
  });
  it.for([[], [8, 0], [1], [4, 0x81]])('as a list of named bits refuses %j', (octets) => {
    expect(() => namedBitsOf(bytes(...octets), 'test')).toThrow(malformed);
  });
});

describe('times', () => {
  it.for<[string, string]>([
    ['500101000000Z', '1950-01-01T00:00:00.000Z'],
    ['491231235959Z', '2049-12-31T23:59:59.000Z'],
    ['240229120000Z', '2024-02-29T12:00:00.000Z'],
    ['990630235959Z', '1999-06-30T23:59:59.000Z'],
  ])('reads UTCTime %s', ([text, iso]) => {
    expect(new Date(timeOf(Tag.UTC_TIME, ascii(text), 'test')).toISOString()).toBe(iso);
  });
  it.for<[string, string]>([
    ['20000229000000Z', '2000-02-29T00:00:00.000Z'],
    ['20500101000000Z', '2050-01-01T00:00:00.000Z'],
    ['99991231235959Z', '9999-12-31T23:59:59.000Z'],
    ['00010101000000Z', '0001-01-01T00:00:00.000Z'],
  ])('reads GeneralizedTime %s', ([text, iso]) => {
    expect(new Date(timeOf(Tag.GENERALIZED_TIME, ascii(text), 'test')).toISOString()).toBe(iso);
  });
  it.for([
    '2401010000Z',
    '240101000000',
    '240101000000+0000',
    '240101000000.5Z',
    '230229120000Z',
    '240431120000Z',
    '241301000000Z',
    '240100000000Z',
    '240101240000Z',
    '240101006000Z',
    '240101000060Z',
    '２40101000000Z',
  ])('refuses UTCTime %s', (text) => {
    expect(() => timeOf(Tag.UTC_TIME, ascii(text), 'test')).toThrow(malformed);
  });
  it.for(['21000229000000Z', '20500101000000.5Z', '500101000000Z', '20500101000000-0100'])(
    'refuses GeneralizedTime %s',
    (text) => {
      expect(() => timeOf(Tag.GENERALIZED_TIME, ascii(text), 'test')).toThrow(malformed);
    },
  );
});
