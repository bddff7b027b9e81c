import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import type { Crl, Revocation } from './crl.ts';
import type { CrlStore } from './crl-store.ts';
import type { DistributionPoint, DistributionPointName } from './distribution-point.ts';
import type { GeneralName } from './general-name.ts';
import { type Name, quoted, rdnKey } from './name.ts';

/** What is known of a certificate's revocation. */
export type RevocationStatus =
  | { readonly status: 'good' }
  | { readonly status: 'revoked'; readonly revocation: Revocation }
  /** @param why for people */
  | { readonly status: 'unknown'; readonly why: string };

export interface CrlCheck {
  readonly crls: CrlStore;
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  /**
   * RFC 5280 section 6.3.3 (f) to (h): whether a CRL is signed by who may sign it.
   * @param point by which the certificate refers to it
   */
  isAuthentic(crl: Crl, point: DistributionPoint): boolean;
}

/** ReasonFlags 1 to 8; 0 is unused. */
const allReasons = 0x1fe;

/**
 * The status of a certificate by CRLs (RFC 5280 section 6.3.3): complete, indirect, partitioned by distribution points or
 * reasons, and brought up to date by delta CRLs.
 */
export function crlStatus(certificate: Certificate, check: CrlCheck): RevocationStatus {
  let covered = 0;
  let why = `no CRL for ${quoted(certificate.subject)} by ${quoted(certificate.issuer)} is at hand`;
  for (const point of pointsOf(certificate)) {
    for (const crl of candidates(point, certificate, check.crls)) {
      if (!isInScope(crl, point, certificate)) continue;
      const reasons =
        (point.reasons ?? allReasons) & (crl.issuingDistributionPoint?.onlySomeReasons ?? allReasons) & allReasons;
      if ((reasons & ~covered) === 0) continue;
      const current = currentCrl(crl, point, check);
      if ('why' in current) {
        why = `the CRL of ${quoted(crl.issuer)} ${current.why}`;
        continue;
      }
      const revocation = revocationIn(current, certificate);
      if (revocation !== undefined) return { status: 'revoked', revocation };
      covered |= reasons;
      if (covered === allReasons) return { status: 'good' };
    }
  }
  if (covered !== 0) why = `the CRLs for ${quoted(certificate.subject)} do not cover all reasons`;
  return { status: 'unknown', why };
}

/** The certificate's distribution points, and the one that every certificate has: its issuer's name. */
function pointsOf({ crlDistributionPoints = [], issuer }: Certificate): readonly DistributionPoint[] {
  const name: DistributionPointName = { kind: 'full', names: [{ kind: 'directory', value: issuer }] };
  return [...crlDistributionPoints, { name, reasons: undefined, crlIssuer: undefined }];
}

function candidates({ crlIssuer }: DistributionPoint, { issuer }: Certificate, crls: CrlStore): readonly Crl[] {
  const issuers = crlIssuer === undefined ? [issuer] : crlIssuer.flatMap(directoryName);
  return issuers.flatMap((name) => crls.by(name)).filter(({ baseNumber }) => baseNumber === undefined);
}

function directoryName(name: GeneralName): readonly Name[] {
  return name.kind === 'directory' ? [name.value] : [];
}

/** RFC 5280 section 6.3.3 (b). */
function isInScope(crl: Crl, point: DistributionPoint, certificate: Certificate): boolean {
  const covers = crl.issuingDistributionPoint;
  if (point.crlIssuer !== undefined && covers?.isIndirect !== true) return false;
  if (covers === undefined) return true;
  if (covers.onlyAttributeCertificates) return false;
  const isCa = certificate.basicConstraints?.isCa === true;
  if (isCa ? covers.onlyUserCertificates : covers.onlyCaCertificates) return false;
  if (covers.name === undefined) return true;
  const wanted = new Set(placesOf(point, certificate));
  return nameKeys(covers.name, crl.issuer).some((place) => wanted.has(place));
}

/** The names under which a CRL for the distribution point may say that it is issued. */
function placesOf({ name, crlIssuer }: DistributionPoint, { issuer }: Certificate): readonly string[] {
  if (name === undefined) return (crlIssuer ?? []).map(nameKey);
  const [base = issuer] = (crlIssuer ?? []).flatMap(directoryName);
  return nameKeys(name, base);
}

function nameKeys(name: DistributionPointName, base: Name): readonly string[] {
  if (name.kind === 'full') return name.names.map(nameKey);
  return [`directory ${[...base.rdnKeys, rdnKey(name.rdn)].join('/')}`];
}

function nameKey(name: GeneralName): string {
  if (name.kind === 'directory') return `directory ${name.value.key}`;
  return typeof name.value === 'string' ? `${name.kind} ${name.value}` : `${name.kind} ${name.value.join('.')}`;
}

/** A complete CRL, with the delta CRL that brings it up to date where there is one. */
interface CurrentCrl {
  readonly complete: Crl;
  readonly delta: Crl | undefined;
}

/** RFC 5280 section 6.3.3 (a), (c), (g) and (h). */
function currentCrl(complete: Crl, point: DistributionPoint, check: CrlCheck): CurrentCrl | { readonly why: string } {
  if (complete.obstacle !== undefined) return { why: complete.obstacle };
  const delta = check.crls
    .by(complete.issuer)
    .filter((other) => isDeltaOf(other, complete) && stalenessOf(other, check.time) === undefined)
    .sort((a, b) => compareIntegers(b.number, a.number))
    .find((other) => check.isAuthentic(other, point));
  // RFC 5280 section 5.2.4: the two together are as current as the delta CRL.
  const staleness = delta === undefined ? stalenessOf(complete, check.time) : undefined;
  if (staleness !== undefined) return { why: staleness };
  if (!check.isAuthentic(complete, point)) return { why: 'is not signed by a CA that may issue it' };
  return { complete, delta };
}

/** RFC 5280 sections 5.2.4 and 6.3.3 (c). */
function isDeltaOf(delta: Crl, complete: Crl): boolean {
  if (delta.baseNumber === undefined || delta.obstacle !== undefined) return false;
  return (
    compareIntegers(complete.number, delta.baseNumber) >= 0 &&
    compareIntegers(delta.number, complete.number) >= 0 &&
    isSameOrBothAbsent(delta.issuingDistributionPointDer, complete.issuingDistributionPointDer) &&
    isSameOrBothAbsent(delta.authorityKeyIdentifier, complete.authorityKeyIdentifier)
  );
}

function isSameOrBothAbsent(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a, b);
}

/** Of INTEGERs that are not negative, in their shortest form. */
function compareIntegers(a: Uint8Array = new Uint8Array(), b: Uint8Array = new Uint8Array()): number {
  if (a.length !== b.length) return a.length - b.length;
  for (const [index, octet] of a.entries()) {
    const difference = octet - (b[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function stalenessOf({ thisUpdate, nextUpdate }: Crl, time: number): string | undefined {
  if (!(time >= thisUpdate)) return 'is not yet valid';
  if (nextUpdate === undefined) return 'does not say until when it is valid';
  return time >= nextUpdate + 1000 ? `has expired at ${new Date(nextUpdate).toISOString()}` : undefined;
}

/** RFC 5280 section 6.3.3 (i) to (k). */
function revocationIn({ complete, delta }: CurrentCrl, { issuer, serialNumber }: Certificate): Revocation | undefined {
  const revocation = delta?.revocationOf(issuer, serialNumber) ?? complete.revocationOf(issuer, serialNumber);
  return revocation?.reason === 'removeFromCRL' ? undefined : revocation;
}
