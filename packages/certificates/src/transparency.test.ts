import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { TlsError } from '@handfast/wire';
import { beforeAll, describe, expect, it } from 'vitest';
import { extensionOf } from '../testing/encode.ts';
import { forge } from '../testing/forge.ts';
import { makeOcspResponse } from '../testing/ocsp.ts';
import { type Issued, makePki, type Pki } from '../testing/pki.ts';
import { parseCertificate } from './certificate.ts';
import { parseCtLogList } from './ct-log-list.ts';
import { encodeElement } from './der/writer.ts';
import { LocalCertificateValidator } from './local.ts';
import { Oid } from './oids.ts';
import type { ValidationRequest, Verdict } from './port.ts';
import type { TransparencySettings } from './transparency.ts';

interface Log {
  readonly spki: Uint8Array;
  readonly operator: string;
  sign(data: Uint8Array): Uint8Array;
}

function makeLog(operator: string): Log {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const spki = Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' }));
  return { spki, operator, sign: (data) => Uint8Array.from(sign('sha256', data, privateKey)) };
}

const [a1, a2, b1, c1] = [makeLog('A'), makeLog('A'), makeLog('B'), makeLog('C')] as const;
const day = 86_400_000;

let pki: Pki;
beforeAll(async () => {
  pki = await makePki();
});

const u16 = (value: number): Uint8Array => Uint8Array.of(value >> 8, value & 255);
const vector16 = (...parts: readonly Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(parts);
  return Uint8Array.from(Buffer.concat([u16(content.length), content]));
};

/** RFC 6962 section 3.2, put together apart from the code that is tested. */
function sct(log: Log, entry: Uint8Array, timestamp = Date.now() - day): Uint8Array {
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(timestamp));
  const noExtensions = u16(0);
  const signature = log.sign(Buffer.concat([Uint8Array.of(0, 0), time, entry, noExtensions]));
  const id = createHash('sha256').update(log.spki).digest();
  return Uint8Array.from(
    Buffer.concat([Uint8Array.of(0), id, time, noExtensions, Uint8Array.of(4, 3), vector16(signature)]),
  );
}

const u24 = (value: number): Uint8Array => Uint8Array.of(value >> 16, (value >> 8) & 255, value & 255);
const x509Entry = ({ der }: Issued): Uint8Array => Buffer.concat([u16(0), u24(der.length), der]);

/** The certificate with timestamps in it, which are over what it is without them. */
function withScts(issued: Issued, issuer: Issued, logs: readonly Log[]): Uint8Array {
  const { tbs } = parseCertificate(forge(issued, issuer, () => ({})));
  const issuerKeyHash = createHash('sha256').update(parseCertificate(issuer.der).spki).digest();
  const entry = Buffer.concat([u16(1), issuerKeyHash, u24(tbs.length), tbs]);
  const list = vector16(...logs.map((log) => vector16(sct(log, entry))));
  const extension = extensionOf(Oid.signedCertificateTimestamps, encodeElement(0x04, list));
  return forge(issued, issuer, ({ extensions = [] }) => ({ extensions: [...extensions, extension] }));
}

function judge(
  chain: readonly Uint8Array[],
  request: Partial<ValidationRequest> = {},
  settings: Partial<TransparencySettings> = {},
): Verdict {
  const logs = [a1, a2, b1].map(({ spki: key, operator }) => ({ key, operator }));
  const transparency = { logs, ...settings };
  const options = { crypto: nativeCrypto, anchors: [pki.root.der], credentials: [], transparency };
  return new LocalCertificateValidator(options).validate({
    chain,
    purpose: 'server',
    serverName: undefined,
    time: Date.now(),
    ocspResponse: undefined,
    signedCertificateTimestamps: [],
    ...request,
  });
}

const secret = { trusted: false, reason: 'certificate-transparency', rule: 'RFC 6962 section 5.2' };

