import { nativeCrypto } from '@handfast/crypto/native';
import type { AskContext } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { issue, makePki, type Pki, serverAuth } from '../testing/pki.ts';
import { credentialFromChain } from './credential.ts';
import type { CertificateValidator, Credential, ValidationRequest, Verdict } from './port.ts';

export interface CertificateValidatorUnderTest {
  readonly validator: CertificateValidator;
  close?(): void | Promise<void>;
}

/**
 * What every implementation of the {@link CertificateValidator} port must do.
 * @param make gives one with these trust anchors (DER) and credentials
 */
export function certificateValidatorPortTests(
  name: string,
  make: (holdings: {
    readonly anchors: readonly Uint8Array[];
    readonly credentials: readonly Credential[];
  }) => CertificateValidatorUnderTest | Promise<CertificateValidatorUnderTest>,
): void {
  describe(name, () => {
    let pki: Pki;
    let credentials: readonly Credential[];
    let underTest: CertificateValidatorUnderTest;

    beforeAll(async () => {
      pki = await makePki({ kinds: ['ecdsa-p256', 'ed25519', 'rsa-2048'] });
      credentials = Object.values(pki.servers).map(({ chain }) => credentialFromChain(nativeCrypto, chain));
      underTest = await make({ anchors: [pki.root.der], credentials });
    });
    afterAll(() => underTest.close?.());

    async function validate(
      chain: readonly Uint8Array[],
      request: Partial<Omit<ValidationRequest, 'chain'>> = {},
    ): Promise<Verdict> {
      const asked = { purpose: 'server', serverName: 'example.org', time: Date.now(), ...request } as const;
      const unused = { ocspResponse: undefined, signedCertificateTimestamps: [] };
      return await underTest.validator.validate({ ...unused, ...asked, chain }, newContext());
    }

    it('trusts a server whose chain leads to an anchor, and says by which path and who it is', async () => {
      const verdict = await validate(pki.server.chain);
      expect(verdict).toMatchObject({
        trusted: true,
        identity: {
          subject: 'CN=localhost',
          issuer: 'CN=Handfast Test CA,O=Handfast',
          serialNumber: expect.stringMatching(/^([0-9A-F]{2})+$/),
          dnsNames: ['localhost', 'example.org', '*.wild.example.org'],
          fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
          notBefore: expect.any(Number),
          notAfter: expect.any(Number),
        },
      });
      expect(pathOf(verdict)).toEqual([...pki.server.chain, pki.root.der].map(hex));
    });

    it('trusts a client, which proves no name', async () => {
      const verdict = await validate(pki.client.chain, { purpose: 'client', serverName: undefined });
      expect(verdict).toMatchObject({ trusted: true, identity: { subject: 'CN=client ecdsa-p256,O=Handfast' } });
    });

    it('names the missing issuer of a chain that is cut short', async () => {
      expect(await validate([pki.server.der])).toEqual({
        trusted: false,
        reason: 'certificate-issuer-unknown',
        certificate: { subject: 'CN=localhost', depth: 0 },
        detail: expect.stringContaining('CN=Handfast Test CA,O=Handfast'),
        rule: expect.stringContaining('RFC 5280'),
        path: [Uint8Array.from(pki.server.der)],
      });
    });

    it('does not trust a certificate that signed itself', async () => {
      expect(await validate(pki.selfSigned.chain)).toMatchObject({ trusted: false, reason: 'certificate-self-signed' });
    });

    it('does not trust what has expired or is not yet valid', async () => {
      expect(await validate(pki.expired.chain)).toMatchObject({ trusted: false, reason: 'certificate-expired' });
      const early = await validate(pki.notYetValid.chain);
      expect(early).toMatchObject({ trusted: false, reason: 'certificate-not-yet-valid' });
    });

    it('judges by the time that is asked about', async () => {
      const verdict = await validate(pki.server.chain, { time: Date.now() + 1000 * 86_400_000 });
      expect(verdict).toMatchObject({ trusted: false, reason: 'certificate-expired' });
    });

    it('does not trust a certificate for another name', async () => {
      const verdict = await validate(pki.wrongName.chain);
      expect(verdict).toMatchObject({
        trusted: false,
        reason: 'certificate-name-mismatch',
        detail: 'the certificate is for "wrong.example", not for "example.org"',
      });
    });

    it('does not trust a certificate for another purpose', async () => {
      const verdict = await validate(pki.client.chain, { serverName: 'client.example' });
      expect(verdict).toMatchObject({ trusted: false, reason: 'certificate-purpose' });
    });

    it('does not trust a signature that was not made by the issuer', async () => {
      const impostor = await issue({ subject: pki.intermediate.subject, ca: {} });
      const forged = await issue({ names: ['example.org'], issuer: impostor, extKeyUsage: [serverAuth] });
      const verdict = await validate([forged.der, pki.intermediate.der]);
      expect(verdict).toMatchObject({
        trusted: false,
        reason: 'certificate-signature-invalid',
        certificate: { subject: 'CN=example.org', depth: 0 },
      });
    });

    it.for<[string, Uint8Array]>([
      ['random bytes', Uint8Array.of(1, 2, 3)],
      ['an empty certificate', new Uint8Array()],
    ])('answers %s with a verdict', async ([, der]) => {
      expect(await validate([der])).toMatchObject({
        trusted: false,
        reason: 'certificate-malformed',
        certificate: undefined,
      });
    });

    it('answers a certificate that is cut short with a verdict', async () => {
      const verdict = await validate([pki.server.der.subarray(0, -1), pki.intermediate.der]);
      expect(verdict).toMatchObject({ trusted: false, reason: 'certificate-malformed' });
    });

    it('gives the credentials as they are, in their order', async () => {
      expect(await underTest.validator.credentials(newContext())).toEqual(credentials);
    });

    it('gives the names of its anchors', async () => {
      const [name, ...others] = await underTest.validator.authorities(newContext());
      expect(others).toEqual([]);
      expect(Buffer.from(name ?? []).toString('latin1')).toContain('Handfast Test Root');
    });
  });
}

function newContext(): AskContext {
  return {
    id: crypto.randomUUID(),
    deadline: Date.now() + 10_000,
    traceId: crypto.getRandomValues(new Uint8Array(16)),
    spanId: crypto.getRandomValues(new Uint8Array(8)),
    report() {},
    onCancel() {},
  };
}

function pathOf(verdict: Verdict): readonly string[] {
  return verdict.trusted ? verdict.path.map(hex) : [];
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
