import type { CryptoProvider } from '@handfast/crypto';
import type { Certificate } from './certificate.ts';
import { quoted } from './name.ts';
import { Oid } from './oids.ts';
import { type Breach, firstBreach, isSelfIssued, type Place, type Rule } from './path-rules.ts';
import { publicKeyOf } from './public-key.ts';
import { signatureSchemeOf } from './signature-algorithm.ts';

/** What RFC 5280 section 4 asks of conforming CAs, and no rule of section 6 asks of a path. */
export function breachOfRfc5280Profile(certificate: Certificate, place: Place): Breach | undefined {
  return firstBreach(rules, certificate, place);
}

const rules: readonly Rule[] = [
  authorityKeyIdentifier,
  subjectKeyIdentifier,
  caBasicConstraints,
  endEntityKeyUsage,
  criticalConstraints,
  preferredNameSyntax,
];

function authorityKeyIdentifier(certificate: Certificate, { crypto, isAnchor }: Place): Breach | undefined {
  if (certificate.authorityKeyIdentifier?.keyIdentifier !== undefined) return undefined;
  if (isSelfIssued(certificate) || (isAnchor && isSelfSigned(certificate, crypto))) return undefined;
  return breach(certificate, 'does not say with which key it was signed (authorityKeyIdentifier)', '4.2.1.1');
}

/** A root may call its issuer by another name than itself. */
function isSelfSigned(certificate: Certificate, crypto: CryptoProvider): boolean {
  const key = publicKeyOf(crypto, certificate);
  const scheme = signatureSchemeOf(certificate.signatureAlgorithm, key.kind);
  return typeof scheme === 'number' && key.verify(scheme, certificate.tbs, certificate.signature);
}

function subjectKeyIdentifier(certificate: Certificate, { below }: Place): Breach | undefined {
  if (below.length === 0 || certificate.subjectKeyIdentifier !== undefined) return undefined;
  return breach(certificate, 'is a CA without a subjectKeyIdentifier', '4.2.1.2');
}

function caBasicConstraints(certificate: Certificate, { below }: Place): Breach | undefined {
  if (below.length === 0 || isCritical(certificate, Oid.basicConstraints)) return undefined;
  return breach(certificate, 'is a CA whose basicConstraints are not critical', '4.2.1.9');
}

function endEntityKeyUsage(certificate: Certificate): Breach | undefined {
  const { keyUsage, basicConstraints } = certificate;
  if (keyUsage?.keyCertSign !== true || basicConstraints?.isCa === true) return undefined;
  return breach(certificate, 'has the key usage keyCertSign, but is no CA', '4.2.1.9');
}

function criticalConstraints(certificate: Certificate, { profile }: Place): Breach | undefined {
  const { nameConstraints, policyConstraints, inhibitAnyPolicy } = certificate;
  const isLax = (oid: string, value: unknown): boolean => value !== undefined && !isCritical(certificate, oid);
  if (isLax(Oid.policyConstraints, policyConstraints)) {
    return breach(certificate, 'has policyConstraints that are not critical', '4.2.1.11');
  }
  if (isLax(Oid.inhibitAnyPolicy, inhibitAnyPolicy)) {
    return breach(certificate, 'has an inhibitAnyPolicy that is not critical', '4.2.1.14');
  }
  // The Baseline Requirements (section 7.1.2.10.8) let CAs leave the mark out, for the sake of old software.
  if (profile === 'rfc5280' && isLax(Oid.nameConstraints, nameConstraints)) {
    return breach(certificate, 'has nameConstraints that are not critical', '4.2.1.10');
  }
  return undefined;
}

function preferredNameSyntax(certificate: Certificate): Breach | undefined {
  const { subjectAltName = [] } = certificate;
  const name = subjectAltName.find(
    ({ kind, value }) => kind === 'dns' && typeof value === 'string' && value.includes('_'),
  );
  if (name === undefined) return undefined;
  return breach(certificate, `has the name ${quoted(String(name.value))}, which is no host name`, '4.2.1.6');
}

export function isCritical({ extensions }: Certificate, wanted: string): boolean {
  return extensions.some(({ oid, critical }) => oid === wanted && critical);
}

function breach({ subject }: Certificate, what: string, section: string): Breach {
  const detail = `${quoted(subject)} ${what}; have it issued anew`;
  return { reason: 'certificate-profile', detail, rule: `RFC 5280 section ${section}` };
}
