/**
 * The same bytes as a plain Uint8Array. A Buffer is one as well, but `slice` of it is a view and not a copy, and a
 * caller who knows a Uint8Array only would be surprised.
 */
export function plain(buffer: Buffer): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
