import 'reflect-metadata';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { X509Crl } from '@peculiar/x509';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CrlOptions, makeCrl, reasonCode } from '../testing/crl.ts';
import { bitString, extensionOf, sequence } from '../testing/encode.ts';
import { Extension, issue, KeyUsageFlags, makePki, type Pki, serverAuth } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { parseCrl } from './crl.ts';
import { CrlStore } from './crl-store.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator, type LocalCertificateValidatorOptions } from './local.ts';
import { Oid } from './oids.ts';
import type { Verdict } from './port.ts';

let pki: Pki;
beforeAll(async () => {
  pki = await makePki();
});

const day = 86_400_000;
const ofRoot = (options: Partial<CrlOptions> = {}): Uint8Array => makeCrl({ issuer: pki.root, ...options });
const ofIntermediate = (options: Partial<CrlOptions> = {}): Uint8Array =>
  makeCrl({ issuer: pki.intermediate, ...options });
const revokesServer = (): Pick<CrlOptions, 'revoked'> => ({ revoked: [{ certificate: pki.server }] });
const aUri = (uri: string): Uint8Array =>
  encodeElement(0xa0, encodeElement(0xa0, encodeElement(0x86, Buffer.from(uri))));

function judge(
  crls: readonly Uint8Array[],
  options: Partial<LocalCertificateValidatorOptions> = {},
  chain: readonly Uint8Array[] = pki.server.chain,
): Verdict {
  const store = new CrlStore();
  for (const [index, der] of crls.entries()) store.put(`crl ${index}`, der);
  const validator = new LocalCertificateValidator({
    crypto: nativeCrypto,
    anchors: [pki.root.der],
    credentials: [],
    revocation: 'require',
    crls: store,
    ...options,
  });
  return validator.validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
  });
}

const unknown = { trusted: false, reason: 'certificate-revocation-unknown', rule: 'RFC 5280 section 6.1.3 (a)(3)' };

describe('a path judged by CRLs', () => {
  it('is trusted where every certificate below the anchor is known not to be revoked', () => {
    expect(judge([ofRoot(), ofIntermediate()])).toMatchObject({ trusted: true });
  });

  it('names the certificate that was revoked, when and why', () => {
    const crl = ofIntermediate({ revoked: [{ certificate: pki.server, extensions: [reasonCode(1)] }] });
    expect(judge([ofRoot(), crl])).toMatchObject({
      trusted: false,
      reason: 'certificate-revoked',
      certificate: { subject: 'CN=localhost', depth: 0 },
      detail: expect.stringMatching(/^"CN=localhost" was revoked at .*Z \(keyCompromise\)/),
    });
  });

  it('is not trusted where an intermediate CA was revoked', () => {
    const verdict = judge([ofRoot({ revoked: [{ certificate: pki.intermediate }] }), ofIntermediate()]);
    expect(verdict).toMatchObject({ reason: 'certificate-revoked', certificate: { depth: 1 } });
  });

  it('needs a CRL for every certificate where status is required, and none where it is preferred', () => {
    expect(judge([ofRoot()])).toMatchObject({ ...unknown, certificate: { depth: 0 } });
    expect(judge([], { revocation: 'prefer' })).toMatchObject({ trusted: true });
  });

  it('does not look where status is off', () => {
    expect(judge([ofRoot(), ofIntermediate(revokesServer())], { revocation: 'off' })).toMatchObject({ trusted: true });
  });

  it('heeds what is known where status is preferred', () => {
    const verdict = judge([ofIntermediate(revokesServer())], { revocation: 'prefer' });
    expect(verdict).toMatchObject({ reason: 'certificate-revoked' });
  });

  it.for<[string, () => Uint8Array, RegExp]>([
    [
      'has expired',
      () => ofIntermediate({ thisUpdate: Date.now() - 9 * day, nextUpdate: Date.now() - day }),
      /expired/,
    ],
    ['is of the future', () => ofIntermediate({ thisUpdate: Date.now() + day }), /not yet valid/],
    ['has no number', () => ofIntermediate({ number: null }), /no CRL number/],
    [
      'has an unknown critical extension',
      () => ofIntermediate({ extensions: [extensionOf('1.2.3', sequence(), true)] }),
      /1\.2\.3/,
    ],
    [
      'has an entry with an unknown critical extension',
      () =>
        ofIntermediate({
          revoked: [{ certificate: pki.client, extensions: [extensionOf('1.2.3', sequence(), true)] }],
        }),
      /1\.2\.3/,
    ],
    ['is signed by another key', () => makeCrl({ issuer: { ...pki.root, der: pki.intermediate.der } }), /not signed/],
    [
      'is about user certificates of another place',
      () => ofIntermediate({ extensions: [idp(aUri('http://elsewhere'))] }),
      /no CRL/,
    ],
    [
      'is about CAs alone',
      () => ofIntermediate({ extensions: [idp(encodeElement(0x82, Uint8Array.of(0xff)))] }),
      /no CRL/,
    ],
    [
      'covers some reasons alone',
      () => ofIntermediate({ extensions: [idp(encodeElement(0x83, Uint8Array.of(6, 0x40)))] }),
      /all reasons/,
    ],
    ['is a delta without its base', () => ofIntermediate({ baseNumber: 1, number: 2 }), /no CRL/],
  ])('does not count a CRL that %s', ([, crl, why]) => {
    expect(judge([ofRoot(), crl()])).toMatchObject({ ...unknown, detail: expect.stringMatching(why) });
  });

  it('takes a CRL whose signer has no key usage that forbids it, and no other', async () => {
    const ca = await issue({ subject: 'CN=No CRLs', ca: {}, issuer: pki.root, keyUsage: KeyUsageFlags.keyCertSign });
    const server = await issue({ names: ['example.org'], issuer: ca, extKeyUsage: [serverAuth] });
    expect(judge([ofRoot(), makeCrl({ issuer: ca })], {}, server.chain)).toMatchObject(unknown);
  });

  it('adds up CRLs for parts of the reasons', () => {
    const keys = ofIntermediate({ extensions: [idp(encodeElement(0x83, Uint8Array.of(5, 0x60)))] });
    const others = ofIntermediate({ extensions: [idp(encodeElement(0x83, Uint8Array.of(7, 0x1f, 0x80)))] });
    expect(judge([ofRoot(), keys, others])).toMatchObject({ trusted: true });
  });

  it('brings a complete CRL up to date with a delta CRL', () => {
    const complete = ofIntermediate();
    const delta = ofIntermediate({ number: 2, baseNumber: 1, ...revokesServer() });
    expect(judge([ofRoot(), complete, delta])).toMatchObject({ reason: 'certificate-revoked' });
    const held = ofIntermediate(revokesServer());
    const removed = { certificate: pki.server, extensions: [reasonCode(8)] };
    const release = ofIntermediate({ number: 2, baseNumber: 1, revoked: [removed] });
    expect(judge([ofRoot(), held, release])).toMatchObject({ trusted: true });
  });

  it('takes an indirect CRL where the certificate names its issuer, and knows whose entries are whose', async () => {
    const crlIssuer = await issue({ subject: 'CN=CRL Issuer', issuer: pki.root, keyUsage: KeyUsageFlags.cRLSign });
    const name = parseCertificate(crlIssuer.der).subject.der;
    const point = sequence(encodeElement(0xa2, encodeElement(0xa4, name)));
    const points = new Extension(Oid.crlDistributionPoints, false, sequence(point));
    const server = await issue({
      names: ['a.example'],
      issuer: pki.intermediate,
      extKeyUsage: [serverAuth],
      extensions: [points],
    });
    const isIndirect = idp(encodeElement(0x84, Uint8Array.of(0xff)));
    const chain = [...server.chain, crlIssuer.der];
    const of = (revoked: CrlOptions['revoked']) =>
      judge([ofRoot(), makeCrl({ issuer: crlIssuer, extensions: [isIndirect], revoked: revoked ?? [] })], {}, chain);
    const caName = parseCertificate(pki.intermediate.der).subject.der;
    const byCa = extensionOf(Oid.certificateIssuer, sequence(encodeElement(0xa4, caName)), true);
    expect(of([])).toMatchObject({ trusted: true });
    expect(of([{ certificate: server }])).toMatchObject({ trusted: true });
    expect(of([{ certificate: server, extensions: [byCa] }])).toMatchObject({ reason: 'certificate-revoked' });
  });

  it('does not believe a signer of CRLs that the anchor does not vouch for', async () => {
    const impostor = await issue({ subject: pki.intermediate.subject, ca: {} });
    const verdict = judge([ofRoot(), makeCrl({ issuer: impostor })], {}, [...pki.server.chain, impostor.der]);
    expect(verdict).toMatchObject(unknown);
  });

  it('counts what is put into the store later, in the place of what was there', () => {
    const crls = new CrlStore();
    const options = { crypto: nativeCrypto, anchors: [pki.root.der], credentials: [], crls };
    const validator = new LocalCertificateValidator(options);
    const ask = () =>
      validator.validate({
        chain: pki.server.chain,
        purpose: 'server',
        serverName: undefined,
        time: Date.now(),
        ocspResponse: undefined,
        signedCertificateTimestamps: [],
      });
    crls.put('http://ca', ofIntermediate(revokesServer()));
    expect(ask()).toMatchObject({ reason: 'certificate-revoked' });
    crls.put('http://ca', ofIntermediate());
    expect(ask()).toMatchObject({ trusted: true });
  });
});

