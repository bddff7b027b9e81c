import type { Codec } from '../codec.ts';
import { encryptedExtensionsExtensions } from '../extensions/by-message.ts';
import type { EncryptedExtensions } from '../messages.ts';

/** RFC 8446 section 4.3.1. */
export const encryptedExtensions: Codec<EncryptedExtensions> = {
  read: (reader) => ({ type: 'EncryptedExtensions', extensions: encryptedExtensionsExtensions.read(reader) }),
  write: (writer, message) => encryptedExtensionsExtensions.write(writer, message.extensions),
};
