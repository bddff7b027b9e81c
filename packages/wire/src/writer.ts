import { TlsError } from './errors.ts';
import { type LengthWidth, maxLength } from './reader.ts';

/**
 * Writes the presentation language of RFC 8446 section 3 into one buffer that grows.
 *
 * A vector whose length is not within its bounds is a `TlsError` with reason `internal-error`: what does not fit may
 * come from the peer (a cookie to be echoed), so it must be able to end a connection properly.
 */
export class Writer {
  #buffer: Uint8Array;
  #length = 0;

  /** @param capacity bytes to begin with */
  constructor(capacity = 512) {
    this.#buffer = new Uint8Array(capacity);
  }

  uint8(value: number): void {
    const at = this.#grow(1);
    this.#buffer[at] = value;
  }

  uint16(value: number): void {
    const at = this.#grow(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
  }

  uint24(value: number): void {
    this.uint8(value >>> 16);
    this.uint16(value);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value);
  }

  /** `opaque x[bytes.length]`. */
  bytes(bytes: Uint8Array): void {
    const at = this.#grow(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** `count` bytes of zero. */
  zeros(count: number): void {
    const at = this.#grow(count);
    this.#buffer.fill(0, at, at + count);
  }

  /** `opaque x<min..max>` with a length of 1 byte. */
  vector8(bytes: Uint8Array, min = 0, max = maxLength(1)): void {
    checkLength(bytes.length, min, max);
    this.uint8(bytes.length);
    this.bytes(bytes);
  }

  /** `opaque x<min..max>` with a length of 2 bytes. */
  vector16(bytes: Uint8Array, min = 0, max = maxLength(2)): void {
    checkLength(bytes.length, min, max);
    this.uint16(bytes.length);
    this.bytes(bytes);
  }

  /** `opaque x<min..max>` with a length of 3 bytes. */
  vector24(bytes: Uint8Array, min = 0, max = maxLength(3)): void {
    checkLength(bytes.length, min, max);
    this.uint24(bytes.length);
    this.bytes(bytes);
  }

  /** Begins a vector: leaves room for its length. Returns where its content starts, which `close` wants to know. */
  open(width: LengthWidth): number {
    this.#grow(width);
    return this.#length;
  }

  /**
   * Ends a vector: fills in the length of what was written since `open` returned `start`.
   * @param min @param max the vector's bounds, in bytes
   */
  close(start: number, width: LengthWidth, min = 0, max = maxLength(width)): void {
    const length = this.#length - start;
    checkLength(length, min, max);
    for (let at = start - 1, left = length; at >= start - width; at--, left >>>= 8) this.#buffer[at] = left;
  }

  /** A copy of what was written, exactly as long. */
  finish(): Uint8Array {
    return this.#buffer.slice(0, this.#length);
  }

  /** Forgets what was written, and keeps its buffer for the next. */
  clear(): void {
    this.#length = 0;
  }

  /** Makes room for `count` more bytes and returns the index of the first. */
  #grow(count: number): number {
    const at = this.#length;
    const length = at + count;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#buffer.length));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    this.#length = length;
    return at;
  }
}

function checkLength(length: number, min: number, max: number): void {
  if (length < min || length > max) {
    throw new TlsError('internal-error', `cannot encode a vector of ${length} bytes, allowed are ${min} to ${max}`);
  }
}
