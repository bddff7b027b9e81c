import { constants, sign } from 'node:crypto';
import type { CryptoProvider, PublicKey } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { extension, extensionOid, forge } from '../testing/forge.ts';
import {
  BasicConstraintsExtension,
  clientAuth,
  Extension,
  type Issued,
  issue,
  KeyUsageFlags,
  makePki,
  type Pki,
  SubjectAlternativeNameExtension,
  serverAuth,
} from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { DerReader, enterOnly, Tag } from './der/reader.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator } from './local.ts';
import type { ValidationRequest, Verdict } from './port.ts';
import { limits } from './work-budget.ts';

let pki: Pki;
beforeAll(async () => {
  pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
});

const bytes = (...octets: number[]): Uint8Array => Uint8Array.from(octets);
const days = (count: number): Date => new Date(Date.now() + count * 86_400_000);

function validatorWith(anchors: readonly Uint8Array[]): LocalCertificateValidator {
  return new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials: [] });
}

/** The native provider with another way to verify signatures. */
function withVerify(
  verify: (key: PublicKey, ...signature: Parameters<PublicKey['verify']>) => boolean,
): CryptoProvider {
  return {
    ...nativeCrypto,
    importPublicKey(spki) {
      const key = nativeCrypto.importPublicKey(spki);
      const encryptPremaster = (premaster: Uint8Array): Uint8Array => key.encryptPremaster(premaster);
      return { kind: key.kind, bits: key.bits, encryptPremaster, verify: (...signature) => verify(key, ...signature) };
    },
  };
}

function validate(
  chain: readonly Uint8Array[],
  {
    anchors = [pki.root.der],
    validator = validatorWith(anchors),
    ...request
  }: Partial<ValidationRequest> & { anchors?: readonly Uint8Array[]; validator?: LocalCertificateValidator } = {},
): Verdict {
  return validator.validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
    ...request,
  });
}

/** `[trusted]`, or why not, and which certificate. */
function outcome(verdict: Verdict): readonly (string | number | undefined)[] {
  return verdict.trusted ? ['trusted'] : [verdict.reason, verdict.certificate?.subject, verdict.certificate?.depth];
}

/** A server certificate, issued by an intermediate CA of the root's. */
async function chainOf(
  ca: Partial<Parameters<typeof issue>[0]>,
  server: Partial<Parameters<typeof issue>[0]> = {},
): Promise<readonly Issued[]> {
  const intermediate = await issue({ subject: 'CN=CA', ca: {}, issuer: pki.root, ...ca });
  return [await issue({ names: ['example.org'], issuer: intermediate, ...server }), intermediate];
}

const ders = (issued: readonly Issued[]): readonly Uint8Array[] => issued.map(({ der }) => der);

