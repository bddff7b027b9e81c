import { createHash } from 'node:crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { makeCrl } from '../testing/crl.ts';
import { extensionOf, integer, sequence } from '../testing/encode.ts';
import { makeOcspResponse, type OcspOptions, ocspFailure } from '../testing/ocsp.ts';
import { Extension, type Issued, issue, makePki, type Pki, serverAuth } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { CrlStore } from './crl-store.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator, type LocalCertificateValidatorOptions } from './local.ts';
import { nonceOf, parseOcspResponse } from './ocsp.ts';
import { encodeOcspRequest } from './ocsp-request.ts';
import { OcspStore } from './ocsp-store.ts';
import { Oid } from './oids.ts';
import type { Verdict } from './port.ts';
import { sha1 } from './sha1.ts';

let pki: Pki;
let rootCrl: CrlStore;
beforeAll(async () => {
  pki = await makePki();
  rootCrl = new CrlStore();
  rootCrl.put('root', makeCrl({ issuer: pki.root }));
});

const hour = 3_600_000;
const ocspSigning = '1.3.6.1.5.5.7.3.9';
const response = (options: Partial<OcspOptions> = {}): Uint8Array =>
  makeOcspResponse({ certificate: pki.server, issuer: pki.intermediate, ...options });

function judge(
  staple: Uint8Array | undefined,
  options: Partial<LocalCertificateValidatorOptions> = {},
  chain: readonly Uint8Array[] = pki.server.chain,
): Verdict {
  const validator = new LocalCertificateValidator({
    crypto: nativeCrypto,
    anchors: [pki.root.der],
    credentials: [],
    revocation: 'require',
    crls: rootCrl,
    ...options,
  });
  return validator.validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: staple,
    signedCertificateTimestamps: [],
  });
}

const unknown = { trusted: false, reason: 'certificate-revocation-unknown' };
const badStaple = { trusted: false, reason: 'certificate-status-response', rule: 'RFC 6066 section 8' };

describe('a stapled OCSP response', () => {
  it.for<[string, Partial<OcspOptions>]>([
    ['of the issuer by name', {}],
    ['of the issuer by key', { responderBy: 'key' }],
    ['with SHA-256', { hash: 'sha256' }],
    ['that does not say when it ends', { nextUpdate: null }],
    ['of a clock that is ahead', { thisUpdate: Date.now() + 60_000 }],
  ])('%s proves that a certificate is not revoked', ([, options]) => {
    expect(judge(response(options))).toMatchObject({ trusted: true });
  });

  it('proves that a certificate is revoked, whatever the policy but off', () => {
    const staple = response({ status: 'revoked' });
    expect(judge(staple)).toMatchObject({ reason: 'certificate-revoked', certificate: { depth: 0 } });
    expect(judge(staple, { revocation: 'prefer' })).toMatchObject({ reason: 'certificate-revoked' });
    expect(judge(staple, { revocation: 'off' })).toMatchObject({ trusted: true });
  });

  it.for<[string, () => Uint8Array]>([
    ['that is old', () => response({ nextUpdate: Date.now() - hour })],
    ['that is old and does not say so', () => response({ thisUpdate: Date.now() - 25 * hour, nextUpdate: null })],
    ['of the future', () => response({ thisUpdate: Date.now() + hour })],
    ['of one who does not know', () => response({ status: 'unknown' })],
    ['of one who is busy', () => ocspFailure(3)],
  ])('%s proves nothing', ([, staple]) => {
    expect(judge(staple())).toMatchObject(unknown);
    expect(judge(staple(), { revocation: 'prefer' })).toMatchObject({ trusted: true });
  });

  it.for<[string, () => Uint8Array]>([
    ['that is malformed', () => Uint8Array.of(1, 2, 3)],
    ['of another CA', () => response({ responder: pki.root })],
    ['about another certificate', () => response({ certificate: pki.client })],
    ['about another issuer', () => response({ issuer: pki.root, responder: pki.intermediate })],
    ['with an extension that is critical', () => response({ extensions: [extensionOf('1.2.3', sequence(), true)] })],
    [
      'whose signature was changed',
      () => response().map((octet, index, all) => (index === all.length - 1 ? octet ^ 1 : octet)),
    ],
  ])('%s ends the handshake', ([, staple]) => {
    expect(judge(staple())).toMatchObject(badStaple);
    expect(judge(staple(), { revocation: 'prefer' })).toMatchObject(badStaple);
  });
});

