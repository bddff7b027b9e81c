import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { connect as connectNode, createServer as createNodeServer, type TLSSocket as NodeSocket } from 'node:tls';
import { TlsError } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import {
  aMoment,
  clientOptions,
  closed,
  dial,
  failure,
  lastEvents,
  listen,
  listenTcp,
  pair,
  pki,
  read,
  serverOptions,
} from '../testing/parties.ts';
import { createServer, type TLSSocket } from './index.ts';

const megabyte = 2 ** 20;
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Of all that can be read from it. No async iterator, because that destroys a stream which it has read to its end. */
function digestOf(stream: Readable): Promise<string> {
  const hash = createHash('sha256');
  stream.on('data', (data: Buffer) => hash.update(data));
  return new Promise((resolve, reject) => {
    stream.once('end', () => resolve(hash.digest('hex')));
    stream.once('error', reject);
  });
}

describe.each(versions)('with %s', (version) => {
  test('both ends know what was agreed on', async () => {
    const { client, server } = await pair({ maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] });
    for (const end of [client, server]) {
      expect(end.getProtocol()).toBe(version);
      expect(end.encrypted).toBe(true);
      expect(end.cipherSuite).toMatch(/^TLS_/);
      expect(end.alpnProtocol).toBe(false);
      expect(end.timeline.state).toMatch(/completed|confirmed/);
    }
    expect([client.remoteAddress, client.remotePort]).toEqual([server.localAddress, server.localPort]);
    expect([server.remoteAddress, server.remotePort]).toEqual(['127.0.0.1', client.localPort]);
    expect(client.authorized).toBe(true);
    expect(client.peer?.chain[0]).toEqual(pki.server.der);
    expect(server.servername).toBe('localhost');
    expect(server.authorized).toBe(false);
    expect(server.peer).toBeUndefined();
    const label = 'EXPORTER-test';
    const context = Uint8Array.of(1);
    expect(client.exportKeyingMaterial(32, label, context)).toEqual(server.exportKeyingMaterial(32, label, context));
  });

  test('data of many records flows in both directions at once, whole and in order', async () => {
    const { client, server } = await pair({ maxVersion: version });
    const [up, down] = [randomBytes(5 * megabyte + 1), randomBytes(5 * megabyte + 2)];
    client.end(up);
    server.end(down);
    expect(await Promise.all([digestOf(client), digestOf(server)])).toEqual([sha256(down), sha256(up)]);
  });

  test('what is written before the handshake is sent after it, in order', async () => {
    const listener = createServer({ ...serverOptions, maxVersion: version });
    const client = dial(await listen(listener));
    client.write('one ');
    client.write('two ');
    client.end('three');
    const [server] = await once(listener, 'secureConnection');
    server.end();
    expect(await read(server)).toBe('one two three');
  });

  test('node:tls speaks with it in both roles', async () => {
    const ours = createServer({ ...serverOptions, maxVersion: version }, (socket) => socket.pipe(socket));
    const node = connectNode({ ...clientOptions, port: await listen(ours), maxVersion: version });
    node.end('to ours');
    expect(String(await new Response(Readable.toWeb(node) as ReadableStream).text())).toBe('to ours');

    const theirs = createNodeServer({ ...serverOptions, maxVersion: version }, (socket: NodeSocket) => {
      socket.pipe(socket);
    });
    const client = dial(await listen(theirs));
    client.end('to theirs');
    expect(await read(client)).toBe('to theirs');
  });
});

