import type { Certificate } from './certificate.ts';
import { isWithinDomain, normalizedDnsName } from './dns-name.ts';
import type { NameConstraints } from './extensions.ts';
import type { GeneralName } from './general-name.ts';
import { type Name, stringOf } from './name.ts';
import { Oid } from './oids.ts';

/** How a name stands to a subtree. What cannot be told counts against the name. */
type Relation = 'within' | 'outside' | 'unknown';

/**
 * The names of a certificate that name constraints speak of (RFC 5280 section 4.2.1.10): its subjectAltName, its
 * subject, and the email addresses in the subject where subjectAltName has none.
 */
export function constrainedNames({ subject, subjectAltName = [] }: Certificate): readonly GeneralName[] {
  if (subject.isEmpty) return subjectAltName;
  const emails = subjectAltName.some(({ kind }) => kind === 'email') ? [] : emailsOf(subject);
  return [...subjectAltName, { kind: 'directory', value: subject }, ...emails];
}

/**
 * The first of `names` that the constraints forbid: it is, or may be, within an excluded subtree, or there are permitted
 * subtrees of its kind and it is not certainly within one of them.
 */
export function forbiddenName(constraints: NameConstraints, names: readonly GeneralName[]): GeneralName | undefined {
  return names.find((name) => {
    if (constraints.excluded.some((subtree) => isSameKind(name, subtree) && excludes(subtree, name))) return true;
    let isConstrained = false;
    for (const subtree of constraints.permitted) {
      if (!isSameKind(name, subtree)) continue;
      if (relation(subtree, name) === 'within') return false;
      isConstrained = true;
    }
    return isConstrained;
  });
}

function isSameKind(a: GeneralName, b: GeneralName): boolean {
  return a.kind === 'other' && b.kind === 'other' ? a.tag === b.tag : a.kind === b.kind;
}

function excludes(subtree: GeneralName, name: GeneralName): boolean {
  return (
    relation(subtree, name) !== 'outside' || (subtree.kind === 'dns' && name.kind === 'dns' && mayName(name, subtree))
  );
}

/** A wildcard stands for the names one label below its parent, so it may stand for the very name of the subtree. */
function mayName(name: { readonly value: string }, subtree: { readonly value: string }): boolean {
  if (!name.value.startsWith('*')) return false;
  const [wildcard, ...parent] = name.value.toLowerCase().split('.');
  const [, ...above] = subtree.value.toLowerCase().split('.');
  return wildcard === '*' && parent.join('.') === above.join('.');
}

function relation(subtree: GeneralName, name: GeneralName): Relation {
  if (subtree.kind === 'dns' && name.kind === 'dns') return dnsRelation(subtree, name);
  if (subtree.kind === 'ip' && name.kind === 'ip') return ipRelation(subtree.value, name.value);
  if (subtree.kind === 'directory' && name.kind === 'directory') return directoryRelation(subtree.value, name.value);
  if (subtree.kind === 'email' && name.kind === 'email') return emailRelation(subtree.value, name.value);
  if (subtree.kind === 'uri' && name.kind === 'uri') return uriRelation(subtree.value, name.value);
  return 'unknown';
}

type DnsName = Extract<GeneralName, { kind: 'dns' }>;

function dnsRelation(subtree: DnsName, name: DnsName): Relation {
  const presented = normalizedOf(name);
  if (presented === undefined) return 'unknown';
  if (subtree.value === '') return 'within';
  const ancestor = normalizedOf(subtree);
  if (ancestor === undefined || ancestor.startsWith('*')) return 'unknown';
  const parent = presented.startsWith('*.') ? presented.slice(2) : presented;
  return told(isWithinDomain(parent, ancestor));
}

/** Each name is compared with many subtrees, and each subtree with many names. */
const normalized = new WeakMap<DnsName, { readonly text: string | undefined }>();

function normalizedOf(name: DnsName): string | undefined {
  const known = normalized.get(name);
  if (known !== undefined) return known.text;
  const text = normalizedDnsName(name.value);
  normalized.set(name, { text });
  return text;
}

function ipRelation(subtree: Uint8Array, address: Uint8Array): Relation {
  // An IPv4 address is in no range of IPv6 addresses, and the other way about.
  if (subtree.length !== address.length * 2) return 'outside';
  return told(
    address.every((octet, index) => {
      const mask = subtree[address.length + index] ?? 0;
      return (octet & mask) === ((subtree[index] ?? 0) & mask);
    }),
  );
}

function directoryRelation(subtree: Name, name: Name): Relation {
  return told(subtree.rdnKeys.every((key, index) => key === name.rdnKeys[index]));
}

/** A mailbox, all mailboxes at a host, or with a dot in front at all hosts of a domain. */
function emailRelation(subtree: string, name: string): Relation {
  const mailbox = /^([^@\s]+)@([^@]+)$/.exec(name);
  const host = normalizedDnsName(mailbox?.[2] ?? '');
  if (mailbox === null || host === undefined) return 'unknown';
  const [, localPart] = mailbox;
  const at = subtree.lastIndexOf('@');
  if (at < 0) return hostRelation(subtree, host);
  return told(subtree.slice(0, at) === localPart && subtree.slice(at + 1).toLowerCase() === host);
}

/** The host of the URI; what has none, or an IP address for one, cannot be judged. */
function uriRelation(subtree: string, name: string): Relation {
  const [, authority] = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(name) ?? [];
  const host = normalizedDnsName(authority?.replace(/^.*@/, '').replace(/:\d*$/, '') ?? '');
  return host === undefined || /^[\d.]+$/.test(host) ? 'unknown' : hostRelation(subtree, host);
}

function hostRelation(subtree: string, host: string): Relation {
  const domain = normalizedDnsName(subtree.replace(/^\./, ''));
  if (domain === undefined || domain.startsWith('*')) return 'unknown';
  return told(subtree.startsWith('.') ? host.endsWith(`.${domain}`) : host === domain);
}

function told(within: boolean): Relation {
  return within ? 'within' : 'outside';
}

function emailsOf(subject: Name): readonly GeneralName[] {
  return subject.rdns.flat().flatMap((attribute) => {
    if (attribute.type !== Oid.emailAddress) return [];
    return [{ kind: 'email', value: stringOf(attribute) ?? '' } as const];
  });
}
