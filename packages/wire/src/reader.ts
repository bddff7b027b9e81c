import { TlsError } from './errors.ts';

/** How many bytes hold the length of a vector (RFC 8446 section 3.4). */
export type LengthWidth = 1 | 2 | 3;

/** The largest length that fits: 2^8-1, 2^16-1, 2^24-1. */
export function maxLength(width: LengthWidth): number {
  return 2 ** (8 * width) - 1;
}

/**
 * Reads the presentation language of RFC 8446 section 3 from a part of an array.
 *
 * Nothing is copied: byte strings are views of the array that was given. A length is compared with the bytes that are
 * there before anything is made of it.
 *
 * Every method throws `TlsError` with reason `malformed-message` where bytes are missing or a length is out of its
 * bounds.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #position: number;

  /** Reads `bytes` from index `start` up to, not including, `end`. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
  }

  /** The number of bytes not yet read. */
  get remaining(): number {
    return this.#end - this.#position;
  }

  uint8(): number {
    return this.#bytes[this.#skip(1)] as number;
  }

  uint16(): number {
    const at = this.#skip(2);
    return ((this.#bytes[at] as number) << 8) | (this.#bytes[at + 1] as number);
  }

  uint24(): number {
    const at = this.#skip(3);
    const bytes = this.#bytes;
    return ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  }

  uint32(): number {
    return this.uint16() * 0x10000 + this.uint16();
  }

  /** `opaque x[length]`, as a view. */
  bytes(length: number): Uint8Array {
    const at = this.#skip(length);
    // Not subarray(): of a Buffer that makes a Buffer, whose slice() does not copy.
    return new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + at, length);
  }

  /** All bytes that are left, as a view. */
  rest(): Uint8Array {
    return this.bytes(this.remaining);
  }

  /** `opaque x<min..max>` with a length of 1 byte. */
  vector8(min = 0, max = maxLength(1)): Uint8Array {
    return this.bytes(this.#length(1, min, max));
  }

  /** `opaque x<min..max>` with a length of 2 bytes. */
  vector16(min = 0, max = maxLength(2)): Uint8Array {
    return this.bytes(this.#length(2, min, max));
  }

  /** `opaque x<min..max>` with a length of 3 bytes. */
  vector24(min = 0, max = maxLength(3)): Uint8Array {
    return this.bytes(this.#length(3, min, max));
  }

  /**
   * A reader of the content of a vector, which this reader has then passed. Whoever reads it calls its `end`.
   * @param min @param max the vector's bounds, in bytes
   */
  nested(width: LengthWidth, min = 0, max = maxLength(width)): Reader {
    const length = this.#length(width, min, max);
    const start = this.#skip(length);
    return new Reader(this.#bytes, start, start + length);
  }

  /** @throws TlsError `trailing-data` unless everything has been read */
  end(): void {
    if (this.remaining > 0) {
      throw new TlsError('trailing-data', `${this.remaining} bytes too many at offset ${this.#position}`);
    }
  }

  #length(width: LengthWidth, min: number, max: number): number {
    const length = width === 1 ? this.uint8() : width === 2 ? this.uint16() : this.uint24();
    if (length < min || length > max) {
      const place = `at offset ${this.#position - width}`;
      throw new TlsError('malformed-message', `length ${length} ${place}, allowed are ${min} to ${max}`);
    }
    return length;
  }

  /** Passes `count` bytes and returns the index of the first. */
  #skip(count: number): number {
    const at = this.#position;
    if (count > this.#end - at) {
      throw new TlsError('malformed-message', `${count} bytes needed at offset ${at}, ${this.remaining} left`);
    }
    this.#position = at + count;
    return at;
  }
}
