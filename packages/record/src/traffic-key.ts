import { type Aead, aeadNonceLength, aeadTagLength } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { recordHeaderLength } from './record.ts';
import type { ProtectionVersion, TrafficProtection } from './traffic-protection.ts';

const sequenceLength = 8;

/** seq_num, type, version and length (RFC 5246 section 6.2.3.3). */
const additionalDataLength = sequenceLength + recordHeaderLength;

/** Scratch, of all keys: each is written anew for each record, and no AEAD holds on to it. */
const nonce = new Uint8Array(aeadNonceLength);
const nonceView = new DataView(nonce.buffer);
const additionalData = new Uint8Array(additionalDataLength);
const additionalDataView = new DataView(additionalData.buffer);

/**
 * A traffic protection in use in one direction: it counts the records and gives each its nonce and additional data.
 * Works on whole records as they stand on the wire: header, explicit nonce if there is one, content, tag.
 */
export class TrafficKey {
  readonly version: ProtectionVersion;
  /** Bytes between the header and the content. */
  readonly prefixLength: number;
  /** Bytes that protection adds to the content: prefix and tag. */
  readonly overhead: number;

  readonly #aead: Aead;
  readonly #limit: number;
  #sequence: number;
  /** The last 8 bytes of the IV, which the sequence number is combined with; zero for an explicit nonce. */
  readonly #ivHigh: number;
  readonly #ivLow: number;
  readonly #iv: Uint8Array;

  /** @param sequence the number of the first record: 0, except in tests of high numbers. */
  constructor(protection: TrafficProtection, sequence = 0) {
    this.version = protection.version;
    this.prefixLength = protection.nonce === 'explicit' ? sequenceLength : 0;
    this.overhead = this.prefixLength + aeadTagLength;
    this.#aead = protection.aead;
    this.#limit = Math.min(protection.limit, Number.MAX_SAFE_INTEGER);
    this.#sequence = sequence;
    this.#iv = protection.iv;
    nonce.fill(0).set(protection.iv);
    this.#ivHigh = nonceView.getUint32(aeadNonceLength - 8);
    this.#ivLow = nonceView.getUint32(aeadNonceLength - 4);
  }

  /** How many more records may be sealed. */
  get left(): number {
    return Math.max(0, this.#limit - this.#sequence);
  }

  /**
   * Protects a record where it stands: the content becomes ciphertext, the last 16 bytes the tag.
   * @param record the header with its final length, room for the explicit nonce, the content, room for the tag.
   * @throws TlsError `record-limit-reached` when the key has protected all the records that it may.
   */
  seal(record: Uint8Array): void {
    if (this.#sequence >= this.#limit)
      throw new TlsError('record-limit-reached', `${this.#limit} records under one key`);
    const content = record.subarray(recordHeaderLength + this.prefixLength, record.length - aeadTagLength);
    this.#nextNonce();
    if (this.prefixLength > 0) record.set(nonce.subarray(aeadNonceLength - sequenceLength), recordHeaderLength);
    const associatedData = this.#additionalDataOf(record, content.length);
    // Counted before the AEAD runs, so that no failure of it can lead to a nonce used twice.
    this.#sequence += 1;
    this.#aead.sealInto(nonce, associatedData, content, record.subarray(recordHeaderLength + this.prefixLength));
  }

  /**
   * The content of a whole protected record, or undefined when it is not authentic.
   * @throws TlsError `record-limit-reached` when the sequence number can be counted no further.
   */
  open(record: Uint8Array): Uint8Array | undefined {
    if (this.#sequence >= Number.MAX_SAFE_INTEGER) {
      throw new TlsError('record-limit-reached', 'the sequence number of the records received is at its end');
    }
    const contentLength = record.length - recordHeaderLength - this.overhead;
    if (contentLength < 0) return undefined;
    this.#nextNonce();
    const start = recordHeaderLength + this.prefixLength;
    if (this.prefixLength > 0) nonce.set(record.subarray(recordHeaderLength, start), aeadNonceLength - sequenceLength);
    const associatedData = this.#additionalDataOf(record, contentLength);
    const content = this.#aead.open(nonce, associatedData, record.subarray(start));
    if (content !== undefined) this.#sequence += 1;
    return content;
  }

  #nextNonce(): void {
    nonce.set(this.#iv);
    nonceView.setUint32(aeadNonceLength - 8, this.#ivHigh ^ high32(this.#sequence));
    nonceView.setUint32(aeadNonceLength - 4, this.#ivLow ^ low32(this.#sequence));
  }

  #additionalDataOf(record: Uint8Array, contentLength: number): Uint8Array {
    const header = record.subarray(0, recordHeaderLength);
    if (this.version === 'tls13') return header;
    additionalDataView.setUint32(0, high32(this.#sequence));
    additionalDataView.setUint32(4, low32(this.#sequence));
    additionalData.set(header, sequenceLength);
    // The length of the content, where the header has that of the protected fragment.
    additionalDataView.setUint16(additionalDataLength - 2, contentLength);
    return additionalData;
  }
}

/** A sequence number has 64 bits on paper and 53 here: its halves by arithmetic, because bit operators see 32. */
function high32(sequence: number): number {
  return Math.floor(sequence / 2 ** 32);
}

function low32(sequence: number): number {
  return sequence >>> 0;
}
