import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteStream } from './byte-stream.ts';

it('hands out pieces of any length from chunks of any length, in order', () => {
  const lengths = fc.array(fc.nat({ max: 2000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(lengths, lengths, (chunkLengths, pieceLengths) => {
      const stream = new ByteStream();
      const all: number[] = [];
      for (const length of chunkLengths) {
        const chunk = Uint8Array.from({ length }, (_, at) => (all.length + at) % 251);
        all.push(...chunk);
        stream.push(chunk);
      }
      let at = 0;
      for (const length of pieceLengths) {
        const piece = stream.peek(length);
        if (length > all.length - at) {
          expect(piece).toBeUndefined();
          break;
        }
        expect(stream.peek(Math.min(3, length))).toEqual(Uint8Array.from(all.slice(at, at + Math.min(3, length))));
        stream.consume(length);
        expect(piece ?? new Uint8Array()).toEqual(Uint8Array.from(all.slice(at, at + length)));
        at += length;
        expect(stream.length).toBe(all.length - at);
      }
    }),
  );
});

it('gives a view, not a copy, of a piece that lies within one chunk', () => {
  const stream = new ByteStream();
  const chunk = Uint8Array.of(1, 2, 3, 4);
  stream.push(new Uint8Array());
  stream.push(chunk);
  stream.peek(1);
  stream.consume(1);
  expect(stream.peek(2)?.buffer).toBe(chunk.buffer);
});

it('never writes over a piece that it has handed out', () => {
  const stream = new ByteStream();
  stream.push(Uint8Array.of(1, 2));
  stream.push(Uint8Array.of(3, 4));
  stream.peek(4);
  const piece = stream.peek(3);
  stream.consume(3);
  stream.push(Uint8Array.of(5, 6));
  expect(stream.peek(3)).toEqual(Uint8Array.of(4, 5, 6));
  expect(piece).toEqual(Uint8Array.of(1, 2, 3));
});

it('needs memory for what has arrived, not for what is asked for', () => {
  const stream = new ByteStream();
  for (let count = 0; count < 1000; count++) stream.push(Uint8Array.of(count));
  const before = process.memoryUsage().arrayBuffers;
  expect(stream.peek(2 ** 24)).toBeUndefined();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThanOrEqual(4096);
});
