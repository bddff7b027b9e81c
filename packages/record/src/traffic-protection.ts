import {
  type Aead,
  type AeadName,
  aeadNonceLength,
  type Cbc,
  type CbcMacName,
  type CbcName,
  type CryptoProvider,
  cbcBlockLength,
  macLength,
  type RecordCipher,
} from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import { pseudoHeaderLength } from './sequence.ts';

export type ProtectionVersion = 'tls12' | 'tls13';

/** What the records of one direction are protected with, from one key change to the next. */
export type TrafficProtection = AeadTrafficProtection | CbcTrafficProtection;

export interface AeadTrafficProtection {
  readonly kind: 'aead';
  readonly version: ProtectionVersion;
  readonly aead: Aead;
  /** The static IV: 12 bytes; for TLS 1.2 AES-GCM and AES-CCM the salt of 4 bytes. */
  readonly iv: Uint8Array;
  /**
   * How a record's nonce is made. `explicit`: the salt and 8 bytes that travel in the record (TLS 1.2 AES-GCM and
   * AES-CCM, RFC 5288 section 3, RFC 6655 section 3). `xor`: the IV combined with the sequence number (RFC 8446 section
   * 5.3, RFC 7905 section 2).
   */
  readonly nonce: 'explicit' | 'xor';
  /** How many records may be protected under the key (RFC 8446 section 5.5). */
  readonly limit: number;
}

/** CBC and HMAC, of TLS 1.2 (RFC 5246 section 6.2.3.2). */
export interface CbcTrafficProtection {
  readonly kind: 'cbc';
  readonly version: 'tls12';
  readonly cipher: Cbc;
  readonly mac: RecordMac;
  /** A fresh IV. */
  readonly makeIv: () => Uint8Array;
  /** The MAC is over the ciphertext (RFC 7366), not in it. */
  readonly encryptThenMac: boolean;
  readonly limit: number;
}

