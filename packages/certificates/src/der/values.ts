import { malformed, Tag } from './reader.ts';

/** BOOLEAN (X.690 section 11.1): DER knows one octet for true. */
export function booleanOf(content: Uint8Array, what: string): boolean {
  const [octet] = content;
  if (content.length !== 1 || (octet !== 0x00 && octet !== 0xff)) throw malformed(what, 'not a DER BOOLEAN');
  return octet === 0xff;
}

/** Content octets of an INTEGER, after the check that there are no more of them than needed (X.690 section 8.3.2). */
export function integerOf(content: Uint8Array, what: string): Uint8Array {
  const [first, second] = content;
  if (first === undefined) throw malformed(what, 'INTEGER without content');
  const needless = second !== undefined && ((first === 0x00 && second < 0x80) || (first === 0xff && second >= 0x80));
  if (needless) throw malformed(what, 'INTEGER not in its shortest form');
  return content;
}

/** An INTEGER from 0 to 2^31 - 1. */
export function smallIntegerOf(content: Uint8Array, what: string): number {
  const octets = integerOf(content, what);
  if (octets.length > 4 || (octets[0] ?? 0) >= 0x80) throw malformed(what, 'INTEGER out of range');
  return octets.reduce((value, octet) => value * 256 + octet, 0);
}

/** A BIT STRING of whole octets: keys and signatures. */
export function octetAlignedBitsOf(content: Uint8Array, what: string): Uint8Array {
  if (content[0] !== 0) throw malformed(what, 'BIT STRING is not a number of whole octets');
  return content.subarray(1);
}

/**
 * The numbers of the bits that are set in a NamedBitList, bit n as 1 << n, for the first 16 bits.
 * Trailing zero bits are let pass: they change nothing, and widely used certificates have them.
 */
export function namedBitsOf(content: Uint8Array, what: string): number {
  const [unused] = content;
  const last = content[content.length - 1] ?? 0;
  if (unused === undefined || unused > 7 || (content.length === 1 && unused !== 0)) {
    throw malformed(what, 'not a BIT STRING');
  }
  if (content.length > 1 && (last & ((1 << unused) - 1)) !== 0) throw malformed(what, 'unused bits are not zero');
  let bits = 0;
  for (let bit = 0; bit < 16; bit++) {
    if (((content[1 + (bit >> 3)] ?? 0) & (0x80 >> (bit & 7))) !== 0) bits |= 1 << bit;
  }
  return bits;
}

/** OBJECT IDENTIFIER in dotted form. */
export function oidOf(content: Uint8Array, what: string): string {
  const last = content[content.length - 1];
  if (last === undefined || last >= 0x80 || content.length > 64) throw malformed(what, 'not an OBJECT IDENTIFIER');
  const arcs: (number | bigint)[] = [];
  let arc = 0;
  let large: bigint | undefined;
  let first = true;
  for (const octet of content) {
    if (first && octet === 0x80) throw malformed(what, 'OBJECT IDENTIFIER not in its shortest form');
    first = octet < 0x80;
    // Arcs of 2.25 are 128 bits long.
    if (large === undefined && arc >= 2 ** 45) large = BigInt(arc);
    if (large === undefined) arc = arc * 128 + (octet & 0x7f);
    else large = large * 128n + BigInt(octet & 0x7f);
    if (!first) continue;
    arcs.push(large ?? arc);
    arc = 0;
    large = undefined;
  }
  const [head = 0, ...rest] = arcs;
  const root = head < 40 ? 0 : head < 80 ? 1 : 2;
  const second = typeof head === 'bigint' ? head - 80n : head - root * 40;
  return [root, second, ...rest].join('.');
}

/**
 * Time of a certificate in milliseconds since the Unix epoch (RFC 5280 section 4.1.2.5): in UTC, with seconds, without
 * fractions.
 */
export function timeOf(tag: number | undefined, content: Uint8Array, what: string): number {
  const text = asciiOf(content, what);
  const utc = tag === Tag.UTC_TIME;
  if (!(utc ? /^\d{12}Z$/ : /^\d{14}Z$/).test(text)) throw malformed(what, 'not a time in UTC with seconds');
  const yearDigits = utc ? 2 : 4;
  const written = Number(text.slice(0, yearDigits));
  const year = utc ? written + (written < 50 ? 2000 : 1900) : written;
  const part = (index: number): number => Number(text.slice(yearDigits + index * 2, yearDigits + index * 2 + 2));
  const [month, day, hour, minute, second] = [part(0), part(1), part(2), part(3), part(4)];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  // A Date carries what is out of range over into the next unit; a time that exists reads back as it was written.
  const readBack = date.toISOString().replace(/^[+-]\d\d|[-:T]|\.\d{3}/g, '');
  if (readBack !== `${String(year).padStart(4, '0')}${text.slice(yearDigits)}`) {
    throw malformed(what, `${text} is not a time`);
  }
  return date.getTime();
}

/** Octets of an IA5String, or of a time, as text. */
export function asciiOf(content: Uint8Array, what: string): string {
  let text = '';
  for (const octet of content) {
    if (octet >= 0x80) throw malformed(what, 'a character that is not ASCII');
    text += String.fromCharCode(octet);
  }
  return text;
}