describe('the end of a direction', () => {
  test('a close in order is end, finish and close at both ends, each once', async () => {
    const { client, server } = await pair();
    const events = [client, server].map(lastEvents);
    client.resume();
    server.resume();
    client.end('good bye');
    await Promise.all([closed(client), closed(server)]);
    for (const end of events) {
      expect(end.toSorted()).toEqual(['close', 'end', 'finish']);
      expect(end.at(-1)).toBe('close');
    }
  });

  test('what was under way is still delivered when the peer has ended its side', async () => {
    const { client, server } = await pair();
    server.allowHalfOpen = true;
    const sent = randomBytes(5 * megabyte);
    client.write(sent);
    client.resume();
    server.end('enough');
    await aMoment();
    expect(await digestOf(server)).toBe(sha256(sent));
  });

  test('with allowHalfOpen, a side that has read the end may still write', async () => {
    const { client, server } = await pair();
    server.allowHalfOpen = true;
    client.end('question');
    expect(await read(server)).toBe('question');
    await aMoment();
    server.end('answer');
    expect(await read(client)).toBe('answer');
  });

  test('what has arrived can be read after the peer and the TCP connection have gone', async () => {
    const { client, server, clientTcp, serverTcp } = await pair();
    server.end('late reader');
    await once(server, 'finish');
    serverTcp.destroy();
    await aMoment();
    expect(client.destroyed).toBe(false);
    expect(await read(client)).toBe('late reader');
    if (!client.closed) await closed(client);
    if (!clientTcp.closed) await closed(clientTcp);
  });

  test('finish comes when the last byte has left, not before', async () => {
    const { client, server, clientTcp, serverTcp } = await pair();
    clientTcp.pause();
    while (serverTcp.writableLength === 0) server.write(randomBytes(1024));
    server.end();
    await aMoment();
    expect(server.writableEnded).toBe(true);
    expect(server.writableFinished).toBe(false);
    client.resume();
    await once(server, 'finish');
    expect(serverTcp.writableLength).toBe(0);
  });

  test('write after end is the error of a stream', async () => {
    const { client } = await pair();
    client.end();
    const failed = failure(client);
    client.write('more');
    expect(await failed).toMatchObject({ code: 'ERR_STREAM_WRITE_AFTER_END' });
  });

  test('a stream pipes through it', async () => {
    const { client, server } = await pair();
    server.pipe(server);
    const sent = randomBytes(3 * megabyte);
    const received = createHash('sha256');
    const [from, to] = [
      Readable.from([sent]),
      new Writable({ write: (chunk, _, done) => done(void received.update(chunk)) }),
    ];
    await Promise.all([pipeline(from, client), pipeline(client, to, { end: true })]);
    expect(received.digest('hex')).toBe(sha256(sent));
  });

  test('the TCP connection does not outlive a stream that has ended, although the peer keeps its own open', async () => {
    const { client, server, clientTcp, serverTcp } = await pair();
    // The client says close_notify, and then nothing: no FIN.
    clientTcp.end = (() => clientTcp) as Socket['end'];
    clientTcp.destroy = (() => clientTcp) as Socket['destroy'];
    server.resume();
    client.resume();
    client.end();
    await closed(server);
    await closed(serverTcp);
  });

  test('nor does it where nobody read what came before the end', async () => {
    const { client, server, serverTcp } = await pair();
    client.write(randomBytes(megabyte));
    await aMoment();
    server.destroy();
    await closed(serverTcp);
    client.destroy();
  });
});

describe('a connection that breaks', () => {
  test.each(['end', 'destroy'] as const)(
    'TCP %s without close_notify is an error, once, and then close',
    async (how) => {
      const { client, serverTcp } = await pair();
      const events = lastEvents(client);
      client.resume();
      serverTcp[how]();
      await closed(client);
      expect(events).toEqual(['error peer-closed', 'close']);
    },
  );

  test('a reset is an error as well', async () => {
    const { client, serverTcp } = await pair();
    client.resume();
    const failed = failure(client);
    serverTcp.resetAndDestroy();
    expect(await failed).toMatchObject({ reason: 'connection-lost', detail: 'ECONNRESET' });
  });

  test('a record cut short is truncation, whatever of it has arrived', async () => {
    const { client, serverTcp } = await pair();
    client.resume();
    const failed = failure(client);
    serverTcp.end(Uint8Array.of(0x17, 3, 3, 0x40, 0, 1, 2, 3));
    expect(await failed).toMatchObject({ reason: 'peer-closed' });
  });

  test('data that came before the break is delivered before the error', async () => {
    const { client, server, serverTcp } = await pair();
    let text = '';
    client.on('data', (data: Buffer) => {
      text += data;
    });
    server.write('half a sent');
    await aMoment();
    serverTcp.destroy();
    await failure(client);
    expect(text).toBe('half a sent');
  });

  test('a forged record is refused with an alert that the peer reads', async () => {
    const { client, server, clientTcp } = await pair();
    const failures = Promise.all([failure(client), failure(server)]);
    clientTcp.write(Buffer.concat([Uint8Array.of(0x17, 3, 3, 0, 32), new Uint8Array(32)]));
    expect(await failures).toMatchObject([
      { reason: 'peer-alert', alert: 'bad_record_mac' },
      { reason: 'record-authentication-failed' },
    ]);
  });

  test('it ends soon for a peer that reads nothing, however much there was left to send', async () => {
    const { server, clientTcp } = await pair();
    clientTcp.pause();
    const written = new Promise<Error | null | undefined>(
      (resolve) => void server.write(randomBytes(32 * megabyte), resolve),
    );
    const failed = failure(server);
    clientTcp.write(Buffer.concat([Uint8Array.of(0x17, 3, 3, 0, 32), new Uint8Array(32)]));
    expect(await failed).toMatchObject({ reason: 'record-authentication-failed' });
    expect(await written).toBeInstanceOf(Error);
  });

  test('what could not be sent is an error, although the peer has said that it will send no more', async () => {
    const { client, server, clientTcp } = await pair();
    server.allowHalfOpen = true;
    server.resume();
    const failed = failure(server);
    const written = new Promise<Error | null | undefined>(
      (resolve) => void server.write(randomBytes(32 * megabyte), resolve),
    );
    client.end();
    await aMoment();
    clientTcp.destroy();
    expect(await failed).toMatchObject({ reason: 'connection-lost' });
    expect(await written).toBeInstanceOf(TlsError);
  });

  test('a write to a connection that is gone is an error', async () => {
    const { client, server, clientTcp, serverTcp } = await pair();
    server.allowHalfOpen = true;
    server.resume();
    client.end();
    await once(server, 'end');
    clientTcp.destroy();
    if (!serverTcp.closed) {
      serverTcp.write('');
      serverTcp.destroy();
      await closed(serverTcp);
    }
    const failed = failure(server);
    server.write('anybody there?');
    expect(await failed).toMatchObject({ reason: 'connection-lost' });
  });
});

