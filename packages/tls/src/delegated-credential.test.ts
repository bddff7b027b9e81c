import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { Extension, issue, makePki } from '@handfast/certificates/testing';
import { delegatedCredentialContent } from '@handfast/key-exchange';
import { encodeDelegatedCredential, SignatureScheme } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { delegate, loadCredential } from './index.ts';

const pki = await makePki();
const delegationUsage = new Extension('1.3.6.1.4.1.44363.44', false, Uint8Array.of(5, 0));
const now = Date.now();
const day = 24 * 60 * 60 * 1000;
const issued = await issue({
  names: ['localhost'],
  issuer: pki.root,
  extensions: [delegationUsage],
  notBefore: new Date(now - day),
  notAfter: new Date(now + 30 * day),
});
const pem = { cert: issued.chainPem, key: issued.keyPem };
const { credential, key } = loadCredential(pem);

type Keys = Readonly<Record<'privateKey' | 'publicKey', KeyObject>>;

function otherKey({ privateKey, publicKey }: Keys = generateKeyPairSync('ec', { namedCurve: 'P-256' })) {
  return {
    pem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey: new Uint8Array(publicKey.export({ type: 'spki', format: 'der' })),
  };
}

const other = otherKey();
const p256 = SignatureScheme.ecdsa_secp256r1_sha256;
const given = { publicKey: other.publicKey, scheme: p256, expires: now + day, now };

describe('a delegated credential', () => {
  const made = delegate(credential, key, given);

  it('is presented with its key, until it expires', () => {
    const loaded = loadCredential({ ...pem, delegated: { credential: made, key: other.pem } });
    expect(loaded.credential.delegated).toMatchObject({ credential: made, scheme: p256, credentialScheme: p256 });
    expect(loaded.credential.keyId).toBe(credential.keyId);
    expect(loaded.credential.delegated?.keyId).not.toBe(credential.keyId);
    // To the second.
    expect(Math.abs((loaded.credential.delegated?.expires ?? 0) - given.expires)).toBeLessThanOrEqual(1000);
  });

  it.each([
    ['with another private key', { credential: made, key: otherKey().pem }, 'the private key does not belong to it'],
    [
      'that was altered',
      { credential: Uint8Array.from(made, (byte, index) => (index === 3 ? byte ^ 1 : byte)), key: other.pem },
      "the certificate's key has not signed it",
    ],
    [
      'whose key cannot sign as it says',
      {
        credential: delegate(credential, key, { ...given, scheme: SignatureScheme.ecdsa_secp384r1_sha384 }),
        key: other.pem,
      },
      'its key cannot sign as it says',
    ],
  ])('%s is refused', (_what, delegated, problem) => {
    expect(() => loadCredential({ ...pem, delegated })).toThrow(problem);
  });

  it('is not for an RSA key that may also decrypt, and is for one of RSASSA-PSS', () => {
    const rsa = otherKey(generateKeyPairSync('rsa', { modulusLength: 2048 }));
    const forRsa = { ...given, publicKey: rsa.publicKey, scheme: SignatureScheme.rsa_pss_rsae_sha256 };
    expect(() => delegate(credential, key, forRsa)).toThrow('RSASSA-PSS alone');
    const unsigned = {
      algorithm: p256,
      credential: { validTime: 172_800, certVerifyAlgorithm: forRsa.scheme, subjectPublicKeyInfo: rsa.publicKey },
    };
    const signature = key.sign(p256, delegatedCredentialContent('server', issued.der, unsigned));
    const delegated = { credential: encodeDelegatedCredential({ ...unsigned, signature }), key: rsa.pem };
    expect(() => loadCredential({ ...pem, delegated })).toThrow('RSASSA-PSS alone');

    const pss = otherKey(generateKeyPairSync('rsa-pss', { modulusLength: 2048 }));
    const scheme = SignatureScheme.rsa_pss_pss_sha256;
    const made = delegate(credential, key, { ...given, publicKey: pss.publicKey, scheme });
    const loaded = loadCredential({ ...pem, delegated: { credential: made, key: pss.pem } });
    expect(loaded.credential.delegated).toMatchObject({ scheme });
  });

  it('is made by a certificate that may delegate only, and for a week at most', () => {
    const plain = loadCredential({ cert: pki.server.chainPem, key: pki.server.keyPem });
    expect(() => delegate(plain.credential, plain.key, given)).toThrow('DelegationUsage');
    expect(() => delegate(credential, key, { ...given, expires: now + 8 * day })).toThrow('more than seven days');
    const late = { ...given, now: now + 29 * day, expires: now + 31 * day };
    expect(() => delegate(credential, key, late)).toThrow('outlive its certificate');
  });
});

it('a credential of garbage is refused with an error that says so', () => {
  expect(() => loadCredential({ ...pem, delegated: { credential: new Uint8Array(9), key: other.pem } })).toThrow(
    expect.objectContaining({ name: 'TlsError' }),
  );
});
