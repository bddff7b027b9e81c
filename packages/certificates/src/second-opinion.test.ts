import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import {
  SubjectAlternativeNameExtension as AltNames,
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509ChainBuilder,
} from '@peculiar/x509';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Issued, type IssueOptions, issue, type KeyKind, KeyUsageFlags, serverAuth } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { hostNamesOf, serialNumberTextOf } from './certificate-text.ts';
import { LocalCertificateValidator } from './local.ts';

const name = fc
  .tuple(fc.stringMatching(/^[A-Za-z0-9åß漢.'-]{1,20}$/), fc.constantFrom('O', 'OU', 'CN'))
  .map(([value, type]) => `${type}=${value}`);
const kind: fc.Arbitrary<KeyKind> = fc.constantFrom('ecdsa-p256', 'ecdsa-p384', 'ed25519', 'rsa-2048');
const host = fc.oneof(
  fc.domain(),
  fc.domain().map((domain) => `*.${domain}`),
  fc.ipV4(),
);
const time = fc.date({ min: new Date('1960-01-01'), max: new Date('2120-01-01'), noInvalidDate: true });

const options: fc.Arbitrary<IssueOptions> = fc.record({
  kind,
  subject: fc.array(name, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(',')),
  names: fc.array(host, { maxLength: 5 }),
  notBefore: time,
  notAfter: time,
  keyUsage: fc.constantFrom(null, KeyUsageFlags.digitalSignature, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
  extKeyUsage: fc.uniqueArray(fc.constantFrom(serverAuth, '1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.9'), { minLength: 1 }),
});

describe('of a certificate, another library', () => {
  it('reads the same', async () => {
    const issuer = await issue({ subject: 'CN=Issuer', ca: { pathLength: 3 } });
    await fc.assert(
      fc.asyncProperty(options, async (wanted) => {
        const { der } = await issue({ ...wanted, issuer });
        const [ours, theirs] = [parseCertificate(der), new X509Certificate(der)];
        expect(ours.notBefore).toBe(theirs.notBefore.getTime());
        expect(ours.notAfter).toBe(theirs.notAfter.getTime());
        expect(BigInt(`0x${serialNumberTextOf(ours)}`)).toBe(BigInt(`0x${theirs.serialNumber}`));
        expect([...ours.subject.der]).toEqual([...new Uint8Array(theirs.subjectName.toArrayBuffer())]);
        expect(hostNamesOf(ours)).toEqual(theirs.getExtension(AltNames)?.names.items.map(({ value }) => value) ?? []);
        expect(ours.extKeyUsage).toEqual(theirs.getExtension(ExtendedKeyUsageExtension)?.usages);
        expect(ours.basicConstraints?.isCa).toBe(theirs.getExtension(BasicConstraintsExtension)?.ca);
        const usages = theirs.getExtension(KeyUsagesExtension)?.usages;
        expect(ours.keyUsage?.digitalSignature).toBe(usages && (usages & KeyUsageFlags.digitalSignature) !== 0);
        expect(hex(ours.subjectKeyIdentifier)).toBe(theirs.getExtension(SubjectKeyIdentifierExtension)?.keyId);
        expect(hex(ours.authorityKeyIdentifier?.keyIdentifier)).toBe(
          theirs.getExtension(AuthorityKeyIdentifierExtension)?.keyId,
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe('of a chain, another builder', () => {
  it('finds the same path, whatever the order and the strangers among it', async () => {
    const root = await issue({ subject: 'CN=Root', ca: {} });
    const upper = await issue({ subject: 'CN=Upper', ca: {}, issuer: root });
    const lower = await issue({ subject: 'CN=Lower', ca: {}, issuer: upper });
    const server = await issue({ names: ['example.org'], issuer: lower, extKeyUsage: [serverAuth] });
    const strangers = [
      await issue({ subject: 'CN=Lower', ca: {} }),
      await issue({ subject: 'CN=Upper', ca: {}, issuer: await issue({ subject: 'CN=Other', ca: {} }) }),
      await issue({ subject: 'CN=Stranger', ca: {}, issuer: root }),
    ];
    const all = [upper, lower, ...strangers];
    await fc.assert(
      fc.asyncProperty(fc.shuffledSubarray(all), async (sent) => {
        const theirs = await new X509ChainBuilder({
          certificates: [...sent, root].map(({ der }) => new X509Certificate(der)),
        }).build(new X509Certificate(server.der), webcrypto);
        const reachesRoot = theirs.some((certificate) => certificate.subject === 'CN=Root');
        const ours = judge(root, [server, ...sent]);
        expect(ours.trusted).toBe(reachesRoot);
        if (ours.trusted) expect(ours.path.map(hex)).toEqual(theirs.map(({ rawData }) => hex(new Uint8Array(rawData))));
      }),
      { numRuns: 40 },
    );
  });
});

function judge(root: Issued, chain: readonly Issued[]) {
  return new LocalCertificateValidator({ crypto: nativeCrypto, anchors: [root.der], credentials: [] }).validate({
    chain: chain.map(({ der }) => der),
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
  });
}

function hex(bytes: Uint8Array | undefined): string | undefined {
  return bytes && Buffer.from(bytes).toString('hex');
}
