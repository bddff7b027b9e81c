import { deflateSync, inflateSync } from 'node:zlib';
import { parseCertificate, type ValidationRequest } from '@handfast/certificates';
import { makePki } from '@handfast/certificates/testing';
import {
  type AlertName,
  CertificateCompressionAlgorithm,
  encodeHandshake,
  fromHex,
  type MessageOf,
  type OidFilter,
  type Reason,
  SignatureScheme,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed, insteadOf } from '../../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { HeldPorts, turn } from '../../testing/ports.ts';
import { type Act, Bout, type Habit } from '../../testing/sparring-partner.ts';
import type { CertificateCompression } from '../index.ts';

const pki = await makePki();
type Options = Omit<LoopbackOptions, 'pki'>;

const zlib: CertificateCompression = {
  algorithm: CertificateCompressionAlgorithm.zlib,
  compress: (message) => deflateSync(message),
  decompress(compressed, length) {
    try {
      return inflateSync(compressed, { maxOutputLength: length });
    } catch {
      return undefined;
    }
  },
};

describe('a compressed certificate', () => {
  const certificateCompression = [zlib];
  const both: Options = { client: { certificateCompression }, server: { certificateCompression } };
  const names = ({ client }: Loopback) =>
    client.connection.timeline.steps.map(({ name }) => name).filter((name) => name.includes('Certificate'));

  test('of a server is taken, and one of ours sent', () => {
    const mutual: Options = { clientCredentials: [pki.client] };
    const loopback = new Loopback({
      pki,
      ...mutual,
      client: { certificateCompression },
      server: { certificateCompression, clientAuthentication: 'required' },
    }).run();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect(names(loopback)).toEqual([
      'CertificateRequest',
      'CompressedCertificate',
      'CertificateVerify',
      'CompressedCertificate',
      'CertificateVerify',
    ]);
    expect(loopback.client.opened?.peer?.chain).toEqual(pki.server.chain);
    expect(loopback.server.opened?.peer?.chain).toEqual(pki.client.chain);
  });

  test('is not sent to a peer that did not ask for it', () => {
    const loopback = new Loopback({ pki, server: { certificateCompression } }).run();
    expect(names(loopback)).toEqual(['Certificate', 'CertificateVerify']);
  });

  type Compressed = MessageOf<'CompressedCertificate'>;
  const as = (change: (message: Compressed) => Partial<Compressed>) =>
    changed('CompressedCertificate', 'tls13', (message) => ({ ...message, ...change(message) }));
  const deflated = (bytes: Uint8Array): Partial<Compressed> => ({
    uncompressedLength: bytes.length,
    compressedCertificateMessage: deflateSync(bytes),
  });

  test.for<readonly [string, Habit, Reason, AlertName]>([
    [
      'is by an algorithm that was not offered',
      as(() => ({ algorithm: CertificateCompressionAlgorithm.brotli })),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'says that it is longer than a handshake may be',
      as(() => ({ uncompressedLength: 256 * 1024 + 1 })),
      'certificate-malformed',
      'bad_certificate',
    ],
    [
      'is longer than it says',
      as(({ uncompressedLength }) => ({ uncompressedLength: uncompressedLength - 1 })),
      'certificate-malformed',
      'bad_certificate',
    ],
    [
      'is shorter than it says',
      as(({ uncompressedLength }) => ({ uncompressedLength: uncompressedLength + 1 })),
      'certificate-malformed',
      'bad_certificate',
    ],
    [
      'is not compressed',
      as(() => ({ compressedCertificateMessage: Uint8Array.of(1, 2, 3) })),
      'certificate-malformed',
      'bad_certificate',
    ],
    ['holds no Certificate message', as(() => deflated(Uint8Array.of(9))), 'malformed-message', 'decode_error'],
    ['holds an empty chain', as(() => deflated(new Uint8Array(4))), 'certificate-missing', 'decode_error'],
  ])('is refused that %s', ([, habit, reason, alert]) => {
    const { subject } = new Bout('client', { pki, ...both }, habit).run();
    expect(subject.error).toMatchObject({ reason, alert });
    expect(subject.opened).toBeUndefined();
  });

  test('is refused where none was offered', () => {
    const message = encodeHandshake({
      type: 'CompressedCertificate',
      algorithm: zlib.algorithm,
      uncompressedLength: 4,
      compressedCertificateMessage: zlib.compress(new Uint8Array(4)),
    });
    const habit = insteadOf('Certificate', () => [{ kind: 'send', name: 'CompressedCertificate', bytes: message }]);
    const { subject } = new Bout('client', { pki }, habit).run();
    expect(subject.error).toMatchObject({ reason: 'unexpected-message' });
  });

  test('is part of the transcript as it was sent', () => {
    const otherwise = as(({ compressedCertificateMessage: message }) => ({
      compressedCertificateMessage: deflateSync(inflateSync(message), { level: 0 }),
    }));
    const { subject } = new Bout('client', { pki, ...both }, otherwise).run();
    expect(subject.error).toMatchObject({ reason: 'signature-invalid', step: 'CertificateVerify' });
  });
});

