import {
  constructedContextTag,
  contextTag,
  type DerReader,
  enterOnly,
  malformed,
  readOnly,
  Tag,
} from './der/reader.ts';
import { integerOf, namedBitsOf, oidOf, optionalTrue, smallIntegerOf } from './der/values.ts';
import { type DistributionPoint, distributionPointsOf } from './distribution-point.ts';
import { type GeneralName, generalNamesOf, readGeneralName } from './general-name.ts';
import { Oid } from './oids.ts';
import {
  certificatePoliciesOf,
  inhibitAnyPolicyOf,
  type PolicyConstraints,
  type PolicyMapping,
  policyConstraintsOf,
  policyMappingsOf,
} from './policy-extensions.ts';

/** An extension as it stands in the certificate. */
export interface Extension {
  /** Dotted. */
  readonly oid: string;
  readonly critical: boolean;
  /** Content of extnValue, DER. */
  readonly value: Uint8Array;
}

/** RFC 5280 section 4.2.1.9. */
export interface BasicConstraints {
  readonly isCa: boolean;
  /** How many certificates that are not self-issued may stand between this one and the end entity. */
  readonly pathLength: number | undefined;
}

/** RFC 5280 section 4.2.1.3, those bits that are used here. */
export interface KeyUsage {
  readonly digitalSignature: boolean;
  readonly keyEncipherment: boolean;
  readonly keyCertSign: boolean;
  readonly cRLSign: boolean;
}

/** RFC 5280 section 4.2.1.10. An IP address in it is followed by its mask. */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

/** RFC 5280 section 4.2.1.1: which of the issuer's keys it was. */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier: Uint8Array | undefined;
  /** Whether the issuer's certificate is named as well, by its own issuer and serial number. */
  readonly namesCertificate: boolean;
}

/** The extensions that are understood, each undefined where the certificate has none. */
export interface KnownExtensions {
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: KeyUsage | undefined;
  /** Dotted OIDs of key purposes. */
  readonly extKeyUsage: readonly string[] | undefined;
  readonly subjectAltName: readonly GeneralName[] | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  /** URLs from which the issuer's certificate can be had (RFC 5280 section 4.2.2.1). */
  readonly caIssuers: readonly string[];
  /** URLs of OCSP responders (RFC 5280 section 4.2.2.1). */
  readonly ocspResponders: readonly string[];
  /** Extensions of TLS that the server must answer (RFC 7633), `status_request` above all. */
  readonly tlsFeatures: readonly number[];
  /** Dotted OIDs. */
  readonly certificatePolicies: readonly string[] | undefined;
  readonly policyMappings: readonly PolicyMapping[] | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  readonly inhibitAnyPolicy: number | undefined;
  readonly crlDistributionPoints: readonly DistributionPoint[] | undefined;
}

const understood: ReadonlySet<string> = new Set([
  Oid.basicConstraints,
  Oid.keyUsage,
  Oid.extKeyUsage,
  Oid.subjectAltName,
  Oid.nameConstraints,
  Oid.subjectKeyIdentifier,
  Oid.authorityKeyIdentifier,
  Oid.authorityInfoAccess,
  Oid.certificatePolicies,
  Oid.policyMappings,
  Oid.policyConstraints,
  Oid.inhibitAnyPolicy,
  Oid.crlDistributionPoints,
  Oid.tlsFeature,
]);

/** RFC 5280 sections 4.2.1.1, 4.2.1.2 and 4.2.2.1: conforming CAs must not mark these as critical. */
const neverCritical: ReadonlySet<string> = new Set([
  Oid.subjectKeyIdentifier,
  Oid.authorityKeyIdentifier,
  Oid.authorityInfoAccess,
]);

/** Whether the extension stands in the way of using the certificate, because what it demands cannot be met here. */
export function isObstacle({ oid, critical }: Extension): boolean {
  return critical && !understood.has(oid);
}

export function isWronglyCritical({ oid, critical }: Extension): boolean {
  return critical && neverCritical.has(oid);
}