describe('a path', () => {
  it.for(['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048'] as const)(
    'is trusted where a CA with a key of %s signed it',
    async (kind) => {
      const ca = await issue({ subject: 'CN=CA', ca: {}, kind, issuer: pki.root });
      const server = await issue({ names: ['example.org'], issuer: ca });
      expect(outcome(validate(server.chain, { serverName: 'example.org' }))).toEqual(['trusted']);
    },
  );

  it.for([
    ['ecdsa-p256', 'SHA-384'],
    ['ecdsa-p384', 'SHA-256'],
    ['ecdsa-p521', 'SHA-512'],
    ['rsa-2048', 'SHA-384'],
    ['rsa-2048', 'SHA-512'],
  ] as const)('is trusted with a signature of %s over %s', async ([kind, hash]) => {
    const ca = await issue({ subject: 'CN=CA', ca: {}, kind, issuer: pki.root });
    const server = await issue({ names: ['example.org'], issuer: ca, hash });
    expect(outcome(validate(server.chain))).toEqual(['trusted']);
  });

  it('ends at any certificate that is an anchor', () => {
    const { intermediate, server, selfSigned } = pki;
    expect(validate([server.der], { anchors: [intermediate.der] })).toMatchObject({
      path: [server.der, intermediate.der],
    });
    expect(validate(server.chain, { anchors: [server.der] })).toMatchObject({ path: [server.der] });
    expect(validate(selfSigned.chain, { anchors: [selfSigned.der] })).toMatchObject({ path: [selfSigned.der] });
  });

  it('that is an anchor itself must still be valid, and for the name', async () => {
    const expired = await issue({ names: ['example.org'], notBefore: days(-9), notAfter: days(-1) });
    expect(outcome(validate([expired.der], { anchors: [expired.der] }))).toContain('certificate-expired');
    const { selfSigned } = pki;
    const verdict = validate([selfSigned.der], { anchors: [selfSigned.der], serverName: 'other.example' });
    expect(outcome(verdict)).toContain('certificate-name-mismatch');
  });

  it('is found whatever the order of the chain, and whatever else is in it', async () => {
    const unrelated = await issue({ subject: 'CN=unrelated', ca: {} });
    const { server, intermediate, root } = pki;
    const chain = [server.der, root.der, unrelated.der, bytes(1), server.der, intermediate.der, intermediate.der];
    expect(validate(chain)).toMatchObject({ path: [server.der, intermediate.der, root.der] });
  });

  it('is found through names that differ in case and spaces', async () => {
    const intermediate = await issue({ subject: 'CN=A CA', ca: {}, issuer: pki.root });
    const server = await issue({ names: ['example.org'], issuer: { ...intermediate, subject: 'CN=a  ca' } });
    expect(outcome(validate(server.chain))).toEqual(['trusted']);
  });

  it('is found behind issuers of the same name that lead nowhere', async () => {
    const other = await issue({ subject: 'CN=Other Root', ca: {} });
    const keys = (await issue({})).keys;
    const subject = 'CN=CA';
    const decoys = [
      await issue({ subject, ca: {}, keys, issuer: other }),
      await issue({ subject, ca: {}, keys, issuer: pki.root, notBefore: days(-9), notAfter: days(-1) }),
      await issue({ subject, ca: {}, issuer: pki.root }),
    ];
    const right = await issue({ subject, ca: {}, keys, issuer: pki.root });
    const server = await issue({ names: ['example.org'], issuer: right });
    const chain = [server.der, ...ders(decoys), right.der];
    expect(validate(chain)).toMatchObject({ path: [server.der, right.der, pki.root.der] });
  });

  it('leads to an anchor rather than past it', async () => {
    const other = await issue({ subject: 'CN=Other Root', ca: {} });
    const crossSigned = await issue({ subject: pki.root.subject, ca: {}, keys: pki.root.keys, issuer: other });
    const verdict = validate([...pki.server.chain, crossSigned.der], { anchors: [pki.root.der, other.der] });
    expect(verdict).toMatchObject({ path: [...pki.server.chain, pki.root.der] });
  });

  it('goes by the key identifier first, which saves signatures', async () => {
    const subject = 'CN=CA';
    const decoy = await issue({ subject, ca: {}, issuer: pki.root });
    const right = await issue({ subject, ca: {}, issuer: pki.root });
    const server = await issue({ names: ['example.org'], issuer: right });
    const verify = vi.fn();
    const validator = new LocalCertificateValidator({
      crypto: withVerify((key, ...signature) => {
        verify();
        return key.verify(...signature);
      }),
      anchors: [pki.root.der],
      credentials: [],
    });
    expect(outcome(validate([server.der, decoy.der, right.der], { validator }))).toEqual(['trusted']);
    expect(verify).toHaveBeenCalledTimes(2);
  });

  it('that came further than another is the one that is told about', async () => {
    const other = await issue({ subject: 'CN=Other Root', ca: {} });
    const right = await issue({ subject: 'CN=CA', ca: {}, issuer: other });
    const decoy = await issue({ subject: 'CN=CA', ca: {}, issuer: other });
    const server = await issue({ names: ['example.org'], issuer: right });
    for (const chain of [
      [server.der, right.der, decoy.der],
      [server.der, decoy.der, right.der],
    ]) {
      expect(outcome(validate(chain))).toEqual(['certificate-issuer-unknown', 'CN=CA', 1]);
    }
  });

  it('does not run in circles', async () => {
    const a = await issue({ subject: 'CN=A', ca: {} });
    const b = await issue({ subject: 'CN=B', ca: {}, issuer: a });
    const aByB = await issue({ subject: 'CN=A', ca: {}, keys: a.keys, issuer: b });
    const server = await issue({ names: ['example.org'], issuer: b });
    expect(outcome(validate([server.der, b.der, aByB.der]))).toEqual(['certificate-issuer-unknown', 'CN=A', 2]);
  });
});