test('what is stapled to the end entity is judged with the chain, and told', () => {
  const ocspResponse = Uint8Array.of(1, 2, 3);
  const scts = [Uint8Array.of(4), Uint8Array.of(5, 6)];
  const habit = changed('Certificate', 'tls13', (message) => ({
    ...message,
    certificateList: message.certificateList.map(({ certData }, index) => ({
      certData,
      extensions: [
        { name: 'status_request', value: index === 0 ? ocspResponse : Uint8Array.of(9) } as const,
        { name: 'signed_certificate_timestamp', value: index === 0 ? scts : [Uint8Array.of(9)] } as const,
      ],
    })),
  }));
  const requests: ValidationRequest[] = [];
  const { subject } = new Bout(
    'client',
    {
      pki,
      clientPorts: (ports) => ({
        ...ports,
        certificates: Object.assign(Object.create(ports.certificates), {
          validate(request: ValidationRequest) {
            requests.push(request);
            return { trusted: false, reason: 'certificate-rejected', detail: '', rule: '' };
          },
        }),
      }),
      client: { serverVerification: 'reported' },
    },
    habit,
  ).run();
  expect(requests).toMatchObject([{ ocspResponse, signedCertificateTimestamps: scts, chain: pki.server.chain }]);
  // Its transcript is another than the server's: it was changed on the way.
  expect(subject.error).toMatchObject({ reason: 'signature-invalid' });
});