/** Reads Extensions. @throws TlsError `certificate-malformed`, also where one stands twice */
export function readExtensions(reader: DerReader): readonly Extension[] {
  const extensions: Extension[] = [];
  const oids = new Set<string>();
  while (!reader.done) {
    const element = reader.enter(Tag.SEQUENCE, 'Extension');
    const oid = oidOf(element.read(Tag.OBJECT_IDENTIFIER, 'extnID'), 'extnID');
    const critical = optionalTrue(element, Tag.BOOLEAN, 'critical');
    const value = element.read(Tag.OCTET_STRING, 'extnValue');
    element.finish();
    if (oids.has(oid)) throw malformed('Extensions', `${oid} stands twice`);
    oids.add(oid);
    extensions.push({ oid, critical, value });
  }
  if (extensions.length === 0) throw malformed('Extensions', 'is empty');
  return extensions;
}

/** Reads the content of those extensions that are known. @throws TlsError `certificate-malformed` */
export function knownExtensions(extensions: readonly Extension[]): KnownExtensions {
  const parse = <T>(oid: string, read: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.find((candidate) => candidate.oid === oid);
    return extension === undefined ? undefined : read(extension.value);
  };
  return {
    basicConstraints: parse(Oid.basicConstraints, basicConstraintsOf),
    keyUsage: parse(Oid.keyUsage, keyUsageOf),
    extKeyUsage: parse(Oid.extKeyUsage, extKeyUsageOf),
    subjectAltName: parse(Oid.subjectAltName, subjectAltNameOf),
    nameConstraints: parse(Oid.nameConstraints, nameConstraintsOf),
    subjectKeyIdentifier: parse(Oid.subjectKeyIdentifier, subjectKeyIdentifierOf),
    authorityKeyIdentifier: parse(Oid.authorityKeyIdentifier, authorityKeyIdentifierOf),
    ...(parse(Oid.authorityInfoAccess, authorityInfoAccessOf) ?? { caIssuers: [], ocspResponders: [] }),
    tlsFeatures: parse(Oid.tlsFeature, tlsFeaturesOf) ?? [],
    certificatePolicies: parse(Oid.certificatePolicies, certificatePoliciesOf),
    policyMappings: parse(Oid.policyMappings, policyMappingsOf),
    policyConstraints: parse(Oid.policyConstraints, policyConstraintsOf),
    inhibitAnyPolicy: parse(Oid.inhibitAnyPolicy, inhibitAnyPolicyOf),
    crlDistributionPoints: parse(Oid.crlDistributionPoints, distributionPointsOf),
  };
}

function basicConstraintsOf(value: Uint8Array): BasicConstraints {
  const what = 'BasicConstraints';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const isCa = optionalTrue(reader, Tag.BOOLEAN, what);
  const pathLength = reader.readOptional(Tag.INTEGER, what);
  reader.finish();
  if (pathLength !== undefined && !isCa) throw malformed(what, 'a path length for what is no CA');
  return { isCa, pathLength: pathLength && smallIntegerOf(pathLength, what) };
}

function keyUsageOf(value: Uint8Array): KeyUsage {
  const bits = namedBitsOf(readOnly(value, Tag.BIT_STRING, 'KeyUsage'), 'KeyUsage');
  if (bits === 0) throw malformed('KeyUsage', 'allows nothing');
  const has = (bit: number): boolean => (bits & (1 << bit)) !== 0;
  return { digitalSignature: has(0), keyEncipherment: has(2), keyCertSign: has(5), cRLSign: has(6) };
}

function extKeyUsageOf(value: Uint8Array): readonly string[] {
  const what = 'ExtKeyUsageSyntax';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const purposes: string[] = [];
  while (!reader.done) purposes.push(oidOf(reader.read(Tag.OBJECT_IDENTIFIER, what), what));
  if (purposes.length === 0) throw malformed(what, 'holds no purpose');
  return purposes;
}

