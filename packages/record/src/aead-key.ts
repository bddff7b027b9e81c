import { type Aead, aeadNonceLength } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { recordHeaderLength } from './record.ts';
import { high32, lastSequence, low32, pseudoHeaderOf, sequenceLength } from './sequence.ts';
import type { TrafficKey } from './traffic-key.ts';
import type { AeadTrafficProtection, ProtectionVersion } from './traffic-protection.ts';

/** Scratch, of all keys: it is written anew for each record, and no AEAD holds on to it. */
const nonce = new Uint8Array(aeadNonceLength);
const nonceView = new DataView(nonce.buffer);

/** Gives each record its nonce and additional data (RFC 8446 section 5.2, RFC 5246 section 6.2.3.3). */
export class AeadKey implements TrafficKey {
  readonly version: ProtectionVersion;
  readonly prefixLength: number;
  readonly overhead: number;
  readonly peerOverhead: number;

  readonly #aead: Aead;
  readonly #tagLength: number;
  readonly #limit: number;
  #sequence: number;
  /** The last 8 bytes of the IV, which the sequence number is combined with; zero for an explicit nonce. */
  readonly #ivHigh: number;
  readonly #ivLow: number;
  readonly #iv: Uint8Array;

  constructor(protection: AeadTrafficProtection, sequence: number) {
    this.version = protection.version;
    this.prefixLength = protection.nonce === 'explicit' ? sequenceLength : 0;
    this.#aead = protection.aead;
    this.#tagLength = protection.aead.tagLength;
    this.overhead = this.prefixLength + this.#tagLength;
    this.peerOverhead = this.overhead;
    this.#limit = Math.min(protection.limit, lastSequence);
    this.#sequence = sequence;
    this.#iv = protection.iv;
    nonce.fill(0).set(protection.iv);
    this.#ivHigh = nonceView.getUint32(aeadNonceLength - 8);
    this.#ivLow = nonceView.getUint32(aeadNonceLength - 4);
  }

  get left(): number {
    return Math.max(0, this.#limit - this.#sequence);
  }

  suffixLength(): number {
    return this.#tagLength;
  }

  /** The content becomes ciphertext, the bytes behind it the tag. */
  seal(record: Uint8Array, contentLength: number): void {
    if (this.#sequence >= this.#limit)
      throw new TlsError('record-limit-reached', `${this.#limit} records under one key`);
    const start = recordHeaderLength + this.prefixLength;
    const content = record.subarray(start, start + contentLength);
    this.#nextNonce();
    if (this.prefixLength > 0) record.set(nonce.subarray(aeadNonceLength - sequenceLength), recordHeaderLength);
    const associatedData = this.#additionalDataOf(record, contentLength);
    // Counted before the AEAD runs, so that no failure of it can lead to a nonce used twice.
    this.#sequence += 1;
    this.#aead.sealInto(nonce, associatedData, content, record.subarray(start));
  }

  open(record: Uint8Array): Uint8Array | undefined {
    if (this.#sequence >= lastSequence) {
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
    return this.version === 'tls13' ? header : pseudoHeaderOf(this.#sequence, header, contentLength);
  }
}
