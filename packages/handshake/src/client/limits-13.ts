import { type EncryptedExtensions, findExtension, TlsError } from '@handfast/wire';
import { fragmentLengthCode } from '../common/hellos.ts';
import type { ClientConfiguration } from '../configuration.ts';
import type { Steps } from '../engine/effects.ts';

/** The limits that the server agrees to, which hold for records from now on (RFC 8449 section 4, RFC 6066 section 4). */
export function* limitRecords(
  { recordSizeLimit, maxFragmentLength }: ClientConfiguration,
  { extensions }: EncryptedExtensions,
): Steps<void> {
  const step = 'EncryptedExtensions';
  const limit = findExtension(extensions, 'record_size_limit');
  const code = findExtension(extensions, 'max_fragment_length');
  if (limit !== undefined && code !== undefined) {
    throw new TlsError('illegal-parameter', 'both record_size_limit and max_fragment_length (RFC 8449 section 5)', {
      step,
    });
  }
  if (limit !== undefined) yield { kind: 'limit-records', reads: recordSizeLimit, writes: limit };
  if (code === undefined || maxFragmentLength === undefined) return;
  if (code !== fragmentLengthCode(maxFragmentLength)) {
    throw new TlsError('illegal-parameter', 'the server chose another max_fragment_length than we asked for', { step });
  }
  // It does not count the inner content type, which the limit on what we read does.
  yield { kind: 'limit-records', reads: maxFragmentLength + 1, writes: maxFragmentLength };
}
