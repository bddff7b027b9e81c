import { contextTag, type DerReader, enterOnly, malformed, readOnly, Tag } from './der/reader.ts';
import { oidOf, smallIntegerOf } from './der/values.ts';
import { Oid } from './oids.ts';

/** RFC 5280 section 4.2.1.5: what the issuer's domain calls one thing and the subject's domain another. */
export interface PolicyMapping {
  /** Dotted OIDs. */
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

/** RFC 5280 section 4.2.1.11: after how many further certificates each takes effect. */
export interface PolicyConstraints {
  readonly requireExplicitPolicy: number | undefined;
  readonly inhibitPolicyMapping: number | undefined;
}

/** CertificatePolicies (RFC 5280 section 4.2.1.4): dotted OIDs, each once. Qualifiers say nothing about validity. */
export function certificatePoliciesOf(value: Uint8Array): readonly string[] {
  const what = 'CertificatePolicies';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const policies = new Set<string>();
  while (!reader.done) {
    const information = reader.enter(Tag.SEQUENCE, what);
    const policy = oidOf(information.read(Tag.OBJECT_IDENTIFIER, what), what);
    const qualifiers = information.enterOptional(Tag.SEQUENCE, what);
    if (qualifiers !== undefined) checkQualifiers(qualifiers);
    information.finish();
    if (policies.has(policy)) throw malformed(what, `${policy} stands twice`);
    policies.add(policy);
  }
  if (policies.size === 0) throw malformed(what, 'holds no policy');
  return [...policies];
}

function checkQualifiers(reader: DerReader): void {
  const what = 'PolicyQualifierInfo';
  if (reader.done) throw malformed(what, 'is missing');
  while (!reader.done) {
    const info = reader.enter(Tag.SEQUENCE, what);
    oidOf(info.read(Tag.OBJECT_IDENTIFIER, what), what);
    info.readElement(undefined, what);
    info.finish();
  }
}

/** PolicyMappings. anyPolicy is neither mapped nor mapped to (RFC 5280 section 6.1.4 (a)). */
export function policyMappingsOf(value: Uint8Array): readonly PolicyMapping[] {
  const what = 'PolicyMappings';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const mappings: PolicyMapping[] = [];
  while (!reader.done) {
    const mapping = reader.enter(Tag.SEQUENCE, what);
    const issuerDomainPolicy = oidOf(mapping.read(Tag.OBJECT_IDENTIFIER, what), what);
    const subjectDomainPolicy = oidOf(mapping.read(Tag.OBJECT_IDENTIFIER, what), what);
    mapping.finish();
    mappings.push({ issuerDomainPolicy, subjectDomainPolicy });
  }
  if (mappings.length === 0) throw malformed(what, 'maps nothing');
  return mappings;
}

export function mapsAnyPolicy({ issuerDomainPolicy, subjectDomainPolicy }: PolicyMapping): boolean {
  return issuerDomainPolicy === Oid.anyPolicy || subjectDomainPolicy === Oid.anyPolicy;
}

export function policyConstraintsOf(value: Uint8Array): PolicyConstraints {
  const what = 'PolicyConstraints';
  const reader = enterOnly(value, Tag.SEQUENCE, what);
  const [explicit, mapping] = [reader.readOptional(contextTag(0), what), reader.readOptional(contextTag(1), what)];
  reader.finish();
  if (explicit === undefined && mapping === undefined) throw malformed(what, 'constrains nothing');
  return {
    requireExplicitPolicy: explicit && smallIntegerOf(explicit, what),
    inhibitPolicyMapping: mapping && smallIntegerOf(mapping, what),
  };
}

/** InhibitAnyPolicy (RFC 5280 section 4.2.1.14): after how many further certificates anyPolicy means nothing. */
export function inhibitAnyPolicyOf(value: Uint8Array): number {
  return smallIntegerOf(readOnly(value, Tag.INTEGER, 'InhibitAnyPolicy'), 'InhibitAnyPolicy');
}
