import { type KeyKind, makePki } from '@handfast/certificates/testing';
import { cipherSuites } from '@handfast/key-exchange';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { Loopback } from '../testing/loopback.ts';
import type { Timeline } from './index.ts';

const kinds: readonly KeyKind[] = ['ecdsa-p256', 'ecdsa-p384', 'ecdsa-p521', 'ed25519', 'rsa-2048'];
const pki = await makePki({ kinds });
const text = new TextEncoder();
const names = (timeline: Timeline) =>
  timeline.steps.map(({ name, direction }) => `${direction === 'sent' ? '>' : '<'} ${name}`);

/** Both ends say something, and close. */
function converse(loopback: Loopback): void {
  loopback.client.connection.write(text.encode('ping'));
  loopback.deliver();
  loopback.server.connection.write(text.encode('pong'));
  loopback.deliver();
  loopback.client.connection.close();
  loopback.server.connection.close();
  loopback.deliver();
}

function expectDone(loopback: Loopback): void {
  expect(loopback.client.error).toBeUndefined();
  expect(loopback.server.error).toBeUndefined();
  expect(loopback.client.opened).toBeDefined();
  expect(loopback.server.opened).toBeDefined();
  converse(loopback);
  expect(loopback.server.received).toBe('ping');
  expect(loopback.client.received).toBe('pong');
  expect(loopback.client.peerClosed && loopback.server.peerClosed).toBe(true);
  expect(loopback.client.connection.timeline.state).toBe('confirmed');
  expect(loopback.server.connection.timeline.state).toBe('confirmed');
}

describe('TLS 1.2', () => {
  test('runs the thirteen messages in their order, with mutual authentication', () => {
    const loopback = new Loopback({
      pki,
      clientCredentials: [pki.client],
      client: { maxVersion: 'tls12' },
      server: { clientAuthentication: 'required', resumption: 'off' },
    }).run();
    expect(names(loopback.server.connection.timeline)).toEqual([
      '< ClientHello',
      '> ServerHello',
      '> Certificate',
      '> ServerKeyExchange',
      '> CertificateRequest',
      '> ServerHelloDone',
      '< Certificate',
      '< ClientKeyExchange',
      '< CertificateVerify',
      '< ChangeCipherSpec',
      '< Finished',
      '> ChangeCipherSpec',
      '> Finished',
    ]);
    const mirrored = names(loopback.client.connection.timeline).map((name) =>
      name.startsWith('>') ? name.replace('>', '<') : name.replace('<', '>'),
    );
    expect(mirrored).toEqual(names(loopback.server.connection.timeline));
    expect(loopback.server.opened?.peer?.verdict.trusted).toBe(true);
    expectDone(loopback);
  });

  test.each(kinds)('with a certificate of kind %s', (kind) => {
    const server = pki.servers[kind];
    const client = pki.clients[kind];
    if (server === undefined || client === undefined) throw new Error('no such certificate');
    const loopback = new Loopback({
      pki,
      client: { maxVersion: 'tls12' },
      server: { clientAuthentication: 'required' },
      serverCredentials: [server],
      clientCredentials: [client],
    }).run();
    expectDone(loopback);
  });

  test.each([NamedGroup.x25519, NamedGroup.secp256r1, NamedGroup.secp384r1, NamedGroup.secp521r1])(
    'with group %i',
    (group) => {
      // The curve of the server's certificate must be among the client's.
      const groups = [group, NamedGroup.secp256r1];
      const loopback = new Loopback({
        pki,
        client: { maxVersion: 'tls12', groups },
        server: { groups: [group] },
      }).run();
      expectDone(loopback);
    },
  );

  test('presents an ECDSA certificate only to a client that has its curve', () => {
    const client = { maxVersion: 'tls12', groups: [NamedGroup.x25519] } as const;
    const without = new Loopback({ pki, client }).run();
    expect(without.server.error?.reason).toBe('no-common-signature-scheme');
    const { 'ecdsa-p256': ecdsa = pki.server, 'rsa-2048': rsa = pki.server } = pki.servers;
    const loopback = new Loopback({ pki, client, serverCredentials: [ecdsa, rsa] }).run();
    expectDone(loopback);
    expect(loopback.client.connection.timeline.negotiated.serverChain?.[0]).toEqual(rsa.der);
  });
});

