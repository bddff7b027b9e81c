import type { Codec } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { Finished } from '../messages.ts';

/** RFC 5246 section 7.4.9: 12 bytes with every cipher suite that Handfast knows. */
export const finished12: Codec<Finished> = finished([12]);

/** RFC 8446 section 4.4.4: as long as the hash of the cipher suite, which is SHA-256 or SHA-384. */
export const finished13: Codec<Finished> = finished([32, 48]);

function finished(lengths: readonly number[]): Codec<Finished> {
  return {
    read(reader) {
      const verifyData = reader.rest();
      if (!lengths.includes(verifyData.length)) {
        throw new TlsError('malformed-message', `verify_data of ${verifyData.length} bytes`);
      }
      return { type: 'Finished', verifyData };
    },
    write: (writer, message) => writer.bytes(message.verifyData),
  };
}