describe('an issuer that is missing', () => {
  it('is named, with the place where it can be had', async () => {
    const server = await issue({
      names: ['example.org'],
      issuer: pki.intermediate,
      caIssuers: 'http://ca.example/ca.cer',
    });
    const verdict = validate([server.der]);
    expect(outcome(verdict)).toEqual(['certificate-issuer-unknown', 'CN=example.org', 0]);
    expect(verdict).toMatchObject({
      detail:
        '"CN=Handfast Test CA,O=Handfast", the issuer of "CN=example.org", was not sent and is not among ' +
        'the trust anchors; it can be had from "http://ca.example/ca.cer"',
    });
  });

  it('is told of the last certificate of the path, not of the first', () => {
    const verdict = validate(pki.server.chain, { anchors: [pki.selfSigned.der] });
    expect(outcome(verdict)).toEqual(['certificate-issuer-unknown', 'CN=Handfast Test CA,O=Handfast', 1]);
  });

  it('is said to be untrusted where it was sent, and signed itself', () => {
    const verdict = validate([...pki.server.chain, pki.root.der], { anchors: [] });
    expect(outcome(verdict)).toEqual(['certificate-issuer-unknown', 'CN=Handfast Test Root,O=Handfast', 2]);
    expect(verdict).toMatchObject({ detail: expect.stringContaining('self-signed') });
  });

  it('may be one that was sent, but is malformed', () => {
    const verdict = validate([pki.server.der, pki.intermediate.der.subarray(1)]);
    expect(verdict).toMatchObject({
      reason: 'certificate-malformed',
      detail: expect.stringContaining('certificate 1 of the chain'),
    });
  });

  it('is not blamed on a malformed certificate where something else is wrong', () => {
    expect(outcome(validate([...pki.expired.chain, bytes(1)]))).toContain('certificate-expired');
  });

  it('is no issue where the chain is empty', () => {
    expect(outcome(validate([]))).toContain('certificate-missing');
  });
});

describe('the certificate that broke a rule is named, not the end entity', () => {
  it('an expired root', async () => {
    const root = await issue({ subject: 'CN=Old Root', ca: {}, notBefore: days(-9), notAfter: days(-1) });
    const server = await issue({ names: ['example.org'], issuer: root });
    const verdict = validate([server.der], { anchors: [root.der] });
    expect(outcome(verdict)).toEqual(['certificate-expired', 'CN=Old Root', 1]);
    expect(verdict).toMatchObject({ detail: expect.stringContaining('"CN=Old Root" expired at') });
  });

  it.for<[string, string, Parameters<typeof chainOf>[0]]>([
    ['expired', 'certificate-expired', { notBefore: days(-9), notAfter: days(-1) }],
    ['is not yet valid', 'certificate-not-yet-valid', { notBefore: days(1), notAfter: days(9) }],
    ['may not sign certificates', 'certificate-key-usage', { keyUsage: KeyUsageFlags.cRLSign }],
    ['is for clients only', 'certificate-purpose', { extKeyUsage: [clientAuth] }],
    ['has a short RSA key', 'certificate-weak', { kind: 'rsa-1024' }],
    ['is signed over SHA-1', 'certificate-weak', { hash: 'SHA-1' }],
    [
      'has an unknown critical extension',
      'certificate-unsupported',
      { extensions: [new Extension('1.2.3.4', true, bytes(5, 0))] },
    ],
  ])('an intermediate CA that %s', async ([, reason, ca]) => {
    const chain = await chainOf(ca);
    expect(outcome(validate(ders(chain)))).toEqual([reason, 'CN=CA', 1]);
  });
});

