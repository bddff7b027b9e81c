import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { credentialFromChain } from '@handfast/certificates';
import { issue, makePki, type Pki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CredentialDirectory } from './credential-directory.ts';
import { ExpiryWatch } from './expiry.ts';

let pki: Pki;
let folder: string;
let file: { chain: string; key: string };
let lines: string[];
beforeAll(async () => {
  pki = await makePki();
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'handfast-credentials-'));
  file = { chain: join(folder, 'chain.pem'), key: join(folder, 'key.pem') };
  writeFileSync(file.chain, pki.server.chainPem);
  writeFileSync(file.key, pki.server.keyPem);
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): CredentialDirectory => new CredentialDirectory(nativeCrypto, [file], (line) => lines.push(line));
const namesOf = (directory: CredentialDirectory) => directory.credentials.map(({ names }) => names[0]);

describe('a directory of credentials', () => {
  it('has the chains of its files', () => {
    expect(open().credentials).toEqual([credentialFromChain(nativeCrypto, pki.server.chain)]);
  });

  it('takes the public half of a key as well', () => {
    writeFileSync(file.key, pki.server.keys.publicKey.export({ format: 'pem', type: 'spki' }));
    expect(namesOf(open())).toEqual(['localhost']);
  });

  it('refuses a chain that is not for its key, naming both files', () => {
    writeFileSync(file.key, pki.client.keyPem);
    expect(open).toThrow(`${file.chain}: the certificate is not for the key in ${file.key}`);
  });

  it.for<[string, () => void]>([
    ['is not there', () => rmSync(file.chain)],
    ['holds no certificate', () => writeFileSync(file.chain, 'nothing')],
  ])('refuses a file that %s, naming it', ([, spoil]) => {
    spoil();
    expect(open).toThrow(
      expect.objectContaining({ reason: 'configuration-invalid', detail: expect.stringContaining(file.chain) }),
    );
  });

  it('takes up a file that has changed', () => {
    const directory = open();
    directory.reload();
    expect(lines).toEqual([]);
    writeFileSync(file.chain, pki.client.chainPem);
    writeFileSync(file.key, pki.client.keyPem);
    directory.reload();
    expect(namesOf(directory)).toEqual(['client.example']);
    expect(lines).toEqual([expect.stringContaining('has changed, and is in use')]);
  });

  it('stays with what it had where a change cannot be used, and says so once', () => {
    const directory = open();
    writeFileSync(file.chain, pki.client.chainPem);
    directory.reload();
    directory.reload();
    expect(namesOf(directory)).toEqual(['localhost']);
    expect(lines).toEqual([expect.stringMatching(/is not for the key in .*; the chain from before stays in use$/)]);
  });
});

describe('a chain that is about to expire', () => {
  it('is warned of once for each number of days, by the certificate that ends first', async () => {
    const day = 86_400_000;
    const ends = Date.now() + 20 * day;
    const ca = await issue({ subject: 'CN=CA', ca: {}, issuer: pki.root, notAfter: new Date(ends) });
    const server = await issue({ names: ['example.org'], issuer: ca });
    const credentials = [credentialFromChain(nativeCrypto, server.chain)];
    const watch = new ExpiryWatch(
      (line) => lines.push(line),
      () => credentials,
      Date.now,
    );
    for (const left of [40, 29, 28, 13, 12, 2, 1, 0, -1]) watch.warn(credentials, ends - left * day);
    expect(lines.map((line) => line.replace(/ at .*/, ''))).toEqual([
      'certificate: CN=example.org expires',
      'certificate: CN=example.org expires',
      'certificate: CN=example.org expires',
      'certificate: CN=example.org expires',
      'certificate: CN=example.org has expired',
    ]);
  });
});
