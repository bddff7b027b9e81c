/** Tags of the DER values that key formats and signatures use (X.690). */
export const DerTag = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  objectIdentifier: 0x06,
  sequence: 0x30,
  /** `[number]`, constructed. */
  context: (number: number): number => 0xa0 | number,
} as const;

/** Bytes that are not the DER value that was looked for. Callers turn it into a TlsError or a refusal. */
export class DerError extends Error {}

/**
 * Reads DER values one after the other, strictly: definite lengths in their shortest form, single-byte tags.
 * What it returns are views of the input.
 */
export class DerReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** The content of the next value, which has this tag. */
  read(tag: number): Uint8Array {
    if (this.#bytes[this.#at] !== tag) throw new DerError(`no value with tag ${tag}`);
    this.#at += 1;
    const length = this.#length();
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new DerError('value longer than its container');
    const content = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return content;
  }

  /** The content of the next value if it has this tag. */
  readOptional(tag: number): Uint8Array | undefined {
    return this.#bytes[this.#at] === tag ? this.read(tag) : undefined;
  }

  readSequence(): DerReader {
    return new DerReader(this.read(DerTag.sequence));
  }

  /** A positive INTEGER in its shortest form, big-endian without the sign byte. */
  readPositiveInteger(): Uint8Array {
    const content = this.read(DerTag.integer);
    const first = content[0];
    const second = content[1];
    if (first === undefined) throw new DerError('integer without content');
    if (first >= 0x80) throw new DerError('negative integer');
    if (first !== 0) return content;
    if (second === undefined) throw new DerError('integer is zero');
    if (second < 0x80) throw new DerError('integer not in its shortest form');
    return content.subarray(1);
  }

  /** An OBJECT IDENTIFIER as the lower-case hex of its content. */
  readObjectIdentifier(): string {
    let hex = '';
    for (const byte of this.read(DerTag.objectIdentifier)) hex += byte.toString(16).padStart(2, '0');
    return hex;
  }

  /** A BIT STRING of whole bytes. */
  readBitString(): Uint8Array {
    const content = this.read(DerTag.bitString);
    if (content[0] !== 0) throw new DerError('bit string with unused bits');
    return content.subarray(1);
  }

  get isDone(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Refuses trailing data. */
  end(): void {
    if (!this.isDone) throw new DerError('trailing data');
  }

  #length(): number {
    const first = this.#byte();
    if (first < 0x80) return first;
    const count = first & 0x7f;
    // Nothing that is read here needs a length of 2^24 or more.
    if (count === 0 || count > 3) throw new DerError('unsupported form of length');
    let length = 0;
    for (let index = 0; index < count; index += 1) length = length * 256 + this.#byte();
    if (length < 0x80 || length < 2 ** (8 * (count - 1))) throw new DerError('length not in its shortest form');
    return length;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw new DerError('truncated');
    this.#at += 1;
    return byte;
  }
}

/** The DER value with this tag whose content is `parts`, one after the other. */
export function encodeDer(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const header = [tag, ...encodeLength(length)];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  let at = header.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** @param integer big-endian and positive; leading zeros are left out. */
export function encodeInteger(integer: Uint8Array): Uint8Array {
  const digits = integer.subarray(integer.findIndex((byte) => byte !== 0));
  const needsSignByte = (digits[0] ?? 0) >= 0x80;
  return encodeDer(DerTag.integer, new Uint8Array(needsSignByte ? 1 : 0), digits);
}

function encodeLength(length: number): readonly number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest % 256);
  return [0x80 | bytes.length, ...bytes];
}
