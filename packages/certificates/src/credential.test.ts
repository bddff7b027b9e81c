import { nativeCrypto } from '@handfast/crypto/native';
import { SignatureScheme } from '@handfast/wire';
import { beforeAll, describe, expect, it } from 'vitest';
import { makePki, type Pki } from '../testing/pki.ts';
import { credentialFromChain } from './credential.ts';

let pki: Pki;
beforeAll(async () => {
  pki = await makePki({ kinds: ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048', 'rsa-pss-2048'] });
});

const refused = (detail: string | RegExp) =>
  expect.objectContaining({ reason: 'configuration-invalid', detail: expect.stringMatching(detail) });

describe('a credential from a chain', () => {
  it('is known by the hash of its public key, as the key is', () => {
    for (const { chain, pkcs8 } of Object.values(pki.servers)) {
      const credential = credentialFromChain(nativeCrypto, chain);
      const { spki, kind, schemes } = nativeCrypto.importPrivateKey(pkcs8);
      expect(credential.keyId).toBe(Buffer.from(nativeCrypto.hash('sha256', spki)).toString('hex'));
      expect(credential.keyKind).toBe(kind);
      expect(credential.schemes).toEqual(schemes);
      expect(credential.chain).toEqual(chain);
    }
  });

  it('has the names of the end entity', () => {
    const { names } = credentialFromChain(nativeCrypto, pki.server.chain);
    expect(names).toEqual(['localhost', 'example.org', '*.wild.example.org', '127.0.0.1', '::1']);
  });

  it('prefers PSS for RSA', () => {
    const { schemes } = credentialFromChain(nativeCrypto, pki.servers['rsa-2048']?.chain ?? []);
    expect(schemes[0]).toBe(SignatureScheme.rsa_pss_rsae_sha256);
  });

  it('is refused where there is no certificate', () => {
    expect(() => credentialFromChain(nativeCrypto, [])).toThrow(refused('holds no certificate'));
  });

  it('is refused where one is malformed, saying which', () => {
    expect(() => credentialFromChain(nativeCrypto, [pki.server.der, Uint8Array.of(1)])).toThrow(
      refused('certificate 1'),
    );
  });

  it('is refused where the certificates are in the wrong order, naming them', () => {
    expect(() => credentialFromChain(nativeCrypto, pki.server.chain.toReversed())).toThrow(
      refused(/certificate 1 of the chain is "CN=localhost".*issued by "CN=Handfast Test Root,O=Handfast"/),
    );
  });

  it('is refused where nothing can be signed with the key', () => {
    const spkiOfUnknownKind = pki.server.der.slice();
    const oid = Buffer.from(spkiOfUnknownKind).indexOf(Buffer.from('2a8648ce3d0301', 'hex'));
    spkiOfUnknownKind[oid + 7] = 0x7f;
    expect(() => credentialFromChain(nativeCrypto, [spkiOfUnknownKind])).toThrow(
      refused('public key of "CN=localhost"'),
    );
  });
});
