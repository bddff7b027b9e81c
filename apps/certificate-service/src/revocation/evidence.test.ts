import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  credentialFromChain,
  LocalCertificateValidator,
  parseCertificate,
  type ValidationRequest,
  type Verdict,
} from '@handfast/certificates';
import {
  Extension,
  type Issued,
  issue,
  makeCrl,
  makeOcspResponse,
  oid,
  sequence,
  serverAuth,
} from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import type { AskContext } from '@handfast/wire';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Staples } from '../credentials/staples.ts';
import { CheckingValidator } from './checking-validator.ts';
import { RevocationEvidence } from './evidence.ts';

let server: Server;
let base: string;
const answers = new Map<string, () => Uint8Array | undefined>();
let asked: string[] = [];
let root: Issued;
let ca: Issued;
let leaf: Issued;
let time = Date.now();
let lines: string[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(request.url ?? '');
    const answer = answers.get(request.url ?? '')?.();
    response.writeHead(answer === undefined ? 503 : 200).end(answer);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  root = await issue({ subject: 'CN=Root', ca: {} });
  ca = await issue({ subject: 'CN=CA', ca: {}, issuer: root, extensions: [crlPoint('/root.crl')] });
  leaf = await issue({
    names: ['example.org'],
    issuer: ca,
    extKeyUsage: [serverAuth],
    extensions: [responderAt('/ocsp'), crlPoint('/ca.crl')],
  });
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = [];
  lines = [];
  time = Date.now();
  answers.clear();
  answers.set('/root.crl', () => makeCrl({ issuer: root }));
  answers.set('/ca.crl', () => makeCrl({ issuer: ca }));
  answers.set('/ocsp', () => makeOcspResponse({ certificate: leaf, issuer: ca }));
});

const element = (tag: number, content: Uint8Array): Uint8Array => Uint8Array.of(tag, content.length, ...content);
const uri = (path: string): Uint8Array => element(0x86, Buffer.from(base + path));
const crlPoint = (path: string): Extension =>
  new Extension('2.5.29.31', false, sequence(sequence(element(0xa0, element(0xa0, uri(path))))));
const responderAt = (path: string): Extension =>
  new Extension('1.3.6.1.5.5.7.1.1', false, sequence(sequence(oid('1.3.6.1.5.5.7.48.1'), uri(path))));

const newEvidence = (): RevocationEvidence =>
  new RevocationEvidence({
    crypto: nativeCrypto,
    timeout: 2_000,
    privateAddresses: true,
    log: (line) => lines.push(line),
    now: () => time,
  });

function validatorWith(
  evidence: RevocationEvidence,
): (request?: Partial<ValidationRequest>, wait?: number) => Promise<Verdict> {
  const { crls, ocsp } = evidence;
  const options = {
    crypto: nativeCrypto,
    anchors: [root.der],
    credentials: [],
    revocation: 'require',
    crls,
    ocsp,
  } as const;
  const validator = new CheckingValidator(new LocalCertificateValidator(options), evidence, () => []);
  return async (request = {}, wait = 5_000) => {
    const context = { deadline: Date.now() + wait } as AskContext;
    const rest = { serverName: undefined, time, ocspResponse: undefined, signedCertificateTimestamps: [] };
    return await validator.validate({ chain: leaf.chain, purpose: 'server', ...rest, ...request }, context);
  };
}

