import type { Codec } from '../codec.ts';
import { TlsError } from '../errors.ts';
import type { KeyUpdate } from '../messages.ts';
import { KeyUpdateRequest } from '../registries.ts';

/** RFC 8446 section 4.6.3: a request_update of any other value is illegal_parameter. */
export const keyUpdate: Codec<KeyUpdate> = {
  read(reader) {
    const request = reader.uint8();
    if (request === KeyUpdateRequest.update_not_requested) return { type: 'KeyUpdate', requestUpdate: false };
    if (request === KeyUpdateRequest.update_requested) return { type: 'KeyUpdate', requestUpdate: true };
    throw new TlsError('illegal-parameter', `${request} is no KeyUpdateRequest`);
  },
  write(writer, message) {
    writer.uint8(message.requestUpdate ? KeyUpdateRequest.update_requested : KeyUpdateRequest.update_not_requested);
  },
};
