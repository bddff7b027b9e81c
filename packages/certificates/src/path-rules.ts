import type { CryptoProvider } from '@handfast/crypto';
import { TlsError } from '@handfast/wire';
import type { Certificate } from './certificate.ts';
import { isObstacle, isWronglyCritical } from './extensions.ts';
import { quoted } from './name.ts';
import { Oid } from './oids.ts';
import type { RejectedVerdict, ValidationRequest } from './port.ts';
import { breachOfProfile, type Profile } from './profile.ts';
import { publicKeyOf } from './public-key.ts';
import type { PublicSuffixes } from './public-suffixes.ts';

/** What is wrong with a certificate in its place. */
export type Breach = Pick<RejectedVerdict, 'reason' | 'detail' | 'rule'>;

/** What the end entity of a path is for: TLS, or signing CRLs. */
export type PathPurpose = ValidationRequest['purpose'] | 'crl';

/** Where in a path a certificate stands, and what the path is for. */
export interface Place {
  readonly crypto: CryptoProvider;
  readonly time: number;
  readonly purpose: PathPurpose;
  readonly keyUse: 'sign' | 'decrypt';
  readonly profile: Profile;
  /** For the profile `webpki`, where the list is at hand. */
  readonly publicSuffixes: PublicSuffixes | undefined;
  /** The path so far: the end entity first, the certificate that this one is to issue last. Empty for the end entity. */
  readonly below: readonly Certificate[];
  readonly isAnchor: boolean;
}

export type Rule = (certificate: Certificate, place: Place) => Breach | undefined;

/** Checked in this order; the first breach is the one that is told. */
const endEntityRules: readonly Rule[] = [
  validity,
  criticalExtensions,
  wellFormedFields,
  keyStrength,
  endEntityFields,
  keyUse,
  keyPurpose,
  breachOfProfile,
];
const crlIssuerRules: readonly Rule[] = [validity, criticalExtensions, wellFormedFields, keyStrength, cRLSign];
const ocspResponderRules: readonly Rule[] = [validity, criticalExtensions, wellFormedFields, keyStrength, keyUse];
const issuerRules: readonly Rule[] = [
  basicConstraints,
  keyCertSign,
  validity,
  criticalExtensions,
  wellFormedFields,
  keyStrength,
  keyPurpose,
  pathLength,
  breachOfProfile,
];

/** The first rule that the certificate breaks as the end of a path. */
export function breachOfEndEntity(certificate: Certificate, place: Place): Breach | undefined {
  return firstBreach(place.purpose === 'crl' ? crlIssuerRules : endEntityRules, certificate, place);
}

/** The first rule that the certificate breaks as the issuer of what is below it, its signatures and name constraints apart. */
export function breachOfIssuer(certificate: Certificate, place: Place): Breach | undefined {
  return firstBreach(issuerRules, certificate, place);
}

/** The first rule that the certificate breaks as the signer of CRLs, apart from those about its place in a path. */
export function breachOfCrlIssuer(certificate: Certificate, crypto: CryptoProvider): Breach | undefined {
  return cRLSign(certificate) ?? keyStrength(certificate, { crypto });
}

/** The first rule that the certificate breaks as the signer of OCSP responses, apart from being made for it. */
export function breachOfOcspResponder(certificate: Certificate, place: Place): Breach | undefined {
  return firstBreach(ocspResponderRules, certificate, { ...place, keyUse: 'sign' });
}

/** RFC 5280 section 6.1: the same name on both sides, as key rollover needs it. */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return issuer.key === subject.key;
}

/** The first of the rules that the certificate breaks. */
export function firstBreach(rules: readonly Rule[], certificate: Certificate, place: Place): Breach | undefined {
  for (const rule of rules) {
    const breach = rule(certificate, place);
    if (breach !== undefined) return breach;
  }
  return undefined;
}

function validity({ subject, notBefore, notAfter }: Certificate, { time }: Place): Breach | undefined {
  const rule = 'RFC 5280 section 6.1.3 (a)(2)';
  // Asked in such a way that a time which is none is not within any period.
  if (!(time >= notBefore)) {
    const detail = `${quoted(subject)} is valid from ${isoTime(notBefore)}, and it is ${isoTime(time)}; check the clock`;
    return { reason: 'certificate-not-yet-valid', detail, rule };
  }
  // notAfter is a whole second, and belongs to the period.
  if (time >= notAfter + 1000) {
    const detail = `${quoted(subject)} expired at ${isoTime(notAfter)}, and it is ${isoTime(time)}; renew it`;
    return { reason: 'certificate-expired', detail, rule };
  }
  return undefined;
}

function criticalExtensions({ subject, extensions }: Certificate): Breach | undefined {
  const obstacle = extensions.find(isObstacle);
  if (obstacle !== undefined) {
    const what = `${obstacle.critical ? 'critical ' : ''}extension ${obstacle.oid}`;
    const detail = `${quoted(subject)} has the ${what}, which is not understood here`;
    return { reason: 'certificate-unsupported', detail, rule: 'RFC 5280 section 4.2' };
  }
  const wrong = extensions.find(isWronglyCritical);
  if (wrong === undefined) return undefined;
  const detail = `${quoted(subject)} marks the extension ${wrong.oid} as critical, which it must not be`;
  return { reason: 'certificate-malformed', detail, rule: 'RFC 5280 section 4.2.1.1' };
}

