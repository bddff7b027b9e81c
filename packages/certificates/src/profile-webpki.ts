import { sameBytes } from './bytes.ts';
import type { Certificate } from './certificate.ts';
import { hostNamesOf } from './certificate-text.ts';
import { normalizedDnsName } from './dns-name.ts';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';
import { quoted, stringOf } from './name.ts';
import { Oid } from './oids.ts';
import { type Breach, firstBreach, isSelfIssued, type Place, type Rule } from './path-rules.ts';
import { isCritical } from './profile-rfc5280.ts';
import { publicKeyOf } from './public-key.ts';

/**
 * What the Baseline Requirements of the CA/Browser Forum ask of public TLS certificates and their CAs, as far as it can be
 * told from a certificate alone.
 */
export function breachOfWebPkiProfile(certificate: Certificate, place: Place): Breach | undefined {
  const { below, isAnchor } = place;
  const own = below.length === 0 ? subscriberRules : isAnchor && isSelfIssued(certificate) ? rootRules : [];
  return firstBreach([...rulesForAll, ...own], certificate, place);
}

const rulesForAll: readonly Rule[] = [authorityKeyIdentifier, wholeOctets];
const subscriberRules: readonly Rule[] = [notACa, extendedKeyUsage, subjectAltName, wildcards, commonNames];
const rootRules: readonly Rule[] = [rootKeyIdentifiers, noExtendedKeyUsage];

function authorityKeyIdentifier(certificate: Certificate): Breach | undefined {
  if (certificate.authorityKeyIdentifier?.namesCertificate !== true) return undefined;
  return breach(certificate, 'names its issuer by serial number (authorityKeyIdentifier)', '7.1.2.11.1');
}

function wholeOctets(certificate: Certificate, { crypto }: Place): Breach | undefined {
  const { kind, bits } = publicKeyOf(crypto, certificate);
  if ((kind !== 'rsa' && kind !== 'rsa-pss') || bits % 8 === 0) return undefined;
  return breach(certificate, `has an RSA key of ${bits} bits, which are no whole octets`, '6.1.5');
}

function notACa(certificate: Certificate): Breach | undefined {
  if (certificate.basicConstraints?.isCa !== true) return undefined;
  return breach(certificate, 'is a CA, and stands where an end entity belongs', '7.1.2.7.8');
}

function extendedKeyUsage(certificate: Certificate): Breach | undefined {
  const { extKeyUsage } = certificate;
  if (extKeyUsage === undefined) return breach(certificate, 'has no extended key usage', '7.1.2.7.6');
  if (extKeyUsage.includes(Oid.anyExtendedKeyUsage)) return breach(certificate, 'is for any purpose', '7.1.2.7.10');
  if (isCritical(certificate, Oid.extKeyUsage)) {
    return breach(certificate, 'marks its extended key usage as critical', '7.1.2.7.6');
  }
  return undefined;
}

function subjectAltName(certificate: Certificate): Breach | undefined {
  if (certificate.subjectAltName === undefined) {
    return breach(certificate, 'has no subjectAltName', '7.1.2.7.12');
  }
  if (isCritical(certificate, Oid.subjectAltName) && !certificate.subject.isEmpty) {
    return breach(certificate, 'marks its subjectAltName as critical, although it has a subject', '7.1.2.7.12');
  }
  return undefined;
}

function wildcards(certificate: Certificate, { publicSuffixes }: Place): Breach | undefined {
  const names = hostNamesOf(certificate);
  const wrong = names.find((name) => name.startsWith('*.') && publicSuffixes?.has(name.slice(2).toLowerCase()));
  if (wrong === undefined) return undefined;
  return breach(certificate, `is for ${quoted(wrong)}, all that a registry gives out`, '3.2.2.6');
}

/**
 * A common name must repeat one of the names, character by character, an IP address in its usual text (RFC 5952). It is
 * refused where it is meant to: where it is a name or an address in another spelling, or a name beside the others. What is
 * no name of a host at all, such as a device's label, misleads nobody.
 */
function commonNames(certificate: Certificate, { purpose }: Place): Breach | undefined {
  if (purpose !== 'server') return undefined;
  const texts = certificate.subject.rdns
    .flat()
    .filter(({ type }) => type === Oid.commonName)
    .map((attribute) => stringOf(attribute) ?? '');
  // Sets, because both lists are as long as their owner likes.
  const names = new Set(hostNamesOf(certificate));
  const [spellings, parents] = [new Set([...names].map(looseHost)), new Set([...names].map(parentOf))];
  const misleads = (text: string): boolean =>
    !/^[\x20-\x7e]*$/.test(text) || spellings.has(looseHost(text)) || (isHostName(text) && parents.has(parentOf(text)));
  const wrong = names.size === 0 ? undefined : texts.find((text) => !names.has(text) && misleads(text));
  if (wrong === undefined) return undefined;
  return breach(certificate, `has the common name ${quoted(wrong)}, which is none of its names`, '7.1.4.3');
}

/** The host that a tolerant reader would take the text for. */
function looseHost(text: string): string {
  const octets = parseIpAddress(text) ?? looseIpv4(text);
  return octets === undefined ? text.toLowerCase().replace(/\.$/, '') : formatIpAddress(octets);
}

/** As inet_aton reads it: parts in hexadecimal, with zeros in front, or all of them as one number. */
function looseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.');
  if (parts.length > 4 || !parts.every((part) => /^(0x[\da-f]{1,8}|\d{1,10})$/i.test(part))) return undefined;
  const numbers = parts.map(Number);
  const last = numbers.pop() ?? 0;
  const rest = Array.from({ length: 4 - numbers.length }, (_, index) => Math.floor(last / 256 ** index) % 256);
  return Uint8Array.from([...numbers, ...rest.reverse()]);
}

function isHostName(text: string): boolean {
  return text.includes('.') && parseIpAddress(text) === undefined && normalizedDnsName(text) !== undefined;
}

function parentOf(name: string): string {
  return name.toLowerCase().slice(name.indexOf('.') + 1);
}

function rootKeyIdentifiers(certificate: Certificate): Breach | undefined {
  const { authorityKeyIdentifier: authority, subjectKeyIdentifier: own } = certificate;
  if (authority === undefined) return undefined;
  if (authority.keyIdentifier !== undefined && own !== undefined && sameBytes(authority.keyIdentifier, own))
    return undefined;
  return breach(certificate, 'is a root whose authorityKeyIdentifier is not its own', '7.1.2.1.3');
}

function noExtendedKeyUsage(certificate: Certificate): Breach | undefined {
  if (certificate.extKeyUsage === undefined) return undefined;
  return breach(certificate, 'is a root with an extended key usage', '7.1.2.1.2');
}

function breach({ subject }: Certificate, what: string, section: string): Breach {
  const detail = `${quoted(subject)} ${what}; have it issued anew`;
  return { reason: 'certificate-profile', detail, rule: `Baseline Requirements section ${section}` };
}
