import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions, type Serving } from '@handfast/bus';
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import { makePki, type Pki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import type { Timeline } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { connect as connectHandfast } from '@handfast/tls';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RecordService, RecordServiceOptions } from './options.ts';
import { startRecordService } from './record-service.ts';

/** Far more than sockets buffer on their own. */
const much = 96 * 2 ** 20;
/** What may be under way between two ends of which one does not read: above all the buffers of the kernel. */
const mostUnread = 40 * 2 ** 20;

let pki: Pki;
beforeAll(async () => {
  pki = await makePki();
});

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A bus with all services. */
async function makeBus() {
  const bus = new EmbeddedBus();
  const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
  await hostKeys(bus);
  await hostChains(bus);
  await hostSessions(bus, sessions);
  return { bus, sessions };
}

async function hostChains(bus: EmbeddedBus): Promise<Serving> {
  const crypto = nativeCrypto;
  const credentials = [credentialFromChain(crypto, pki.server.chain)];
  return await hostCertificates(bus, new LocalCertificateValidator({ crypto, anchors: [pki.root.der], credentials }));
}

async function hostKeys(bus: EmbeddedBus): Promise<Serving> {
  const keys = [nativeCrypto.importPrivateKey(pki.server.pkcs8)];
  return await hostKeyExchange(bus, new LocalKeyExchange({ crypto: nativeCrypto, keys }));
}

function optionsOf(bus: EmbeddedBus, upstreamPort: number): RecordServiceOptions {
  return {
    bus,
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: '127.0.0.1', port: upstreamPort },
    clientAuthentication: 'none',
    applicationProtocols: [],
    minVersion: 'tls12',
    maxVersion: 'tls13',
    onTimeline: () => {},
    onTrouble: () => {},
  };
}

/** A gateway in front of `serveUpstream`. */
async function makeGateway(
  serveUpstream: (socket: Socket) => void,
  options: Partial<RecordServiceOptions> = {},
): Promise<{ readonly service: RecordService; readonly sessions: LocalSessionManager; readonly troubles: string[] }> {
  const port = await listen(serveUpstream);
  const { bus, sessions } = await makeBus();
  const troubles: string[] = [];
  const onTrouble = (trouble: string) => void troubles.push(trouble);
  const service = await startRecordService({ ...optionsOf(bus, port), onTrouble, ...options });
  cleanUps.push(() => service.stop(0));
  return { service, sessions, troubles };
}

async function listen(serve: (socket: Socket) => void): Promise<number> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    cleanUps.push(() => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** A port where nobody listens. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A client of node:tls whose handshake is done. */
async function connect({ address }: RecordService, options: ConnectionOptions = {}): Promise<TLSSocket> {
  const given = { ca: pki.root.pem, servername: 'localhost', allowHalfOpen: true, ...options };
  const client = connectTls({ ...address, ...given });
  client.on('error', () => {});
  cleanUps.push(() => client.destroy());
  await once(client, 'secureConnect');
  return client;
}

/** All that comes until the other side has said all; the socket may still be written to after that. */
async function textOf(socket: Duplex): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString();
  });
  await once(socket, 'end');
  return text;
}

/** Writes `length` bytes as fast as they are taken, and ends. */
function write(socket: Socket, length: number): void {
  const chunk = new Uint8Array(2 ** 16);
  Readable.from(Array.from({ length: length / chunk.length }, () => chunk)).pipe(socket);
}

/** The number that `count` tells when it has stood still for a while. */
async function settled(count: () => number): Promise<number> {
  for (let last = -1; last !== count(); ) {
    last = count();
    await delay(400);
  }
  return count();
}