describe('destroy', () => {
  test('in secureConnect: nothing is sent or received any more, close comes once, and no error', async () => {
    const listener = createServer(serverOptions, (socket) => void socket.on('error', () => {}).write('hello'));
    const client = dial(await listen(listener));
    const events = lastEvents(client);
    client.on('data', () => events.push('data'));
    client.write('waits for the handshake');
    client.on('secureConnect', () => client.destroy());
    await closed(client);
    await aMoment();
    expect(events).toEqual(['close']);
  });

  test('in data: what else has arrived is dropped', async () => {
    const { client, server } = await pair();
    const events = lastEvents(client);
    client.on('data', () => {
      events.push('data');
      client.destroy();
    });
    server.write(randomBytes(3 * 16_384));
    await closed(client);
    await aMoment();
    expect(events).toEqual(['data', 'close']);
  });

  test('in timeline, while the handshake goes on', async () => {
    const client = dial(await listen(createServer(serverOptions)));
    const events = lastEvents(client);
    client.on('secureConnect', () => events.push('secureConnect'));
    client.on('timeline', () => client.destroy());
    await closed(client);
    await aMoment();
    expect(events).toEqual(['close']);
  });

  test('during the handshake cancels it: the peer is told, and our timeline says that it was us', async () => {
    const received: Buffer[] = [];
    const port = await listenTcp((socket) => socket.on('data', (data: Buffer) => received.push(data)));
    const client = dial(port);
    await aMoment();
    client.destroy();
    await closed(client);
    expect(client.timeline.failure).toMatchObject({ reason: 'cancelled', by: 'us', alert: 'user_canceled' });
    await aMoment();
    // user_canceled, and close_notify (RFC 8446 section 6.1).
    expect(Buffer.concat(received).subarray(-14)).toEqual(Buffer.from('1503030002015a15030300020100', 'hex'));
  });

  test('of an open connection is no close_notify: the peer sees data cut off', async () => {
    const { client, server } = await pair();
    client.resume();
    const failed = failure(client);
    server.write('the first half');
    server.destroy();
    expect(await failed).toMatchObject({ reason: expect.stringMatching(/peer-closed|connection-lost/) });
  });

  test('with an error emits that error', async () => {
    const { client } = await pair();
    const failed = failure(client);
    client.destroy(new Error('of the application'));
    expect((await failed).message).toBe('of the application');
  });

  test('calls back a write that is under way', async () => {
    const { server } = await pair();
    const written = new Promise<Error | null | undefined>(
      (resolve) => void server.write(randomBytes(32 * megabyte), resolve),
    );
    await aMoment();
    server.destroy();
    expect(await written).toBeInstanceOf(Error);
  });
});

describe('back-pressure', () => {
  /** Writes until the stream has taken nothing for a while. */
  async function fill(stream: TLSSocket): Promise<number> {
    let taken = 0;
    const chunk = randomBytes(64 * 1024);
    const write = (): void => {
      stream.write(chunk, (error) => {
        if (error) return;
        taken += chunk.length;
        write();
      });
    };
    write();
    for (let before = -1; before !== taken; await aMoment()) before = taken;
    return taken;
  }

  test('a reader that pauses stops the writer, with bounded memory, and both go on', async () => {
    const { client, server } = await pair();
    let received = 0;
    client.once('data', (data: Buffer) => {
      received += data.length;
      client.pause();
    });
    const taken = await fill(server);
    // What fits into the buffers of two TCP sockets and two streams.
    expect(taken).toBeLessThan(32 * megabyte);
    expect(client.readableLength).toBeLessThan(256 * 1024);
    expect(server.writableLength).toBeLessThan(256 * 1024);
    client.on('data', (data: Buffer) => {
      received += data.length;
    });
    client.resume();
    while (received < taken + megabyte) await aMoment();
  });

  test('so does a reader that was never there', async () => {
    const { client, server } = await pair();
    const taken = await fill(client);
    expect(taken).toBeLessThan(32 * megabyte);
    expect(server.readableLength).toBeLessThan(256 * 1024);
  });

  test('write tells when to wait, and drain when to go on', async () => {
    const { client, server } = await pair();
    server.resume();
    let writes = 0;
    while (client.write(randomBytes(16_384))) writes += 1;
    expect(writes).toBeGreaterThan(0);
    await once(client, 'drain');
    expect(client.writableLength).toBe(0);
  });
});
