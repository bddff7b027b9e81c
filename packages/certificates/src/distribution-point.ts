import { constructedContextTag, contextTag, type DerReader, enterOnly, malformed, Tag } from './der/reader.ts';
import { namedBitsOf, optionalTrue } from './der/values.ts';
import { type GeneralName, generalNamesOf } from './general-name.ts';
import { type RelativeDistinguishedName, readRdn } from './name.ts';

/** DistributionPointName (RFC 5280 section 4.2.1.13). */
export type DistributionPointName =
  | { readonly kind: 'full'; readonly names: readonly GeneralName[] }
  | { readonly kind: 'relative'; readonly rdn: RelativeDistinguishedName };

/** RFC 5280 section 4.2.1.13: where a CRL that covers the certificate can be had. */
export interface DistributionPoint {
  readonly name: DistributionPointName | undefined;
  /** ReasonFlags, bit n as 1 << n; undefined where the CRL covers all reasons. */
  readonly reasons: number | undefined;
  /** Who signs the CRL where it is not the certificate's issuer. */
  readonly crlIssuer: readonly GeneralName[] | undefined;
}

/** RFC 5280 section 5.2.5: what a CRL covers. */
export interface IssuingDistributionPoint {
  readonly name: DistributionPointName | undefined;
  readonly onlyUserCertificates: boolean;
  readonly onlyCaCertificates: boolean;
  readonly onlyAttributeCertificates: boolean;
  /** ReasonFlags, bit n as 1 << n; undefined for all. */
  readonly onlySomeReasons: number | undefined;
  /** Whether it also holds certificates of other issuers than its own. */
  readonly isIndirect: boolean;
}

/** CRLDistributionPoints, also FreshestCRL, which has the same form. */
export function distributionPointsOf(value: Uint8Array): readonly DistributionPoint[] {
  const what = 'CRLDistributionPoints';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const points: DistributionPoint[] = [];
  while (!reader.done) points.push(readDistributionPoint(reader.enter(Tag.SEQUENCE, what)));
  if (points.length === 0) throw malformed(what, 'is empty');
  return points;
}

function readDistributionPoint(reader: DerReader): DistributionPoint {
  const what = 'DistributionPoint';
  const name = readOptionalName(reader, what);
  const reasons = reader.readOptional(contextTag(1), what);
  const crlIssuer = reader.enterOptional(constructedContextTag(2), what);
  reader.finish();
  if (name === undefined && crlIssuer === undefined) throw malformed(what, 'names neither a place nor an issuer');
  return {
    name,
    reasons: reasons && namedBitsOf(reasons, what),
    crlIssuer: crlIssuer && generalNamesOf(crlIssuer, what),
  };
}

export function issuingDistributionPointOf(value: Uint8Array): IssuingDistributionPoint {
  const what = 'IssuingDistributionPoint';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const name = readOptionalName(reader, what);
  const onlyUserCertificates = optionalTrue(reader, contextTag(1), what);
  const onlyCaCertificates = optionalTrue(reader, contextTag(2), what);
  const reasons = reader.readOptional(contextTag(3), what);
  const isIndirect = optionalTrue(reader, contextTag(4), what);
  const onlyAttributeCertificates = optionalTrue(reader, contextTag(5), what);
  reader.finish();
  return {
    name,
    onlyUserCertificates,
    onlyCaCertificates,
    onlyAttributeCertificates,
    onlySomeReasons: reasons && namedBitsOf(reasons, what),
    isIndirect,
  };
}

function readOptionalName(reader: DerReader, what: string): DistributionPointName | undefined {
  // A CHOICE, so its tag is explicit although the module's are implicit.
  const choice = reader.enterOptional(constructedContextTag(0), what);
  if (choice === undefined) return undefined;
  const full = choice.enterOptional(constructedContextTag(0), what);
  const name: DistributionPointName =
    full === undefined
      ? { kind: 'relative', rdn: readRdn(choice.enter(constructedContextTag(1), what)) }
      : { kind: 'full', names: generalNamesOf(full, what) };
  choice.finish();
  return name;
}