describe('a CA', () => {
  it('must be one by its basicConstraints', async () => {
    const ca = await issue({ subject: 'CN=CA', issuer: pki.root, keyUsage: KeyUsageFlags.keyCertSign });
    const server = await issue({ names: ['example.org'], issuer: ca });
    expect(outcome(validate(server.chain))).toEqual(['certificate-not-a-ca', 'CN=CA', 1]);
    const no = new BasicConstraintsExtension(false, undefined, true);
    expect(outcome(validate(ders(await chainOf({ extensions: [no] }))))).toContain('certificate-malformed');
  });

  it('cannot be of version 1, but for an anchor', async () => {
    const v1 = (issued: Issued, signer: Issued): Uint8Array =>
      forge(issued, signer, () => ({ version: undefined, extensions: undefined }));
    const [server, ca] = await chainOf({});
    if (server === undefined || ca === undefined) throw new Error('no chain');
    expect(outcome(validate([server.der, v1(ca, pki.root)]))).toEqual(['certificate-not-a-ca', 'CN=CA', 1]);
    const oldRoot = v1(pki.root, pki.root);
    expect(outcome(validate(pki.server.chain, { anchors: [oldRoot] }))).toEqual(['trusted']);
  });

  it('as an anchor must be one as well', async () => {
    const anchor = await issue({ subject: 'CN=No CA' });
    const server = await issue({ names: ['example.org'], issuer: anchor });
    expect(outcome(validate([server.der], { anchors: [anchor.der] }))).toEqual(['certificate-not-a-ca', 'CN=No CA', 1]);
  });

  it('as an anchor may have a serial number of zero', () => {
    const anchor = forge(pki.root, pki.root, () => ({ serialNumber: bytes(2, 1, 0) }));
    expect(outcome(validate(pki.server.chain, { anchors: [anchor] }))).toEqual(['trusted']);
  });

  it('may lack a key usage', async () => {
    expect(outcome(validate(ders(await chainOf({ keyUsage: null }))))).toEqual(['trusted']);
  });

  it('may limit the number of CAs below it, not counting self-issued ones', async () => {
    const top = await issue({ subject: 'CN=Top', ca: { pathLength: 0 }, issuer: pki.root });
    const rolled = await issue({ subject: 'CN=Top', ca: {}, issuer: top });
    const below = await issue({ subject: 'CN=Below', ca: {}, issuer: top });
    const fine = await issue({ names: ['example.org'], issuer: rolled });
    const tooDeep = await issue({ names: ['example.org'], issuer: below });
    expect(outcome(validate(fine.chain))).toEqual(['trusted']);
    expect(outcome(validate(tooDeep.chain))).toEqual(['certificate-path-too-long', 'CN=Top', 2]);
  });

  it('may limit the names below it, on every certificate there', async () => {
    const dns = (name: string): Uint8Array =>
      encodeElement(Tag.SEQUENCE, encodeElement(0x82, new TextEncoder().encode(name)));
    const permitted = encodeElement(Tag.SEQUENCE, encodeElement(0xa0, dns('example.org')));
    const extensions = [new Extension('2.5.29.30', true, permitted)];
    const names = new SubjectAlternativeNameExtension([{ type: 'dns', value: 'ca.example.com' }]);
    const top = await issue({ subject: 'CN=Top', ca: {}, issuer: pki.root, extensions });
    for (const [subject, expected] of [
      ['CN=Below', ['certificate-rejected', 'CN=Below', 1]],
      // A self-issued CA is a new key of the same CA, which its own constraints do not touch.
      ['CN=Top', ['trusted']],
    ] as const) {
      const below = await issue({ subject, ca: {}, issuer: top, extensions: [names] });
      const server = await issue({ names: ['example.org'], issuer: below });
      expect(outcome(validate(server.chain))).toEqual(expected);
    }
    const asItsCa = await issue({ subject: 'CN=Top', issuer: top, names: ['example.com'] });
    expect(outcome(validate(asItsCa.chain))).toEqual(['certificate-rejected', 'CN=Top', 0]);
    const verdictFor = async (names: readonly string[]) => validate(ders(await chainOf({ extensions }, { names })));
    expect(outcome(await verdictFor(['www.example.org']))).toEqual(['trusted']);
    const verdict = await verdictFor(['www.example.org', 'example.com']);
    expect(outcome(verdict)).toEqual(['certificate-rejected', 'CN=www.example.org', 0]);
    expect(verdict).toMatchObject({ detail: '"CN=CA" may not issue for "example.com", by its name constraints' });
  });
});

