import { ContentType, type ContentTypeName, ProtocolVersion, TlsError } from '@handfast/wire';
import { maximumPlaintextLength, recordHeaderLength } from './record.ts';
import { type TrafficKey, trafficKey } from './traffic-key.ts';
import type { TrafficProtection } from './traffic-protection.ts';

export interface RecordWriterOptions {
  /**
   * How many zero bytes to add to a TLS 1.3 record (RFC 8446 section 5.4), given the length of its content. The
   * record's limit bounds the answer. None by default.
   */
  readonly padding?: (contentLength: number) => number;
  /**
   * The version in the header of the very first record. A client may say TLS 1.0 there, for the sake of old servers
   * and middleboxes (RFC 8446 section 5.1). TLS 1.2 by default, as in every other record.
   */
  readonly firstRecordVersion?: number;
}

/** The least limit that a peer may ask for (RFC 8449 section 4). */
const minimumLimit = 64;

/** The content type behind the content in TLS 1.3. */
const innerTypeLength = 1;

/** A flight of handshake messages grows message by message: room for most of them at once. Data comes in one piece. */
const handshakeFlight = 4096;
const empty = new Uint8Array(0);

/** The record that is being filled: it stands at the end of the flight, without tag and padding. */
interface OpenRecord {
  readonly type: ContentTypeName;
  readonly key: TrafficKey | undefined;
  /** Where in the flight its header begins, where its content begins, and where that must end at the latest. */
  readonly start: number;
  readonly contentStart: number;
  readonly contentLimit: number;
}

/**
 * Puts messages and data into records, protects them, and hands them out as one buffer per flight.
 *
 * What is longer than a record is split. Handshake messages, and application data, that are written in a row share
 * records up to `take` or a change of keys, for every record costs a run of the AEAD.
 */
export class RecordWriter {
  readonly #padding: (contentLength: number) => number;
  #version: number;
  #key: TrafficKey | undefined;
  #plaintextLimit = Number.POSITIVE_INFINITY;
  /** Its first `#length` bytes are the flight. */
  #flight = empty;
  #length = 0;
  #open: OpenRecord | undefined;

  constructor(options: RecordWriterOptions = {}) {
    this.#padding = options.padding ?? (() => 0);
    this.#version = options.firstRecordVersion ?? ProtocolVersion.tls12;
  }

