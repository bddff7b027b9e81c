import { AeadKey } from './aead-key.ts';
import { CbcKey } from './cbc-key.ts';
import type { ProtectionVersion, TrafficProtection } from './traffic-protection.ts';

/**
 * A traffic protection in use in one direction: it counts the records.
 * Works on whole records as they stand on the wire: header, explicit nonce or IV if there is one, content, and what
 * protection adds behind it.
 */
export interface TrafficKey {
  readonly version: ProtectionVersion;
  /** Bytes between the header and the content. */
  readonly prefixLength: number;
  /** The most bytes that `seal` adds to a content. */
  readonly overhead: number;
  /** The most that a peer may add, whose choice padding is. */
  readonly peerOverhead: number;
  /** How many more records may be sealed. */
  readonly left: number;
  /** Bytes behind a content of that length: a tag, or MAC and padding. */
  suffixLength(contentLength: number): number;
  /**
   * Protects a record where it stands.
   * @param record the header with its final length, room for the prefix, the content, room for the suffix.
   * @throws TlsError `record-limit-reached` when the key has protected all the records that it may.
   */
  seal(record: Uint8Array, contentLength: number): void;
  /**
   * The content of a whole protected record, or undefined when it is not authentic.
   * @throws TlsError `record-limit-reached` when the sequence number can be counted no further.
   */
  open(record: Uint8Array): Uint8Array | undefined;
}

/** @param sequence the number of the first record: 0, except in tests of high numbers. */
export function trafficKey(protection: TrafficProtection, sequence = 0): TrafficKey {
  return protection.kind === 'aead' ? new AeadKey(protection, sequence) : new CbcKey(protection, sequence);
}
