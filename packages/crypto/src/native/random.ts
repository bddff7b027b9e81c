import { randomFillSync } from 'node:crypto';

/** A handshake takes a few dozen random bytes in small pieces, and each call to OpenSSL costs more than the bytes. */
const pool = new Uint8Array(4096);
const longestPooled = 256;
let used = pool.length;

/** A plain Uint8Array, not a Buffer, whose `slice` would share its memory. Bytes leave the pool when they are handed out. */
export function randomBytes(length: number): Uint8Array {
  // What is no length fails here, or makes an array of none; it never moves the place in the pool.
  if (!(length >= 0 && length <= longestPooled)) return randomFillSync(new Uint8Array(length));
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const bytes = pool.slice(used, used + length);
  pool.fill(0, used, used + length);
  used += length;
  return bytes;
}
