import { expect, test } from 'vitest';
import { randomBytes } from './random.ts';

test.each([0, 1, 32, 255, 256, 257, 5000])('%i random bytes are that many, and none twice', (length) => {
  const pieces = Array.from({ length: 40 }, () => randomBytes(length));
  expect(pieces.every((piece) => piece.length === length)).toBe(true);
  if (length >= 32) expect(new Set(pieces.map((piece) => piece.join())).size).toBe(40);
});

test('a piece shares no memory with another one, nor with its own slices', () => {
  const piece = randomBytes(16);
  const copy = piece.slice();
  piece.fill(0);
  expect(copy.some((byte) => byte !== 0)).toBe(true);
  expect(piece.buffer.byteLength).toBe(16);
});

test('what is no length spoils no later piece', () => {
  expect(() => randomBytes(-64)).toThrow(RangeError);
  expect(randomBytes(Number.NaN)).toHaveLength(0);
  const pieces = Array.from({ length: 10 }, () => randomBytes(32));
  expect(pieces.every((piece) => piece.length === 32 && piece.some((byte) => byte !== 0))).toBe(true);
});
