import { type Cbc, cbcBlockLength } from '@handfast/crypto';
import { concat, TlsError } from '@handfast/wire';
import { checkedPadding } from './cbc-padding.ts';
import { recordHeaderLength } from './record.ts';
import { lastSequence, pseudoHeaderOf } from './sequence.ts';
import type { TrafficKey } from './traffic-key.ts';
import type { CbcTrafficProtection, RecordMac } from './traffic-protection.ts';

const ivLength = cbcBlockLength;
/** Padding and the byte that has its length (RFC 5246 section 6.2.3.2). */
const longestPadding = 256;

/**
 * GenericBlockCipher of TLS 1.2 (RFC 5246 section 6.2.3.2): an IV of its own for each record, then the content with its
 * MAC and padding, encrypted. With encrypt-then-MAC the MAC stands behind all that, over it (RFC 7366 section 3).
 */
export class CbcKey implements TrafficKey {
  readonly version = 'tls12';
  readonly prefixLength = ivLength;
  readonly overhead: number;
  readonly peerOverhead: number;

  readonly #cipher: Cbc;
  readonly #mac: RecordMac;
  readonly #makeIv: () => Uint8Array;
  readonly #encryptThenMac: boolean;
  readonly #limit: number;
  #sequence: number;

  constructor(protection: CbcTrafficProtection, sequence: number) {
    this.#cipher = protection.cipher;
    this.#mac = protection.mac;
    this.#makeIv = protection.makeIv;
    this.#encryptThenMac = protection.encryptThenMac;
    this.#limit = protection.limit;
    this.#sequence = sequence;
    this.overhead = ivLength + this.#mac.length + cbcBlockLength;
    this.peerOverhead = ivLength + this.#mac.length + longestPadding;
  }

  get left(): number {
    return Math.max(0, this.#limit - this.#sequence);
  }

  suffixLength(contentLength: number): number {
    return this.#mac.length + this.#paddingFor(contentLength);
  }

  seal(record: Uint8Array, contentLength: number): void {
    if (this.#sequence >= this.#limit) {
      throw new TlsError('record-limit-reached', `${this.#limit} records under one key`);
    }
    const sequence = this.#sequence;
    this.#sequence += 1;
    const header = record.subarray(0, recordHeaderLength);
    const iv = this.#makeIv();
    record.set(iv, recordHeaderLength);
    const body = record.subarray(recordHeaderLength + ivLength);
    const padding = this.#paddingFor(contentLength);
    if (this.#encryptThenMac) {
      const encryptedLength = contentLength + padding;
      body.fill(padding - 1, contentLength, encryptedLength);
      body.set(this.#cipher.encrypt(iv, body.subarray(0, encryptedLength)));
      const authentic = record.subarray(recordHeaderLength, record.length - this.#mac.length);
      body.set(this.#mac.of(concat(pseudoHeaderOf(sequence, header, authentic.length), authentic)), encryptedLength);
      return;
    }
    const content = body.subarray(0, contentLength);
    body.set(this.#mac.of(concat(pseudoHeaderOf(sequence, header, contentLength), content)), contentLength);
    body.fill(padding - 1, contentLength + this.#mac.length);
    body.set(this.#cipher.encrypt(iv, body));
  }

  open(record: Uint8Array): Uint8Array | undefined {
    if (this.#sequence >= lastSequence) {
      throw new TlsError('record-limit-reached', 'the sequence number of the records received is at its end');
    }
    const content = this.#encryptThenMac ? this.#openAuthenticated(record) : this.#openPadded(record);
    if (content !== undefined) this.#sequence += 1;
    return content;
  }

  /** MAC first: what is decrypted is authentic, and its padding tells nothing (RFC 7366 section 3). */
  #openAuthenticated(record: Uint8Array): Uint8Array | undefined {
    const end = record.length - this.#mac.length;
    const encryptedLength = end - recordHeaderLength - ivLength;
    if (encryptedLength < cbcBlockLength || encryptedLength % cbcBlockLength !== 0) return undefined;
    const authentic = record.subarray(recordHeaderLength, end);
    const header = record.subarray(0, recordHeaderLength);
    const expected = this.#mac.of(concat(pseudoHeaderOf(this.#sequence, header, authentic.length), authentic));
    if (!this.#mac.equal(expected, record.subarray(end))) return undefined;
    const plaintext = this.#decrypt(record.subarray(0, end));
    const { length, right } = checkedPadding(plaintext, plaintext.length);
    return right === 0 ? undefined : plaintext.subarray(0, plaintext.length - length);
  }

  /**
   * Padding first, because it says where the MAC is: neither what is wrong nor, as far as JavaScript can keep it so,
   * how long that takes may tell what was decrypted (Vaudenay; Lucky Thirteen, Al Fardan and Paterson 2013).
   *
   * The padding is judged without branches. Where it is wrong, the MAC is checked all the same, as if there were none.
   * The hashing of a shorter content is made up for by that of a dummy, block for block. What remains is the copying
   * of up to 255 bytes more or less, and what a run-time compiler and a cache do with them: far below what a network
   * lets anyone measure, but not nothing. Encrypt-then-MAC has no such remainder, nor has an AEAD.
   */
  #openPadded(record: Uint8Array): Uint8Array | undefined {
    const encryptedLength = record.length - recordHeaderLength - ivLength;
    if (encryptedLength < this.#mac.length + 1 || encryptedLength % cbcBlockLength !== 0) return undefined;
    const plaintext = this.#decrypt(record);
    const longest = plaintext.length - this.#mac.length;
    const padding = checkedPadding(plaintext, longest);
    const contentLength = longest - padding.length;
    const content = plaintext.subarray(0, contentLength);
    const header = record.subarray(0, recordHeaderLength);
    const expected = this.#mac.of(concat(pseudoHeaderOf(this.#sequence, header, contentLength), content));
    this.#mac.makeUp(contentLength, longest);
    const given = plaintext.subarray(contentLength, contentLength + this.#mac.length);
    const right = Number(this.#mac.equal(expected, given)) & padding.right;
    return right === 0 ? undefined : content;
  }

  #decrypt(record: Uint8Array): Uint8Array {
    const start = recordHeaderLength + ivLength;
    return this.#cipher.decrypt(record.subarray(recordHeaderLength, start), record.subarray(start));
  }

  /** The least that fills the last block, its own length byte with it. */
  #paddingFor(contentLength: number): number {
    const filled = this.#encryptThenMac ? contentLength : contentLength + this.#mac.length;
    return cbcBlockLength - (filled % cbcBlockLength);
  }
}
