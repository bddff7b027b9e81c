import { SignatureScheme } from '@handfast/wire';
import type { HashName } from './provider.ts';
import type { PublicKeyInfo } from './public-key-info.ts';

/** How a scheme signs, with a key of the kind that it is for (RFC 8446 section 4.2.3). */
export interface SignatureAlgorithm {
  /** `rsa-pss` is with MGF1 over the same hash and a salt as long as it. */
  readonly type: 'ecdsa' | 'ed25519' | 'rsa-pkcs1' | 'rsa-pss';
  /** For Ed25519 a part of the algorithm: the message itself is what is signed (RFC 8032 section 5.1). */
  readonly hash: HashName;
}

/** SHA-1 schemes are absent: they are refused for whatever they sign. */
const ecdsa: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  [SignatureScheme.ecdsa_secp256r1_sha256, { type: 'ecdsa', hash: 'sha256' }],
  [SignatureScheme.ecdsa_secp384r1_sha384, { type: 'ecdsa', hash: 'sha384' }],
  [SignatureScheme.ecdsa_secp521r1_sha512, { type: 'ecdsa', hash: 'sha512' }],
]);
const ed25519: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  [SignatureScheme.ed25519, { type: 'ed25519', hash: 'sha512' }],
]);
const rsa: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  [SignatureScheme.rsa_pss_rsae_sha256, { type: 'rsa-pss', hash: 'sha256' }],
  [SignatureScheme.rsa_pss_rsae_sha384, { type: 'rsa-pss', hash: 'sha384' }],
  [SignatureScheme.rsa_pss_rsae_sha512, { type: 'rsa-pss', hash: 'sha512' }],
  [SignatureScheme.rsa_pkcs1_sha256, { type: 'rsa-pkcs1', hash: 'sha256' }],
  [SignatureScheme.rsa_pkcs1_sha384, { type: 'rsa-pkcs1', hash: 'sha384' }],
  [SignatureScheme.rsa_pkcs1_sha512, { type: 'rsa-pkcs1', hash: 'sha512' }],
]);
const rsaPss: ReadonlyMap<number, SignatureAlgorithm> = new Map([
  [SignatureScheme.rsa_pss_pss_sha256, { type: 'rsa-pss', hash: 'sha256' }],
  [SignatureScheme.rsa_pss_pss_sha384, { type: 'rsa-pss', hash: 'sha384' }],
  [SignatureScheme.rsa_pss_pss_sha512, { type: 'rsa-pss', hash: 'sha512' }],
]);

/**
 * Every scheme whose signatures a key can verify, the preferred one first. An ECDSA key has each hash: the binding
 * of curve to hash is a rule of TLS 1.3 alone, so it is the handshake's to enforce, by the key's `kind`.
 */
export function verifiableSchemes(key: PublicKeyInfo): ReadonlyMap<number, SignatureAlgorithm> {
  switch (key.kind) {
    case 'rsa':
      return rsa;
    case 'rsa-pss':
      return key.onlyHash === undefined ? rsaPss : withHash(rsaPss, key.onlyHash);
    case 'ed25519':
      return ed25519;
    default:
      return ecdsa;
  }
}

const hashOfCurve = { 'ecdsa-p256': 'sha256', 'ecdsa-p384': 'sha384', 'ecdsa-p521': 'sha512' } as const;

/**
 * Every scheme that a key signs with, the preferred one first: for an ECDSA key that with the hash of its curve, which
 * is the only one for TLS 1.3, and a peer of TLS 1.2 may know only others.
 */
export function signableSchemes(key: PublicKeyInfo): ReadonlyMap<number, SignatureAlgorithm> {
  const schemes = verifiableSchemes(key);
  return 'point' in key ? new Map([...withHash(schemes, hashOfCurve[key.kind]), ...schemes]) : schemes;
}

function withHash(
  schemes: ReadonlyMap<number, SignatureAlgorithm>,
  hash: HashName,
): ReadonlyMap<number, SignatureAlgorithm> {
  return new Map([...schemes].filter(([, algorithm]) => algorithm.hash === hash));
}
