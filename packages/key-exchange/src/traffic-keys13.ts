import { aeadKeyLength, aeadNonceLength, type CryptoProvider, type HashName, hashLength } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import type { CipherSuiteParameters } from './cipher-suites.ts';
import { hkdfExpandLabel } from './hkdf-label.ts';

/** What protects the records of one direction. */
export interface TrafficKeys {
  /** With CBC: of the HMAC. An AEAD has none: no bytes. */
  readonly macKey: Uint8Array;
  readonly key: Uint8Array;
  /**
   * TLS 1.3 and ChaCha20-Poly1305: 12 bytes, that the sequence number is XORed to. AES-GCM and AES-CCM in TLS 1.2: the
   * 4-byte salt. CBC, where each record has its own: no bytes.
   */
  readonly iv: Uint8Array;
}

const nothing = new Uint8Array();

/** write_key and write_iv from a traffic secret (RFC 8446 section 7.3). */
export function trafficKeys13(crypto: CryptoProvider, suite: CipherSuiteParameters, secret: Uint8Array): TrafficKeys {
  if (suite.protection.kind !== 'aead') throw new TlsError('internal-error', `${suite.name} in TLS 1.3`);
  return {
    macKey: nothing,
    key: hkdfExpandLabel(crypto, suite.hash, secret, 'key', nothing, aeadKeyLength[suite.protection.aead]),
    iv: hkdfExpandLabel(crypto, suite.hash, secret, 'iv', nothing, aeadNonceLength),
  };
}

/** application_traffic_secret_N+1, after a KeyUpdate (RFC 8446 section 7.2). */
export function nextTrafficSecret(crypto: CryptoProvider, hash: HashName, secret: Uint8Array): Uint8Array {
  return hkdfExpandLabel(crypto, hash, secret, 'traffic upd', nothing, hashLength[hash]);
}

/**
 * verify_data of Finished (RFC 8446 section 4.4.4); of the same form is a PSK binder.
 * @param trafficSecret the sender's handshake traffic secret (after the handshake, its current application traffic
 * secret); for a binder the binder key.
 */
export function finishedVerifyData13(
  crypto: CryptoProvider,
  hash: HashName,
  trafficSecret: Uint8Array,
  transcriptHash: Uint8Array,
): Uint8Array {
  const finishedKey = hkdfExpandLabel(crypto, hash, trafficSecret, 'finished', nothing, hashLength[hash]);
  return crypto.hmac(hash, finishedKey, transcriptHash);
}
