import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from '../demo/certificate.ts';
import { readCredentials } from './credentials.ts';
import { readCertificates } from './files.ts';

const folder = mkdtempSync(join(tmpdir(), 'handfast-cli-'));
const path = (name: string): string => join(folder, name);

beforeAll(async () => {
  for (const name of ['one', 'other']) {
    const { cert, key } = await makeCertificate(Date.now());
    writeFileSync(path(`${name}.pem`), cert);
    writeFileSync(path(`${name}.key`), key);
  }
  writeFileSync(path('text'), 'no PEM at all');
  writeFileSync(path('broken.pem'), '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
});

afterAll(() => rmSync(folder, { recursive: true }));

describe('readCredentials', () => {
  it('pairs the n-th key with the n-th chain', () => {
    const pairs = readCredentials([path('one.pem'), path('other.pem')], [path('one.key'), path('other.key')]);
    expect(pairs.map(({ credential }) => credential.names)).toEqual([
      ['localhost', '127.0.0.1', '::1'],
      ['localhost', '127.0.0.1', '::1'],
    ]);
  });

  it('refuses a key of another certificate, and names both files', () => {
    expect(() => readCredentials([path('one.pem')], [path('other.key')])).toThrow(
      `--cert ${path('one.pem')} --key ${path('other.key')}: the private key does not belong`,
    );
  });

  it('refuses chains without keys', () => {
    expect(() => readCredentials([path('one.pem'), path('other.pem')], [path('one.key')])).toThrow(
      '--cert is given 2 times and --key once',
    );
  });

  it('says which file is not there', () => {
    expect(() => readCredentials([path('none.pem')], [path('one.key')])).toThrow(
      `--cert ${path('none.pem')}: there is no such file`,
    );
  });
});

describe('readCertificates', () => {
  it.each([
    ['text', 'there is no certificate in it'],
    ['broken.pem', 'Certificate'],
    ['.', 'is a folder'],
  ])('says what is wrong with %s', (name, problem) => {
    expect(() => readCertificates('--ca', path(name))).toThrow(`--ca ${path(name)}: `);
    expect(() => readCertificates('--ca', path(name))).toThrow(problem);
  });
});