describe('an end entity', () => {
  it.for<[string, string, Partial<Parameters<typeof issue>[0]>]>([
    ['of another purpose', 'certificate-purpose', { extKeyUsage: [clientAuth] }],
    ['that may not sign', 'certificate-key-usage', { keyUsage: KeyUsageFlags.keyEncipherment }],
    ['with a short RSA key', 'certificate-weak', { kind: 'rsa-1024' }],
    ['that is signed over SHA-1', 'certificate-weak', { hash: 'SHA-1' }],
    [
      'with an unknown critical extension',
      'certificate-unsupported',
      { extensions: [new Extension('1.2.3.4', true, bytes(5, 0))] },
    ],
    [
      'with authorityInfoAccess marked critical',
      'certificate-malformed',
      {
        extensions: [
          new Extension('1.3.6.1.5.5.7.1.1', true, Buffer.from('3010300e06082b060105050730018602613a', 'hex')),
        ],
      },
    ],
  ])('%s is refused', async ([, reason, options]) => {
    const server = await issue({ names: ['example.org'], issuer: pki.root, ...options });
    expect(outcome(validate([server.der]))).toEqual([reason, 'CN=example.org', 0]);
  });

  it.for<[string, Partial<Parameters<typeof issue>[0]>]>([
    ['with any purpose', { extKeyUsage: ['2.5.29.37.0'] }],
    ['with several purposes', { extKeyUsage: [clientAuth, serverAuth] }],
    ['without a key usage', { keyUsage: null }],
    ['with an unknown extension that is not critical', { extensions: [new Extension('1.2.3.4', false, bytes(5, 0))] }],
  ])('%s is trusted', async ([, options]) => {
    const server = await issue({ names: ['example.org'], issuer: pki.root, ...options });
    expect(outcome(validate([server.der]))).toEqual(['trusted']);
  });

  it('is not valid at a time that is none', () => {
    expect(outcome(validate(pki.server.chain, { time: Number.NaN }))).toContain('certificate-not-yet-valid');
  });

  it('is valid in the second of notAfter, and no longer', () => {
    const time = Date.parse('2030-01-01T00:00:00Z');
    const validity = encodeElement(
      Tag.SEQUENCE,
      encodeElement(Tag.UTC_TIME, new TextEncoder().encode('250101000000Z')),
      encodeElement(Tag.UTC_TIME, new TextEncoder().encode('300101000000Z')),
    );
    const der = forge(pki.selfSigned, pki.selfSigned, () => ({ validity }));
    const at = (when: number): string => String(outcome(validate([der], { anchors: [der], time: when }))[0]);
    expect(at(time + 999)).toBe('trusted');
    expect(at(time + 1000)).toBe('certificate-expired');
    expect(at(Date.parse('2025-01-01T00:00:00Z'))).toBe('trusted');
    expect(at(Date.parse('2025-01-01T00:00:00Z') - 1)).toBe('certificate-not-yet-valid');
  });

  it.for<[string, Parameters<typeof forge>[2]]>([
    ['a serial number of zero', () => ({ serialNumber: bytes(2, 1, 0) })],
    ['a negative serial number', () => ({ serialNumber: bytes(2, 1, 0x80) })],
    [
      'a serial number of 21 octets',
      () => ({ serialNumber: encodeElement(Tag.INTEGER, new Uint8Array(21).fill(0x11)) }),
    ],
    ['no issuer', () => ({ issuer: bytes(0x30, 0) })],
    ['neither subject nor names', () => ({ subject: bytes(0x30, 0), extensions: undefined, version: undefined })],
    ['no subject, and names that are not critical', () => ({ subject: bytes(0x30, 0) })],
    [
      'name constraints',
      ({ extensions = [] }) => ({
        extensions: [...extensions, extension(extensionOid(30), true, bytes(0x30, 7, 0xa0, 5, 0x30, 3, 0x82, 1, 0x61))],
      }),
    ],
  ])('with %s is refused', ([, change]) => {
    const der = forge(pki.server, pki.intermediate, change);
    expect(outcome(validate([der, pki.intermediate.der]))).toContain('certificate-malformed');
  });

  it('with a serial number of 20 octets, the first one above 127, is trusted', () => {
    const serialNumber = encodeElement(Tag.INTEGER, bytes(0, ...new Array(20).fill(0xff)));
    const der = forge(pki.server, pki.intermediate, () => ({ serialNumber }));
    expect(outcome(validate([der, pki.intermediate.der]))).toEqual(['trusted']);
  });

  it('with a key of an unknown kind is refused', () => {
    const der = forge(pki.server, pki.intermediate, ({ spki: known }) => ({
      spki: Buffer.from(Buffer.from(known).toString('hex').replace('2a8648ce3d030107', '2a8648ce3d03017f'), 'hex'),
    }));
    expect(outcome(validate([der, pki.intermediate.der]))).toEqual(['certificate-unsupported', 'CN=localhost', 0]);
  });
});

