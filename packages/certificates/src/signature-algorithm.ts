import type { HashName, PublicKeyKind } from '@handfast/crypto';
import { SignatureScheme, TlsError } from '@handfast/wire';
import type { AlgorithmIdentifier } from './algorithm-identifier.ts';
import type { Certificate } from './certificate.ts';
import { constructedContextTag, type DerReader, enterOnly, Tag } from './der/reader.ts';
import { oidOf, smallIntegerOf } from './der/values.ts';
import { Oid } from './oids.ts';

/** The hashes that RSASSA-PSS may use here, with the salt as long as the hash (as in TLS, RFC 8446 section 4.2.3). */
const pssHashes: ReadonlyMap<string, { readonly length: number; readonly rsae: number; readonly pss: number }> =
  new Map([
    [Oid.sha256, { length: 32, rsae: SignatureScheme.rsa_pss_rsae_sha256, pss: SignatureScheme.rsa_pss_pss_sha256 }],
    [Oid.sha384, { length: 48, rsae: SignatureScheme.rsa_pss_rsae_sha384, pss: SignatureScheme.rsa_pss_pss_sha384 }],
    [Oid.sha512, { length: 64, rsae: SignatureScheme.rsa_pss_rsae_sha512, pss: SignatureScheme.rsa_pss_pss_sha512 }],
  ]);

/**
 * What verifies a certificate's signature: the SignatureScheme of TLS that computes the same; `weak` for those over
 * MD2, MD5 or SHA-1; undefined for what is not supported or has parameters that do not belong.
 */
export function signatureSchemeOf(
  algorithm: AlgorithmIdentifier,
  issuerKey: PublicKeyKind,
): number | 'weak' | undefined {
  switch (algorithm.oid) {
    case Oid.ecdsaWithSHA256:
      return withoutParameters(algorithm, SignatureScheme.ecdsa_secp256r1_sha256);
    case Oid.ecdsaWithSHA384:
      return withoutParameters(algorithm, SignatureScheme.ecdsa_secp384r1_sha384);
    case Oid.ecdsaWithSHA512:
      return withoutParameters(algorithm, SignatureScheme.ecdsa_secp521r1_sha512);
    case Oid.ed25519:
      return withoutParameters(algorithm, SignatureScheme.ed25519);
    case Oid.sha256WithRSAEncryption:
      return withNullParameters(algorithm, SignatureScheme.rsa_pkcs1_sha256);
    case Oid.sha384WithRSAEncryption:
      return withNullParameters(algorithm, SignatureScheme.rsa_pkcs1_sha384);
    case Oid.sha512WithRSAEncryption:
      return withNullParameters(algorithm, SignatureScheme.rsa_pkcs1_sha512);
    case Oid.rsassaPss:
      return pssScheme(algorithm, issuerKey);
    case Oid.md2WithRSAEncryption:
    case Oid.md5WithRSAEncryption:
    case Oid.sha1WithRSAEncryption:
    case Oid.ecdsaWithSHA1:
    case Oid.dsaWithSha1:
      return 'weak';
    default:
      return undefined;
  }
}

/** RFC 5758 section 3.2, RFC 8410 section 3. */
function withoutParameters({ parameters }: AlgorithmIdentifier, scheme: number): number | undefined {
  return parameters === undefined ? scheme : undefined;
}

/** RFC 4055 section 5: NULL is written, and its absence must be accepted. */
function withNullParameters({ parameters }: AlgorithmIdentifier, scheme: number): number | undefined {
  return parameters === undefined || (parameters[0] === Tag.NULL && parameters.length === 2) ? scheme : undefined;
}

/** RFC 4055 section 3.1: hash, mask generation with the same hash, salt as long as the hash. */
function pssScheme({ parameters }: AlgorithmIdentifier, issuerKey: PublicKeyKind): number | 'weak' | undefined {
  const pss = parameters === undefined ? undefined : pssParametersOf(parameters);
  if (pss?.hash === Oid.sha1) return 'weak';
  const schemes = pssHashes.get(pss?.hash ?? '');
  if (schemes === undefined || pss?.maskHash !== pss?.hash || pss?.saltLength !== schemes.length) return undefined;
  return issuerKey === 'rsa-pss' ? schemes.pss : schemes.rsae;
}

/** The schemes that an id-RSASSA-PSS key can make: with parameters, those of its one hash (RFC 4055 section 3.1). */
export function schemesOfPssKey({ parameters }: AlgorithmIdentifier): readonly number[] {
  const only = parameters === undefined ? undefined : pssParametersOf(parameters)?.hash;
  return [...pssHashes].filter(([hash]) => only === undefined || hash === only).map(([, { pss }]) => pss);
}

interface PssParameters {
  readonly hash: string;
  readonly maskHash: string | undefined;
  readonly saltLength: number;
}

function pssParametersOf(der: Uint8Array): PssParameters | undefined {
  try {
    const what = 'RSASSA-PSS-params';
    const reader = enterOnly(der, Tag.SEQUENCE, what);
    // What is left out means SHA-1.
    const hash = readExplicit(reader, 0, hashOf) ?? Oid.sha1;
    const maskHash = readExplicit(reader, 1, maskHashOf) ?? Oid.sha1;
    const saltLength = readExplicit(reader, 2, (inner) => smallIntegerOf(inner.read(Tag.INTEGER, what), what)) ?? 20;
    reader.finish();
    return { hash, maskHash, saltLength };
  } catch (error) {
    if (error instanceof TlsError) return undefined;
    throw error;
  }
}

function readExplicit<T>(reader: DerReader, number: number, read: (inner: DerReader) => T): T | undefined {
  const inner = reader.enterOptional(constructedContextTag(number), 'RSASSA-PSS-params');
  if (inner === undefined) return undefined;
  const value = read(inner);
  inner.finish();
  return value;
}

function hashOf(reader: DerReader): string {
  const algorithm = reader.enter(Tag.SEQUENCE, 'HashAlgorithm');
  const oid = oidOf(algorithm.read(Tag.OBJECT_IDENTIFIER, 'HashAlgorithm'), 'HashAlgorithm');
  algorithm.readOptional(Tag.NULL, 'HashAlgorithm');
  algorithm.finish();
  return oid;
}

function maskHashOf(reader: DerReader): string | undefined {
  const algorithm = reader.enter(Tag.SEQUENCE, 'MaskGenAlgorithm');
  const oid = oidOf(algorithm.read(Tag.OBJECT_IDENTIFIER, 'MaskGenAlgorithm'), 'MaskGenAlgorithm');
  const hash = hashOf(algorithm);
  algorithm.finish();
  return oid === Oid.mgf1 ? hash : undefined;
}

/** The hash that a certificate's signature was made with; undefined for Ed25519, which has none of its own. */
export function signatureHashOf({ signatureAlgorithm: { oid, parameters } }: Certificate): HashName | undefined {
  switch (oid) {
    case Oid.ecdsaWithSHA384:
    case Oid.sha384WithRSAEncryption:
      return 'sha384';
    case Oid.ecdsaWithSHA512:
    case Oid.sha512WithRSAEncryption:
      return 'sha512';
    case Oid.rsassaPss:
      return pssHash(parameters);
    case Oid.ed25519:
      return undefined;
    default:
      return 'sha256';
  }
}

function pssHash(parameters: Uint8Array | undefined): HashName {
  switch (parameters && pssParametersOf(parameters)?.hash) {
    case Oid.sha384:
      return 'sha384';
    case Oid.sha512:
      return 'sha512';
    default:
      return 'sha256';
  }
}
