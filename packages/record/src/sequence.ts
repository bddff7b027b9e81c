import { recordHeaderLength } from './record.ts';

/** Bytes of a sequence number. */
export const sequenceLength = 8;

/** Where the counting ends: a sequence number has 64 bits on paper and 53 here. */
export const lastSequence = Number.MAX_SAFE_INTEGER;

/** seq_num, type, version and length (RFC 5246 sections 6.2.3.1 and 6.2.3.3). */
export const pseudoHeaderLength = sequenceLength + recordHeaderLength;

/** Scratch, of all keys: it is written anew for each record, and nobody holds on to it. */
const pseudoHeader = new Uint8Array(pseudoHeaderLength);
const pseudoHeaderView = new DataView(pseudoHeader.buffer);

/**
 * What is authenticated of a TLS 1.2 record beside its content. Good until the next call.
 * @param header of the record, in place of whose length `length` stands.
 */
export function pseudoHeaderOf(sequence: number, header: Uint8Array, length: number): Uint8Array {
  pseudoHeaderView.setUint32(0, high32(sequence));
  pseudoHeaderView.setUint32(4, low32(sequence));
  pseudoHeader.set(header, sequenceLength);
  pseudoHeaderView.setUint16(pseudoHeaderLength - 2, length);
  return pseudoHeader;
}

/** The halves of a sequence number by arithmetic, because bit operators see 32 bits. */
export function high32(sequence: number): number {
  return Math.floor(sequence / 2 ** 32);
}

export function low32(sequence: number): number {
  return sequence >>> 0;
}
