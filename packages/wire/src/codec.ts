import { TlsError } from './errors.ts';
import { type LengthWidth, maxLength, type Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** Both directions of one part of the grammar. `read` takes what it needs; whoever made the reader checks its end. */
export interface Codec<T> {
  read(reader: Reader): T;
  write(writer: Writer, value: T): void;
}

export const uint8: Codec<number> = {
  read: (reader) => reader.uint8(),
  write: (writer, value) => writer.uint8(value),
};

export const uint16: Codec<number> = {
  read: (reader) => reader.uint16(),
  write: (writer, value) => writer.uint16(value),
};

export const uint32: Codec<number> = {
  read: (reader) => reader.uint32(),
  write: (writer, value) => writer.uint32(value),
};

/** All bytes that are left. */
export const rest: Codec<Uint8Array> = {
  read: (reader) => reader.rest(),
  write: (writer, value) => writer.bytes(value),
};

/** `opaque x[length]`. */
export function opaque(length: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.bytes(length),
    write(writer, value) {
      if (value.length !== length) {
        throw new TlsError('internal-error', `cannot encode ${value.length} bytes where ${length} belong`);
      }
      writer.bytes(value);
    },
  };
}

/** `opaque x<min..max>` with a length of 1 byte. */
export function opaque8(min: number, max?: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.vector8(min, max),
    write: (writer, value) => writer.vector8(value, min, max),
  };
}

/** `opaque x<min..max>` with a length of 2 bytes. */
export function opaque16(min: number, max?: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.vector16(min, max),
    write: (writer, value) => writer.vector16(value, min, max),
  };
}

/** `opaque x<min..max>` with a length of 3 bytes. */
export function opaque24(min: number, max?: number): Codec<Uint8Array> {
  return {
    read: (reader) => reader.vector24(min, max),
    write: (writer, value) => writer.vector24(value, min, max),
  };
}

/** A vector with a length of 1 byte: `T x<min..max>`, where the bounds are in bytes. */
export function vector8<T>(content: Codec<T>, min: number, max?: number): Codec<T> {
  return vector(1, content, min, max);
}

/** A vector with a length of 2 bytes. */
export function vector16<T>(content: Codec<T>, min: number, max?: number): Codec<T> {
  return vector(2, content, min, max);
}

/** A vector with a length of 3 bytes. */
export function vector24<T>(content: Codec<T>, min: number, max?: number): Codec<T> {
  return vector(3, content, min, max);
}

function vector<T>(width: LengthWidth, content: Codec<T>, min: number, max = maxLength(width)): Codec<T> {
  return {
    read(reader) {
      const nested = reader.nested(width, min, max);
      const value = content.read(nested);
      nested.end();
      return value;
    },
    write(writer, value) {
      const start = writer.open(width);
      content.write(writer, value);
      writer.close(start, width, min, max);
    },
  };
}

/** As many items as there are bytes for; the content of a vector. */
export function list<T>(item: Codec<T>): Codec<readonly T[]> {
  return {
    read(reader) {
      const items: T[] = [];
      while (reader.remaining > 0) items.push(item.read(reader));
      return items;
    },
    write(writer, items) {
      for (const value of items) item.write(writer, value);
    },
  };
}
