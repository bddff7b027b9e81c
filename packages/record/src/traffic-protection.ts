import { type Aead, type AeadName, aeadNonceLength, type CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';

export type ProtectionVersion = 'tls12' | 'tls13';

/** What the records of one direction are protected with, from one key change to the next. */
export interface TrafficProtection {
  readonly version: ProtectionVersion;
  readonly aead: Aead;
  /** The static IV: 12 bytes; for TLS 1.2 AES-GCM the salt of 4 bytes. */
  readonly iv: Uint8Array;
  /**
   * How a record's nonce is made. `explicit`: the salt and 8 bytes that travel in the record (TLS 1.2 AES-GCM,
   * RFC 5288 section 3). `xor`: the IV combined with the sequence number (RFC 8446 section 5.3, RFC 7905 section 2).
   */
  readonly nonce: 'explicit' | 'xor';
  /** How many records may be protected under the key (RFC 8446 section 5.5). */
  readonly limit: number;
}

/**
 * AES-GCM keeps its safety margin for 2^24.5 records of full size (RFC 8446 section 5.5). ChaCha20-Poly1305 has no
 * such bound below the wrap of the sequence number; the one set here keeps that far away.
 */
const recordLimit = {
  'aes-128-gcm': Math.floor(2 ** 24.5),
  'aes-256-gcm': Math.floor(2 ** 24.5),
  'chacha20-poly1305': 2 ** 36,
} as const satisfies Record<AeadName, number>;

const explicitNonceSaltLength = 4;

/**
 * The protection that a cipher suite's AEAD gives under a traffic key.
 * @param key `aeadKeyLength[aead]` bytes.
 * @param iv 12 bytes; 4 for AES-GCM in TLS 1.2.
 * @throws TlsError `internal-error` for an IV of another length.
 */
export function trafficProtection(
  crypto: CryptoProvider,
  version: ProtectionVersion,
  aead: AeadName,
  key: Uint8Array,
  iv: Uint8Array,
): TrafficProtection {
  const nonce = version === 'tls12' && aead !== 'chacha20-poly1305' ? 'explicit' : 'xor';
  const ivLength = nonce === 'explicit' ? explicitNonceSaltLength : aeadNonceLength;
  if (iv.length !== ivLength) {
    throw new TlsError('internal-error', `${aead} in ${version} takes an IV of ${ivLength} bytes, not ${iv.length}`);
  }
  return new AeadProtection(version, crypto.aead(aead, key), iv, nonce, recordLimit[aead]);
}

/** A class for the sake of its private field: `inspect` does not show the IV. */
class AeadProtection implements TrafficProtection {
  readonly version: ProtectionVersion;
  readonly aead: Aead;
  readonly #iv: Uint8Array;
  readonly nonce: 'explicit' | 'xor';
  readonly limit: number;

  constructor(version: ProtectionVersion, aead: Aead, iv: Uint8Array, nonce: 'explicit' | 'xor', limit: number) {
    this.version = version;
    this.aead = aead;
    this.#iv = iv;
    this.nonce = nonce;
    this.limit = limit;
  }

  get iv(): Uint8Array {
    return this.#iv;
  }
}
