import { type DerReader, malformed, Tag } from './reader.ts';

/** BOOLEAN (X.690 section 11.1): DER knows one octet for true. */
export function booleanOf(content: Uint8Array, what: string): boolean {
  const [octet] = content;
  if (content.length !== 1 || (octet !== 0x00 && octet !== 0xff)) throw malformed(what, 'not a DER BOOLEAN');
  return octet === 0xff;
}

/** The next element of `reader` as BOOLEAN DEFAULT FALSE: DER leaves the default out (X.690 section 11.5). */
export function optionalTrue(reader: DerReader, tag: number, what: string): boolean {
  const content = reader.readOptional(tag, what);
  if (content === undefined) return false;
  if (!booleanOf(content, what)) throw malformed(what, 'writes out FALSE, its default');
  return true;
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
  let dotted = '';
  let arc: number | bigint = 0;
  let isFirstOctet = true;
  for (const octet of content) {
    if (isFirstOctet && octet === 0x80) throw malformed(what, 'OBJECT IDENTIFIER not in its shortest form');
    // Arcs below 2.25 are 128 bits long.
    if (typeof arc === 'number' && arc >= 2 ** 45) arc = BigInt(arc);
    arc = typeof arc === 'number' ? arc * 128 + (octet & 0x7f) : arc * 128n + BigInt(octet & 0x7f);
    isFirstOctet = octet < 0x80;
    if (!isFirstOctet) continue;
    dotted = dotted === '' ? firstArcs(arc) : `${dotted}.${arc}`;
    arc = 0;
  }
  return dotted;
}

/** The first two arcs are encoded as one number (X.690 section 8.19.4). */
function firstArcs(both: number | bigint): string {
  if (typeof both === 'bigint') return `2.${both - 80n}`;
  return both < 40 ? `0.${both}` : both < 80 ? `1.${both - 40}` : `2.${both - 80}`;
}

/**
 * Time of a certificate in milliseconds since the Unix epoch (RFC 5280 section 4.1.2.5): in UTC, with seconds, without
 * fractions.
 */
export function timeOf(tag: number, content: Uint8Array, what: string): number {
  const isUtcTime = tag === Tag.UTC_TIME;
  const yearDigits = isUtcTime ? 2 : 4;
  const end = yearDigits + 10;
  if (content.length !== end + 1 || content[end] !== 0x5a) throw malformed(what, 'not a time in UTC with seconds');
  const number = (from: number, to: number): number => {
    let value = 0;
    for (let index = from; index < to; index++) {
      const digit = (content[index] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) throw malformed(what, 'a time that is not written in digits');
      value = value * 10 + digit;
    }
    return value;
  };
  const pair = (index: number): number => number(yearDigits + 2 * index, yearDigits + 2 * index + 2);
  const written = number(0, yearDigits);
  const year = isUtcTime ? written + (written < 50 ? 2000 : 1900) : written;
  const [month, day, hour, minute, second] = [pair(0), pair(1), pair(2), pair(3), pair(4)];
  const isDay = month >= 1 && month <= 12 && day >= 1 && day <= daysOf(month, year);
  if (!isDay || hour > 23 || minute > 59 || second > 59) throw malformed(what, 'a time that does not exist');
  // Date.UTC takes years below 100 for those of the last century; the calendar repeats itself every 400 years.
  const cycles = Math.floor(year / 400) - 5;
  return Date.UTC(2000 + (year % 400), month - 1, day, hour, minute, second) + cycles * 146_097 * 86_400_000;
}

function daysOf(month: number, year: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}

/** The next element of `reader` as Time: UTCTime or GeneralizedTime, as `timeOf`. */
export function readTime(reader: DerReader, what: string): number {
  const tag = reader.nextTag === Tag.UTC_TIME ? Tag.UTC_TIME : Tag.GENERALIZED_TIME;
  return timeOf(tag, reader.read(tag, what), what);
}

/** Octets of an IA5String as text. */
export function asciiOf(content: Uint8Array, what: string): string {
  let text = '';
  for (const octet of content) {
    if (octet >= 0x80) throw malformed(what, 'a character that is not ASCII');
    text += String.fromCharCode(octet);
  }
  return text;
}
