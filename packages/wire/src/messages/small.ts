import type { Codec } from '../codec.ts';
import { TlsError } from '../errors.ts';
import { encryptedExtensionsExtensions } from '../extensions/by-message.ts';
import type {
  EncryptedExtensions,
  EndOfEarlyData,
  Finished,
  HelloRequest,
  KeyUpdate,
  ServerHelloDone,
} from '../messages.ts';
import { KeyUpdateRequest } from '../registries.ts';

/** RFC 5246 section 7.4.1.1. */
export const helloRequest: Codec<HelloRequest> = { read: () => ({ type: 'HelloRequest' }), write: () => {} };

/** RFC 5246 section 7.4.5. */
export const serverHelloDone: Codec<ServerHelloDone> = { read: () => ({ type: 'ServerHelloDone' }), write: () => {} };

/** RFC 8446 section 4.5. */
export const endOfEarlyData: Codec<EndOfEarlyData> = { read: () => ({ type: 'EndOfEarlyData' }), write: () => {} };

/** RFC 8446 section 4.3.1. */
export const encryptedExtensions: Codec<EncryptedExtensions> = {
  read: (reader) => ({ type: 'EncryptedExtensions', extensions: encryptedExtensionsExtensions.read(reader) }),
  write: (writer, message) => encryptedExtensionsExtensions.write(writer, message.extensions),
};

/** RFC 5246 section 7.4.9: 12 bytes for every cipher suite that Handfast knows. */
export const finished12: Codec<Finished> = finished([12]);

/** RFC 8446 section 4.4.4: as long as the hash of the cipher suite, SHA-256 or SHA-384. */
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

/** RFC 8446 section 4.6.3: any other value of request_update is illegal_parameter. */
export const keyUpdate: Codec<KeyUpdate> = {
  read(reader) {
    const request = reader.uint8();
    if (request !== KeyUpdateRequest.update_not_requested && request !== KeyUpdateRequest.update_requested) {
      throw new TlsError('illegal-parameter', `${request} is no KeyUpdateRequest`);
    }
    return { type: 'KeyUpdate', requestUpdate: request === KeyUpdateRequest.update_requested };
  },
  write(writer, message) {
    writer.uint8(message.requestUpdate ? KeyUpdateRequest.update_requested : KeyUpdateRequest.update_not_requested);
  },
};
