import { constants } from 'node:crypto';
import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { connect, createServer, type Server, type TLSSocket, type TlsOptions } from 'node:tls';
import { issue, KeyUsageFlags, makePki, serverAuth, serverNames } from '@handfast/certificates/testing';
import { CipherSuite } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { remembering } from '../testing/acquainted.ts';
import { type End, endOf, type LoopbackOptions, partiesOf } from '../testing/loopback.ts';

const pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
const rsa = await issue({
  names: serverNames,
  issuer: pki.intermediate,
  extKeyUsage: [serverAuth],
  kind: 'rsa-2048',
  keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
});

/**
 * Joins a connection of ours to a stream.
 * @returns what puts out what the connection has to say.
 */
function join({ connection, outbox }: End, stream: Duplex): () => void {
  const flush = () => {
    for (const bytes of outbox.splice(0)) stream.write(bytes);
  };
  stream.on('data', (chunk: Buffer) => {
    connection.receive(Uint8Array.from(chunk));
    flush();
  });
  connection.start();
  flush();
  return flush;
}

/** Waits until a connection of ours is open, or has failed. */
async function settled(end: End): Promise<void> {
  while (end.opened === undefined && end.error === undefined) await new Promise((resolve) => setImmediate(resolve));
  expect(end.error).toBeUndefined();
}

/** OpenSSL's names of what it must be told to speak. */
const suites = [
  ['ECDHE-RSA-AES128-GCM-SHA256', CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256],
  ['AES128-GCM-SHA256', CipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256],
  ['AES256-CCM', CipherSuite.TLS_RSA_WITH_AES_256_CCM],
  ['AES128-SHA', CipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA],
  ['ECDHE-RSA-AES256-SHA384', CipherSuite.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384],
  ['DHE-RSA-AES128-GCM-SHA256', CipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256],
  ['DHE-RSA-AES256-SHA256', CipherSuite.TLS_DHE_RSA_WITH_AES_256_CBC_SHA256],
  ['DHE-RSA-AES128-CCM8', CipherSuite.TLS_DHE_RSA_WITH_AES_128_CCM_8],
] as const;

/** How sessions are remembered; with and without encrypt_then_mac, which only matters to some. */
const manners = [
  ['tickets', 0],
  ['session IDs', constants.SSL_OP_NO_TICKET],
  ['tickets, without encrypt-then-MAC', constants.SSL_OP_NO_ENCRYPT_THEN_MAC],
] as const;

describe.for(suites)('%s', ([ciphers, suite]) => {
  const options: LoopbackOptions = {
    pki,
    serverCredentials: [rsa],
    client: { maxVersion: 'tls12', cipherSuites: [suite] },
    server: { maxVersion: 'tls12', cipherSuites: [suite] },
  };
  const node = { maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` } as const;

  test.for(manners)('with a client of Node, and %s', async ([, secureOptions]) => {
    const ours = remembering(options);
    let session: Buffer | undefined;
    for (const resumed of [false, true, true]) {
      const [stream, far] = duplexPair();
      const { configuration, ports } = partiesOf(ours).server;
      const end = endOf(configuration, ports);
      const flush = join(end, far);
      const client = connect({
        socket: stream,
        servername: 'localhost',
        ca: pki.root.pem,
        secureOptions,
        ...node,
        ...(session === undefined ? {} : { session }),
      });
      client.on('session', (fresh) => {
        session = fresh;
      });
      await once(client, 'secureConnect');
      await settled(end);
      expect([client.isSessionReused(), end.opened?.resumed]).toEqual([resumed, resumed]);
      await converse(client, end, flush);
    }
  });

  // What Node's server makes up by itself for DHE is no group of RFC 7919.
  test.for(manners)('with a server of Node, and %s', { skip: ciphers.startsWith('DHE') }, async ([, secureOptions]) => {
    const server = nodeServer({ ...node, secureOptions, key: rsa.keyPem, cert: rsa.chainPem });
    const ours = remembering(options);
    for (const resumed of [false, true, true]) {
      const [stream, far] = duplexPair();
      const { configuration, ports } = partiesOf(ours).client;
      const end = endOf(configuration, ports);
      const accepted = once(server, 'secureConnection');
      server.emit('connection', stream);
      const flush = join(end, far);
      const [socket] = (await accepted) as [TLSSocket];
      await settled(end);
      expect([socket.isSessionReused(), end.opened?.resumed]).toEqual([resumed, resumed]);
      await converse(socket, end, flush);
    }
  });
});

test('the same RFC 5929 and RFC 5705 values as Node has', async () => {
  const ours = remembering({ pki, server: { maxVersion: 'tls12' } });
  const [stream, far] = duplexPair();
  const { configuration, ports } = partiesOf(ours).server;
  const end = endOf(configuration, ports);
  join(end, far);
  const client = connect({ socket: stream, servername: 'localhost', ca: pki.root.pem });
  await once(client, 'secureConnect');
  await settled(end);
  expect(client.exportKeyingMaterial(40, 'EXPERIMENTAL', Buffer.from('context'))).toEqual(
    Buffer.from(end.opened?.exportKeyingMaterial('EXPERIMENTAL', Buffer.from('context'), 40) ?? []),
  );
  expect(client.getFinished()).toEqual(Buffer.from(end.opened?.channelBinding('tls-unique') ?? []));
});

function nodeServer(options: TlsOptions): Server {
  const server = createServer(options);
  const sessions = new Map<string, Buffer>();
  server.on('newSession', (id: Buffer, data: Buffer, done: () => void) => {
    sessions.set(id.toString('hex'), data);
    done();
  });
  server.on('resumeSession', (id: Buffer, done: (error: null, data: Buffer | null) => void) => {
    done(null, sessions.get(id.toString('hex')) ?? null);
  });
  return server;
}

/** Something goes each way, longer than a record. */
async function converse(socket: TLSSocket, end: End, flush: () => void): Promise<void> {
  const long = 'long '.repeat(5_000);
  let received = '';
  socket.on('data', (chunk: Buffer) => {
    received += chunk.toString();
  });
  socket.write(long);
  end.connection.write(new TextEncoder().encode(long));
  flush();
  while ((end.received.length < long.length || received.length < long.length) && end.error === undefined) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(end.error).toBeUndefined();
  expect([end.received, received]).toEqual([long, long]);
}