describe('a client that is asked for a certificate', () => {
  const presented = (options: Options) => {
    const server = { clientAuthentication: 'optional', ...options.server } as const;
    const loopback = new Loopback({ pki, ...options, server }).run();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    return loopback.server.opened?.peer?.chain[0];
  };
  const keyUsage = (bits: string): OidFilter => ({ oid: fromHex('0603551d0f'), values: fromHex(bits) });
  const purposes = (der: string): OidFilter => ({ oid: fromHex('0603551d25'), values: fromHex(der) });
  const { keyUsage: usage, extKeyUsage } = parseCertificate(pki.client.der);

  test('has one with the extensions that the filters below are about', () => {
    expect(usage).toMatchObject({ digitalSignature: true, keyCertSign: false });
    expect(extKeyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
  });

  test.for<readonly [string, OidFilter, boolean]>([
    ['a key usage that it has', keyUsage('03020780'), true],
    ['a key usage that it has not', keyUsage('03020284'), false],
    ['any key usage', keyUsage(''), true],
    ['a purpose that it has', purposes('300a06082b06010505070302'), true],
    ['a purpose that it has not', purposes('300a06082b06010505070303'), false],
    ['an extension that we know nothing of', { oid: fromHex('0603551d63'), values: fromHex('0500') }, true],
  ])('by filters for %s', ([, filter, presents]) => {
    const certificate = presented({ clientCredentials: [pki.client], server: { oidFilters: [filter] } });
    expect(certificate).toEqual(presents ? pki.client.der : undefined);
  });

  test('by a filter that cannot be read refuses', () => {
    const { client } = new Loopback({
      pki,
      clientCredentials: [pki.client],
      server: { clientAuthentication: 'optional', oidFilters: [purposes('3005')] },
    }).run();
    expect(client.error).toMatchObject({ reason: 'malformed-message', alert: 'decode_error' });
  });

  test('presents the one from an authority of the server first', () => {
    const authorities = [parseCertificate(pki.client.der).issuer.der];
    const clientCredentials = [pki.selfSigned, pki.client];
    expect(presented({ clientCredentials, server: { authorities } })).toEqual(pki.client.der);
  });
});

describe('a client that is asked later', () => {
  const later: Options = {
    client: { postHandshakeAuthentication: 'offered' },
    clientCredentials: [pki.client],
  };

  test('proves who it is, more than once, and data flows on', () => {
    const loopback = new Loopback({ pki, ...later }).run();
    const { client, server } = loopback;
    server.connection.requestClientCertificate();
    server.connection.requestClientCertificate();
    loopback.deliver();
    expect(client.error ?? server.error).toBeUndefined();
    expect(server.authenticated.map((peer) => peer?.chain[0])).toEqual([pki.client.der, pki.client.der]);
    client.connection.updateKeys(true);
    server.connection.requestClientCertificate();
    loopback.deliver();
    expect(server.authenticated).toHaveLength(3);
    client.connection.write(Uint8Array.of(65));
    loopback.deliver();
    expect(server.received).toBe('A');
  });

  test('says so where it has none', () => {
    const loopback = new Loopback({ pki, ...later, clientCredentials: [] }).run();
    loopback.server.connection.requestClientCertificate();
    loopback.deliver();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect(loopback.server.authenticated).toEqual([undefined]);
  });

  test('sends its answer in one piece, also where the signature comes later', async () => {
    const ports = new HeldPorts();
    const loopback = new Loopback({ pki, ...later, clientPorts: ports.hold });
    loopback.run();
    while (ports.held.length > 0) {
      for (const question of ports.held.splice(0)) question.release();
      await turn();
      loopback.deliver();
    }
    expect(loopback.client.opened).toBeDefined();
    loopback.server.connection.requestClientCertificate();
    loopback.deliver();
    expect(ports.held.map(({ operation }) => operation)).toEqual(['sign']);
    loopback.client.connection.write(Uint8Array.of(65));
    loopback.deliver();
    expect(loopback.server.received).toBe('A');
    ports.held.shift()?.release();
    await turn();
    loopback.deliver();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect(loopback.server.authenticated.map((peer) => peer?.chain[0])).toEqual([pki.client.der]);
  });

  const request = (schemes: readonly number[]): Act => ({
    kind: 'record',
    type: 'handshake',
    fragment: encodeHandshake({
      type: 'CertificateRequest',
      version: 'tls13',
      certificateRequestContext: Uint8Array.of(1),
      extensions:
        schemes.length === 0
          ? [{ name: 'certificate_authorities', value: [Uint8Array.of(0x30, 0)] }]
          : [{ name: 'signature_algorithms', value: schemes }],
    }),
  });

  test('refuses where it has not offered that', () => {
    const bout = new Bout('client', { pki }, (effect) => [effect]).run();
    bout.partner.act(request([SignatureScheme.ecdsa_secp256r1_sha256]));
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'unexpected-message', alert: 'unexpected_message' });
  });

  test('refuses a request without signature_algorithms', () => {
    const bout = new Bout('client', { pki, ...later }, (effect) => [effect]).run();
    bout.partner.act(request([]));
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'missing-extension', alert: 'missing_extension' });
  });
});
