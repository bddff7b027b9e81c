import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCrl, makeOcspResponse, makePki } from '@handfast/certificates/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handfast } from '../../testing/program.ts';

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-verify-'));
  const pki = await makePki();
  writeFileSync(join(folder, 'ca.pem'), pki.root.pem);
  writeFileSync(join(folder, 'chain.pem'), pki.server.chainPem);
  writeFileSync(join(folder, 'leaf.pem'), pki.server.pem);
  writeFileSync(join(folder, 'leaf.der'), pki.server.der);
  writeFileSync(join(folder, 'client.pem'), pki.client.chainPem);
  writeFileSync(join(folder, 'expired.pem'), pki.expired.chainPem);
  writeFileSync(join(folder, 'empty.pem'), '');
  const { root, intermediate, server } = pki;
  const about = { certificate: server, issuer: intermediate };
  writeFileSync(join(folder, 'good.ocsp'), makeOcspResponse(about));
  writeFileSync(join(folder, 'revoked.ocsp'), makeOcspResponse({ ...about, status: 'revoked' }));
  writeFileSync(join(folder, 'root.crl'), pemOf('X509 CRL', makeCrl({ issuer: root })));
  writeFileSync(join(folder, 'ca.crl'), makeCrl({ issuer: intermediate }));
  writeFileSync(join(folder, 'revoking.crl'), makeCrl({ issuer: root, revoked: [{ certificate: intermediate }] }));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = (name: string): string => join(folder, name);
const inFolder = (flag: string): string => (/\.(der|crl|ocsp)$/.test(flag) ? file(flag) : flag);
const pemOf = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${Buffer.from(der).toString('base64')}\n-----END ${label}-----\n`;
const verify = (chain: string, ...flags: readonly string[]) =>
  handfast(['verify', file(chain), '--ca', file('ca.pem'), ...flags]);

describe.concurrent('handfast verify', () => {
  it('shows the path of a valid chain from the anchor down', async () => {
    const { code, stdout } = await verify('chain.pem', '--name', 'example.org');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(/^✓ valid as a server · for example\.org · \d{4}-/);
    expect(lines.slice(2)).toEqual([
      'CN=Handfast Test Root,O=Handfast',
      expect.stringMatching(/^│ trust anchor · CA · ecdsa-p256 · \d+ days left$/),
      '└─ CN=Handfast Test CA,O=Handfast',
      expect.stringMatching(/^ {3}│ CA · ecdsa-p256 · \d+ days left$/),
      '   └─ CN=localhost',
      expect.stringMatching(/^ {8}ecdsa-p256 · \d+ days left$/),
      '        for localhost, example.org, *.wild.example.org, 127.0.0.1, ::1',
      '',
    ]);
  });

  it.each([
    ['a missing issuer', ['leaf.pem'], 'certificate-issuer-unknown'],
    ['a DER file without its issuer', ['leaf.der'], 'certificate-issuer-unknown'],
    ['an expired certificate', ['expired.pem'], 'certificate-expired'],
    ['another name', ['chain.pem', '--name', 'example.com'], 'certificate-name-mismatch'],
    ['another purpose', ['client.pem'], 'certificate-purpose'],
    ['another time', ['chain.pem', '--time', '2000-01-01T00:00:00Z'], 'certificate-not-yet-valid'],
    [
      'a status that is required and unknown',
      ['chain.pem', '--revocation', 'require'],
      'certificate-revocation-unknown',
    ],
  ])('tells what is wrong with %s, with exit code 1', async (_, [chain = '', ...flags], reason) => {
    const { code, stdout } = await verify(chain, ...flags);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ not valid /);
    expect(stdout).toMatch(/\n(└─ |\s*└─ )?✗ CN=/);
    expect(stdout).toContain(`\n${reason}: `);
  });

  it.each([
    ['CRLs', ['--crl', 'root.crl', '--crl', 'ca.crl']],
    ['an OCSP response and a CRL', ['--ocsp', 'good.ocsp', '--crl', 'root.crl']],
  ])('lets a chain pass of which %s tell everything', async (_, evidence) => {
    const { code } = await verify('chain.pem', '--revocation', 'require', ...evidence.map(inFolder));
    expect(code).toBe(0);
  });

  it.each([
    ['an OCSP response says so of the end entity', ['--ocsp', 'revoked.ocsp'], 'CN=localhost'],
    ['a CRL says so of its issuer', ['--crl', 'revoking.crl'], 'CN=Handfast Test CA,O=Handfast'],
  ])('refuses a chain that was revoked, where %s', async (_, evidence, subject) => {
    const { code, stdout } = await verify('chain.pem', ...evidence.map(inFolder));
    expect(code).toBe(1);
    expect(stdout).toContain(`✗ ${subject}`);
    expect(stdout).toContain(`certificate-revoked: "${subject}" was revoked at`);
  });

  it('says with --revocation off that it does not look', async () => {
    const { code, stdout } = await verify('chain.pem', '--ocsp', file('revoked.ocsp'), '--revocation', 'off', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ valid: true, asked: { revocation: 'off' } });
  });

  it('prints an object for programs', async () => {
    const { code, stdout } = await verify('client.pem', '--purpose', 'client', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      valid: true,
      asked: { name: null, purpose: 'client', profile: 'path', revocation: 'off' },
      failure: null,
      path: [{ trust_anchor: false }, { trust_anchor: false }, { trust_anchor: true }],
      identity: { subject: 'CN=client ecdsa-p256,O=Handfast', dns_names: ['client.example'] },
    });
  });

  it.each([
    ['a file that is not there', ['nowhere.pem'], /there is no such file/],
    ['a file without a certificate', ['empty.pem'], /there is no "-----BEGIN CERTIFICATE-----" in it/],
    ['a time that is none', ['chain.pem', '--time', 'yesterday'], /It must be a time/],
    ['an unknown profile', ['chain.pem', '--profile', 'strict'], /Allowed choices are path, rfc5280, webpki/],
    ['a CRL that is none', ['chain.pem', '--crl', 'leaf.der'], /--crl .*leaf\.der/],
    [
      'an OCSP response that is not there',
      ['chain.pem', '--ocsp', 'no.ocsp'],
      /--ocsp .*no\.ocsp: there is no such file/,
    ],
    ['a CRL that is not there', ['chain.pem', '--crl', 'no.crl'], /--crl .*no\.crl: there is no such file/],
  ])('ends with exit code 2 for %s', async (_, [chain = '', ...flags], message) => {
    const { code, stderr } = await verify(chain, ...flags.map(inFolder));
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });
});
