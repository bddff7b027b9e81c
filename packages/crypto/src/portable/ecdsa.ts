import type { ECDSA } from '@noble/curves/abstract/weierstrass.js';
import { p256, p384, p521 } from '@noble/curves/nist.js';
import type { HashName } from '../provider.ts';
import type { EcdsaKeyInfo } from '../public-key-info.ts';
import { hash } from './hash.ts';

const curves = { 'ecdsa-p256': p256, 'ecdsa-p384': p384, 'ecdsa-p521': p521 } as const satisfies Record<Kind, ECDSA>;

type Kind = EcdsaKeyInfo['kind'];

/** The hash is the scheme's and not the curve's, and TLS has no rule on the size of s (RFC 8446 section 4.2.3). */
const options = { prehash: false, lowS: false, format: 'der' } as const;

/** Deterministic (RFC 6979). */
export function signEcdsa(kind: Kind, scalar: Uint8Array, name: HashName, message: Uint8Array): Uint8Array {
  return curves[kind].sign(hash(name, message), scalar, options);
}

export function verifyEcdsa(
  kind: Kind,
  point: Uint8Array,
  name: HashName,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return curves[kind].verify(signature, hash(name, message), point, options);
}

/** The public point, uncompressed. */
export function ecdsaPublicPoint(kind: Kind, scalar: Uint8Array): Uint8Array {
  return curves[kind].getPublicKey(scalar, false);
}

export function isOnCurve(kind: Kind, point: Uint8Array): boolean {
  return curves[kind].utils.isValidPublicKey(point, false);
}
