import { once } from 'node:events';
import { connect as connectTcp, Socket } from 'node:net';
import { createServer as createNodeServer } from 'node:tls';
import { describe, expect, test } from 'vitest';
import {
  aMoment,
  clientOptions,
  closed,
  dial,
  dialTcp,
  failure,
  lastEvents,
  listen,
  listenTcp,
  pki,
  serverOptions,
} from '../testing/parties.ts';
import { type ConnectOptions, connect, createServer, type ServerOptions, type TLSSocket } from './index.ts';

const serving = (options: Partial<ServerOptions> = {}) => listen(createServer({ ...serverOptions, ...options }));

describe('a server that cannot be talked to', () => {
  test('nobody listens: one error, then close, and a timeline that ended', async () => {
    const server = createServer(serverOptions);
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const client = dial(port);
    const events = lastEvents(client);
    await closed(client);
    expect(events).toEqual(['error connection-lost', 'close']);
    expect(client.timeline).toMatchObject({ state: 'failed', failure: { by: 'peer', detail: 'ECONNREFUSED' } });
    expect(client.timeline.endedAt).toBeDefined();
  });

  test('it closes, or resets, before it has said anything', async () => {
    const ends = await listenTcp((socket) => socket.on('data', () => socket.end()));
    expect(await failure(dial(ends))).toMatchObject({ reason: 'peer-closed', step: 'ServerHello' });
    const resets = await listenTcp((socket) => socket.on('data', () => socket.resetAndDestroy()));
    expect(await failure(dial(resets))).toMatchObject({ reason: 'connection-lost', detail: 'ECONNRESET' });
  });

  test('it speaks something else', async () => {
    const port = await listenTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await failure(dial(port))).toMatchObject({ reason: 'plaintext-protocol' });
  });

  test('it is silent: the handshake is given up', async () => {
    const port = await listenTcp(() => {});
    const client = dial(port, { handshakeTimeout: 50 });
    expect(await failure(client)).toMatchObject({ reason: 'handshake-timeout', step: 'ServerHello' });
    expect(client.timeline.failure).toMatchObject({ by: 'us', alert: 'user_canceled' });
  });

  test('it cannot even be reached: the same', async () => {
    const socket = connectTcp({ host: 'nowhere.invalid', port: 1, lookup: () => {} });
    expect(await failure(dial(0, { socket, handshakeTimeout: 50 }))).toMatchObject({ reason: 'handshake-timeout' });
    expect(socket.destroyed).toBe(true);
  });

  test('the socket that was handed in is closed already', async () => {
    const socket = new Socket();
    socket.destroy();
    await closed(socket);
    const events = lastEvents(dial(0, { socket }));
    await aMoment();
    expect(events).toEqual(['error peer-closed', 'close']);
  });
});

describe('verification of the server', () => {
  test.each([
    ['certificate-name-mismatch', { servername: 'other.example' }],
    ['certificate-issuer-unknown', { ca: pki.selfSigned.pem }],
    // Without `ca`, those that Node ships.
    ['certificate-issuer-unknown', { ca: undefined }],
  ] as const)('%s', async (reason, options) => {
    const server = createServer(serverOptions);
    const refused = once(server, 'tlsClientError');
    const client = dial(await listen(server), options);
    client.on('secureConnect', () => expect.unreachable());
    expect(await failure(client)).toMatchObject({ reason, step: 'Certificate' });
    expect((await refused)[0]).toMatchObject({ reason: 'peer-alert' });
  });

  test('the host is the name to prove where no other is given; an IP address is one', async () => {
    const port = await serving();
    const client = dial(port, { servername: undefined });
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(true);
    expect(await failure(dial(port, { servername: '127.0.0.2' }))).toMatchObject({
      reason: 'certificate-name-mismatch',
    });
  });

  test('rejectUnauthorized: false goes on, and tells', async () => {
    const client = dial(await serving(), { servername: 'other.example', rejectUnauthorized: false });
    await once(client, 'secureConnect');
    expect(client.authorized).toBe(false);
    expect(client.peer?.verdict).toMatchObject({ trusted: false, reason: 'certificate-name-mismatch' });
  });
});

describe('negotiation', () => {
  test('versions with nothing in common', async () => {
    const port = await serving({ minVersion: 'TLSv1.3' });
    expect(await failure(dial(port, { maxVersion: 'TLSv1.2' }))).toMatchObject({
      reason: 'peer-alert',
      alert: 'protocol_version',
    });
  });

  test('application protocols', async () => {
    const port = await serving({ ALPNProtocols: ['h2', 'http/1.1'] });
    const client = dial(port, { ALPNProtocols: ['http/1.1'] });
    await once(client, 'secureConnect');
    expect(client.alpnProtocol).toBe('http/1.1');
    expect(await failure(dial(port, { ALPNProtocols: ['imap'] }))).toMatchObject({ alert: 'no_application_protocol' });
  });

  test('a connected socket is used, and secureConnect has its listener', async () => {
    const socket = await dialTcp(await serving());
    const client = await new Promise<TLSSocket>((resolve) => {
      const client = connect({ ...clientOptions, socket }, () => resolve(client));
    });
    client.destroy();
    await closed(socket);
  });

  test('a client certificate is presented to a server of node:tls', async () => {
    const server = createNodeServer({ ...serverOptions, ca: pki.root.pem, requestCert: true }, (socket) => {
      socket.end(String(socket.getPeerCertificate().subject.CN));
    });
    const client = dial(await listen(server), { cert: pki.client.chainPem, key: pki.client.keyPem });
    expect(String((await once(client, 'data'))[0])).toBe('client ecdsa-p256');
  });
});

describe('options that cannot be used', () => {
  test.each<[string, Partial<ConnectOptions>]>([
    ['the private key does not belong', { cert: pki.client.chainPem, key: pki.server.keyPem }],
    ['a certificate without its key', { cert: pki.client.chainPem }],
    ['a key without its certificate', { key: pki.client.keyPem }],
    ['no CERTIFICATE', { cert: pki.client.keyPem, key: pki.client.keyPem }],
    ['no private key', { cert: pki.client.pem, key: pki.client.pem }],
    ['no CERTIFICATE', { ca: 'ca.pem' }],
    ['no CERTIFICATE', { ca: [pki.root.pem, ''] }],
    ['the lowest version', { minVersion: 'TLSv1.3', maxVersion: 'TLSv1.2' }],
    ['ASCII', { servername: 'bücher.example' }],
    ['ASCII', { servername: '' }],
    ['ASCII', { servername: 'localhost\0.example' }],
    ['ALPN', { ALPNProtocols: [''] }],
  ])('%s', (detail, options) => {
    const socket = new Socket();
    const error = { reason: 'configuration-invalid', detail: expect.stringContaining(detail) };
    expect(() => dial(0, { socket, ...options })).toThrow(expect.objectContaining(error));
  });
});