describe('reading a CRL', () => {
  it('agrees with another reader', () => {
    const der = ofIntermediate({ revoked: [{ certificate: pki.server, extensions: [reasonCode(4)] }] });
    const [ours, theirs] = [parseCrl(der), new X509Crl(der)];
    expect(ours.thisUpdate).toBe(theirs.thisUpdate.getTime());
    expect(ours.nextUpdate).toBe(theirs.nextUpdate?.getTime());
    const { issuer, serialNumber } = parseCertificate(pki.server.der);
    const [entry] = theirs.entries;
    expect(ours.revocationOf(issuer, serialNumber)).toEqual({
      time: entry?.revocationDate.getTime(),
      reason: 'superseded',
    });
    expect(BigInt(`0x${entry?.serialNumber}`)).toBe(BigInt(`0x${Buffer.from(serialNumber).toString('hex')}`));
  });

  it('refuses an algorithm outside that differs from the one inside', () => {
    const der = parseCrl(ofRoot());
    const other = sequence(encodeElement(0x06, Uint8Array.of(0x2a, 0x03)));
    const forged = sequence(der.tbs, other, bitString(der.signature));
    expect(() => parseCrl(forged)).toThrow(expect.objectContaining({ reason: 'certificate-malformed' }));
  });

  it('refuses malformed bytes with a typed error, whatever is changed', () => {
    const der = ofIntermediate({ revoked: [{ certificate: pki.server, extensions: [reasonCode(1)] }], baseNumber: 1 });
    fc.assert(
      fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
        const changed = der.map((octet, at) => (at === index ? octet ^ flip : octet));
        try {
          parseCrl(changed);
        } catch (error) {
          expect(error).toBeInstanceOf(TlsError);
        }
      }),
    );
  });
});

/** IssuingDistributionPoint as an extension. */
function idp(...fields: readonly Uint8Array[]): Uint8Array {
  return extensionOf(Oid.issuingDistributionPoint, sequence(...fields), true);
}
