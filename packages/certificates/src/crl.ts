import { toHex } from '@handfast/wire';
import { type AlgorithmIdentifier, algorithmOf } from './algorithm-identifier.ts';
import { sameBytes } from './bytes.ts';
import { constructedContextTag, type DerReader, enterOnly, malformed, readOnly, Tag } from './der/reader.ts';
import { integerOf, octetAlignedBitsOf, readTime, smallIntegerOf } from './der/values.ts';
import { type IssuingDistributionPoint, issuingDistributionPointOf } from './distribution-point.ts';
import { authorityKeyIdentifierOf, type Extension, readExtensions } from './extensions.ts';
import { generalNamesOf } from './general-name.ts';
import { Name } from './name.ts';
import { Oid } from './oids.ts';

/** CRLReason (RFC 5280 section 5.3.1), by number. Reason 7 is not used. */
const reasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  undefined,
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

export type RevocationReason = Exclude<(typeof reasons)[number], undefined>;

export interface Revocation {
  /** Milliseconds since the Unix epoch. */
  readonly time: number;
  readonly reason: RevocationReason;
}

/** A certificate revocation list, read (RFC 5280 section 5.1). */
export interface Crl {
  readonly der: Uint8Array;
  /** TBSCertList, DER: what the signature is over. */
  readonly tbs: Uint8Array;
  readonly signatureAlgorithm: AlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: Name;
  /** Milliseconds since the Unix epoch. */
  readonly thisUpdate: number;
  readonly nextUpdate: number | undefined;
  /** Content octets of the INTEGER. */
  readonly number: Uint8Array | undefined;
  /** For a delta CRL, the number of the complete CRL that it changes. */
  readonly baseNumber: Uint8Array | undefined;
  readonly issuingDistributionPoint: IssuingDistributionPoint | undefined;
  /** The extension's content, DER: a delta CRL has the same as its complete CRL. */
  readonly issuingDistributionPointDer: Uint8Array | undefined;
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** Why the CRL cannot be used, however well-formed: a critical extension that is not understood, or one misused. */
  readonly obstacle: string | undefined;
  /** @param issuer of the certificate, which in an indirect CRL need not be the CRL's */
  revocationOf(issuer: Name, serialNumber: Uint8Array): Revocation | undefined;
}

/**
 * Reads a CRL (RFC 5280 section 5.1), strictly: DER only, nothing left over, no extension twice, every entry.
 *
 * @param der CertificateList, DER, which must not change afterwards
 * @throws TlsError `certificate-malformed`
 */
export function parseCrl(der: Uint8Array): Crl {
  const list = enterOnly(der, Tag.SEQUENCE, 'CertificateList');
  const tbs = list.readElement(Tag.SEQUENCE, 'TBSCertList');
  const signatureAlgorithm = algorithmOf(list.readElement(Tag.SEQUENCE, 'signatureAlgorithm'));
  const signature = octetAlignedBitsOf(list.read(Tag.BIT_STRING, 'signatureValue'), 'signatureValue');
  list.finish();
  const { innerAlgorithm, ...fields } = readTbs(tbs);
  if (!sameBytes(innerAlgorithm, signatureAlgorithm.der)) {
    throw malformed('CertificateList', 'signatureAlgorithm differs from the one in TBSCertList');
  }
  return { der, tbs, signatureAlgorithm, signature, ...fields };
}

function readTbs(tbs: Uint8Array) {
  const reader = enterOnly(tbs, Tag.SEQUENCE, 'TBSCertList');
  const version = reader.readOptional(Tag.INTEGER, 'version');
  // v1 has no version field.
  if (version !== undefined && smallIntegerOf(version, 'version') !== 1) throw malformed('version', 'is not v2');
  const innerAlgorithm = reader.readElement(Tag.SEQUENCE, 'signature');
  const issuer = new Name(reader.readElement(Tag.SEQUENCE, 'issuer'));
  const thisUpdate = readTime(reader, 'thisUpdate');
  const hasNextUpdate = reader.nextTag === Tag.UTC_TIME || reader.nextTag === Tag.GENERALIZED_TIME;
  const nextUpdate = hasNextUpdate ? readTime(reader, 'nextUpdate') : undefined;
  const revoked = reader.enterOptional(Tag.SEQUENCE, 'revokedCertificates');
  const entries = revoked === undefined ? noEntries : readEntries(revoked, issuer);
  const extensions = readCrlExtensions(reader, version !== undefined);
  reader.finish();
  return {
    innerAlgorithm,
    issuer,
    thisUpdate,
    nextUpdate,
    ...extensions,
    obstacle: extensions.obstacle ?? entries.obstacle,
    revocationOf: (of: Name, serialNumber: Uint8Array) => entries.byIssuer.get(of.key)?.get(toHex(serialNumber)),
  };
}

