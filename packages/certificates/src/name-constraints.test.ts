import { describe, expect, it } from 'vitest';
import { issue, SubjectAlternativeNameExtension } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';
import type { GeneralName } from './general-name.ts';
import { parseIpAddress } from './ip-address.ts';
import { Name } from './name.ts';
import { constrainedNames, forbiddenName } from './name-constraints.ts';

const dns = (value: string): GeneralName => ({ kind: 'dns', value });
const email = (value: string): GeneralName => ({ kind: 'email', value });
const uri = (value: string): GeneralName => ({ kind: 'uri', value });
const other = (tag: number): GeneralName => ({ kind: 'other', tag, value: new Uint8Array() });
const ip = (address: string): GeneralName => ({ kind: 'ip', value: parseIpAddress(address) ?? new Uint8Array() });
const range = (address: string, mask: string): GeneralName => ({
  kind: 'ip',
  value: Uint8Array.of(...(parseIpAddress(address) ?? []), ...(parseIpAddress(mask) ?? [])),
});
/** A name of organisational units, the most general first. */
const directory = (...units: readonly string[]): GeneralName => ({
  kind: 'directory',
  value: new Name(
    encodeElement(
      Tag.SEQUENCE,
      ...units.map((unit) =>
        encodeElement(
          Tag.SET,
          encodeElement(
            Tag.SEQUENCE,
            encodeElement(Tag.OBJECT_IDENTIFIER, Uint8Array.of(0x55, 4, 11)),
            encodeElement(Tag.UTF8_STRING, new TextEncoder().encode(unit)),
          ),
        ),
      ),
    ),
  ),
});

const isPermitted = (subtree: GeneralName, name: GeneralName): boolean =>
  forbiddenName({ permitted: [subtree], excluded: [] }, [name]) === undefined;
const isExcluded = (subtree: GeneralName, name: GeneralName): boolean =>
  forbiddenName({ permitted: [], excluded: [subtree] }, [name]) !== undefined;

const within: readonly (readonly [GeneralName, GeneralName])[] = [
  [dns('example.org'), dns('example.org')],
  [dns('example.org'), dns('WWW.Example.ORG')],
  [dns('example.org'), dns('*.example.org')],
  [dns('example.org'), dns('*.www.example.org')],
  [dns(''), dns('anything.example')],
  [range('10.0.0.0', '255.0.0.0'), ip('10.1.2.3')],
  [range('0.0.0.0', '0.0.0.0'), ip('192.0.2.1')],
  [range('2001:db8::', 'ffff:ffff::'), ip('2001:db8::1')],
  [directory('A'), directory('A')],
  [directory('A'), directory('a', 'B')],
  [directory(), directory('A')],
  [email('someone@example.org'), email('someone@EXAMPLE.org')],
  [email('example.org'), email('anyone@example.org')],
  [email('.example.org'), email('anyone@mail.example.org')],
  [uri('example.org'), uri('https://user@Example.org:8443/path?query')],
  [uri('.example.org'), uri('ldap://www.example.org')],
];

const outside: readonly (readonly [GeneralName, GeneralName])[] = [
  [dns('example.org'), dns('badexample.org')],
  [dns('example.org'), dns('example.org.example.com')],
  [dns('www.example.org'), dns('example.org')],
  [range('10.0.0.0', '255.0.0.0'), ip('11.0.0.1')],
  [range('0.0.0.0', '0.0.0.0'), ip('2001:db8::1')],
  [range('::', '::'), ip('10.0.0.1')],
  [directory('A', 'B'), directory('A')],
  [directory('A'), directory('B', 'A')],
  [email('someone@example.org'), email('Someone@example.org')],
  [email('someone@example.org'), email('someone@mail.example.org')],
  [email('example.org'), email('anyone@mail.example.org')],
  [email('.example.org'), email('anyone@example.org')],
  [uri('example.org'), uri('https://www.example.org/')],
  [uri('.example.org'), uri('https://example.org/')],
];

