import { TlsError } from '@handfast/wire';

/** Identifier octets (X.690 section 8.1.2) of the universal types that X.509 uses. */
export const Tag = {
  BOOLEAN: 0x01,
  INTEGER: 0x02,
  BIT_STRING: 0x03,
  OCTET_STRING: 0x04,
  NULL: 0x05,
  OBJECT_IDENTIFIER: 0x06,
  ENUMERATED: 0x0a,
  UTF8_STRING: 0x0c,
  PRINTABLE_STRING: 0x13,
  TELETEX_STRING: 0x14,
  IA5_STRING: 0x16,
  UTC_TIME: 0x17,
  GENERALIZED_TIME: 0x18,
  UNIVERSAL_STRING: 0x1c,
  BMP_STRING: 0x1e,
  SEQUENCE: 0x30,
  SET: 0x31,
} as const;

/** Identifier octet of `[number]` around or in place of a primitive type. */
export function contextTag(number: number): number {
  return 0x80 | number;
}

/** Identifier octet of `[number]` around or in place of a constructed type. */
export function constructedContextTag(number: number): number {
  return 0xa0 | number;
}

/**
 * Reads DER (X.690 section 10) front to back without copying: what it returns are views into the bytes it was given.
 * It refuses what BER allows and DER does not: indefinite lengths, lengths in more octets than needed, and it knows no
 * tag numbers above 30, which no type of X.509 has.
 *
 * Every method throws TlsError `certificate-malformed` for bytes that are not what it was asked for.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;
  /** The ASN.1 type that is being read, for error details. */
  readonly #what: string;

  constructor(bytes: Uint8Array, what: string, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
    this.#what = what;
  }

  get done(): boolean {
    return this.#offset === this.#end;
  }

  /** The identifier octet of the next element; undefined at the end. */
  get nextTag(): number | undefined {
    return this.done ? undefined : this.#bytes[this.#offset];
  }

  /** The content octets of the next element, which must have `tag`. */
  read(tag: number, what: string): Uint8Array {
    const start = this.#header(tag, what);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** The next element whole, identifier and length octets included, which must have `tag` where one is given. */
  readElement(tag: number | undefined, what: string): Uint8Array {
    const start = this.#offset;
    this.#header(tag ?? this.#identifier(what), what);
    return this.#bytes.subarray(start, this.#offset);
  }

  /** A reader for the content of the next element, which must have `tag`. */
  enter(tag: number, what: string): DerReader {
    const start = this.#header(tag, what);
    return new DerReader(this.#bytes, what, start, this.#offset);
  }

  /** As `read` where the next element has `tag`; undefined, with nothing read, where it has not. */
  readOptional(tag: number, what: string): Uint8Array | undefined {
    return this.nextTag === tag ? this.read(tag, what) : undefined;
  }

  /** As `enter` where the next element has `tag`; undefined, with nothing read, where it has not. */
  enterOptional(tag: number, what: string): DerReader | undefined {
    return this.nextTag === tag ? this.enter(tag, what) : undefined;
  }

  /** To be called when everything that is known has been read. */
  finish(): void {
    if (!this.done) throw malformed(this.#what, `${this.#end - this.#offset} bytes follow its last element`);
  }

  #identifier(what: string): number {
    const tag = this.nextTag;
    if (tag === undefined) throw malformed(what, `missing, ${this.#what} ended before it`);
    if ((tag & 0x1f) === 0x1f) throw malformed(what, 'a tag number above 30');
    return tag;
  }

  /** Steps over the element and returns where its content starts; the content ends at the new offset. */
  #header(expected: number, what: string): number {
    const tag = this.#identifier(what);
    if (tag !== expected) throw malformed(what, `tag ${hex(tag)} where ${hex(expected)} belongs`);
    let start = this.#offset + 2;
    let length = this.#bytes[this.#offset + 1];
    if (length === undefined || start > this.#end) throw malformed(what, 'ends before its length');
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0) throw malformed(what, 'indefinite length');
      if (octets > 4 || start + octets > this.#end) throw malformed(what, 'longer than its surroundings');
      length = 0;
      for (const end = start + octets; start < end; start++) length = length * 256 + (this.#bytes[start] ?? 0);
      if (length < 0x80 || length < 256 ** (octets - 1)) throw malformed(what, 'length not in its shortest form');
    }
    if (length > this.#end - start) throw malformed(what, 'longer than its surroundings');
    this.#offset = start + length;
    return start;
  }
}

/** Reads the one element that `bytes` hold, which must have `tag`, and refuses bytes after it. */
export function enterOnly(bytes: Uint8Array, tag: number, what: string): DerReader {
  const outer = new DerReader(bytes, what);
  const reader = outer.enter(tag, what);
  outer.finish();
  return reader;
}

/** As `enterOnly`, for a primitive type: its content octets. */
export function readOnly(bytes: Uint8Array, tag: number, what: string): Uint8Array {
  const outer = new DerReader(bytes, what);
  const content = outer.read(tag, what);
  outer.finish();
  return content;
}

export function malformed(what: string, why: string): TlsError {
  return new TlsError('certificate-malformed', `${what}: ${why}`);
}

function hex(octet: number): string {
  return `0x${octet.toString(16).padStart(2, '0')}`;
}