function readCrlExtensions(reader: DerReader, isVersion2: boolean) {
  const explicit = reader.enterOptional(constructedContextTag(0), 'crlExtensions');
  if (explicit !== undefined && !isVersion2) throw malformed('TBSCertList', 'extensions in version 1');
  const extensions = explicit === undefined ? [] : readExtensions(explicit.enter(Tag.SEQUENCE, 'crlExtensions'));
  explicit?.finish();
  const contentOf = (oid: string): Uint8Array | undefined =>
    extensions.find((extension) => extension.oid === oid)?.value;
  const [number, base] = [contentOf(Oid.cRLNumber), contentOf(Oid.deltaCRLIndicator)];
  const [point, authority] = [contentOf(Oid.issuingDistributionPoint), contentOf(Oid.authorityKeyIdentifier)];
  return {
    number: number && crlNumberOf(number),
    baseNumber: base && crlNumberOf(base),
    issuingDistributionPoint: point && issuingDistributionPointOf(point),
    issuingDistributionPointDer: point,
    authorityKeyIdentifier: authority && authorityKeyIdentifierOf(authority).keyIdentifier,
    obstacle: obstacleIn(extensions),
  };
}

/** What is critical and not understood; and the number, which must be there and not critical (RFC 5280 section 5.2.3). */
function obstacleIn(extensions: readonly Extension[]): string | undefined {
  if (!extensions.some(({ oid }) => oid === Oid.cRLNumber)) return 'has no CRL number';
  const critical = extensions.filter((extension) => extension.critical).map(({ oid }) => oid);
  const unknown = critical.find((oid) => oid !== Oid.deltaCRLIndicator && oid !== Oid.issuingDistributionPoint);
  return unknown === undefined ? undefined : `has the critical extension ${unknown}`;
}

/** RFC 5280 section 5.2.3: up to 20 octets, not negative. */
function crlNumberOf(value: Uint8Array): Uint8Array {
  const number = integerOf(readOnly(value, Tag.INTEGER, 'CRLNumber'), 'CRLNumber');
  const [first = 0] = number;
  if (first >= 0x80 || number.length > 21) throw malformed('CRLNumber', 'out of range');
  return number;
}

interface Entries {
  /** By the issuer's `key`, then by serial number in hex. */
  readonly byIssuer: ReadonlyMap<string, ReadonlyMap<string, Revocation>>;
  readonly obstacle: string | undefined;
}

const noEntries: Entries = { byIssuer: new Map(), obstacle: undefined };

function readEntries(reader: DerReader, crlIssuer: Name): Entries {
  // RFC 5280 section 5.3.3: the issuer of an entry is that of the entry before it, where it does not name one.
  let revoked = new Map<string, Revocation>();
  const byIssuer = new Map([[crlIssuer.key, revoked]]);
  let obstacle: string | undefined;
  if (reader.done) throw malformed('revokedCertificates', 'is empty');
  while (!reader.done) {
    const entry = reader.enter(Tag.SEQUENCE, 'revokedCertificates');
    const serialNumber = integerOf(entry.read(Tag.INTEGER, 'userCertificate'), 'userCertificate');
    const time = readTime(entry, 'revocationDate');
    const extensions = entry.done ? [] : readExtensions(entry.enter(Tag.SEQUENCE, 'crlEntryExtensions'));
    entry.finish();
    let reason: RevocationReason = 'unspecified';
    for (const { oid, critical, value } of extensions) {
      if (oid === Oid.reasonCode) reason = revocationReasonOf(readOnly(value, Tag.ENUMERATED, 'CRLReason'));
      else if (oid === Oid.certificateIssuer) {
        const { key } = certificateIssuerOf(value);
        revoked = byIssuer.get(key) ?? new Map();
        byIssuer.set(key, revoked);
      } else if (critical) obstacle ??= `has an entry with the critical extension ${oid}`;
    }
    revoked.set(toHex(serialNumber), { time, reason });
  }
  return { byIssuer, obstacle };
}

/** @param content content octets of a CRLReason. @throws TlsError `certificate-malformed` */
export function revocationReasonOf(content: Uint8Array): RevocationReason {
  const number = smallIntegerOf(content, 'CRLReason');
  const reason = reasons[number];
  if (reason === undefined) throw malformed('CRLReason', `${number} is no reason`);
  return reason;
}

function certificateIssuerOf(value: Uint8Array): Name {
  const names = generalNamesOf(enterOnly(value, Tag.SEQUENCE, 'CertificateIssuer'), 'CertificateIssuer');
  for (const name of names) if (name.kind === 'directory') return name.value;
  throw malformed('CertificateIssuer', 'holds no distinguished name');
}
