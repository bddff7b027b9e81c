import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader, enterOnly, readOnly, Tag } from './reader.ts';
import { encodeElement } from './writer.ts';

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const readAll = (der: Uint8Array): Uint8Array => readOnly(der, Tag.OCTET_STRING, 'test');
const malformed = expect.objectContaining({ reason: 'certificate-malformed' });

describe('reading DER', () => {
  it.for([0, 1, 127, 128, 255, 256, 65_535, 65_536])('reads content of %i octets as it was written', (length) => {
    const content = new Uint8Array(length).fill(7);
    expect(readAll(encodeElement(Tag.OCTET_STRING, content))).toEqual(content);
  });

  it('gives views, not copies', () => {
    const der = encodeElement(Tag.OCTET_STRING, bytes(1, 2, 3));
    expect(readAll(der).buffer).toBe(der.buffer);
  });

  it.for<[string, Uint8Array]>([
    ['nothing', bytes()],
    ['a tag alone', bytes(0x04)],
    ['another tag', bytes(0x05, 0x00)],
    ['a high tag number', bytes(0x1f, 0x04, 0x00)],
    ['an indefinite length', bytes(0x24, 0x80, 0x04, 0x00, 0x00, 0x00)],
    ['an indefinite length of a primitive', bytes(0x04, 0x80, 0x00, 0x00)],
    ['a long form where the short one does', bytes(0x04, 0x81, 0x01, 0x00)],
    ['a length with a leading zero', bytes(0x04, 0x82, 0x00, 0x80, ...new Array(128).fill(0))],
    ['a length of five octets', bytes(0x04, 0x85, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00)],
    ['a length that is cut off', bytes(0x04, 0x82, 0x01)],
    ['less content than its length', bytes(0x04, 0x02, 0x00)],
    ['a length of 4 GiB', bytes(0x04, 0x84, 0xff, 0xff, 0xff, 0xff)],
    ['a byte too many', bytes(0x04, 0x01, 0x00, 0x00)],
  ])('refuses %s', ([, der]) => {
    expect(() => readAll(der)).toThrow(malformed);
  });

  it('keeps an element within the one that holds it', () => {
    const inner = bytes(0x04, 0x05, 1, 2);
    const outer = enterOnly(encodeElement(Tag.SEQUENCE, inner), Tag.SEQUENCE, 'outer');
    expect(() => outer.read(Tag.OCTET_STRING, 'inner')).toThrow(malformed);
    const list = new DerReader(bytes(0x30, 0x02, 0x04, 0x02, 9, 9), 'list');
    expect(() => list.enter(Tag.SEQUENCE, 'outer').read(Tag.OCTET_STRING, 'inner')).toThrow(malformed);
  });

  it('leaves an optional element of another tag alone', () => {
    const reader = new DerReader(bytes(0x02, 0x01, 0x05), 'test');
    expect(reader.readOptional(Tag.BOOLEAN, 'optional')).toBeUndefined();
    expect(reader.read(Tag.INTEGER, 'next')).toEqual(bytes(5));
    expect(reader.done).toBe(true);
  });

  it('says what was read and what was wrong with it', () => {
    expect(() => readAll(bytes(0x05, 0x00))).toThrow('test: tag 0x05 where 0x04 belongs');
  });

  it('never throws anything but TlsError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (der) => {
        try {
          const reader = new DerReader(der, 'random');
          while (!reader.done) reader.readElement(undefined, 'element');
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
        }
      }),
    );
  });
});