describe("a server's certificate", () => {
  it('is trusted with timestamps of two logs by two operators in it', () => {
    const chain = [withScts(pki.server, pki.intermediate, [a1, b1]), pki.intermediate.der];
    expect(judge(chain)).toMatchObject({ trusted: true });
  });

  it.for<[string, readonly Log[]]>([
    ['of nobody', []],
    ['of one log', [a1]],
    ['of one log twice', [a1, a1]],
    ['of one operator', [a1, a2]],
    ['of a log that is not known', [a1, c1]],
  ])('is not trusted with timestamps %s', ([, logs]) => {
    const server = logs.length === 0 ? pki.server.der : withScts(pki.server, pki.intermediate, logs);
    expect(judge([server, pki.intermediate.der])).toMatchObject({ ...secret, certificate: { depth: 0 } });
  });

  it('is trusted with timestamps that came beside it', () => {
    const entry = x509Entry(pki.server);
    const [first, second] = [sct(a1, entry), sct(b1, entry)];
    expect(judge(pki.server.chain, { signedCertificateTimestamps: [first, second] })).toMatchObject({ trusted: true });
    const list = extensionOf(Oid.ocspSignedCertificateTimestamps, encodeElement(0x04, vector16(vector16(second))));
    const ocspResponse = makeOcspResponse({
      certificate: pki.server,
      issuer: pki.intermediate,
      singleExtensions: [list],
    });
    const evidence = { signedCertificateTimestamps: [first], ocspResponse };
    expect(judge(pki.server.chain, evidence)).toMatchObject({ trusted: true });
  });

  it.for<[string, (log: Log) => Uint8Array]>([
    ['for another certificate', (log) => sct(log, x509Entry(pki.client))],
    ['of the future', (log) => sct(log, x509Entry(pki.server), Date.now() + day)],
    ['that are malformed', (log) => sct(log, x509Entry(pki.server)).subarray(0, -1)],
    [
      'of an unknown version',
      (log) => sct(log, x509Entry(pki.server)).map((octet, index) => (index === 0 ? 1 : octet)),
    ],
    [
      'whose signature was changed',
      (log) =>
        sct(log, x509Entry(pki.server)).map((octet, index, all) => (index === all.length - 1 ? octet ^ 1 : octet)),
    ],
  ])('is not trusted with timestamps %s', ([, make]) => {
    expect(judge(pki.server.chain, { signedCertificateTimestamps: [make(a1), make(b1)] })).toMatchObject(secret);
  });

  it('gains nothing by a timestamp of a log that was retired before', () => {
    const scts = [a1, b1].map((log) => sct(log, x509Entry(pki.server)));
    const logs = [a1, b1].map(({ spki: key, operator }) => ({ key, operator, retiredAt: Date.now() - 2 * day }));
    expect(judge(pki.server.chain, { signedCertificateTimestamps: scts }, { logs })).toMatchObject(secret);
  });

  it('needs as many as is configured', () => {
    const scts = [sct(a1, x509Entry(pki.server))];
    const few = { minimumLogs: 1, minimumOperators: 1 };
    expect(judge(pki.server.chain, { signedCertificateTimestamps: scts }, few)).toMatchObject({ trusted: true });
  });

  it('of a client needs none', () => {
    expect(judge(pki.client.chain, { purpose: 'client' })).toMatchObject({ trusted: true });
  });
});

describe('a list of logs', () => {
  const listed = (state: object) => ({ key: Buffer.from(a1.spki).toString('base64'), state });

  it('gives those that count, with who runs them', () => {
    const logs = [
      listed({ usable: { timestamp: '2020-01-01T00:00:00Z' } }),
      listed({ rejected: { timestamp: '2020-01-01T00:00:00Z' } }),
    ];
    const tiled_logs = [listed({ retired: { timestamp: '2021-01-01T00:00:00Z' } })];
    const list = {
      operators: [
        { name: 'A', logs },
        { name: 'B', logs: [], tiled_logs },
      ],
    };
    expect(parseCtLogList(JSON.stringify(list))).toEqual([
      { key: a1.spki, operator: 'A', retiredAt: undefined },
      { key: a1.spki, operator: 'B', retiredAt: Date.UTC(2021, 0, 1) },
    ]);
  });

  it.for(['', '{}', '{"operators":[{"logs":[{"key":"?","state":{"usable":{}}}]}]}'])('refuses %s', (text) => {
    expect(() => parseCtLogList(text)).toThrow(TlsError);
  });
});
