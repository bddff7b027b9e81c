import { nativeCrypto } from '@handfast/crypto/native';
import { beforeAll, describe, expect, it } from 'vitest';
import { sequence } from '../testing/encode.ts';
import { extensionOid, forge } from '../testing/forge.ts';
import {
  Extension,
  type Issued,
  type IssueOptions,
  issue,
  KeyUsageFlags,
  SubjectAlternativeNameExtension,
  serverAuth,
} from '../testing/pki.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator } from './local.ts';
import type { ValidationRequest, Verdict } from './port.ts';
import type { Profile } from './profile.ts';
import { PublicSuffixes } from './public-suffixes.ts';

let root: Issued;
let ca: Issued;
beforeAll(async () => {
  root = await issue({ subject: 'CN=Root', ca: {} });
  ca = await issue({ subject: 'CN=CA', ca: {}, issuer: root });
});

const publicSuffixes = new PublicSuffixes('===BEGIN ICANN DOMAINS===\nco.uk\n===END ICANN DOMAINS===');
const leaf = (options: IssueOptions = {}): Promise<Issued> =>
  issue({ names: ['example.org'], issuer: ca, extKeyUsage: [serverAuth], ...options });

function judge(
  profile: Profile,
  chain: readonly Uint8Array[],
  request: Partial<ValidationRequest> = {},
  anchor = root.der,
): Verdict {
  const options = { crypto: nativeCrypto, anchors: [anchor], credentials: [], profile, publicSuffixes };
  return new LocalCertificateValidator(options).validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
    ...request,
  });
}

const section = (rule: string) => ({
  trusted: false,
  reason: 'certificate-profile',
  rule: expect.stringContaining(rule),
});
/** The certificate with other extensions, or without some. */
const without = (issued: Issued, signer: Issued, ...numbers: readonly number[]): Uint8Array =>
  forge(issued, signer, ({ extensions = [] }) => ({
    extensions: extensions.filter(
      (der) => !numbers.some((number) => Buffer.from(der).includes(Buffer.from([6, 3, ...extensionOid(number)]))),
    ),
  }));

describe('the profile rfc5280', () => {
  it('takes what a conforming CA issues', async () => {
    const { chain } = await leaf();
    for (const profile of ['path', 'rfc5280', 'webpki'] as const) {
      expect(judge(profile, chain)).toMatchObject({ trusted: true });
    }
  });

  it('asks for key identifiers, which a path can do without', async () => {
    const server = await leaf();
    const bare = [without(server, ca, 35), ca.der];
    expect(judge('path', bare)).toMatchObject({ trusted: true });
    expect(judge('rfc5280', bare)).toMatchObject(section('4.2.1.1'));
    expect(judge('rfc5280', [server.der, without(ca, root, 14)])).toMatchObject(section('4.2.1.2'));
    expect(judge('rfc5280', server.chain, {}, without(root, root, 35))).toMatchObject({ trusted: true });
  });

  it('wants constraints to be critical', async () => {
    const constraints = sequence(encodeElement(0xa0, sequence(encodeElement(0x82, Buffer.from('example.org')))));
    const lax = await issue({
      subject: 'CN=Lax',
      ca: {},
      issuer: root,
      extensions: [new Extension('2.5.29.30', false, constraints)],
    });
    const { chain } = await leaf({ issuer: lax });
    expect(judge('path', chain)).toMatchObject({ trusted: true });
    expect(judge('rfc5280', chain)).toMatchObject({
      ...section('4.2.1.10'),
      certificate: { subject: 'CN=Lax', depth: 1 },
    });
    expect(judge('webpki', chain)).toMatchObject({ trusted: true });
  });

  it('wants no end entity that may sign certificates, no name with an underscore', async () => {
    const keyUsage = KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign;
    expect(judge('rfc5280', (await leaf({ keyUsage })).chain)).toMatchObject(section('4.2.1.9'));
    expect(judge('rfc5280', (await leaf({ names: ['a_b.example.org'] })).chain)).toMatchObject(section('4.2.1.6'));
  });
});

describe('the profile webpki', () => {
  it.for<[string, string, IssueOptions]>([
    [
      'a CA as end entity',
      '7.1.2.7.8',
      { ca: {}, keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign },
    ],
    ['any purpose', '7.1.2.7.10', { extKeyUsage: [serverAuth, '2.5.29.37.0'] }],
    ['no subjectAltName', '7.1.2.7.12', { names: [], subject: 'CN=example.org' }],
    ['a wildcard for a registry', '3.2.2.6', { names: ['*.co.uk'], subject: 'O=Example' }],
    ['a common name in another spelling', '7.1.4.3', { subject: 'CN=Example.org' }],
    ['a common name that is another name', '7.1.4.3', { names: ['a.example.org'], subject: 'CN=b.example.org' }],
    ['an address in another spelling', '7.1.4.3', { names: ['192.0.2.1'], subject: 'CN=0xC0000201' }],
    ['an IPv6 address in another spelling', '7.1.4.3', { names: ['2001:db8::1'], subject: 'CN=2001:DB8:0::1' }],
    ['a common name that is not ASCII', '7.1.4.3', { subject: 'CN=bücher.example' }],
  ])('refuses %s', async ([, rule, options]) => {
    expect(judge('webpki', (await leaf(options)).chain)).toMatchObject(section(rule));
    expect(judge('rfc5280', (await leaf(options)).chain)).toMatchObject({ trusted: true });
  });

  it('refuses an end entity that does not say what it is for', async () => {
    const { chain } = await issue({ names: ['example.org'], issuer: ca });
    expect(judge('webpki', chain)).toMatchObject(section('7.1.2.7.6'));
  });

  it('lets a common name pass that is no host', async () => {
    expect(judge('webpki', (await leaf({ subject: 'CN=EE' })).chain)).toMatchObject({ trusted: true });
  });

  it('compares many names with many common names at once', async () => {
    const names = Array.from({ length: 2000 }, (_, index) => `n${index}.example`);
    const subject = Array.from({ length: 500 }, (_, index) => `CN=device ${index}`).join(',');
    expect(judge('webpki', (await leaf({ names, subject })).chain)).toMatchObject({ trusted: true });
  });

  it('refuses a critical subjectAltName beside a subject', async () => {
    const names = new SubjectAlternativeNameExtension([{ type: 'dns', value: 'example.org' }], true);
    const { chain } = await leaf({ names: [], subject: 'CN=example.org', extensions: [names] });
    expect(judge('webpki', chain)).toMatchObject(section('7.1.2.7.12'));
  });

  it('refuses a root that is limited to purposes', async () => {
    const limited = await issue({ subject: 'CN=Limited', ca: {}, extKeyUsage: [serverAuth] });
    const { chain } = await leaf({ issuer: limited });
    expect(judge('webpki', chain, {}, limited.der)).toMatchObject(section('7.1.2.1.2'));
  });
});

describe('what the key is to do', () => {
  it('is allowed by its key usage', async () => {
    const encipher = await leaf({ keyUsage: KeyUsageFlags.keyEncipherment });
    const sign = await leaf({ keyUsage: KeyUsageFlags.digitalSignature });
    expect(judge('path', encipher.chain, { keyUse: 'decrypt' })).toMatchObject({ trusted: true });
    expect(judge('path', encipher.chain, { keyUse: 'sign' })).toMatchObject({ reason: 'certificate-key-usage' });
    expect(judge('path', sign.chain, { keyUse: 'decrypt' })).toMatchObject({
      reason: 'certificate-key-usage',
      rule: 'RFC 5246 section 7.4.2',
    });
  });
});