describe('a delegated responder', () => {
  const delegate = (options: Parameters<typeof issue>[0] = {}): Promise<Issued> =>
    issue({ subject: 'CN=Responder', issuer: pki.intermediate, extKeyUsage: [ocspSigning], ...options });
  const by = (responder: Issued): Uint8Array => response({ responder, sendsCertificate: true });

  it('is believed with a certificate for this from the very issuer', async () => {
    expect(judge(by(await delegate()))).toMatchObject({ trusted: true });
    expect(judge(response({ responder: await delegate(), sendsCertificate: true, responderBy: 'key' }))).toMatchObject({
      trusted: true,
    });
  });

  it.for<[string, () => Parameters<typeof issue>[0]]>([
    ['for another purpose', () => ({ extKeyUsage: [serverAuth] })],
    ['from another CA', () => ({ issuer: pki.root })],
    ['that has expired', () => ({ notBefore: new Date(Date.now() - 3 * hour), notAfter: new Date(Date.now() - hour) })],
    [
      'that may not sign',
      () => ({ keyUsage: null, kind: 'ecdsa-p256', issuer: { ...pki.intermediate, keys: pki.root.keys } }),
    ],
  ])('is not believed with a certificate %s', async ([, options]) => {
    expect(judge(by(await delegate(options())))).toMatchObject(badStaple);
  });

  it('is not believed where its certificate was revoked', async () => {
    const responder = await delegate();
    const crls = new CrlStore();
    crls.put('root', makeCrl({ issuer: pki.root }));
    crls.put('ca', makeCrl({ issuer: pki.intermediate, revoked: [{ certificate: responder }] }));
    expect(judge(by(responder), { crls })).toMatchObject(badStaple);
  });
});

describe('a certificate that must be stapled', () => {
  it('is refused without a good response', async () => {
    const feature = new Extension(Oid.tlsFeature, false, sequence(integer(5)));
    const server = await issue({
      names: ['a.example'],
      issuer: pki.intermediate,
      extKeyUsage: [serverAuth],
      extensions: [feature],
    });
    const ask = (staple: Uint8Array | undefined) => judge(staple, { revocation: 'prefer' }, server.chain);
    expect(ask(undefined)).toMatchObject({ ...badStaple, detail: expect.stringContaining('came without') });
    expect(ask(ocspFailure(3))).toMatchObject(badStaple);
    expect(ask(makeOcspResponse({ certificate: server, issuer: pki.intermediate }))).toMatchObject({ trusted: true });
  });
});

describe('OCSP responses at hand', () => {
  it('are judged like stapled ones, for every certificate of the path', () => {
    const ocsp = new OcspStore();
    const [server, ca] = [parseCertificate(pki.server.der), parseCertificate(pki.intermediate.der)];
    ocsp.put(server, response());
    ocsp.put(ca, makeOcspResponse({ certificate: pki.intermediate, issuer: pki.root }));
    expect(judge(undefined, { crls: new CrlStore(), ocsp })).toMatchObject({ trusted: true });
    ocsp.put(ca, makeOcspResponse({ certificate: pki.intermediate, issuer: pki.root, status: 'revoked' }));
    expect(judge(undefined, { crls: new CrlStore(), ocsp })).toMatchObject({
      reason: 'certificate-revoked',
      certificate: { depth: 1 },
    });
  });

  it('leave it to CRLs where they do not know', () => {
    const ocsp = new OcspStore();
    ocsp.put(parseCertificate(pki.server.der), ocspFailure(3));
    expect(judge(undefined, { ocsp })).toMatchObject({ ...unknown, detail: expect.stringContaining('tryLater') });
    const crls = new CrlStore();
    crls.put('root', makeCrl({ issuer: pki.root }));
    crls.put('ca', makeCrl({ issuer: pki.intermediate }));
    expect(judge(undefined, { ocsp, crls })).toMatchObject({ trusted: true });
  });
});

describe('asking', () => {
  it('names the certificate as responses do, and gives a nonce to repeat', () => {
    const nonce = new Uint8Array(16).fill(7);
    const [server, ca] = [parseCertificate(pki.server.der), parseCertificate(pki.intermediate.der)];
    const request = Buffer.from(encodeOcspRequest(server, ca, nonce));
    expect(request.includes(createHash('sha1').update(server.issuer.der).digest())).toBe(true);
    const value = encodeElement(0x04, nonce);
    const answer = parseOcspResponse(response({ extensions: [extensionOf(Oid.ocspNonce, value)] }));
    expect(request.includes(value)).toBe(true);
    expect(answer.status === 'successful' && nonceOf(answer.basic)).toEqual(nonce);
  });
});

it('SHA-1 is that of Node', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (data) => {
      expect(Buffer.from(sha1(data))).toEqual(createHash('sha1').update(data).digest());
    }),
  );
});

it('a malformed response is refused with a typed error, whatever is changed', () => {
  const der = response({
    status: 'revoked',
    extensions: [extensionOf(Oid.ocspNonce, encodeElement(0x04, Uint8Array.of(1)))],
  });
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (index, flip) => {
      try {
        parseOcspResponse(der.map((octet, at) => (at === index ? octet ^ flip : octet)));
      } catch (error) {
        expect(error).toBeInstanceOf(TlsError);
      }
    }),
  );
});
