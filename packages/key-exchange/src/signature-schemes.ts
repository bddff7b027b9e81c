import type { PublicKeyKind } from '@handfast/crypto';
import { SignatureScheme, type SignatureSchemeName } from '@handfast/wire';

/** Which keys make and check the handshake signatures of a scheme, by version. */
export interface SignatureSchemeParameters {
  /** Code point. */
  readonly code: number;
  readonly name: SignatureSchemeName;
  /** An ECDSA scheme names the hash alone, the curve is the certificate's (RFC 8446 section 4.2.3, on TLS 1.2). */
  readonly tls12: readonly PublicKeyKind[];
  /** An ECDSA scheme binds its curve; PKCS#1 signs certificates only (RFC 8446 section 4.2.3). */
  readonly tls13: readonly PublicKeyKind[];
}

const ecdsa: readonly PublicKeyKind[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'];

/** The schemes of this stack, in order of preference. */
export const signatureSchemes: readonly SignatureSchemeParameters[] = [
  scheme('ecdsa_secp256r1_sha256', ecdsa, ['ecdsa-p256']),
  scheme('ed25519', ['ed25519'], ['ed25519']),
  scheme('ecdsa_secp384r1_sha384', ecdsa, ['ecdsa-p384']),
  scheme('ecdsa_secp521r1_sha512', ecdsa, ['ecdsa-p521']),
  scheme('rsa_pss_rsae_sha256', ['rsa'], ['rsa']),
  scheme('rsa_pss_rsae_sha384', ['rsa'], ['rsa']),
  scheme('rsa_pss_rsae_sha512', ['rsa'], ['rsa']),
  scheme('rsa_pss_pss_sha256', ['rsa-pss'], ['rsa-pss']),
  scheme('rsa_pss_pss_sha384', ['rsa-pss'], ['rsa-pss']),
  scheme('rsa_pss_pss_sha512', ['rsa-pss'], ['rsa-pss']),
  scheme('rsa_pkcs1_sha256', ['rsa'], []),
  scheme('rsa_pkcs1_sha384', ['rsa'], []),
  scheme('rsa_pkcs1_sha512', ['rsa'], []),
];

/**
 * What to send in signature_algorithms, in order of preference. It speaks of certificates too, which is why PKCS#1 is
 * in it for TLS 1.3 as well; whether a scheme may sign a handshake is for {@link schemeFits} to say.
 */
export const defaultSignatureSchemes: readonly number[] = signatureSchemes.map(({ code }) => code);

const schemeByCode: ReadonlyMap<number, SignatureSchemeParameters> = new Map(
  signatureSchemes.map((each) => [each.code, each]),
);

/** True where a key of that kind may sign the handshake with that scheme; false for a scheme that is not known. */
export function schemeFits(code: number, kind: PublicKeyKind, version: 'tls12' | 'tls13'): boolean {
  return schemeByCode.get(code)?.[version].includes(kind) ?? false;
}

function scheme(
  name: SignatureSchemeName,
  tls12: readonly PublicKeyKind[],
  tls13: readonly PublicKeyKind[],
): SignatureSchemeParameters {
  return { code: SignatureScheme[name], name, tls12, tls13 };
}