  /**
   * Appends a message or data to the flight.
   * @param data is copied. Empty only for application data, where it may give an empty record (RFC 8446 section 5.1).
   * @throws TlsError `record-limit-reached`, with nothing written, when the key has too few records left;
   * `internal-error` for application data without protection, or another type without content.
   */
  write(type: ContentTypeName, data: Uint8Array): void {
    if (this.#open?.type !== type) this.#close();
    const key = this.#keyFor(type);
    if (type === 'application_data' ? key === undefined : data.length === 0) {
      throw new TlsError('internal-error', `${type} of ${data.length} bytes ${key === undefined ? 'un' : ''}protected`);
    }
    if (type === 'handshake' && this.#flight === empty) this.#flight = new Uint8Array(handshakeFlight);
    this.#prepare(data.length, key);
    for (let at = 0; ; this.#close()) {
      this.#open ??= this.#begin(type, key);
      const piece = data.subarray(at, at + this.#open.contentLimit - this.#length);
      this.#flight.set(piece, this.#length);
      this.#length += piece.length;
      at += piece.length;
      if (at === data.length) break;
    }
    if (type === 'alert' || type === 'change_cipher_spec') this.#close();
  }

  /** Protects with this what is written from now on. The sequence begins at 0. */
  protect(protection: TrafficProtection): void {
    this.#close();
    this.#key = trafficKey(protection);
  }

  /** Protects no more: after early data that was refused, the second ClientHello goes out in the clear. */
  unprotect(): void {
    this.#close();
    this.#key = undefined;
  }

  /**
   * Keeps what is written from now on within the peer's record_size_limit (RFC 8449 section 4), as the peer sent it,
   * or within a max_fragment_length (RFC 6066 section 4) in bytes.
   * @throws TlsError `illegal-parameter` below 64 (RFC 8449 section 4).
   */
  limit(plaintextLimit: number): void {
    if (plaintextLimit < minimumLimit)
      throw new TlsError('illegal-parameter', `a record size limit of ${plaintextLimit}`);
    this.#close();
    this.#plaintextLimit = plaintextLimit;
  }

  /** The flight: everything written since the last call, for one write to the socket. It belongs to the caller. */
  take(): Uint8Array {
    this.#close();
    const flight = this.#flight.subarray(0, this.#length);
    this.#flight = empty;
    this.#length = 0;
    return flight;
  }

  /** Bytes of the flight so far, less the tag and padding of its last record. */
  get pending(): number {
    return this.#length;
  }

  /**
   * How many more records the key may protect; Infinity where nothing is protected. A KeyUpdate or a close_notify
   * takes one itself.
   */
  get recordsLeft(): number {
    if (this.#key === undefined) return Number.POSITIVE_INFINITY;
    return this.#key.left - (this.#open?.key === undefined ? 0 : 1);
  }

  /** ChangeCipherSpec is in the clear where TLS 1.3 has keys already (RFC 8446 section 5). */
  #keyFor(type: ContentTypeName): TrafficKey | undefined {
    return type === 'change_cipher_spec' && this.#key?.version === 'tls13' ? undefined : this.#key;
  }

  #capacityUnder(key: TrafficKey | undefined): number {
    // In TLS 1.3 the limit is about content and type together.
    const limit = key?.version === 'tls13' ? this.#plaintextLimit - 1 : this.#plaintextLimit;
    return Math.min(limit, maximumPlaintextLength);
  }

  /** Makes room for content of that length, once for all its records. */
  #prepare(length: number, key: TrafficKey | undefined): void {
    const room = this.#open === undefined ? 0 : this.#open.contentLimit - this.#length;
    const records = Math.max(this.#open === undefined ? 1 : 0, Math.ceil((length - room) / this.#capacityUnder(key)));
    if (key !== undefined && records > this.recordsLeft) {
      throw new TlsError('record-limit-reached', `${records} records to write, ${this.recordsLeft} left under the key`);
    }
    const overhead = recordHeaderLength + (key?.overhead ?? 0) + innerTypeLength;
    // One more than the new records, for the end of the open one.
    this.#reserve(length + (records + 1) * overhead);
  }

  #reserve(length: number): void {
    const needed = this.#length + length;
    if (needed <= this.#flight.length) return;
    const larger = new Uint8Array(Math.max(needed, 2 * this.#flight.length));
    larger.set(this.#flight.subarray(0, this.#length));
    this.#flight = larger;
  }

  #begin(type: ContentTypeName, key: TrafficKey | undefined): OpenRecord {
    const start = this.#length;
    const contentStart = start + recordHeaderLength + (key?.prefixLength ?? 0);
    this.#flight[start] = key?.version === 'tls13' ? ContentType.application_data : ContentType[type];
    this.#flight[start + 1] = this.#version >> 8;
    this.#flight[start + 2] = this.#version;
    this.#version = ProtocolVersion.tls12;
    this.#length = contentStart;
    return { type, start, contentStart, contentLimit: contentStart + this.#capacityUnder(key), key };
  }

  /** Ends the open record, if there is one: inner type and padding, length, protection. */
  #close(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    if (open.key?.version === 'tls13') this.#endInnerPlaintext(open);
    const contentLength = this.#length - open.contentStart;
    const suffixLength = open.key?.suffixLength(contentLength) ?? 0;
    this.#reserve(suffixLength);
    const end = this.#length + suffixLength;
    const record = this.#flight.subarray(open.start, end);
    const length = record.length - recordHeaderLength;
    record[3] = length >> 8;
    record[4] = length;
    // Were sealing to fail, the plaintext would not be part of the flight.
    this.#length = open.start;
    open.key?.seal(record, contentLength);
    this.#length = end;
  }

  /** TLSInnerPlaintext (RFC 8446 section 5.2): behind the content its type, and zeros as padding. */
  #endInnerPlaintext({ type, contentStart, contentLimit }: OpenRecord): void {
    const padding = Math.min(this.#padding(this.#length - contentStart), contentLimit - this.#length);
    this.#reserve(innerTypeLength + padding);
    this.#flight[this.#length] = ContentType[type];
    this.#flight.fill(0, this.#length + innerTypeLength, this.#length + innerTypeLength + padding);
    this.#length += innerTypeLength + padding;
  }
}
