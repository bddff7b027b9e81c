import { type ContentTypeName, ProtocolVersion, TlsError } from '@handfast/wire';
import { ByteStream } from './byte-stream.ts';
import { plaintextProtocol } from './plaintext-protocol.ts';
import {
  contentTypeName,
  maximumCiphertextLength,
  maximumPlaintextLength,
  recordHeaderLength,
  type TlsRecord,
} from './record.ts';
import { type TrafficKey, trafficKey } from './traffic-key.ts';
import type { TrafficProtection } from './traffic-protection.ts';

/** How many records may carry nothing, empty application data or ChangeCipherSpec, before one that carries something. */
const maximumIdleRecords = 32;

const alertLength = 2;

/** The first byte of every record version from SSL 3.0 (0x0300) to TLS 1.3 (0x0303, RFC 8446 section 5.1). */
const majorVersion = 3;

/**
 * Cuts the byte stream of one direction into records and removes their protection.
 *
 * ChangeCipherSpec comes out as a record of its own. In TLS 1.3 it is not protected even where all else is, and means
 * nothing (RFC 8446 section 5): whoever reads the records knows whether it may come now, drops it or refuses it.
 */
export class RecordReader {
  readonly #stream = new ByteStream();
  #key: TrafficKey | undefined;
  #plaintextLimit = Number.POSITIVE_INFINITY;
  /** A header of this peer has been seen to be that of a record. */
  #begun = false;
  /** A protected record of this peer has been opened. */
  #peerHasKeys = false;
  #idleRecords = 0;
  /** Bytes of refused early data that may still be dropped; undefined where none may come. */
  #skippable: number | undefined;

  /**
   * Bytes from the network, in chunks of any length.
   * @param bytes belong to the reader from now on: fragments may be views of them.
   */
  push(bytes: Uint8Array): void {
    this.#stream.push(bytes);
  }

  /** Bytes that have been pushed and not been returned in a record. At the end of the stream: more than 0 is a truncated record. */
  get buffered(): number {
    return this.#stream.length;
  }

  /** Removes this protection from the records that `next` returns from now on. Their sequence begins at 0. */
  protect(protection: TrafficProtection): void {
    this.#key = trafficKey(protection);
  }

  /**
   * Holds the peer to our record_size_limit (RFC 8449 section 4), as we sent it. Like that, it is about protected
   * records, and in TLS 1.3 covers the inner content type and the padding.
   */
  limit(plaintextLimit: number): void {
    this.#plaintextLimit = plaintextLimit;
  }

  /**
   * For a server that refused early data, which is under way all the same (RFC 8446 section 4.2.10): drops what cannot
   * be read. That is records that do not open under our key and, while there is no key because we asked for a second
   * ClientHello, application data. The first record that opens is the end of it, or the first of that ClientHello.
   * @param limit bytes that may be dropped, in whole records; more is `too-much-early-data`.
   */
  skipEarlyData(limit: number): void {
    this.#skippable = limit;
  }

  /**
   * The next record, or undefined until all of it has arrived.
   * @throws TlsError, after which nothing more can be read:
   * `plaintext-protocol`, `wrong-record-version` or `unexpected-record` for what is not a record or may not come now,
   * `record-too-long` as soon as the header is there, `record-authentication-failed`, `too-many-records`,
   * `record-limit-reached`.
   */
  next(): TlsRecord | undefined {
    for (;;) {
      const header = this.#stream.peek(recordHeaderLength);
      if (header === undefined) return undefined;
      const type = this.#typeOf(header);
      const length = ((header[3] ?? 0) << 8) | (header[4] ?? 0);
      const key = this.#keyFor(type, length);
      // Under keys of TLS 1.2 the version is known, and is the only one that there may be (RFC 5246 section 6.2.1).
      if (key?.version === 'tls12' && header[2] !== ProtocolVersion.tls12 % 256) {
        throw new TlsError('wrong-record-version', `minor version ${header[2]} in a TLS 1.2 connection`);
      }
      if (length > this.#maximumLength(key, type)) throw new TlsError('record-too-long', `${type} of ${length} bytes`);

      const wire = this.#stream.peek(recordHeaderLength + length);
      if (wire === undefined) return undefined;
      const record = key === undefined ? this.#unprotected(type, wire) : this.#opened(type, wire, key);
      if (record === undefined) this.#skip(wire.length);
      else this.#checkContent(record);
      this.#stream.consume(wire.length);
      if (record !== undefined) return record;
    }
  }

  /** The outer content type. In TLS 1.3 the version beside it says nothing but that this is a record (RFC 8446 section 5.1). */
  #typeOf(header: Uint8Array): ContentTypeName {
    const code = header[0] ?? 0;
    const major = header[1] ?? 0;
    const type = contentTypeName(code);
    if (type !== undefined && major === majorVersion) {
      this.#begun = true;
      return type;
    }
    const protocol = this.#begun ? undefined : plaintextProtocol(header);
    if (protocol !== undefined) throw new TlsError('plaintext-protocol', `the peer speaks ${protocol}, not TLS`);
    if (type === undefined) throw new TlsError('unexpected-record', `${code} is not a content type`);
    throw new TlsError('wrong-record-version', `major version ${major}`);
  }

