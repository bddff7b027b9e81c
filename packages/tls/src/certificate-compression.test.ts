import { deflateSync } from 'node:zlib';
import { CertificateCompressionAlgorithm, nameOf } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { certificateCompression } from './certificate-compression.ts';

describe.each(
  certificateCompression.map((each) => [nameOf(CertificateCompressionAlgorithm, each.algorithm), each] as const),
)('%s', (_name, { compress, decompress }) => {
  const message = new Uint8Array(3000).map((_, index) => index % 50);

  it('gives back what it compressed', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 2000 }), (bytes) => {
        expect(decompress(compress(bytes), bytes.length)).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it('refuses a content that is longer, or shorter, than it was said to be', () => {
    expect(decompress(compress(message), message.length - 1)).toBeUndefined();
    expect(decompress(compress(message), message.length + 1)).toBeUndefined();
    expect(decompress(compress(message), 0)).toBeUndefined();
  });

  it('refuses bytes behind the stream, a stream that is cut off, and what is none', () => {
    const compressed = compress(message);
    expect(decompress(Buffer.concat([compressed, Buffer.of(0)]), message.length)).toBeUndefined();
    expect(decompress(compressed.subarray(0, -1), message.length)).toBeUndefined();
    expect(decompress(new Uint8Array(40).fill(0xa5), message.length)).toBeUndefined();
  });

  it('compresses the same message once', () => {
    expect(compress(message.slice())).toBe(compress(message.slice()));
  });
});

it('makes no more of a bomb than was announced', () => {
  const zlib = certificateCompression.find(({ algorithm }) => algorithm === CertificateCompressionAlgorithm.zlib);
  const bomb = deflateSync(new Uint8Array(2 ** 26));
  const before = process.memoryUsage().arrayBuffers;
  expect(zlib?.decompress(bomb, 1000)).toBeUndefined();
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 22);
});
