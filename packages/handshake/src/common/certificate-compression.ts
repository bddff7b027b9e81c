import {
  type Certificate13,
  type CompressedCertificate,
  decodeHandshake,
  encodeHandshake,
  HandshakeType,
  TlsError,
} from '@handfast/wire';
import type { Configuration } from '../configuration.ts';

/** Certificates that are compressed on their way (RFC 8879), by either side. */

/** Bytes that a certificate message may have once it is decompressed: as many as the engine takes of a handshake. */
const largestCertificate = 256 * 1024;
const headerLength = 4;

/** The messages in which the peer's certificate may come, given that we have told the peer what we can decompress. */
export function certificateMessages({
  certificateCompression,
}: Configuration): readonly ('Certificate' | 'CompressedCertificate')[] {
  return certificateCompression.length === 0 ? ['Certificate'] : ['Certificate', 'CompressedCertificate'];
}

/** The peer's Certificate as it would have been without compression (RFC 8879 section 4). */
export function decompressed(
  configuration: Configuration,
  message: Certificate13 | CompressedCertificate,
): Certificate13 {
  if (message.type === 'Certificate') return message;
  const step = 'CompressedCertificate';
  const { algorithm, uncompressedLength: length, compressedCertificateMessage } = message;
  const compression = configuration.certificateCompression.find((each) => each.algorithm === algorithm);
  if (compression === undefined) {
    throw new TlsError('illegal-parameter', `we did not offer compression algorithm ${algorithm}`, { step });
  }
  if (length > largestCertificate) {
    throw new TlsError('certificate-malformed', `a certificate message of ${length} bytes`, { step });
  }
  const body = compression.decompress(compressedCertificateMessage, length);
  if (body?.length !== length) {
    throw new TlsError('certificate-malformed', 'the certificate message cannot be decompressed', { step });
  }
  const bytes = new Uint8Array(headerLength + length);
  bytes.set([HandshakeType.certificate, length >> 16, length >> 8, length]);
  bytes.set(body, headerLength);
  return decodeHandshake(bytes, 'tls13') as Certificate13;
}

/**
 * Our Certificate, compressed where the peer can read that.
 * @param offered compress_certificate of the peer, if it sent one.
 */
export function compressed(
  { certificateCompression }: Configuration,
  offered: readonly number[] | undefined,
  certificate: Certificate13,
): Certificate13 | CompressedCertificate {
  const compression = certificateCompression.find(({ algorithm }) => offered?.includes(algorithm));
  if (compression === undefined) return certificate;
  const body = encodeHandshake(certificate).subarray(headerLength);
  return {
    type: 'CompressedCertificate',
    algorithm: compression.algorithm,
    uncompressedLength: body.length,
    compressedCertificateMessage: compression.compress(body),
  };
}
