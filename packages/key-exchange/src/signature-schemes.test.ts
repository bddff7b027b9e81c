import type { PublicKeyKind } from '@handfast/crypto';
import { SignatureScheme } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { defaultSignatureSchemes, schemeFits, signatureSchemes } from './signature-schemes.ts';

const kinds: readonly PublicKeyKind[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa', 'rsa-pss'];
const namesOf = (kind: PublicKeyKind, version: 'tls12' | 'tls13') =>
  signatureSchemes.filter(({ code }) => schemeFits(code, kind, version)).map(({ name }) => name);

describe('a signature scheme', () => {
  it('of ECDSA is bound to its curve in TLS 1.3', () => {
    expect(namesOf('ecdsa-p256', 'tls13')).toEqual(['ecdsa_secp256r1_sha256']);
    expect(namesOf('ecdsa-p384', 'tls13')).toEqual(['ecdsa_secp384r1_sha384']);
    expect(namesOf('ecdsa-p521', 'tls13')).toEqual(['ecdsa_secp521r1_sha512']);
  });

  it('of ECDSA goes with any curve in TLS 1.2', () => {
    const all = ['ecdsa_secp256r1_sha256', 'ecdsa_secp384r1_sha384', 'ecdsa_secp521r1_sha512'];
    for (const kind of ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521'] as const) expect(namesOf(kind, 'tls12')).toEqual(all);
  });

  it('of PKCS#1 signs handshakes of TLS 1.2 only', () => {
    const pss = ['rsa_pss_rsae_sha256', 'rsa_pss_rsae_sha384', 'rsa_pss_rsae_sha512'];
    expect(namesOf('rsa', 'tls13')).toEqual(pss);
    expect(namesOf('rsa', 'tls12')).toEqual([...pss, 'rsa_pkcs1_sha256', 'rsa_pkcs1_sha384', 'rsa_pkcs1_sha512']);
  });

  it.for(['tls12', 'tls13'] as const)('of an RSASSA-PSS key is of rsa_pss_pss in %s', (version) => {
    expect(namesOf('rsa-pss', version)).toEqual(['rsa_pss_pss_sha256', 'rsa_pss_pss_sha384', 'rsa_pss_pss_sha512']);
  });

  it.for(['tls12', 'tls13'] as const)('of Ed25519 goes with Ed25519 alone in %s', (version) => {
    expect(kinds.filter((kind) => schemeFits(SignatureScheme.ed25519, kind, version))).toEqual(['ed25519']);
  });

  it('that uses SHA-1 or is not known fits no key', () => {
    for (const code of [SignatureScheme.rsa_pkcs1_sha1, SignatureScheme.ecdsa_sha1, SignatureScheme.ed448, 0x1a1a]) {
      expect(kinds.some((kind) => schemeFits(code, kind, 'tls12') || schemeFits(code, kind, 'tls13'))).toBe(false);
    }
  });

  it('is offered by default unless it uses SHA-1', () => {
    expect(defaultSignatureSchemes).toContain(SignatureScheme.rsa_pkcs1_sha256);
    expect(defaultSignatureSchemes).not.toContain(SignatureScheme.rsa_pkcs1_sha1);
    expect(defaultSignatureSchemes).not.toContain(SignatureScheme.ecdsa_sha1);
  });
});
