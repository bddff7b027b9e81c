import { randomBytes } from 'node:crypto';
import type { CertificateCompression } from '@handfast/handshake';
import type { Settings } from './arguments.ts';

/** The algorithms that the runner has made up to test with (`cert_compression_tests.go`). */

/** Leaves out two zeros in front, which every Certificate message has. */
const shrinking: CertificateCompression = {
  algorithm: 0xff01,
  compress: (message) => message.subarray(2),
  decompress: (compressed, length) =>
    compressed.length + 2 === length ? Buffer.concat([Uint8Array.of(0, 0), compressed]) : undefined,
};

/** Puts four bytes in front. */
const expanding: CertificateCompression = {
  algorithm: 0xff02,
  compress: (message) => Buffer.concat([Uint8Array.of(1, 2, 3, 4), message]),
  decompress: (compressed, length) =>
    compressed.length - 4 === length && compressed.subarray(0, 4).join() === '1,2,3,4'
      ? compressed.subarray(4)
      : undefined,
};

/** Puts a random byte in front. */
const random: CertificateCompression = {
  algorithm: 0xff03,
  compress: (message) => Buffer.concat([randomBytes(1), message]),
  decompress: (compressed, length) => (compressed.length - 1 === length ? compressed.subarray(1) : undefined),
};

/** In the order in which the reference shim installs them. */
const all: readonly CertificateCompression[] = [expanding, shrinking, random];

export function certificateCompressionOf(settings: Settings): readonly CertificateCompression[] {
  if (settings['-install-cert-compression-algs']) return all;
  return all.filter(({ algorithm }) => algorithm === settings['-install-one-cert-compression-alg']);
}
