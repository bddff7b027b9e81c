import { describe, expect, it, vi } from 'vitest';
import { ContentCache } from './content-cache.ts';

const content = (...octets: number[]): Uint8Array => Uint8Array.from(octets);

describe('a content cache', () => {
  it('makes a value once for the same content, whoever holds the bytes', () => {
    const cache = new ContentCache<object>(2);
    const make = vi.fn(() => ({}));
    const first = cache.get(content(1, 2), make);
    expect(cache.get(content(1, 2), make)).toBe(first);
    expect(make).toHaveBeenCalledOnce();
  });

  it('keeps a copy, so that a change of the bytes afterwards changes nothing', () => {
    const cache = new ContentCache<Uint8Array>(2);
    const bytes = Buffer.from([1, 2]);
    const kept = cache.get(bytes, (copy) => copy);
    bytes[0] = 9;
    expect(kept).toEqual(content(1, 2));
    expect(cache.get(bytes, () => content(0))).toEqual(content(0));
  });

  it('never confuses contents that end alike', () => {
    const cache = new ContentCache<number>(8);
    const tail = new Array(32).fill(5);
    expect(cache.get(content(1, ...tail), () => 1)).toBe(1);
    expect(cache.get(content(2, ...tail), () => 2)).toBe(2);
    expect(cache.get(content(1, ...tail), () => 3)).toBe(3);
  });

  it('drops what was not used for longest when it is full', () => {
    const cache = new ContentCache<number>(2);
    cache.get(content(1), () => 1);
    cache.get(content(2), () => 2);
    cache.get(content(1), () => 0);
    cache.get(content(3), () => 3);
    expect(cache.get(content(1), () => 0)).toBe(1);
    expect(cache.get(content(2), () => 0)).toBe(0);
  });

  it('does not keep what is very long', () => {
    const cache = new ContentCache<number>(2);
    cache.get(new Uint8Array(20_000), () => 1);
    expect(cache.get(new Uint8Array(20_000), () => 2)).toBe(2);
  });

  it('keeps nothing where the value cannot be made', () => {
    const cache = new ContentCache<number>(2);
    const fail = (): never => {
      throw new Error('no');
    };
    expect(() => cache.get(content(1), fail)).toThrow('no');
    expect(cache.get(content(1), () => 1)).toBe(1);
  });
});