test('TLS 1.2: the name that the client asks for matters more than the order of suites', () => {
  const rsa = pki.servers['rsa-2048'] ?? pki.server;
  const loopback = new Loopback({
    pki,
    client: { maxVersion: 'tls12', serverName: 'example.org' },
    serverCredentials: [pki.wrongName, rsa],
  }).run();
  expect(loopback.client.opened?.peer?.chain).toEqual(rsa.chain);
});

describe('TLS 1.3', () => {
  test('runs its messages in their order, with mutual authentication', () => {
    const loopback = new Loopback({
      pki,
      clientCredentials: [pki.client],
      server: { clientAuthentication: 'required' },
    }).run();
    expect(names(loopback.server.connection.timeline)).toEqual([
      '< ClientHello',
      '> ServerHello',
      '> ChangeCipherSpec',
      '> EncryptedExtensions',
      '> CertificateRequest',
      '> Certificate',
      '> CertificateVerify',
      '> Finished',
      '< Certificate',
      '< CertificateVerify',
      '< Finished',
      '> NewSessionTicket',
      '> NewSessionTicket',
    ]);
    expectDone(loopback);
  });

  test.each(kinds)('with a certificate of kind %s', (kind) => {
    const server = pki.servers[kind];
    const client = pki.clients[kind];
    if (server === undefined || client === undefined) throw new Error('no such certificate');
    const loopback = new Loopback({
      pki,
      server: { clientAuthentication: 'required' },
      serverCredentials: [server],
      clientCredentials: [client],
    }).run();
    expectDone(loopback);
  });

  test.each(Object.entries(NamedGroup).filter(([name]) => /^(x25519|secp|X25519MLKEM768)/.test(name)))(
    'with group %s',
    (_name, group) => {
      const loopback = new Loopback({ pki, client: { groups: [group] }, server: { groups: [group] } }).run();
      expectDone(loopback);
    },
  );

  test('asks again with HelloRetryRequest where the client guessed a group that the server lacks', () => {
    const loopback = new Loopback({
      pki,
      client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] },
      server: { groups: [NamedGroup.secp384r1] },
    }).run();
    expect(names(loopback.client.connection.timeline)).toEqual([
      '> ClientHello',
      '< HelloRetryRequest',
      '> ChangeCipherSpec',
      '> ClientHello',
      '< ServerHello',
      '< EncryptedExtensions',
      '< Certificate',
      '< CertificateVerify',
      '< Finished',
      '> Finished',
    ]);
    expect(loopback.server.connection.timeline.negotiated.helloRetried).toBe(true);
    expectDone(loopback);
  });

  test('the server calls its handshake completed before the client has answered', () => {
    const loopback = new Loopback({ pki });
    loopback.server.connection.start();
    loopback.client.connection.start();
    for (const flight of loopback.client.outbox) loopback.server.connection.receive(flight);
    expect(loopback.server.connection.timeline.state).toBe('completed');
    expect(loopback.server.opened).toBeUndefined();
  });
});

test.each(cipherSuites.map(({ code, name }) => [name, code] as const))('cipher suite %s', (name, code) => {
  const server = name.includes('_RSA_') ? pki.servers['rsa-2048'] : pki.server;
  if (server === undefined) throw new Error('no such certificate');
  const loopback = new Loopback({ pki, client: { cipherSuites: [code] }, serverCredentials: [server] }).run();
  expect(loopback.server.connection.timeline.negotiated.cipherSuite).toBe(name);
  expectDone(loopback);
});