/** The HMAC of records, under one key. */
export interface RecordMac {
  /** In bytes. */
  readonly length: number;
  of(data: Uint8Array): Uint8Array;
  /** Hashes as much as the MAC of `longest` bytes of content takes more than that of `length`, for nothing. */
  makeUp(length: number, longest: number): void;
  /** Whether two MACs are the same, in constant time. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}

/** Keys of one direction, as the key schedule gives them. */
export interface RecordKeys {
  /** Of CBC; an AEAD has none. */
  readonly macKey: Uint8Array;
  readonly key: Uint8Array;
  /** 12 bytes; for AES-GCM and AES-CCM in TLS 1.2 4 bytes; CBC has none. */
  readonly iv: Uint8Array;
}

/**
 * AES-GCM keeps its safety margin for 2^24.5 records of full size (RFC 8446 section 5.5), AES-CCM for 2^23 (RFC 9147
 * section 4.5.3). ChaCha20-Poly1305 has no such bound below the wrap of the sequence number; the one set here keeps
 * that far away.
 */
const recordLimit = {
  'aes-128-gcm': Math.floor(2 ** 24.5),
  'aes-256-gcm': Math.floor(2 ** 24.5),
  'chacha20-poly1305': 2 ** 36,
  'aes-128-ccm': 2 ** 23,
  'aes-256-ccm': 2 ** 23,
  'aes-128-ccm-8': 2 ** 23,
  'aes-256-ccm-8': 2 ** 23,
} as const satisfies Record<AeadName, number>;

/** 2^42 blocks of AES at most, where two of them being the same by chance is still as good as impossible. */
const cbcRecordLimit = 2 ** 32;

const explicitNonceSaltLength = 4;

/**
 * The protection of a TLS 1.2 cipher suite under the keys of one direction.
 * @param encryptThenMac whether that was negotiated (RFC 7366); without meaning for an AEAD.
 * @throws TlsError `internal-error` for keys of other lengths than the cipher has.
 */
export function trafficProtection12(
  crypto: CryptoProvider,
  cipher: RecordCipher,
  keys: RecordKeys,
  encryptThenMac: boolean,
): TrafficProtection {
  if (cipher.kind === 'cbc') return cbcProtection(crypto, cipher.cipher, cipher.mac, keys, encryptThenMac);
  return trafficProtection(crypto, 'tls12', cipher.aead, keys.key, keys.iv);
}

/**
 * The protection of a TLS 1.3 cipher suite under the keys of one direction.
 * @throws TlsError `internal-error` for keys of other lengths than the cipher has, and for CBC.
 */
export function trafficProtection13(
  crypto: CryptoProvider,
  cipher: RecordCipher,
  keys: Pick<RecordKeys, 'key' | 'iv'>,
): TrafficProtection {
  if (cipher.kind === 'cbc') throw new TlsError('internal-error', `${cipher.cipher} in TLS 1.3`);
  return trafficProtection(crypto, 'tls13', cipher.aead, keys.key, keys.iv);
}

/**
 * The protection that an AEAD gives under a traffic key.
 * @param key `aeadKeyLength[aead]` bytes.
 * @param iv 12 bytes; 4 for AES-GCM and AES-CCM in TLS 1.2.
 * @throws TlsError `internal-error` for an IV of another length.
 */
export function trafficProtection(
  crypto: CryptoProvider,
  version: ProtectionVersion,
  aead: AeadName,
  key: Uint8Array,
  iv: Uint8Array,
): AeadTrafficProtection {
  const nonce = version === 'tls12' && aead !== 'chacha20-poly1305' ? 'explicit' : 'xor';
  const ivLength = nonce === 'explicit' ? explicitNonceSaltLength : aeadNonceLength;
  if (iv.length !== ivLength) {
    throw new TlsError('internal-error', `${aead} in ${version} takes an IV of ${ivLength} bytes, not ${iv.length}`);
  }
  return new AeadProtection(version, crypto.aead(aead, key), iv, nonce, recordLimit[aead]);
}

/** A class for the sake of its private field: `inspect` does not show the IV. */
class AeadProtection implements AeadTrafficProtection {
  readonly kind = 'aead';
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

function cbcProtection(
  crypto: CryptoProvider,
  cipher: CbcName,
  mac: CbcMacName,
  { macKey, key }: RecordKeys,
  encryptThenMac: boolean,
): CbcTrafficProtection {
  if (macKey.length !== macLength[mac]) {
    throw new TlsError(
      'internal-error',
      `HMAC with ${mac} takes a key of ${macLength[mac]} bytes, not ${macKey.length}`,
    );
  }
  return {
    kind: 'cbc',
    version: 'tls12',
    cipher: crypto.cbc(cipher, key),
    mac: new HmacOfRecords(crypto, mac, macKey),
    makeIv: () => crypto.randomBytes(cbcBlockLength),
    encryptThenMac,
    limit: cbcRecordLimit,
  };
}

/** Bytes that the hash takes at a time, and those that it adds to the end: a 1 and the length (RFC 6234 section 4). */
const hashBlocks = {
  sha1: { length: 64, ending: 9 },
  sha256: { length: 64, ending: 9 },
  sha384: { length: 128, ending: 17 },
} as const satisfies Record<CbcMacName, unknown>;

class HmacOfRecords implements RecordMac {
  readonly length: number;
  readonly #crypto: CryptoProvider;
  readonly #mac: CbcMacName;
  readonly #key: Uint8Array;

  constructor(crypto: CryptoProvider, mac: CbcMacName, key: Uint8Array) {
    this.length = macLength[mac];
    this.#crypto = crypto;
    this.#mac = mac;
    this.#key = key;
  }

  of(data: Uint8Array): Uint8Array {
    return this.#crypto.hmac(this.#mac, this.#key, data);
  }

  makeUp(length: number, longest: number): void {
    const blocks = this.#blocksOf(longest) - this.#blocksOf(length);
    this.of(new Uint8Array(blocks * hashBlocks[this.#mac].length));
  }

  equal(a: Uint8Array, b: Uint8Array): boolean {
    return this.#crypto.equal(a, b);
  }

  #blocksOf(contentLength: number): number {
    const block = hashBlocks[this.#mac];
    return Math.ceil((pseudoHeaderLength + contentLength + block.ending) / block.length);
  }
}
