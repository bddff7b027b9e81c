/** Between the values of a port and the bytes of its protobuf message. */
export interface Codec<T> {
  encode(value: T): Uint8Array;
  /** @throws Error of any kind where the bytes are no such message, or one whose content is out of bounds. */
  decode(bytes: Uint8Array): T;
}

/** The two messages of one operation. */
export interface OperationCodec<Request, Answer> {
  readonly request: Codec<Request>;
  readonly answer: Codec<Answer>;
}

/**
 * The same bytes, but not as a Buffer: what is decoded from a Buffer would be Buffers too, whose `slice` and equality are
 * not those of a Uint8Array.
 */
export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** Shares, signatures and continuations are carried in TLS vectors with a length of 16 bits. */
export const maximumVector = 0xffff;

/** `bytes`, where it is at most `maximum` long. */
export function limited(bytes: Uint8Array, name: string, maximum: number): Uint8Array {
  if (bytes.length > maximum) throw new RangeError(`${name} has ${bytes.length} bytes`);
  return bytes;
}

/** `bytes`, where it is not empty and at most `maximum` long. */
export function filled(bytes: Uint8Array, name: string, maximum: number): Uint8Array {
  if (bytes.length === 0 || bytes.length > maximum) throw new RangeError(`${name} has ${bytes.length} bytes`);
  return bytes;
}

/** `bytes`, where it is of this length. */
export function exactly(bytes: Uint8Array, name: string, length: number): Uint8Array {
  if (bytes.length !== length) throw new RangeError(`${name} has ${bytes.length} bytes, not ${length}`);
  return bytes;
}

/** `value`, where it is present. */
export function present<T>(value: T | null | undefined, name: string): T {
  if (value === null || value === undefined) throw new RangeError(`${name} is missing`);
  return value;
}

/** `value`, where it is a code point of a 16-bit registry. */
export function codePoint(value: number, name: string): number {
  if (value === 0 || value > 0xffff) throw new RangeError(`${name} is ${value}`);
  return value;
}

/** `items`, where there are at most `maximum`. */
export function atMost<T>(items: readonly T[], name: string, maximum: number): readonly T[] {
  if (items.length > maximum) throw new RangeError(`${name} has ${items.length} items`);
  return items;
}

/** `text`, where it is at most `maximum` long. */
export function text(value: string, name: string, maximum: number): string {
  if (value.length > maximum) throw new RangeError(`${name} has ${value.length} characters`);
  return value;
}

/** `value`, where it is a time in milliseconds since the Unix epoch, or a duration. */
export function finite(value: number, name: string): number {
  if (!Number.isFinite(value)) throw new RangeError(`${name} is ${value}`);
  return value;
}

/** The key of `table` that has the value `code`. */
export function nameOf<Name extends string>(table: Readonly<Record<Name, number>>, code: number, what: string): Name {
  for (const name in table) {
    if (table[name] === code) return name;
  }
  throw new RangeError(`${what} is ${code}`);
}

/** For a request whose message has no fields. */
export function nothing(type: { decode(bytes: Uint8Array): unknown }): Codec<undefined> {
  return {
    encode: () => new Uint8Array(0),
    decode: (bytes) => {
      type.decode(bytes);
      return undefined;
    },
  };
}
