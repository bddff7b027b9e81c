import type { CryptoProvider } from '@handfast/crypto';
import type { Certificate } from './certificate.ts';
import { fingerprintOf, serialNumberTextOf } from './certificate-text.ts';
import type { GeneralName } from './general-name.ts';
import { formatIpAddress } from './ip-address.ts';
import { stringOf } from './name.ts';
import { Oid } from './oids.ts';
import type { Identity } from './port.ts';

/**
 * How a name is made of what a certificate says of its owner, such as an LDAP authorization identity for SASL EXTERNAL.
 * `{ from: 'subject', pattern: /uid=([^,]+),.*,o=Example/i, name: 'u:$1' }` takes it from the subject.
 */
export interface IdentityRule {
  /** `subject` is an RFC 4514 string; of the others, each value is tried. */
  readonly from: 'subject' | 'common-name' | 'dns' | 'ip' | 'email' | 'uri' | 'spiffe' | 'fingerprint';
  /** What the whole value must match. */
  readonly pattern: RegExp;
  /** The name, with the groups of the match in the places of `$1` to `$9`. */
  readonly name: string;
}

/** Patterns are not run on what a certificate's owner made this long. */
const longestValue = 1024;

/** Who the end entity is. @param rules the first one that matches gives the name */
export function identityOf(crypto: CryptoProvider, certificate: Certificate, rules: readonly IdentityRule[]): Identity {
  const { subjectAltName = [] } = certificate;
  const uris = textsOf(subjectAltName, 'uri');
  const identity: Identity = {
    subject: certificate.subject.text,
    issuer: certificate.issuer.text,
    serialNumber: serialNumberTextOf(certificate),
    dnsNames: textsOf(subjectAltName, 'dns'),
    ipAddresses: subjectAltName.flatMap((name) => (name.kind === 'ip' ? [formatIpAddress(name.value)] : [])),
    emails: textsOf(subjectAltName, 'email'),
    uris,
    spiffeId: spiffeIdOf(uris),
    fingerprint: fingerprintOf(crypto, certificate),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
  };
  return { ...identity, name: mappedName(rules, identity, certificate) };
}

function textsOf(names: readonly GeneralName[], kind: 'dns' | 'email' | 'uri'): readonly string[] {
  return names.flatMap((name) => (name.kind === kind ? [String(name.value)] : []));
}

/** The SPIFFE ID of an X.509-SVID (SPIFFE X.509-SVID section 2): its one URI, if it is well-formed (SPIFFE-ID section 2). */
function spiffeIdOf(uris: readonly string[]): string | undefined {
  const [uri = ''] = uris;
  if (uris.length !== 1 || uri.length > 2048) return undefined;
  const match = /^spiffe:\/\/[a-z0-9._-]{1,255}((?:\/[A-Za-z0-9._-]+)*)$/.exec(uri);
  const segments = match?.[1]?.split('/') ?? ['.'];
  return segments.includes('.') || segments.includes('..') ? undefined : uri;
}

function mappedName(rules: readonly IdentityRule[], identity: Identity, certificate: Certificate): string | undefined {
  for (const { from, pattern, name } of rules) {
    const whole = new RegExp(`^(?:${pattern.source})$`, pattern.flags.replace(/[gy]/g, ''));
    for (const value of valuesOf(from, identity, certificate)) {
      const match = value.length <= longestValue ? whole.exec(value) : null;
      if (match !== null) return name.replace(/\$([1-9])/g, (_, group) => match[Number(group)] ?? '');
    }
  }
  return undefined;
}

function valuesOf(from: IdentityRule['from'], identity: Identity, { subject }: Certificate): readonly string[] {
  switch (from) {
    case 'subject':
      return [identity.subject];
    case 'common-name':
      return subject.rdns
        .flat()
        .filter(({ type }) => type === Oid.commonName)
        .flatMap((attribute) => stringOf(attribute) ?? []);
    case 'dns':
      return identity.dnsNames;
    case 'ip':
      return identity.ipAddresses ?? [];
    case 'email':
      return identity.emails ?? [];
    case 'uri':
      return identity.uris ?? [];
    case 'spiffe':
      return identity.spiffeId === undefined ? [] : [identity.spiffeId];
    case 'fingerprint':
      return [identity.fingerprint];
  }
}