describe('a signature', () => {
  it('over other bytes is refused', () => {
    const der = new Uint8Array(pki.server.der);
    const end = der.length - 1;
    der[end] = (der[end] ?? 0) ^ 1;
    expect(outcome(validate([der, pki.intermediate.der]))).toEqual([
      'certificate-signature-invalid',
      'CN=localhost',
      0,
    ]);
  });

  it('of an algorithm that is not known is refused', () => {
    const signature = encodeElement(Tag.SEQUENCE, encodeElement(Tag.OBJECT_IDENTIFIER, bytes(0x2a, 3, 4)));
    const der = forge(pki.server, pki.intermediate, () => ({ signature }));
    expect(outcome(validate([der, pki.intermediate.der]))).toEqual(['certificate-unsupported', 'CN=localhost', 0]);
  });

  it('of ECDSA with parameters, which has none, is refused', () => {
    const oid = encodeElement(Tag.OBJECT_IDENTIFIER, bytes(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2));
    const der = forge(pki.server, pki.intermediate, () => ({
      signature: encodeElement(Tag.SEQUENCE, oid, bytes(5, 0)),
    }));
    expect(outcome(validate([der, pki.intermediate.der]))).toContain('certificate-unsupported');
  });

  it('of an anchor is of no matter', async () => {
    const root = await issue({ subject: 'CN=SHA-1 Root', ca: {}, hash: 'SHA-1' });
    const server = await issue({ names: ['example.org'], issuer: root });
    expect(outcome(validate([server.der], { anchors: [root.der] }))).toEqual(['trusted']);
  });

  describe('by RSASSA-PSS', () => {
    const algorithm = (oid: string, ...parameters: Uint8Array[]): Uint8Array =>
      encodeElement(Tag.SEQUENCE, encodeElement(Tag.OBJECT_IDENTIFIER, Buffer.from(oid, 'hex')), ...parameters);
    const [rsassaPss, mgf1] = ['2a864886f70d01010a', '2a864886f70d010108'];
    const hashes = { sha1: '2b0e03021a', sha256: '608648016503040201', sha384: '608648016503040202' } as const;
    const hashOid = (hash: keyof typeof hashes): Uint8Array => algorithm(hashes[hash]);
    const pss = (hash: keyof typeof hashes, maskHash: keyof typeof hashes, salt: number): Uint8Array =>
      algorithm(
        rsassaPss,
        encodeElement(
          Tag.SEQUENCE,
          encodeElement(0xa0, hashOid(hash)),
          encodeElement(0xa1, algorithm(mgf1, hashOid(maskHash))),
          encodeElement(0xa2, bytes(2, 1, salt)),
        ),
      );

    async function verdictOn(signature: Uint8Array, saltLength: number, hash = 'sha256'): Promise<Verdict> {
      const ca = await issue({ subject: 'CN=RSA CA', ca: {}, kind: 'rsa-2048', issuer: pki.root });
      const server = await issue({ names: ['example.org'], issuer: ca });
      const unsigned = forge(server, pki.root, () => ({ signature }));
      const tbs = enterOnly(unsigned, Tag.SEQUENCE, 'test').readElement(Tag.SEQUENCE, 'test');
      const key = { key: ca.keys.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
      const value = encodeElement(Tag.BIT_STRING, bytes(0), sign(hash, tbs, key));
      return validate([encodeElement(Tag.SEQUENCE, tbs, signature, value), ca.der]);
    }

    it('is trusted with one hash for all, and a salt as long', async () => {
      expect(outcome(await verdictOn(pss('sha256', 'sha256', 32), 32))).toEqual(['trusted']);
      expect(outcome(await verdictOn(pss('sha384', 'sha384', 48), 48, 'sha384'))).toEqual(['trusted']);
    });

    it('is refused as unsupported with other parameters', async () => {
      for (const parameters of [pss('sha256', 'sha384', 32), pss('sha256', 'sha256', 20), algorithm(rsassaPss)]) {
        expect(outcome(await verdictOn(parameters, 32))).toContain('certificate-unsupported');
      }
    });

    it('is refused as weak over SHA-1, which is what parameters that are left out mean', async () => {
      for (const parameters of [pss('sha1', 'sha1', 20), algorithm(rsassaPss, bytes(0x30, 0))]) {
        expect(outcome(await verdictOn(parameters, 20, 'sha1'))).toContain('certificate-weak');
      }
    });
  });
});

describe('the path of a chain that is refused', () => {
  const pathOf = (verdict: Verdict): readonly string[] =>
    (verdict.path ?? []).map((der) => parseCertificate(der).subject.text.split(',')[0] ?? '');

  it('is shown up to the anchor, also where the end entity is what is wrong', () => {
    expect(pathOf(validate(pki.expired.chain))).toEqual([
      'CN=localhost',
      'CN=Handfast Test CA',
      'CN=Handfast Test Root',
    ]);
    expect(pathOf(validate(pki.wrongName.chain))).toEqual([
      'CN=wrong.example',
      'CN=Handfast Test CA',
      'CN=Handfast Test Root',
    ]);
  });

  it('is shown as far as it came', () => {
    expect(pathOf(validate([pki.expired.der]))).toEqual(['CN=localhost']);
  });

  it('is rather one that led to an anchor than a longer one that did not', async () => {
    const root = await issue({ subject: 'CN=Old Root', ca: {}, notBefore: days(-9), notAfter: days(-1) });
    const other = await issue({ subject: 'CN=Other Root', ca: {} });
    const cross = await issue({ subject: 'CN=Old Root', ca: {}, issuer: other, keys: root.keys });
    const ca = await issue({ subject: 'CN=CA', ca: {}, issuer: root });
    const server = await issue({ names: ['example.org'], issuer: ca });
    const verdict = validate([server.der, ca.der, cross.der], { validator: validatorWith([root.der]) });
    expect(outcome(verdict)).toEqual(['certificate-expired', 'CN=Old Root', 2]);
    expect(pathOf(verdict)).toEqual(['CN=example.org', 'CN=CA', 'CN=Old Root']);
  });
});

describe('the work is bounded', () => {
  it('in the length of a path', async () => {
    const chain: Issued[] = [];
    for (let depth = 0; depth <= limits.intermediates; depth++) {
      chain.unshift(await issue({ subject: `CN=CA ${depth}`, ca: {}, issuer: chain[0] ?? pki.root }));
    }
    const [last, ...above] = chain;
    const tooDeep = await issue({ names: ['example.org'], issuer: last });
    const deepest = await issue({ names: ['example.org'], issuer: above[0] });
    expect(outcome(validate(deepest.chain))).toEqual(['trusted']);
    expect(outcome(validate(tooDeep.chain))).toEqual([
      'certificate-path-too-long',
      'CN=CA 0',
      limits.intermediates + 1,
    ]);
  });

  const casOfOneName = (count: number, options: Partial<Parameters<typeof issue>[0]> = {}) =>
    Promise.all(
      Array.from({ length: count }, () =>
        issue({ subject: 'CN=CA', issuer: { ...pki.root, subject: 'CN=CA' }, ca: {}, ...options }),
      ),
    );

  it('in the number of signatures', async () => {
    const [first, ...others] = await casOfOneName(40);
    const server = await issue({ names: ['example.org'], issuer: first });
    const { tbs } = parseCertificate(server.der);
    // Every CA seems to have issued the server's certificate, and none the others'.
    const crypto = withVerify((_key, _scheme, message) => Buffer.from(message).equals(tbs));
    const validator = new LocalCertificateValidator({ crypto, anchors: [pki.root.der], credentials: [] });
    const verdict = validate([server.der, ...ders(others)], { validator });
    expect(outcome(verdict)).toContain('certificate-path-too-long');
    expect(verdict).toMatchObject({ detail: expect.stringContaining(`${limits.signatures} signatures`) });
  });

  it('in the number of candidates', async () => {
    const [first, ...others] = await casOfOneName(6);
    const expired = await casOfOneName(60, { notBefore: days(-9), notAfter: days(-1) });
    const server = await issue({ names: ['example.org'], issuer: first });
    // Every CA seems to have issued every other.
    const crypto = withVerify(() => true);
    const validator = new LocalCertificateValidator({ crypto, anchors: [pki.root.der], credentials: [] });
    const verdict = validate([server.der, ...ders(others), ...ders(expired)], { validator });
    expect(outcome(verdict)).toContain('certificate-path-too-long');
    expect(verdict).toMatchObject({ detail: expect.stringContaining(`${limits.candidates} candidates`) });
  });

  it('in the number of paths that are judged as a whole', async () => {
    const root = await issue({ subject: 'CN=Root', ca: {} });
    const anchors = [root];
    while (anchors.length <= limits.completePaths)
      anchors.push(await issue({ subject: 'CN=Root', ca: {}, keys: root.keys }));
    const server = await issue({ names: ['example.org'], issuer: root });
    const policies = { acceptable: undefined, explicit: true, inhibitMapping: false, inhibitAnyPolicy: false };
    const options = { crypto: nativeCrypto, anchors: ders(anchors), credentials: [], policies };
    const verdict = validate([server.der], { validator: new LocalCertificateValidator(options) });
    expect(outcome(verdict)).toContain('certificate-path-too-long');
    expect(verdict).toMatchObject({ detail: expect.stringContaining(`${limits.completePaths} complete paths`) });
  });

  it('in the number of comparisons of names', async () => {
    const subtree = (index: number): Uint8Array =>
      encodeElement(Tag.SEQUENCE, encodeElement(0x82, new TextEncoder().encode(`n${index}.example`)));
    const subtrees = Array.from({ length: 1000 }, (_, index) => subtree(index));
    const excluded = encodeElement(Tag.SEQUENCE, encodeElement(0xa1, ...subtrees));
    const names = Array.from({ length: 200 }, (_, index) => `m${index}.example`);
    const chain = await chainOf({ extensions: [new Extension('2.5.29.30', true, excluded)] }, { names });
    const verdict = validate(ders(chain));
    expect(outcome(verdict)).toContain('certificate-path-too-long');
    expect(verdict).toMatchObject({ detail: expect.stringContaining('comparisons of names') });
  });

  it('in the number of certificates that are looked at', () => {
    const filler = Array.from({ length: limits.certificates }, () => pki.root.der);
    expect(outcome(validate([pki.server.der, ...filler, pki.intermediate.der]))).toContain(
      'certificate-issuer-unknown',
    );
  });
});

describe('a chain that was seen before', () => {
  it('costs no parse, no import of a key, no signature', async () => {
    const { server, root } = await makePki();
    const verified = vi.fn();
    const crypto = withVerify((key, ...signature) => {
      verified();
      return key.verify(...signature);
    });
    const imported = vi.spyOn(crypto, 'importPublicKey');
    const validator = new LocalCertificateValidator({ crypto, anchors: [root.der], credentials: [] });
    const enter = vi.spyOn(DerReader.prototype, 'enter');
    const cold = validate(server.chain, { validator });
    expect([imported.mock.calls.length, verified.mock.calls.length]).toEqual([3, 2]);
    expect(enter).toHaveBeenCalled();
    enter.mockClear();
    const copies = server.chain.map((der) => new Uint8Array(der));
    const warm = validate(copies, { validator });
    expect([imported.mock.calls.length, verified.mock.calls.length]).toEqual([3, 2]);
    expect(enter).not.toHaveBeenCalled();
    expect(warm).toEqual(cold);
    enter.mockRestore();
  });

  it('is judged anew by time, purpose and name', () => {
    const validator = validatorWith([pki.root.der]);
    const { chain } = pki.server;
    expect(outcome(validate(chain, { validator, serverName: 'example.org' }))).toEqual(['trusted']);
    expect(outcome(validate(chain, { validator, serverName: 'other.example' }))).toContain('certificate-name-mismatch');
    expect(outcome(validate(chain, { validator, purpose: 'client' }))).toContain('certificate-purpose');
    expect(outcome(validate(chain, { validator, time: 0 }))).toContain('certificate-not-yet-valid');
  });
});

describe('the trust store', () => {
  it('says which anchor it cannot read', () => {
    expect(() => validatorWith([pki.root.der, bytes(1)])).toThrow(
      expect.objectContaining({ reason: 'configuration-invalid', detail: expect.stringContaining('trust anchor 1') }),
    );
  });

  it('names every anchor once', async () => {
    const again = await issue({ subject: pki.root.subject, ca: {} });
    const { root, intermediate } = pki;
    expect(validatorWith([root.der, again.der, root.der, intermediate.der]).authorities()).toHaveLength(2);
  });

  it('may hold two CAs of one name', async () => {
    const again = await issue({ subject: pki.root.subject, ca: {} });
    const server = await issue({ names: ['example.org'], issuer: again });
    const anchors = [pki.root.der, again.der];
    expect(outcome(validate(pki.server.chain, { anchors }))).toEqual(['trusted']);
    expect(outcome(validate(server.chain, { anchors }))).toEqual(['trusted']);
  });
});

describe('whatever the chain', () => {
  it('a verdict comes back, not an error', () => {
    const known = fc.constantFrom(...pki.server.chain, pki.root.der, pki.selfSigned.der, pki.client.der);
    const edited = fc.tuple(known, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([der, at, octet]) => {
      const copy = new Uint8Array(der);
      copy[at % copy.length] = octet;
      return copy;
    });
    const certificate = fc.oneof(known, edited, edited, fc.uint8Array({ maxLength: 60 }));
    const validator = validatorWith([pki.root.der]);
    fc.assert(
      fc.property(fc.array(certificate, { maxLength: 6 }), (chain) => {
        const verdict = validate(chain, { validator, serverName: 'example.org' });
        if (verdict.trusted) expect(verdict.path.at(-1)).toEqual(pki.root.der);
        else expect(verdict.detail).not.toBe('');
      }),
      { numRuns: 500 },
    );
  });

  it('a change of any bit of the end entity breaks the trust', () => {
    const validator = validatorWith([pki.root.der]);
    for (let bit = 0; bit < pki.server.der.length * 8; bit += 3) {
      const der = new Uint8Array(pki.server.der);
      der[bit >> 3] = (der[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(validate([der, pki.intermediate.der], { validator }).trusted).toBe(false);
    }
  });
});