describe.each(['tls12', 'tls13'] as const)('in either version (%s)', (maxVersion) => {
  test('each flight is one output', () => {
    const { client, server } = new Loopback({ pki, client: { maxVersion } }).run();
    expect([client.outputs, server.outputs]).toEqual([2, 2]);
  });

  test('a client without a certificate is served where one is optional', () => {
    const loopback = new Loopback({ pki, client: { maxVersion }, server: { clientAuthentication: 'optional' } }).run();
    expect(loopback.server.opened?.peer).toBeUndefined();
    expect(loopback.server.connection.timeline.negotiated.clientCertificate).toBe('absent');
    expectDone(loopback);
  });

  test('a client without a certificate is refused where one is required', () => {
    const { client, server } = new Loopback({
      pki,
      client: { maxVersion },
      server: { clientAuthentication: 'required' },
    }).run();
    expect(server.error?.reason).toBe('certificate-required');
    expect(client.connection.timeline.failure).toMatchObject({
      by: 'peer',
      alert: maxVersion === 'tls12' ? 'handshake_failure' : 'certificate_required',
    });
    // In TLS 1.3 the client had finished: the refusal came late.
    expect(client.connection.timeline.failure?.late !== undefined).toBe(maxVersion === 'tls13');
  });

  test('the application protocol is the first of ours that the client offers', () => {
    const loopback = new Loopback({
      pki,
      client: { maxVersion, applicationProtocols: ['http/1.1', 'h2'] },
      server: { applicationProtocols: ['h2', 'http/1.1'] },
    }).run();
    expect(loopback.client.connection.timeline.negotiated.applicationProtocol).toBe('h2');
    expectDone(loopback);
  });

  test('no common application protocol ends with no_application_protocol', () => {
    const { client, server } = new Loopback({
      pki,
      client: { maxVersion, applicationProtocols: ['imap'] },
      server: { applicationProtocols: ['h2'] },
    }).run();
    expect(server.error?.reason).toBe('no-common-application-protocol');
    expect(client.error?.alert).toBe('no_application_protocol');
  });

  test('both ends export the same keying material', () => {
    const { client, server } = new Loopback({ pki, client: { maxVersion } }).run();
    const ask = ['EXPERIMENTAL test', Uint8Array.of(1, 2, 3), 32] as const;
    expect(client.opened?.exportKeyingMaterial(...ask)).toEqual(server.opened?.exportKeyingMaterial(...ask));
  });

  test('no context for keying material is another than an empty one in TLS 1.2, and the same in TLS 1.3', () => {
    const { opened } = new Loopback({ pki, client: { maxVersion } }).run().client;
    const [without, empty] = [undefined, new Uint8Array(0)].map((context) =>
      opened?.exportKeyingMaterial('EXPERIMENTAL test', context, 32).join(),
    );
    expect(without === empty).toBe(maxVersion === 'tls13');
  });

  test('any chunking of the bytes makes the same handshake', () => {
    const byByte = (bytes: Uint8Array) => Array.from(bytes, (byte) => Uint8Array.of(byte));
    expectDone(new Loopback({ pki, client: { maxVersion }, carry: byByte }).run());
  });

  test('an untrusted server is refused with the alert of the verdict, and told so', () => {
    const loopback = new Loopback({ pki, client: { maxVersion }, serverCredentials: [pki.expired] }).run();
    expect(loopback.client.error).toMatchObject({ reason: 'certificate-expired', alert: 'certificate_expired' });
    expect(loopback.server.connection.timeline.failure).toMatchObject({ by: 'peer', alert: 'certificate_expired' });
  });

  test('a client that is told to only report goes on with an untrusted server', () => {
    const loopback = new Loopback({
      pki,
      client: { maxVersion, serverVerification: 'reported' },
      serverCredentials: [pki.selfSigned],
    }).run();
    expect(loopback.client.opened?.peer?.verdict).toMatchObject({ trusted: false, reason: 'certificate-self-signed' });
    expectDone(loopback);
  });
});

test('the certificate is chosen by what the client can verify', () => {
  const rsa = pki.servers['rsa-2048'];
  if (rsa === undefined) throw new Error('no such certificate');
  const loopback = new Loopback({
    pki,
    serverCredentials: [pki.server, rsa],
    client: { cipherSuites: [CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256] },
  }).run();
  expect(loopback.client.connection.timeline.negotiated.serverSignatureScheme).toMatch(/^rsa_/);
  expectDone(loopback);
});

test('the certificate is chosen by the server name', () => {
  const loopback = new Loopback({
    pki,
    serverCredentials: [pki.wrongName, pki.server],
    client: { serverName: 'example.org' },
  }).run();
  expect(loopback.client.opened?.peer?.chain[0]).toEqual(pki.server.der);
});

test('every span of a handshake has an ID of its own', () => {
  const { timeline } = new Loopback({ pki }).run().server.connection;
  const ids = [timeline, ...timeline.steps, ...timeline.steps.flatMap((step) => step.asks)].map(({ spanId }) =>
    Buffer.from(spanId).toString('hex'),
  );
  expect(new Set(ids).size).toBe(ids.length);
});
