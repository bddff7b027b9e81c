import type { CryptoProvider, PublicKey, PublicKeyKind } from '@handfast/crypto';
import { SignatureScheme, TlsError, toHex } from '@handfast/wire';
import { type Certificate, parseCertificate } from './certificate.ts';
import { hostNamesOf } from './certificate-text.ts';
import { quoted } from './name.ts';
import type { Credential } from './port.ts';
import { publicKeyOf } from './public-key.ts';
import { schemesOfPssKey } from './signature-algorithm.ts';

/** What a key of each kind can sign in TLS 1.3 and 1.2, the preferred scheme first. */
function schemesOf(kind: PublicKeyKind, { publicKeyAlgorithm }: Certificate): readonly number[] {
  switch (kind) {
    case 'ecdsa-p256':
      return ecdsaSchemes(SignatureScheme.ecdsa_secp256r1_sha256);
    case 'ecdsa-p384':
      return ecdsaSchemes(SignatureScheme.ecdsa_secp384r1_sha384);
    case 'ecdsa-p521':
      return ecdsaSchemes(SignatureScheme.ecdsa_secp521r1_sha512);
    case 'ed25519':
      return [SignatureScheme.ed25519];
    case 'rsa':
      return rsaSchemes;
    case 'rsa-pss':
      return schemesOfPssKey(publicKeyAlgorithm);
  }
}

/** TLS 1.2 knows no curve in a scheme, so that an ECDSA key has each hash there; TLS 1.3 has that of its curve. */
function ecdsaSchemes(own: number): readonly number[] {
  const all = [
    SignatureScheme.ecdsa_secp256r1_sha256,
    SignatureScheme.ecdsa_secp384r1_sha384,
    SignatureScheme.ecdsa_secp521r1_sha512,
  ];
  return [own, ...all.filter((scheme) => scheme !== own)];
}

const rsaSchemes: readonly number[] = [
  SignatureScheme.rsa_pss_rsae_sha256,
  SignatureScheme.rsa_pss_rsae_sha384,
  SignatureScheme.rsa_pss_rsae_sha512,
  SignatureScheme.rsa_pkcs1_sha256,
  SignatureScheme.rsa_pkcs1_sha384,
  SignatureScheme.rsa_pkcs1_sha512,
];

/**
 * A chain of our own, ready to be presented.
 *
 * @param chain DER, end entity first, each certificate followed by its issuer
 * @throws TlsError `configuration-invalid` that says which certificate is malformed, of an unknown kind or out of place
 */
export function credentialFromChain(crypto: CryptoProvider, chain: readonly Uint8Array[]): Credential {
  const certificates = chain.map(configuredCertificate);
  const [endEntity] = certificates;
  if (endEntity === undefined) throw new TlsError('configuration-invalid', 'the chain holds no certificate');
  for (const [index, issuer] of certificates.entries()) {
    const subject = certificates[index - 1];
    if (subject !== undefined && subject.issuer.key !== issuer.subject.key) throw outOfPlace(index, subject, issuer);
  }
  const { kind } = configuredKey(crypto, endEntity);
  return {
    keyId: toHex(crypto.hash('sha256', endEntity.spki)),
    chain: certificates.map(({ der }) => der),
    names: hostNamesOf(endEntity),
    keyKind: kind,
    schemes: schemesOf(kind, endEntity),
  };
}

function configuredCertificate(der: Uint8Array, index: number): Certificate {
  try {
    return parseCertificate(der);
  } catch (cause) {
    throw invalid(`certificate ${index} of the chain`, cause);
  }
}

function configuredKey(crypto: CryptoProvider, certificate: Certificate): PublicKey {
  try {
    return publicKeyOf(crypto, certificate);
  } catch (cause) {
    throw invalid(`the public key of ${quoted(certificate.subject)}`, cause);
  }
}

function outOfPlace(index: number, subject: Certificate, issuer: Certificate): TlsError {
  return new TlsError(
    'configuration-invalid',
    `certificate ${index} of the chain is ${quoted(issuer.subject)}, but the one before it, ${quoted(subject.subject)}, ` +
      `was issued by ${quoted(subject.issuer)}; the end entity comes first, each certificate is followed by its issuer`,
  );
}

function invalid(what: string, cause: unknown): TlsError {
  const why = cause instanceof TlsError ? cause.detail : 'cannot be read';
  return new TlsError('configuration-invalid', `${what}: ${why}`, { cause });
}