function subjectAltNameOf(value: Uint8Array): readonly GeneralName[] {
  const names = generalNamesOf(enterOnly(value, Tag.SEQUENCE, 'SubjectAltName'), 'SubjectAltName');
  for (const { kind, value: name } of names) {
    if (kind === 'ip' && name.length !== 4 && name.length !== 16) {
      throw malformed('SubjectAltName', `an IP address of ${name.length} octets`);
    }
  }
  return names;
}

function nameConstraintsOf(value: Uint8Array): NameConstraints {
  const what = 'NameConstraints';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const permitted = reader.enterOptional(constructedContextTag(0), what);
  const excluded = reader.enterOptional(constructedContextTag(1), what);
  reader.finish();
  if (permitted === undefined && excluded === undefined) throw malformed(what, 'constrains nothing');
  return { permitted: permitted ? subtreesOf(permitted) : [], excluded: excluded ? subtreesOf(excluded) : [] };
}

function subtreesOf(reader: DerReader): readonly GeneralName[] {
  const what = 'GeneralSubtrees';
  const subtrees: GeneralName[] = [];
  while (!reader.done) {
    const subtree = reader.enter(Tag.SEQUENCE, what);
    const base = readGeneralName(subtree, what);
    // RFC 5280 section 4.2.1.10: minimum is 0, which DER leaves out, and maximum is absent.
    subtree.finish();
    if (base.kind === 'ip' && !isAddressWithMask(base.value)) throw malformed(what, 'not an IP address and its mask');
    subtrees.push(base);
  }
  if (subtrees.length === 0) throw malformed(what, 'is empty');
  return subtrees;
}

/** RFC 4632: an address and a mask of the same length, and the ones of the mask are all in front. */
function isAddressWithMask(value: Uint8Array): boolean {
  if (value.length !== 8 && value.length !== 32) return false;
  const bits = Array.from(value.subarray(value.length / 2), (octet) => octet.toString(2).padStart(8, '0')).join('');
  return /^1*0*$/.test(bits);
}

function subjectKeyIdentifierOf(value: Uint8Array): Uint8Array {
  return readOnly(value, Tag.OCTET_STRING, 'SubjectKeyIdentifier');
}

export function authorityKeyIdentifierOf(value: Uint8Array): AuthorityKeyIdentifier {
  const what = 'AuthorityKeyIdentifier';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const keyIdentifier = reader.readOptional(contextTag(0), what);
  const issuer = reader.enterOptional(constructedContextTag(1), what);
  if (issuer !== undefined) generalNamesOf(issuer, what);
  const serialNumber = reader.readOptional(contextTag(2), what);
  if (serialNumber !== undefined) integerOf(serialNumber, what);
  reader.finish();
  if ((issuer === undefined) !== (serialNumber === undefined)) {
    throw malformed(what, 'names an issuer or a serial number, but not both');
  }
  return { keyIdentifier, namesCertificate: issuer !== undefined };
}

function authorityInfoAccessOf(value: Uint8Array): Pick<KnownExtensions, 'caIssuers' | 'ocspResponders'> {
  const what = 'AuthorityInfoAccess';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const urls = new Map<string, string[]>([
    [Oid.caIssuers, []],
    [Oid.ocsp, []],
  ]);
  if (reader.done) throw malformed(what, 'is empty');
  while (!reader.done) {
    const description = reader.enter(Tag.SEQUENCE, what);
    const method = oidOf(description.read(Tag.OBJECT_IDENTIFIER, what), what);
    const location = readGeneralName(description, what);
    description.finish();
    if (location.kind === 'uri') urls.get(method)?.push(location.value);
  }
  return { caIssuers: urls.get(Oid.caIssuers) ?? [], ocspResponders: urls.get(Oid.ocsp) ?? [] };
}

function tlsFeaturesOf(value: Uint8Array): readonly number[] {
  const what = 'TLSFeature';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const features: number[] = [];
  while (!reader.done) features.push(smallIntegerOf(reader.read(Tag.INTEGER, what), what));
  return features;
}
