// DER of the types that tests put together themselves.
import { Tag } from '../src/der/reader.ts';
import { encodeElement } from '../src/der/writer.ts';

export function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return encodeElement(Tag.SEQUENCE, ...parts);
}

/** Content octets of dotted OIDs, with their tag. */
export function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  const octets = [first * 40 + second, ...rest].flatMap((arc) => {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128))
      groups.unshift((left & 0x7f) | 0x80);
    return groups;
  });
  return encodeElement(Tag.OBJECT_IDENTIFIER, Uint8Array.from(octets));
}

/** A number from 0 to 127. */
export function integer(value: number): Uint8Array {
  return encodeElement(Tag.INTEGER, Uint8Array.of(value));
}

export function generalizedTime(time: number): Uint8Array {
  const text = new Date(time).toISOString().replace(/\D/g, '').slice(0, 14);
  return encodeElement(Tag.GENERALIZED_TIME, Buffer.from(`${text}Z`));
}

/** An Extension. @param value DER */
export function extensionOf(dotted: string, value: Uint8Array, critical = false): Uint8Array {
  const isCritical = critical ? [encodeElement(Tag.BOOLEAN, Uint8Array.of(0xff))] : [];
  return sequence(oid(dotted), ...isCritical, encodeElement(Tag.OCTET_STRING, value));
}

/** AlgorithmIdentifier of ECDSA with SHA-256. */
export const ecdsaWithSha256 = sequence(oid('1.2.840.10045.4.3.2'));

export function bitString(octets: Uint8Array): Uint8Array {
  return encodeElement(Tag.BIT_STRING, Uint8Array.of(0), octets);
}
