import { type Credential, credentialFromChain, parseCertificate } from '@handfast/certificates';
import { issue, makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { SignatureScheme } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { type CertificateWishes, chooseCredential } from './credential-choice.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const { ecdsa_secp256r1_sha256: p256, ecdsa_secp384r1_sha384: p384, rsa_pkcs1_sha256: pkcs1 } = SignatureScheme;

async function credentialFor(names: readonly string[], issuer = pki.root): Promise<Credential> {
  return credentialFromChain(nativeCrypto, (await issue({ names, issuer })).chain);
}

function chosen(credentials: readonly Credential[], wishes: Partial<CertificateWishes> = {}): Credential | undefined {
  return chooseCredential(credentials, { schemes: [p256], ...wishes }, 'tls13')?.credential;
}

const [plain, wildcard, exact] = await Promise.all([
  credentialFor(['other.example', '192.0.2.1', '2001:db8::1']),
  credentialFor(['*.example.org']),
  credentialFor(['Mail.Example.ORG']),
]);
const all = [plain, wildcard, exact];

describe('the credential for a server name', () => {
  test.for([
    ['mail.example.org', exact],
    ['MAIL.example.org', exact],
    ['www.Example.org', wildcard],
    ['a.www.example.org', plain],
    ['example.org', plain],
    ['elsewhere.example', plain],
  ] as const)('%s is the exact one, else the one with a wildcard, else the first', ([serverName, expected]) => {
    expect(chosen(all, { serverName })).toBe(expected);
  });

  test.for(['192.0.2.1', '2001:db8::1'])('is never found by the address %s', (serverName) => {
    expect(chosen([wildcard, plain], { serverName })).toBe(wildcard);
  });

  test('is another where its own key cannot sign', () => {
    expect(chosen([{ ...exact, schemes: [p384] }, wildcard], { serverName: 'mail.example.org' })).toBe(wildcard);
  });
});

describe('a credential for listed issuers', () => {
  const gated: Credential = { ...exact, issuers: 'listed' };
  const rootName = parseCertificate(pki.root.der).subject.der;
  const nobody = Uint8Array.of(0x30, 0);

  test('is passed over unless the peer lists one', () => {
    for (const authorities of [undefined, [], [nobody]]) {
      expect(chosen([gated, plain], { authorities })).toBe(plain);
      expect(chosen([gated], { authorities })).toBeUndefined();
    }
    expect(chosen([gated, plain], { authorities: [nobody, rootName] })).toBe(gated);
  });

  test('is found by the issuer of any certificate in its chain', () => {
    const { chain } = credentialFromChain(nativeCrypto, pki.server.chain);
    expect(parseCertificate(chain[0] ?? nobody).issuer.der).not.toEqual(rootName);
    expect(chosen([{ ...gated, chain }], { authorities: [rootName] })).toBeDefined();
  });
});

describe('among credentials that would do', () => {
  test('one from an authority that the peer lists comes before one with the exact name', async () => {
    const other = await issue({ subject: 'CN=other root', ca: {} });
    const listed = await credentialFor(['*.example.org'], other);
    const authorities = [parseCertificate(other.der).subject.der];
    const serverName = 'mail.example.org';
    expect(chosen([exact, listed], { serverName, authorities })).toBe(listed);
    expect(chosen([exact, listed], { serverName })).toBe(exact);
    expect(chosen([plain, exact, await credentialFor([], other)], { serverName, authorities })).toBe(exact);
  });

  test('one whose chain the peer can verify comes first, by signature_algorithms_cert or else signature_algorithms', async () => {
    const rsaRoot = await issue({ subject: 'CN=RSA root', kind: 'rsa-2048', ca: {} });
    const byRsa = await credentialFor(['mail.example.org'], rsaRoot);
    expect(chosen([byRsa, exact])).toBe(exact);
    expect(chosen([exact, byRsa], { certificateSchemes: [pkcs1] })).toBe(byRsa);
    expect(chosen([byRsa, exact], { schemes: [p256, pkcs1] })).toBe(byRsa);
    // No reason to have none (RFC 8446 section 4.4.2.2).
    expect(chosen([byRsa], { certificateSchemes: [p384] })).toBe(byRsa);
    expect(chosen([byRsa, exact], { certificateSchemes: [p384] })).toBe(byRsa);
  });

  test('the signature of a certificate by itself counts for nothing', async () => {
    const selfSigned = credentialFromChain(nativeCrypto, (await issue({ names: ['a.example'] })).chain);
    expect(chosen([selfSigned, exact], { certificateSchemes: [pkcs1] })).toBe(selfSigned);
  });
});