async function lengthOf(socket: Socket): Promise<number> {
  let length = 0;
  for await (const chunk of socket) length += chunk.length;
  return length;
}

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('the gateway, over %s,', (version) => {
  const onlyThat = { minVersion: version, maxVersion: version };

  it('passes on what either side says', async () => {
    const { service } = await makeGateway((socket) => socket.pipe(socket));
    const client = await connect(service, onlyThat);
    client.end('there and back');
    expect(await textOf(client)).toBe('there and back');
  });

  it('passes on that the client has said all, and lets the upstream answer after that', async () => {
    const { service } = await makeGateway(async (socket) => {
      const question = await textOf(socket);
      await delay(50);
      socket.end(`${question}, and the answer`);
    });
    const client = await connect(service, onlyThat);
    client.end('the question');
    expect(await textOf(client)).toBe('the question, and the answer');
  });

  it('passes on that the upstream has said all, and lets the client go on', async () => {
    const heard: string[] = [];
    const { service } = await makeGateway(async (socket) => {
      socket.end('all of it');
      heard.push(await textOf(socket));
    });
    const client = await connect(service, onlyThat);
    expect(await textOf(client)).toBe('all of it');
    client.end('and more from here');
    await vi.waitFor(() => expect(heard).toEqual(['and more from here']));
  });

  it('reads from the upstream no faster than the client does', async () => {
    let upstream: Socket | undefined;
    const { service } = await makeGateway((socket) => {
      upstream = socket;
      write(socket, much);
    });
    const client = await connect(service, onlyThat);
    client.pause();
    await vi.waitUntil(() => upstream !== undefined);
    expect(await settled(() => taken(upstream))).toBeLessThan(mostUnread);
    expect(await lengthOf(client)).toBe(much);
  });

  it('reads from the client no faster than the upstream does', async () => {
    let upstream: Socket | undefined;
    const { service } = await makeGateway((socket) => {
      upstream = socket;
      socket.pause();
    });
    const client = await connect(service, onlyThat);
    write(client, much);
    await vi.waitUntil(() => upstream !== undefined);
    expect(await settled(() => taken(client))).toBeLessThan(mostUnread);
    expect(upstream && (await lengthOf(upstream))).toBe(much);
  });
});

/** Bytes that have left a socket. */
function taken(socket: Socket | undefined): number {
  return socket === undefined ? 0 : socket.bytesWritten - socket.writableLength;
}

describe('the gateway, in front of an upstream', () => {
  it('that refuses, closes without an alert, says why, and goes on', async () => {
    const onTimeline = vi.fn<RecordServiceOptions['onTimeline']>();
    const upstream = { host: '127.0.0.1', port: await freePort() };
    const { service, troubles } = await makeGateway(() => {}, { upstream, onTimeline });
    for (let attempt = 0; attempt < 2; attempt++) {
      const client = connectHandfast({ ...service.address, servername: 'localhost', ca: pki.root.pem });
      expect(await textOf(client)).toBe('');
    }
    const refused = `the upstream 127.0.0.1:${upstream.port} cannot be reached: ECONNREFUSED`;
    expect(troubles).toEqual([refused, refused]);
    expect(onTimeline.mock.calls.map(([{ failure }]) => failure)).not.toContainEqual(expect.anything());
  });

  it('that breaks off, does not tell the client that it has got everything', async () => {
    const { service, troubles } = await makeGateway((socket) => {
      socket.write('a beginning', () => socket.once('data', () => socket.resetAndDestroy()));
    });
    const client = connectHandfast({ ...service.address, servername: 'localhost', ca: pki.root.pem });
    cleanUps.push(() => client.destroy());
    client.once('data', () => client.write('go on'));
    await expect(once(client, 'end')).rejects.toMatchObject({ reason: 'peer-closed' });
    expect(troubles).toEqual([expect.stringMatching(/broke off: ECONNRESET$/)]);
  });

  it('lets go of it when the client is gone, whatever it still has to say', async () => {
    let upstream: Socket | undefined;
    const { service } = await makeGateway((socket) => {
      upstream = socket;
      write(socket, much);
    });
    const socket = connectTcp(service.address);
    const client = await connect(service, { socket });
    await once(client, 'data');
    socket.resetAndDestroy();
    await vi.waitUntil(() => upstream?.destroyed);
    await service.stop(60_000);
  });

  it('gives up a client that is silent', async () => {
    const timelines: Timeline[] = [];
    const onTimeline = (timeline: Timeline) => void timelines.push(timeline);
    const { service } = await makeGateway(() => {}, { handshakeTimeout: 50, onTimeline });
    const client = connectTcp(service.address);
    client.resume();
    await once(client, 'close');
    expect(timelines.at(-1)?.failure).toMatchObject({ reason: 'handshake-timeout', by: 'us' });
  });
});

