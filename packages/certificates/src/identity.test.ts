import { nativeCrypto } from '@handfast/crypto/native';
import { expect, it } from 'vitest';
import { issue, SubjectAlternativeNameExtension } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { type IdentityRule, identityOf } from './identity.ts';

type AltName = { type: 'dns' | 'ip' | 'email' | 'url'; value: string };

async function identity(altNames: readonly AltName[], rules: readonly IdentityRule[] = []) {
  const extensions = altNames.length === 0 ? [] : [new SubjectAlternativeNameExtension([...altNames])];
  const { der } = await issue({ subject: 'CN=Ann Example,OU=People,O=Example', extensions });
  return identityOf(nativeCrypto, parseCertificate(der), rules);
}

const spiffe = (value: string): AltName => ({ type: 'url', value });

it('an identity has every name of the certificate', async () => {
  const names: readonly AltName[] = [
    { type: 'dns', value: 'example.org' },
    { type: 'ip', value: '192.0.2.1' },
    { type: 'email', value: 'ann@example.org' },
    { type: 'url', value: 'spiffe://example.org/ann' },
  ];
  expect(await identity(names)).toMatchObject({
    subject: 'CN=Ann Example,OU=People,O=Example',
    dnsNames: ['example.org'],
    ipAddresses: ['192.0.2.1'],
    emails: ['ann@example.org'],
    uris: ['spiffe://example.org/ann'],
    spiffeId: 'spiffe://example.org/ann',
    name: undefined,
  });
});

it.for<[string, readonly AltName[]]>([
  ['no URI', []],
  ['two URIs', [spiffe('spiffe://example.org/a'), spiffe('spiffe://example.org/b')]],
  ['another scheme', [spiffe('https://example.org/a')]],
  ['no trust domain', [spiffe('spiffe:///a')]],
  ['a trust domain in capitals', [spiffe('spiffe://EXAMPLE.org/a')]],
  ['a port', [spiffe('spiffe://example.org:443/a')]],
  ['an empty segment', [spiffe('spiffe://example.org/a//b')]],
  ['a slash at its end', [spiffe('spiffe://example.org/a/')]],
  ['a step back', [spiffe('spiffe://example.org/a/../b')]],
  ['a query', [spiffe('spiffe://example.org/a?b')]],
])('a certificate with %s has no SPIFFE ID', async ([, names]) => {
  expect((await identity(names)).spiffeId).toBeUndefined();
});

it('the first rule that matches the whole of a value makes the name', async () => {
  const names: readonly AltName[] = [
    { type: 'email', value: 'ann@example.net' },
    { type: 'email', value: 'ann@example.org' },
  ];
  const named = async (...rules: readonly IdentityRule[]) => (await identity(names, rules)).name;
  const byEmail: IdentityRule = { from: 'email', pattern: /(\w+)@example\.org/, name: 'u:$1' };
  expect(await named(byEmail)).toBe('u:ann');
  expect(await named({ from: 'subject', pattern: /CN=([^,]+),OU=(\w+),.*/, name: '$2/$1' }, byEmail)).toBe(
    'People/Ann Example',
  );
  expect(await named({ from: 'common-name', pattern: /Ann/, name: 'u:ann' })).toBeUndefined();
  expect(await named({ from: 'common-name', pattern: /ann example/gi, name: 'u:ann' })).toBe('u:ann');
  expect(
    await named({ from: 'dns', pattern: /.*/, name: 'u:$1' }, { from: 'spiffe', pattern: /.*/, name: 'x' }),
  ).toBeUndefined();
});
