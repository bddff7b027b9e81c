import * as zlib from 'node:zlib';
import type { CertificateCompression } from '@handfast/handshake';
import { CertificateCompressionAlgorithm } from '@handfast/wire';

/** What node:zlib has in this version of Node: zstd came with 22.15. */
type Codec = {
  readonly compress: (message: Uint8Array) => Uint8Array;
  readonly decompress: (compressed: Uint8Array, options: BoundedOptions) => unknown;
};

/** The work stops as soon as more than `maxOutputLength` bytes come out; `info` tells how much of the input it took. */
interface BoundedOptions {
  readonly maxOutputLength: number;
  readonly info: true;
}

interface Inflated {
  readonly buffer: Uint8Array;
  readonly engine: { readonly bytesWritten: number };
}

function compression(algorithm: number, codec: Codec): CertificateCompression {
  const made = new LastMade(codec.compress);
  return {
    algorithm,
    compress: (message) => made.of(message),
    decompress: (compressed, length) => decompressed(codec, compressed, length),
  };
}

function decompressed({ decompress }: Codec, compressed: Uint8Array, length: number): Uint8Array | undefined {
  if (length === 0) return undefined;
  let inflated: Inflated;
  try {
    inflated = decompress(compressed, { maxOutputLength: length, info: true }) as Inflated;
  } catch {
    return undefined;
  }
  const { buffer, engine } = inflated;
  // What follows the compressed stream would be bytes that nobody looks at.
  return buffer.length === length && engine.bytesWritten === compressed.length ? buffer : undefined;
}

/** A server compresses the same few Certificate messages again and again, and well compressed means slowly. */
class LastMade {
  readonly #make: (message: Uint8Array) => Uint8Array;
  #last: readonly { readonly message: Uint8Array; readonly compressed: Uint8Array }[] = [];

  constructor(make: (message: Uint8Array) => Uint8Array) {
    this.#make = make;
  }

  of(message: Uint8Array): Uint8Array {
    const known = this.#last.find((entry) => Buffer.compare(entry.message, message) === 0);
    if (known !== undefined) return known.compressed;
    const entry = { message: message.slice(), compressed: this.#make(message) };
    this.#last = [entry, ...this.#last.slice(0, remembered - 1)];
    return entry.compressed;
  }
}

const remembered = 16;

/** The algorithms of RFC 8879 that this Node has, in order of preference. */
export const certificateCompression: readonly CertificateCompression[] = [
  compression(CertificateCompressionAlgorithm.brotli, {
    compress: zlib.brotliCompressSync,
    decompress: zlib.brotliDecompressSync,
  }),
  ...('zstdCompressSync' in zlib
    ? [
        compression(CertificateCompressionAlgorithm.zstd, {
          compress: zlib.zstdCompressSync,
          decompress: zlib.zstdDecompressSync,
        }),
      ]
    : []),
  compression(CertificateCompressionAlgorithm.zlib, { compress: zlib.deflateSync, decompress: zlib.inflateSync }),
];
