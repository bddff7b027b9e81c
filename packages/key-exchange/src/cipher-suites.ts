import type { AeadName, HashName } from '@handfast/crypto';
import { CipherSuite, type CipherSuiteName } from '@handfast/wire';

/** What a cipher suite fixes. TLS 1.3 suites leave key exchange and authentication open; TLS 1.2 suites are all ECDHE. */
export interface CipherSuiteParameters {
  /** Code point. */
  readonly code: number;
  readonly name: CipherSuiteName;
  readonly version: 'tls12' | 'tls13';
  /** Of the transcript, the key schedule and Finished. */
  readonly hash: HashName;
  readonly aead: AeadName;
  /** The certificates it goes with. `ecdsa` stands for Ed25519 too (RFC 8422 section 5.10). */
  readonly authentication: 'any' | 'ecdsa' | 'rsa';
}

/** The suites of this stack, in order of preference (RFC 8446 appendix B.4, RFC 5289, RFC 7905). */
export const cipherSuites: readonly CipherSuiteParameters[] = [
  suite('TLS_AES_128_GCM_SHA256', 'tls13', 'sha256', 'aes-128-gcm', 'any'),
  suite('TLS_AES_256_GCM_SHA384', 'tls13', 'sha384', 'aes-256-gcm', 'any'),
  suite('TLS_CHACHA20_POLY1305_SHA256', 'tls13', 'sha256', 'chacha20-poly1305', 'any'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'tls12', 'sha256', 'aes-128-gcm', 'ecdsa'),
  suite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'tls12', 'sha256', 'aes-128-gcm', 'rsa'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'tls12', 'sha384', 'aes-256-gcm', 'ecdsa'),
  suite('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'tls12', 'sha384', 'aes-256-gcm', 'rsa'),
  suite('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'tls12', 'sha256', 'chacha20-poly1305', 'ecdsa'),
  suite('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'tls12', 'sha256', 'chacha20-poly1305', 'rsa'),
];

const suiteByCode: ReadonlyMap<number, CipherSuiteParameters> = new Map(cipherSuites.map((each) => [each.code, each]));

/** The suite of a code point, or undefined where this stack does not have it. */
export function cipherSuite(code: number): CipherSuiteParameters | undefined {
  return suiteByCode.get(code);
}

function suite(
  name: CipherSuiteName,
  version: 'tls12' | 'tls13',
  hash: HashName,
  aead: AeadName,
  authentication: 'any' | 'ecdsa' | 'rsa',
): CipherSuiteParameters {
  return { code: CipherSuite[name], name, version, hash, aead, authentication };
}
