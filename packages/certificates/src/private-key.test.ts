import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { describe, expect, it } from 'vitest';
import { decodePrivateKeyPem } from './private-key.ts';

const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

const pkcs8Der = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: 'der', type: 'pkcs8' }));
const pem = (key: KeyObject, type: 'pkcs8' | 'sec1' | 'pkcs1'): string =>
  key.export({ format: 'pem', type }).toString();
const refused = (text: string | RegExp) =>
  expect.objectContaining({ reason: 'configuration-invalid', detail: expect.stringMatching(text) });

describe('reading a private key', () => {
  it.for([
    ['PKCS#8', pem(p256, 'pkcs8'), p256],
    ['PKCS#8 of Ed25519', pem(ed25519, 'pkcs8'), ed25519],
    ['SEC 1', pem(p256, 'sec1'), p256],
    ['SEC 1 of P-384', pem(p384, 'sec1'), p384],
    ['PKCS#1', pem(rsa, 'pkcs1'), rsa],
  ] as const)('from %s', ([, text, key]) => {
    const der = decodePrivateKeyPem(text);
    const read = createPrivateKey({ key: Buffer.from(der), format: 'der', type: 'pkcs8' });
    expect(read.equals(key)).toBe(true);
    expect(() => nativeCrypto.importPrivateKey(der)).not.toThrow();
  });

  it('from among other blocks', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const certificate = '-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n';
    expect(decodePrivateKeyPem(certificate + parameters + pem(p256, 'pkcs8'))).toEqual(pkcs8Der(p256));
  });

  it.for([
    ['none', '', /no private key/],
    ['more than one', pem(p256, 'pkcs8') + pem(p384, 'pkcs8'), /2 private keys/],
    [
      'encrypted PKCS#8',
      p256.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      /encrypted; decrypt it first/,
    ],
    [
      'an encrypted key of the old form',
      rsa.export({ format: 'pem', type: 'pkcs1', cipher: 'aes-128-cbc', passphrase: 'x' }).toString(),
      /encrypted; decrypt it first/,
    ],
    ['an unknown kind', '-----BEGIN OPENSSH PRIVATE KEY-----\nAQID\n-----END OPENSSH PRIVATE KEY-----', /not a kind/],
    ['a malformed one', '-----BEGIN EC PRIVATE KEY-----\nAQID\n-----END EC PRIVATE KEY-----', /malformed/],
  ] as const)('refuses %s', ([, text, detail]) => {
    expect(() => decodePrivateKeyPem(text)).toThrow(refused(detail));
  });
});
