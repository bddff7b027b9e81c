import { once } from 'node:events';
import { connect as connectNode } from 'node:tls';
import { issue } from '@handfast/certificates/testing';
import { describe, expect, test, vi } from 'vitest';
import { aMoment, clientOptions, closed, dial, dialTcp, listen, pki, read, serverOptions } from '../testing/parties.ts';
import { createServer, type Server, type ServerOptions } from './index.ts';

/** What a server tells of its connections, in order. */
function events(server: Server): string[] {
  const told: string[] = [];
  server.on('secureConnection', () => told.push('secure'));
  server.on('tlsClientError', (error: Error) => told.push('reason' in error ? String(error.reason) : error.message));
  return told;
}

describe('clients that fail', () => {
  test('each is one tlsClientError, with its socket, and the server goes on serving', async () => {
    const server = createServer({ ...serverOptions, handshakeTimeout: 500 });
    const told = events(server);
    const port = await listen(server);

    const chatty = (await dialTcp(port)).resume();
    chatty.write('GET / HTTP/1.1\r\n\r\n');
    await closed(chatty);
    const confused = (await dialTcp(port)).resume();
    confused.write(Buffer.from('160301000501ffffff00', 'hex'));
    await closed(confused);
    const shy = (await dialTcp(port)).resume();
    shy.end();
    await closed(shy);
    const silent = (await dialTcp(port)).resume();
    await closed(silent);
    const client = dial(port);
    await once(client, 'secureConnect');
    const expected = ['plaintext-protocol', 'message-too-long', 'peer-closed', 'handshake-timeout', 'secure'];
    await vi.waitFor(() => expect(told).toEqual(expected));
  });

  test('what they are told is an alert, and then the end', async () => {
    const client = await dialTcp(await listen(createServer(serverOptions)));
    const received: Buffer[] = [];
    client.on('data', (data: Buffer) => received.push(data));
    client.write('GET / HTTP/1.1\r\n\r\n');
    await once(client, 'end');
    // fatal unexpected_message
    expect(Buffer.concat(received).toString('hex')).toBe('1503030002020a');
  });

  test('a client that neither reads nor leaves is left', async () => {
    const server = createServer(serverOptions);
    const client = await dialTcp(await listen(server));
    client.pause();
    const [[error, socket]] = await Promise.all([
      once(server, 'tlsClientError'),
      client.write('GET / HTTP/1.1\r\n\r\n'),
    ]);
    expect(error).toMatchObject({ reason: 'plaintext-protocol' });
    expect(socket.destroyed).toBe(true);
    expect(socket.timeline.failure).toMatchObject({ reason: 'plaintext-protocol' });
  });

  test('nobody needs to listen for tlsClientError', async () => {
    const client = (await dialTcp(await listen(createServer(serverOptions)))).resume();
    client.end('not TLS at all');
    await closed(client);
  });

  test('a client that went before its handshake was done is no secure connection', async () => {
    const server = createServer(serverOptions);
    const told = events(server);
    const client = dial(await listen(server));
    client.once('timeline', () => setImmediate(() => client.destroy()));
    await closed(client);
    await aMoment();
    expect(told.filter((event) => event !== 'secure').length).toBeLessThanOrEqual(1);
  });
});

const stranger = await issue({ names: ['client.example'] });

describe('client certificates', () => {
  const asking = { ca: pki.root.pem, requestCert: true } as const;
  const own = { cert: pki.client.chainPem, key: pki.client.keyPem } as const;

  async function outcome(options: Partial<ServerOptions>, client: Partial<typeof own>): Promise<unknown> {
    const server = createServer({ ...serverOptions, ...options });
    const outcome = Promise.race([
      once(server, 'secureConnection').then(([socket]) => [socket.authorized, socket.peer?.verdict.identity?.subject]),
      once(server, 'tlsClientError').then(([error]) => error.reason),
    ]);
    dial(await listen(server), client);
    return outcome;
  }

  const subject = 'CN=client ecdsa-p256,O=Handfast';
  const bad = { cert: stranger.pem, key: stranger.keyPem };

  test.each<[string, Partial<ServerOptions>, Partial<typeof own>, unknown]>([
    ['not asked for', {}, own, [false, undefined]],
    ['required and presented', asking, own, [true, subject]],
    ['required and not presented', asking, {}, 'certificate-required'],
    ['required and bad', asking, bad, 'certificate-self-signed'],
    ['optional and presented', { ...asking, rejectUnauthorized: false }, own, [true, subject]],
    ['optional and not presented', { ...asking, rejectUnauthorized: false }, {}, [false, undefined]],
    ['optional and bad', { ...asking, rejectUnauthorized: false }, bad, 'certificate-self-signed'],
  ])('%s', async (_, options, client, expected) => {
    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      expect(await outcome({ ...options, maxVersion }, client)).toEqual(expected);
    }
  });

  test('a refused client of node:tls learns why', async () => {
    const port = await listen(createServer({ ...serverOptions, ...asking }));
    const client = connectNode({ ...clientOptions, port });
    const [error] = await once(client, 'error');
    expect(error.code).toBe('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
  });
});

describe('options', () => {
  test('the chain is chosen by the name that the client asks for', async () => {
    const second = await issue({ issuer: pki.intermediate, names: ['other.example'] });
    const credentials = [{ cert: second.chainPem, key: second.keyPem }];
    const port = await listen(createServer({ ...serverOptions, credentials }));
    for (const [servername, expected] of [
      ['other.example', second.der],
      ['localhost', pki.server.der],
    ] as const) {
      const client = dial(port, { servername });
      await once(client, 'secureConnect');
      expect(client.peer?.chain[0]).toEqual(expected);
    }
  });

  test.each<[string, ServerOptions]>([
    ['a certificate without its key', { cert: pki.server.chainPem }],
    ['the private key does not belong', { ...serverOptions, key: pki.client.keyPem }],
    ['no CERTIFICATE', { ...serverOptions, ca: '' }],
    ['no certificate to present', {}],
  ])('%s is refused', (detail, options) => {
    const error = { reason: 'configuration-invalid', detail: expect.stringContaining(detail) };
    expect(() => createServer(options)).toThrow(expect.objectContaining(error));
  });

  test('the listener is called for each connection', async () => {
    const server = createServer(serverOptions, (socket) => socket.end('hello'));
    const port = await listen(server);
    expect(await Promise.all([read(dial(port)), read(dial(port))])).toEqual(['hello', 'hello']);
  });

  test('close stops listening, and is done when the last connection is', async () => {
    const server = createServer(serverOptions, (socket) => socket.resume());
    const client = dial(await listen(server));
    await once(client, 'secureConnect');
    const done = closed(server);
    server.close();
    client.resume();
    client.end();
    await done;
  });
});