/** What conforming CAs never do, and what a trust anchor, known by its name and key alone, is not asked for. */
function wellFormedFields(
  { serialNumber, issuer, subject }: Certificate,
  { isAnchor, below, profile }: Place,
): Breach | undefined {
  if (isAnchor && (below.length > 0 || profile === 'path')) return undefined;
  const [first = 0] = serialNumber;
  const isPositive = first < 0x80 && serialNumber.some((octet) => octet !== 0);
  // A 21st octet may be there for the sign alone.
  if (!isPositive || serialNumber.length > (first === 0 ? 21 : 20)) {
    const detail = `the serial number of ${quoted(subject)} is not a positive number of at most 20 octets`;
    return { reason: 'certificate-malformed', detail, rule: 'RFC 5280 section 4.1.2.2' };
  }
  if (issuer.isEmpty) {
    const detail = `${quoted(subject)} does not name its issuer`;
    return { reason: 'certificate-malformed', detail, rule: 'RFC 5280 section 4.1.2.4' };
  }
  return undefined;
}

function keyStrength(certificate: Certificate, { crypto }: Pick<Place, 'crypto'>): Breach | undefined {
  try {
    const { kind, bits } = publicKeyOf(crypto, certificate);
    if ((kind === 'rsa' || kind === 'rsa-pss') && bits < 2048) {
      const detail = `the RSA key of ${quoted(certificate.subject)} has ${bits} bits; it takes 2048`;
      return { reason: 'certificate-weak', detail, rule: 'NIST SP 800-131A section 3' };
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof TlsError)) throw error;
    const detail = `the public key of ${quoted(certificate.subject)} cannot be used: ${error.detail}`;
    return { reason: 'certificate-unsupported', detail, rule: 'RFC 5280 section 4.1.2.7' };
  }
}

function endEntityFields(certificate: Certificate): Breach | undefined {
  const { subject, subjectAltName, extensions } = certificate;
  if (certificate.nameConstraints !== undefined && certificate.basicConstraints?.isCa !== true) {
    const detail = `${quoted(subject)} has name constraints, which only a CA may have`;
    return { reason: 'certificate-malformed', detail, rule: 'RFC 5280 section 4.2.1.10' };
  }
  if (!subject.isEmpty) return undefined;
  if (extensions.some(({ oid, critical }) => oid === Oid.subjectAltName && critical)) return undefined;
  const detail =
    subjectAltName === undefined ? 'the certificate names nobody' : 'its only names are not marked critical';
  return { reason: 'certificate-malformed', detail, rule: 'RFC 5280 section 4.1.2.6' };
}

function keyUse({ subject, keyUsage }: Certificate, place: Place): Breach | undefined {
  if (keyUsage === undefined) return undefined;
  if (place.keyUse === 'decrypt' ? keyUsage.keyEncipherment : keyUsage.digitalSignature) return undefined;
  const [what, rule] =
    place.keyUse === 'decrypt'
      ? ['keyEncipherment, which RSA key transport', 'RFC 5246 section 7.4.2']
      : ['digitalSignature, which TLS', 'RFC 8446 section 4.4.2.2'];
  const detail = `the key usage of ${quoted(subject)} lacks ${what} needs; have it issued anew with it`;
  return { reason: 'certificate-key-usage', detail, rule };
}

/** Of the end entity, and of every CA above it that limits itself to some purposes. */
function keyPurpose({ subject, extKeyUsage }: Certificate, { purpose, below }: Place): Breach | undefined {
  if (extKeyUsage === undefined || purpose === 'crl') return undefined;
  const [wanted, name] = purpose === 'server' ? [Oid.serverAuth, 'serverAuth'] : [Oid.clientAuth, 'clientAuth'];
  if (extKeyUsage.includes(wanted) || extKeyUsage.includes(Oid.anyExtendedKeyUsage)) return undefined;
  const what = below.length === 0 ? '' : ' and with it those of what it issues';
  return {
    reason: 'certificate-purpose',
    detail: `the extended key usages of ${quoted(subject)}${what} lack ${name} (${wanted})`,
    rule: 'RFC 5280 section 4.2.1.12',
  };
}

function basicConstraints(certificate: Certificate, { isAnchor }: Place): Breach | undefined {
  if (certificate.basicConstraints?.isCa === true) return undefined;
  // Version 1 has no extensions to say so; that a root of that age is trusted as a CA, who configured it has said.
  if (isAnchor && certificate.version === 1) return undefined;
  return {
    reason: 'certificate-not-a-ca',
    detail: `${quoted(certificate.subject)} issued a certificate, but is no CA by its basicConstraints`,
    rule: 'RFC 5280 section 6.1.4 (k)',
  };
}

function keyCertSign({ subject, keyUsage }: Certificate): Breach | undefined {
  if (keyUsage === undefined || keyUsage.keyCertSign) return undefined;
  return {
    reason: 'certificate-key-usage',
    detail: `the key usage of the CA ${quoted(subject)} lacks keyCertSign`,
    rule: 'RFC 5280 section 6.1.4 (n)',
  };
}

function cRLSign({ subject, keyUsage }: Certificate): Breach | undefined {
  if (keyUsage === undefined || keyUsage.cRLSign) return undefined;
  return {
    reason: 'certificate-key-usage',
    detail: `the key usage of the CRL issuer ${quoted(subject)} lacks cRLSign`,
    rule: 'RFC 5280 section 6.3.3 (f)',
  };
}

function pathLength({ subject, basicConstraints: constraints }: Certificate, { below }: Place): Breach | undefined {
  if (constraints?.pathLength === undefined) return undefined;
  const intermediates = below.slice(1).filter((certificate) => !isSelfIssued(certificate)).length;
  if (intermediates <= constraints.pathLength) return undefined;
  return {
    reason: 'certificate-path-too-long',
    detail: `${quoted(subject)} allows ${constraints.pathLength} CAs below it, and there are ${intermediates}`,
    rule: 'RFC 5280 section 6.1.4 (l)',
  };
}

function isoTime(time: number): string {
  return Number.isFinite(time) && Math.abs(time) <= 8.64e15 ? new Date(time).toISOString() : String(time);
}