const unknown: readonly (readonly [GeneralName, GeneralName])[] = [
  [dns('.example.org'), dns('www.example.org')],
  [dns('*.example.org'), dns('www.example.org')],
  [dns('example.org'), dns('.example.org')],
  [dns('example.org'), dns('www..example.org')],
  [dns('example.org'), dns('w*.example.org')],
  [email('*@example.org'), email('no mailbox')],
  [email('example.org'), email('"a@b"@example.org')],
  [uri('example.org'), uri('urn:example:org')],
  [uri('example.org'), uri('https://192.0.2.1/')],
  [other(0xa0), other(0xa0)],
];

const show = (name: GeneralName): string =>
  name.kind === 'directory' ? `"${name.value.text}"` : `${name.kind} ${JSON.stringify(name.value)}`;
const rows = (pairs: readonly (readonly [GeneralName, GeneralName])[]) =>
  pairs.map(([subtree, name]) => ({ subtree, name, title: `${show(subtree)} of ${show(name)}` }));

describe('a subtree, permitted or excluded, decides', () => {
  it.for(rows(within))('within: $title', ({ subtree, name }) => {
    expect(isPermitted(subtree, name)).toBe(true);
    expect(isExcluded(subtree, name)).toBe(true);
  });

  it.for(rows(outside))('outside: $title', ({ subtree, name }) => {
    expect(isPermitted(subtree, name)).toBe(false);
    expect(isExcluded(subtree, name)).toBe(false);
  });

  it.for(rows(unknown))('against the name where it cannot be told: $title', ({ subtree, name }) => {
    expect(isPermitted(subtree, name)).toBe(false);
    expect(isExcluded(subtree, name)).toBe(true);
  });

  it('against a wildcard that may stand for an excluded name', () => {
    expect(isExcluded(dns('secret.example.org'), dns('*.example.org'))).toBe(true);
    expect(isPermitted(dns('public.example.org'), dns('*.example.org'))).toBe(false);
    expect(isExcluded(dns('very.secret.example.org'), dns('*.example.org'))).toBe(false);
    expect(isExcluded(dns('secret.example.com'), dns('*.example.org'))).toBe(false);
  });

  it('nothing for names of another kind', () => {
    expect(isPermitted(dns('example.org'), ip('10.0.0.1'))).toBe(true);
    expect(isExcluded(dns(''), email('someone@example.org'))).toBe(false);
    expect(isPermitted(other(0xa0), other(0x88))).toBe(true);
  });
});

it('one permitted subtree of several is enough, one excluded is too many', () => {
  const constraints = { permitted: [dns('a.example'), dns('b.example')], excluded: [dns('x.b.example')] };
  expect(forbiddenName(constraints, [dns('a.example'), dns('y.b.example')])).toBeUndefined();
  expect(forbiddenName(constraints, [dns('a.example'), dns('c.example')])).toEqual(dns('c.example'));
  expect(forbiddenName(constraints, [dns('x.b.example')])).toEqual(dns('x.b.example'));
});

describe('name constraints are about', () => {
  const subject = 'CN=someone,1.2.840.113549.1.9.1=subject@example.org';
  const kindsOf = async (extensions: readonly SubjectAlternativeNameExtension[], options: { subject: string }) =>
    constrainedNames(parseCertificate((await issue({ ...options, extensions })).der)).map(show);

  it('the alternative names and the subject', async () => {
    const names = new SubjectAlternativeNameExtension([{ type: 'dns', value: 'example.org' }]);
    expect(await kindsOf([names], { subject: 'CN=someone' })).toEqual(['dns "example.org"', '"CN=someone"']);
  });

  it('email addresses in the subject where there is no other', async () => {
    expect(await kindsOf([], { subject })).toContain('email "subject@example.org"');
    const names = new SubjectAlternativeNameExtension([{ type: 'email', value: 'name@example.org' }]);
    const found = await kindsOf([names], { subject });
    expect(found).toContain('email "name@example.org"');
    expect(found).not.toContain('email "subject@example.org"');
  });
});
