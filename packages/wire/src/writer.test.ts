import { describe, expect, it } from 'vitest';
import { Writer } from './writer.ts';

const impossible = expect.objectContaining({ reason: 'internal-error', alert: 'internal_error' });

describe('Writer', () => {
  it('writes integers in network order', () => {
    const writer = new Writer();
    writer.uint8(1);
    writer.uint16(0xff02);
    writer.uint24(0xff0003);
    writer.uint32(0xfffefdfc);
    expect(writer.finish()).toEqual(Uint8Array.of(1, 0xff, 2, 0xff, 0, 3, 0xff, 0xfe, 0xfd, 0xfc));
  });

  it('grows as needed and keeps what it has', () => {
    const writer = new Writer(1);
    writer.uint16(0x0102);
    writer.bytes(new Uint8Array(1000).fill(3));
    writer.zeros(2);
    expect(writer.finish()).toEqual(Uint8Array.of(1, 2, ...new Array<number>(1000).fill(3), 0, 0));
  });

  it('fills in the lengths of vectors that hold vectors', () => {
    const writer = new Writer();
    const outer = writer.open(3);
    const inner = writer.open(2);
    writer.vector8(Uint8Array.of(7));
    writer.close(inner, 2);
    writer.close(outer, 3);
    expect(writer.finish()).toEqual(Uint8Array.of(0, 0, 4, 0, 2, 1, 7));
  });

  it('refuses a vector outside its bounds', () => {
    const writer = new Writer();
    expect(() => writer.vector8(new Uint8Array(256))).toThrow(impossible);
    expect(() => writer.vector16(new Uint8Array(0x10000))).toThrow(impossible);
    expect(() => writer.vector16(new Uint8Array(1), 2)).toThrow(impossible);
    const start = writer.open(1);
    writer.zeros(256);
    expect(() => writer.close(start, 1)).toThrow(impossible);
  });

  it('writes zeros and lengths over what was there before it was cleared', () => {
    const writer = new Writer();
    writer.bytes(new Uint8Array(20).fill(255));
    writer.clear();
    const start = writer.open(2);
    writer.zeros(1);
    writer.close(start, 2);
    expect(writer.finish()).toEqual(Uint8Array.of(0, 1, 0));
  });
});
