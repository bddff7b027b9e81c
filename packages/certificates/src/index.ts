export type { AlgorithmIdentifier } from './algorithm-identifier.ts';
export { type Certificate, parseCertificate } from './certificate.ts';
export { fingerprintOf } from './certificate-text.ts';
export { chainSignatureSchemes } from './chain-signatures.ts';
export { credentialFromChain } from './credential.ts';
export { type Crl, parseCrl, type Revocation, type RevocationReason } from './crl.ts';
export { CrlStore } from './crl-store.ts';
export { parseCtLogList } from './ct-log-list.ts';
export type { DistributionPoint, DistributionPointName, IssuingDistributionPoint } from './distribution-point.ts';
export type {
  AuthorityKeyIdentifier,
  BasicConstraints,
  Extension,
  KeyUsage,
  KnownExtensions,
  NameConstraints,
} from './extensions.ts';
export type { GeneralName } from './general-name.ts';
export type { IdentityRule } from './identity.ts';
export { LocalCertificateValidator, type LocalCertificateValidatorOptions } from './local.ts';
export type { Name, NameAttribute, RelativeDistinguishedName } from './name.ts';
export {
  type BasicOcspResponse,
  nonceOf,
  type OcspResponse,
  parseOcspResponse,
  type SingleOcspResponse,
} from './ocsp.ts';
export { encodeOcspRequest } from './ocsp-request.ts';
export { OcspStore } from './ocsp-store.ts';
export { decodePem } from './pem.ts';
export type { PolicyConstraints, PolicyMapping } from './policy-extensions.ts';
export type { PolicyInputs } from './policy-graph.ts';
export * from './port.ts';
export { decodePrivateKeyPem } from './private-key.ts';
export type { Profile } from './profile.ts';
export { publicKeyOf } from './public-key.ts';
export { PublicSuffixes } from './public-suffixes.ts';
export type { RevocationPolicy } from './revocation.ts';
export { signatureHashOf } from './signature-algorithm.ts';
export { type CertificateSummary, summarize } from './summary.ts';
export type { CtLog, TransparencySettings } from './transparency.ts';
