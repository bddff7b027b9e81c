import { describe, expect, it } from 'vitest';
import { Reader } from './reader.ts';

const malformed = expect.objectContaining({ reason: 'malformed-message', alert: 'decode_error' });

describe('Reader', () => {
  it('reads integers in network order, those of 4 bytes without a sign', () => {
    const reader = new Reader(Uint8Array.of(1, 0xff, 2, 0xff, 0, 1, 0xff, 0xfe, 0xfd, 0xfc));
    expect([reader.uint8(), reader.uint16(), reader.uint24(), reader.uint32()]).toEqual([
      1, 0xff02, 0xff0001, 0xfffefdfc,
    ]);
    expect(reader.remaining).toBe(0);
    reader.end();
  });

  it('reads only its part of the array', () => {
    const reader = new Reader(Uint8Array.of(9, 1, 2, 9), 1, 3);
    expect(reader.rest()).toEqual(Uint8Array.of(1, 2));
    expect(() => reader.uint8()).toThrow(malformed);
  });

  it('reads vectors with lengths of 1, 2 and 3 bytes, as views', () => {
    const bytes = Uint8Array.of(1, 7, 0, 1, 8, 0, 0, 1, 9);
    const reader = new Reader(bytes);
    const vectors = [reader.vector8(), reader.vector16(), reader.vector24()];
    expect(vectors).toEqual([Uint8Array.of(7), Uint8Array.of(8), Uint8Array.of(9)]);
    for (const vector of vectors) expect(vector.buffer).toBe(bytes.buffer);
  });

  it('refuses a length outside the bounds of its vector', () => {
    expect(() => new Reader(Uint8Array.of(1, 7)).vector8(2)).toThrow(malformed);
    expect(() => new Reader(Uint8Array.of(0, 2, 7, 7)).vector16(0, 1)).toThrow(malformed);
    expect(() => new Reader(Uint8Array.of(0, 0, 0)).vector24(1)).toThrow(malformed);
  });

  it('refuses a length for which the bytes are missing', () => {
    expect(() => new Reader(Uint8Array.of(2, 7)).vector8()).toThrow(malformed);
    expect(() => new Reader(Uint8Array.of(0xff, 0xff, 7)).vector16()).toThrow(malformed);
    expect(() => new Reader(Uint8Array.of(0xff, 0xff, 0xff)).nested(3)).toThrow(malformed);
    expect(() => new Reader(Uint8Array.of(0xff)).uint16()).toThrow(malformed);
  });

  it('keeps a nested vector within its length, and goes on after it', () => {
    const reader = new Reader(Uint8Array.of(1, 7, 8));
    const nested = reader.nested(1);
    expect(nested.uint8()).toBe(7);
    expect(() => nested.uint8()).toThrow(malformed);
    expect(reader.uint8()).toBe(8);
  });

  it('finds bytes that nobody read', () => {
    const reader = new Reader(Uint8Array.of(1, 2));
    reader.uint8();
    expect(() => reader.end()).toThrow(expect.objectContaining({ reason: 'trailing-data', alert: 'decode_error' }));
  });
});
