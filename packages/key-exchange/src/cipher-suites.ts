import type { AeadName, CbcMacName, CbcName, HashName, RecordCipher } from '@handfast/crypto';
import { CipherSuite, type CipherSuiteName, type KeyExchangeAlgorithm } from '@handfast/wire';

/** What a cipher suite fixes. TLS 1.3 suites leave key exchange and authentication open. */
export interface CipherSuiteParameters {
  /** Code point. */
  readonly code: number;
  readonly name: CipherSuiteName;
  readonly version: 'tls12' | 'tls13';
  readonly keyExchange: 'any' | KeyExchangeAlgorithm;
  /** The certificates it goes with. `ecdsa` stands for Ed25519 too (RFC 8422 section 5.10). */
  readonly authentication: 'any' | 'ecdsa' | 'rsa';
  /** Of the records. */
  readonly protection: RecordCipher;
  /** Of the transcript, the key schedule and Finished. */
  readonly hash: HashName;
}

/** What this stack speaks by default, in order of preference (RFC 8446 appendix B.4, RFC 5289, RFC 7905). */
export const cipherSuites: readonly CipherSuiteParameters[] = [
  suite('TLS_AES_128_GCM_SHA256', 'any', 'any', aead('aes-128-gcm'), 'sha256'),
  suite('TLS_AES_256_GCM_SHA384', 'any', 'any', aead('aes-256-gcm'), 'sha384'),
  suite('TLS_CHACHA20_POLY1305_SHA256', 'any', 'any', aead('chacha20-poly1305'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'ecdhe', 'ecdsa', aead('aes-128-gcm'), 'sha256'),
  suite('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe', 'rsa', aead('aes-128-gcm'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'ecdhe', 'ecdsa', aead('aes-256-gcm'), 'sha384'),
  suite('TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ecdhe', 'rsa', aead('aes-256-gcm'), 'sha384'),
  suite('TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe', 'ecdsa', aead('chacha20-poly1305'), 'sha256'),
  suite('TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'ecdhe', 'rsa', aead('chacha20-poly1305'), 'sha256'),
];

/**
 * What it speaks where that is asked for by name: CCM, and for peers that have nothing newer CBC, and key exchanges
 * over a prime or, without forward secrecy, by RSA (RFC 5246, RFC 5288, RFC 5289, RFC 6655, RFC 7251, RFC 7905). In
 * order of preference.
 */
export const legacyCipherSuites: readonly CipherSuiteParameters[] = [
  suite('TLS_AES_128_CCM_SHA256', 'any', 'any', aead('aes-128-ccm'), 'sha256'),
  suite('TLS_AES_128_CCM_8_SHA256', 'any', 'any', aead('aes-128-ccm-8'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CCM', 'ecdhe', 'ecdsa', aead('aes-128-ccm'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_CCM', 'ecdhe', 'ecdsa', aead('aes-256-ccm'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8', 'ecdhe', 'ecdsa', aead('aes-128-ccm-8'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_CCM_8', 'ecdhe', 'ecdsa', aead('aes-256-ccm-8'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_128_GCM_SHA256', 'dhe', 'rsa', aead('aes-128-gcm'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_256_GCM_SHA384', 'dhe', 'rsa', aead('aes-256-gcm'), 'sha384'),
  suite('TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 'dhe', 'rsa', aead('chacha20-poly1305'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_128_CCM', 'dhe', 'rsa', aead('aes-128-ccm'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_256_CCM', 'dhe', 'rsa', aead('aes-256-ccm'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_128_CCM_8', 'dhe', 'rsa', aead('aes-128-ccm-8'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_256_CCM_8', 'dhe', 'rsa', aead('aes-256-ccm-8'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256', 'ecdhe', 'ecdsa', cbc('aes-128-cbc', 'sha256'), 'sha256'),
  suite('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256', 'ecdhe', 'rsa', cbc('aes-128-cbc', 'sha256'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384', 'ecdhe', 'ecdsa', cbc('aes-256-cbc', 'sha384'), 'sha384'),
  suite('TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 'ecdhe', 'rsa', cbc('aes-256-cbc', 'sha384'), 'sha384'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA', 'ecdhe', 'ecdsa', cbc('aes-128-cbc', 'sha1'), 'sha256'),
  suite('TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA', 'ecdhe', 'rsa', cbc('aes-128-cbc', 'sha1'), 'sha256'),
  suite('TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA', 'ecdhe', 'ecdsa', cbc('aes-256-cbc', 'sha1'), 'sha256'),
  suite('TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ecdhe', 'rsa', cbc('aes-256-cbc', 'sha1'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', 'dhe', 'rsa', cbc('aes-128-cbc', 'sha256'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_256_CBC_SHA256', 'dhe', 'rsa', cbc('aes-256-cbc', 'sha256'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_128_CBC_SHA', 'dhe', 'rsa', cbc('aes-128-cbc', 'sha1'), 'sha256'),
  suite('TLS_DHE_RSA_WITH_AES_256_CBC_SHA', 'dhe', 'rsa', cbc('aes-256-cbc', 'sha1'), 'sha256'),
  suite('TLS_RSA_WITH_AES_128_GCM_SHA256', 'rsa', 'rsa', aead('aes-128-gcm'), 'sha256'),
  suite('TLS_RSA_WITH_AES_256_GCM_SHA384', 'rsa', 'rsa', aead('aes-256-gcm'), 'sha384'),
  suite('TLS_RSA_WITH_AES_128_CCM', 'rsa', 'rsa', aead('aes-128-ccm'), 'sha256'),
  suite('TLS_RSA_WITH_AES_256_CCM', 'rsa', 'rsa', aead('aes-256-ccm'), 'sha256'),
  suite('TLS_RSA_WITH_AES_128_CCM_8', 'rsa', 'rsa', aead('aes-128-ccm-8'), 'sha256'),
  suite('TLS_RSA_WITH_AES_256_CCM_8', 'rsa', 'rsa', aead('aes-256-ccm-8'), 'sha256'),
  suite('TLS_RSA_WITH_AES_128_CBC_SHA256', 'rsa', 'rsa', cbc('aes-128-cbc', 'sha256'), 'sha256'),
  suite('TLS_RSA_WITH_AES_256_CBC_SHA256', 'rsa', 'rsa', cbc('aes-256-cbc', 'sha256'), 'sha256'),
  suite('TLS_RSA_WITH_AES_128_CBC_SHA', 'rsa', 'rsa', cbc('aes-128-cbc', 'sha1'), 'sha256'),
  suite('TLS_RSA_WITH_AES_256_CBC_SHA', 'rsa', 'rsa', cbc('aes-256-cbc', 'sha1'), 'sha256'),
];

const suiteByCode: ReadonlyMap<number, CipherSuiteParameters> = new Map(
  [...cipherSuites, ...legacyCipherSuites].map((each) => [each.code, each]),
);

/** The suite of a code point, a legacy one as well, or undefined where this stack does not have it. */
export function cipherSuite(code: number): CipherSuiteParameters | undefined {
  return suiteByCode.get(code);
}

function suite(
  name: CipherSuiteName,
  keyExchange: 'any' | KeyExchangeAlgorithm,
  authentication: 'any' | 'ecdsa' | 'rsa',
  protection: RecordCipher,
  hash: HashName,
): CipherSuiteParameters {
  const version = keyExchange === 'any' ? 'tls13' : 'tls12';
  return { code: CipherSuite[name], name, version, keyExchange, authentication, protection, hash };
}

function aead(name: AeadName): RecordCipher {
  return { kind: 'aead', aead: name };
}

function cbc(cipher: CbcName, mac: CbcMacName): RecordCipher {
  return { kind: 'cbc', cipher, mac };
}