describe('the gateway, when it stops,', () => {
  it('takes no more connections, and lets those that are open end', async () => {
    const { service } = await makeGateway((socket) => socket.pipe(socket));
    const client = await connect(service);
    const stopped = service.stop(60_000);
    await expect(once(connectTcp(service.address), 'connect')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    client.end('still here');
    expect(await textOf(client)).toBe('still here');
    await stopped;
  });

  it('cuts off those that do not', async () => {
    const { service } = await makeGateway(() => {});
    const idle = connectHandfast({ ...service.address, servername: 'localhost', ca: pki.root.pem });
    await once(idle, 'secureConnect');
    const halfOpen = connectTcp(service.address);
    await once(halfOpen, 'connect');
    halfOpen.resume();
    const ends = [once(idle.resume(), 'end'), once(halfOpen, 'close')];
    await service.stop(20);
    await Promise.all(ends);
  });

  it('cuts off even those that read nothing any more', async () => {
    let upstream: Socket | undefined;
    const { service } = await makeGateway((socket) => {
      upstream = socket;
      write(socket, much);
    });
    const client = await connect(service);
    client.pause();
    await settled(() => taken(upstream));
    await service.stop(20);
  });
});

describe('the gateway and its services', () => {
  it('starts when its services are there, and says which one it waits for', async () => {
    const bus = new EmbeddedBus();
    const onTrouble = vi.fn<RecordServiceOptions['onTrouble']>();
    const port = await listen((socket) => socket.pipe(socket));
    const starting = startRecordService({ ...optionsOf(bus, port), onTrouble });
    const waitsFor = (service: string) =>
      vi.waitFor(() => expect(onTrouble).toHaveBeenCalledWith(expect.stringContaining(`waiting for the ${service}`)));
    await waitsFor('key exchange service');
    await hostKeys(bus);
    await waitsFor('certificate service');
    await hostChains(bus);
    const service = await starting;
    cleanUps.push(() => service.stop(0));
    const client = await connect(service);
    client.end('there and back');
    expect(await textOf(client)).toBe('there and back');
  });

  it('fails a handshake whose key exchange is away, and makes the next one when it is back', async () => {
    const bus = new EmbeddedBus();
    const keyExchange = await hostKeys(bus);
    await hostChains(bus);
    const port = await listen((socket) => socket.pipe(socket));
    const onTimeline = vi.fn<RecordServiceOptions['onTimeline']>();
    const service = await startRecordService({ ...optionsOf(bus, port), onTimeline });
    cleanUps.push(() => service.stop(0));
    await keyExchange.stop();
    await expect(connect(service)).rejects.toMatchObject({ code: 'ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR' });
    expect(onTimeline.mock.lastCall?.[0].failure).toMatchObject({ reason: 'service-unavailable', by: 'us' });
    await hostKeys(bus);
    await connect(service);
  });

  it('is not troubled by whoever is told of its handshakes', async () => {
    const onTimeline = () => {
      throw new Error('no room for a trace');
    };
    const { service, troubles } = await makeGateway((socket) => socket.pipe(socket), { onTimeline });
    connectTcp(service.address).end('no ClientHello at all');
    await vi.waitUntil(() => troubles.length > 0);
    const client = await connect(service);
    client.end('there and back');
    expect(await textOf(client)).toBe('there and back');
    expect(new Set(troubles)).toEqual(new Set([expect.stringContaining('no room for a trace')]));
  });

  it('notes each handshake, how it ended, and that its connection is gone', async () => {
    const { service, sessions } = await makeGateway((socket) => socket.pipe(socket));
    const client = await connect(service);
    client.write('there and back');
    await once(client, 'data');
    await vi.waitFor(() => expect(sessions.handshakes()).toMatchObject([{ state: 'confirmed', protocol: 'TLS 1.3' }]));
    client.end();
    const refusing = connectHandfast({ ...service.address, servername: 'localhost', ca: pki.selfSigned.pem });
    await expect(once(refusing, 'secureConnect')).rejects.toThrow();
    await service.stop(60_000);
    const states = sessions.handshakes().map(({ state, reason }) => [state, reason]);
    expect(states).toEqual([
      ['failed', 'peer-alert'],
      ['closed', undefined],
    ]);
  });
});