  /** The key that opens a record of that outer type; undefined where the record travels in the clear. */
  #keyFor(type: ContentTypeName, length: number): TrafficKey | undefined {
    if (this.#key === undefined) {
      if (type !== 'application_data' || this.#skippable !== undefined) return undefined;
    } else {
      if (this.#key.version === 'tls12' || type === 'application_data') return this.#key;
      if (type === 'change_cipher_spec') return undefined;
      // A peer that cannot go on from our flight may have no keys yet to say so with.
      if (type === 'alert' && length === alertLength && !this.#peerHasKeys) return undefined;
    }
    throw new TlsError('unexpected-record', `${type} without protection`);
  }

  /**
   * The longest fragment that can hold permitted content. What the versions allow beyond the content (256 and 2048
   * bytes) is more than protection adds, and would be refused as too long once opened.
   */
  #maximumLength(key: TrafficKey | undefined, type: ContentTypeName): number {
    if (key === undefined) return type === 'application_data' ? maximumCiphertextLength : maximumPlaintextLength;
    // Who sends early data has not heard of our limit, which comes with EncryptedExtensions.
    const limit = this.#skippable === undefined ? this.#plaintextLimit : Number.POSITIVE_INFINITY;
    return Math.min(limit, maximumPlaintextLength + typeLengthOf(key)) + key.peerOverhead;
  }

  /** Undefined for application data, which gets here only to be skipped. */
  #unprotected(type: ContentTypeName, wire: Uint8Array): TlsRecord | undefined {
    if (type === 'application_data') return undefined;
    if (type === 'handshake') this.#skippable = undefined;
    return { type, fragment: wire.subarray(recordHeaderLength), wireBytes: wire.length };
  }

  /** Undefined for a record that is to be skipped. */
  #opened(type: ContentTypeName, wire: Uint8Array, key: TrafficKey): TlsRecord | undefined {
    const content = key.open(wire);
    if (content === undefined) {
      if (this.#skippable !== undefined) return undefined;
      throw new TlsError('record-authentication-failed', `${type} of ${wire.length} bytes`);
    }
    this.#peerHasKeys = true;
    this.#skippable = undefined;
    // Of a record with padding, the length on the wire says less than that of its content; of one that could have been
    // early data it has not been judged.
    if (content.length > Math.min(this.#plaintextLimit, maximumPlaintextLength + typeLengthOf(key))) {
      throw new TlsError('record-too-long', `${type} with ${content.length} bytes of content`);
    }
    if (key.version === 'tls13') return innerRecord(content, wire.length);
    return { type, fragment: content, wireBytes: wire.length };
  }

  #skip(length: number): void {
    const left = (this.#skippable ?? 0) - length;
    if (left < 0) throw new TlsError('too-much-early-data', 'more early data than is skipped after it was refused');
    this.#skippable = left;
  }

  #checkContent({ type, fragment }: TlsRecord): void {
    if (type === 'change_cipher_spec' && (fragment.length !== 1 || fragment[0] !== 1)) {
      throw new TlsError('unexpected-record', 'a change_cipher_spec that is not the byte 1');
    }
    // RFC 8446 section 5.1 and 5.4.
    if (fragment.length === 0 && type !== 'application_data') throw new TlsError('unexpected-record', `empty ${type}`);
    if (fragment.length === 0 || type === 'change_cipher_spec') this.#idleRecords += 1;
    // Nor is an alert any progress.
    else if (type !== 'alert') this.#idleRecords = 0;
    if (this.#idleRecords > maximumIdleRecords) {
      throw new TlsError('too-many-records', `${this.#idleRecords} records in a row without content`);
    }
  }
}

/** What TLS 1.3 puts beside the content, and counts as plaintext: the inner content type. */
function typeLengthOf({ version }: TrafficKey): number {
  return version === 'tls13' ? 1 : 0;
}

/** TLSInnerPlaintext (RFC 8446 section 5.2): content, its type, and zeros as padding. */
function innerRecord(inner: Uint8Array, wireBytes: number): TlsRecord {
  let end = inner.length - 1;
  while (end >= 0 && inner[end] === 0) end -= 1;
  const code = inner[end];
  if (code === undefined) throw new TlsError('unexpected-record', 'nothing but padding');
  const type = contentTypeName(code);
  if (type === undefined) throw new TlsError('unexpected-record', `${code} is not a content type`);
  if (type === 'change_cipher_spec') throw new TlsError('unexpected-record', `${type} under protection`);
  return { type, fragment: inner.subarray(0, end), wireBytes };
}
