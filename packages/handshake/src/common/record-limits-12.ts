import { maximumPlaintextLength } from '@handfast/record';
import {
  type ClientHello,
  type Extension,
  findExtension,
  type ServerHello,
  type ServerHelloExtensions,
  TlsError,
} from '@handfast/wire';
import type { ServerConfiguration } from '../configuration.ts';

/** The most plaintext that records may hold, in bytes; undefined: 2^14, as ever. */
interface RecordLimits12 {
  readonly reads: number | undefined;
  readonly writes: number | undefined;
}

interface AnsweredLimits12 extends RecordLimits12 {
  /** What ServerHello says of them. */
  readonly answers: readonly Extension<ServerHelloExtensions>[];
}

/** A server's answer to a client that limits records. Of the two ways to do that, the newer one counts (RFC 8449 section 5). */
export function answerLimits12(
  { recordSizeLimit }: ServerConfiguration,
  { extensions }: ClientHello,
): AnsweredLimits12 {
  const offered = findExtension(extensions, 'record_size_limit');
  if (offered !== undefined) {
    const own = inTls12(recordSizeLimit ?? maximumPlaintextLength);
    return { answers: [{ name: 'record_size_limit', value: own }], reads: own, writes: inTls12(offered) };
  }
  const code = findExtension(extensions, 'max_fragment_length');
  if (code === undefined) return { answers: [], reads: undefined, writes: undefined };
  const length = fragmentLength(code);
  return { answers: [{ name: 'max_fragment_length', value: code }], reads: length, writes: length };
}

/** The limits that the server took up. */
export function answeredLimits12({ extensions: sent }: ClientHello, { extensions }: ServerHello): RecordLimits12 {
  const step = 'ServerHello';
  const limit = findExtension(extensions, 'record_size_limit');
  const code = findExtension(extensions, 'max_fragment_length');
  if (limit !== undefined && code !== undefined) {
    throw new TlsError('illegal-parameter', 'both record_size_limit and max_fragment_length (RFC 8449 section 5)', {
      step,
    });
  }
  if (code !== undefined && code !== findExtension(sent, 'max_fragment_length')) {
    throw new TlsError('illegal-parameter', 'the server chose another max_fragment_length than we asked for', { step });
  }
  const own = findExtension(sent, 'record_size_limit');
  if (limit !== undefined && own !== undefined) return { reads: inTls12(own), writes: inTls12(limit) };
  const length = code === undefined ? undefined : fragmentLength(code);
  return { reads: length, writes: length };
}

/** A peer that speaks TLS 1.3 as well may have one byte more in mind, the inner content type (RFC 8449 section 4). */
function inTls12(limit: number): number {
  return Math.min(limit, maximumPlaintextLength);
}

/** RFC 6066 section 4: 1 to 4 stand for 2^9 to 2^12. */
function fragmentLength(code: number): number {
  return 2 ** (8 + code);
}