describe('a judgement that lacks evidence', () => {
  it('fetches it, once for as long as it holds', async () => {
    const validate = validatorWith(newEvidence());
    expect(await Promise.all([validate(), validate()])).toMatchObject([{ trusted: true }, { trusted: true }]);
    expect(await validate()).toMatchObject({ trusted: true });
    expect(asked.sort()).toEqual(['/ocsp', '/root.crl']);
    time += 3 * 3_600_000;
    await validate({ time: Date.now() });
    expect(asked.sort()).toEqual(['/ocsp', '/ocsp', '/root.crl']);
  });

  it('learns that a certificate was revoked', async () => {
    answers.set('/ocsp', () => makeOcspResponse({ certificate: leaf, issuer: ca, status: 'revoked' }));
    expect(await validatorWith(newEvidence())()).toMatchObject({ reason: 'certificate-revoked' });
  });

  it('turns to the CRL where the responder does not answer, and does not ask it again at once', async () => {
    answers.set('/ocsp', () => undefined);
    const validate = validatorWith(newEvidence());
    expect(await validate()).toMatchObject({ trusted: true });
    expect(await validate()).toMatchObject({ trusted: true });
    expect(asked.sort()).toEqual(['/ca.crl', '/ocsp', '/root.crl']);
    expect(lines).toEqual([expect.stringMatching(/^revocation: http:.*answers 503$/)]);
  });

  it('does not believe a responder that repeats another nonce', async () => {
    const nonce = Uint8Array.from([
      0x30, 0x18, 6, 9, 0x2b, 6, 1, 5, 5, 7, 0x30, 1, 2, 4, 0x0b, 4, 9, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
    answers.set('/ocsp', () =>
      makeOcspResponse({ certificate: leaf, issuer: ca, status: 'revoked', extensions: [nonce] }),
    );
    expect(await validatorWith(newEvidence())()).toMatchObject({ trusted: true });
    expect(lines[0]).toMatch(/another nonce/);
  });

  it('asks nothing about a certificate whose status came with it', async () => {
    const ocspResponse = makeOcspResponse({ certificate: leaf, issuer: ca });
    expect(await validatorWith(newEvidence())({ ocspResponse })).toMatchObject({ trusted: true });
    expect(asked).toEqual(['/root.crl']);
  });

  it('asks nobody on the word of a stranger', async () => {
    const stranger = await issue({ names: ['example.org'], extensions: [responderAt('/ocsp'), crlPoint('/ca.crl')] });
    expect(await validatorWith(newEvidence())({ chain: [stranger.der] })).toMatchObject({ trusted: false });
    expect(asked).toEqual([]);
  });

  it('is given in time, without what has not come', async () => {
    answers.clear();
    const slow = createServer(() => {});
    await new Promise<void>((resolve) => slow.listen(0, '127.0.0.1', resolve));
    const place = `http://127.0.0.1:${(slow.address() as AddressInfo).port}/`;
    const point = new Extension(
      '2.5.29.31',
      false,
      sequence(sequence(element(0xa0, element(0xa0, element(0x86, Buffer.from(place)))))),
    );
    const server = await issue({ names: ['a.example'], issuer: root, extKeyUsage: [serverAuth], extensions: [point] });
    const verdict = await validatorWith(newEvidence())({ chain: server.chain }, 200);
    expect(verdict).toMatchObject({ reason: 'certificate-revocation-unknown' });
    slow.closeAllConnections();
    slow.close();
  });
});

describe('a staple', () => {
  it('is fetched, verified and given with the credential until it ends', async () => {
    const credential = credentialFromChain(nativeCrypto, leaf.chain);
    const staples = new Staples(nativeCrypto, newEvidence(), (line) => lines.push(line));
    expect(staples.stapled(credential, time).ocspResponse).toBeUndefined();
    await staples.refresh([credential], time);
    expect(staples.stapled(credential, time).ocspResponse).toBeInstanceOf(Uint8Array);
    await staples.refresh([credential], time);
    expect(asked).toEqual(['/ocsp']);
    await staples.refresh([credential], time + 40 * 60_000);
    expect(asked).toEqual(['/ocsp', '/ocsp']);
    expect(staples.stapled(credential, time + 2 * 3_600_000).ocspResponse).toBeUndefined();
  });

  it('is not given where peers would refuse it', async () => {
    answers.set('/ocsp', () => makeOcspResponse({ certificate: leaf, issuer: ca, status: 'revoked' }));
    const credential = credentialFromChain(nativeCrypto, leaf.chain);
    const staples = new Staples(nativeCrypto, newEvidence(), (line) => lines.push(line));
    await staples.refresh([credential], time);
    expect(staples.stapled(credential, time).ocspResponse).toBeUndefined();
    expect(lines[0]).toMatch(/^staple for CN=example\.org: .*revoked/);
    expect(parseCertificate(leaf.der).ocspResponders).toHaveLength(1);
  });
});
