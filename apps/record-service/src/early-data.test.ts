import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions } from '@handfast/bus';
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto as crypto } from '@handfast/crypto/native';
import type { Timeline } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { connect, type TLSSocket } from '@handfast/tls';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Endpoint } from './options.ts';
import { startRecordService } from './record-service.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });

const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** A gateway that takes early data, and what it takes to be a client that has met it. */
class Acquaintance {
  readonly timelines: Timeline[] = [];
  readonly troubles: string[] = [];
  readonly upstream: Server;
  readonly #sessions = new LocalSessionManager({ crypto, now: Date.now });
  readonly #address: Endpoint;

  private constructor(address: Endpoint, upstream: Server) {
    this.#address = address;
    this.upstream = upstream;
  }

  /** @param upstream what it does with connections from the second on; the first is greeted. */
  static async make(upstream: (socket: Socket) => void, maxEarlyData = 100_000): Promise<Acquaintance> {
    const greeted: Socket[] = [];
    const serve = (socket: Socket) => (greeted.push(socket) === 1 ? void socket.end('welcome') : upstream(socket));
    const server = await listen(serve);
    const service = await startRecordService({
      bus: await makeBus(),
      listen: { host: '127.0.0.1', port: 0 },
      upstream: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
      clientAuthentication: 'none',
      applicationProtocols: [],
      minVersion: 'tls12',
      maxVersion: 'tls13',
      maxEarlyData,
      onTimeline: (timeline) => {
        if (timeline.endedAt !== undefined) acquaintance.timelines.push(timeline);
      },
      onTrouble: (trouble) => acquaintance.troubles.push(trouble),
    });
    cleanUps.push(() => service.stop(0));
    const acquaintance = new Acquaintance(service.address, server);
    expect(await textOf(acquaintance.come())).toBe('welcome');
    return acquaintance;
  }

  come(earlyData?: Uint8Array): TLSSocket {
    const { host, port } = this.#address;
    const options = { host, port, servername: 'localhost', ca: pki.root.pem, sessions: this.#sessions };
    const socket = connect({ ...options, earlyData });
    socket.on('error', () => {});
    cleanUps.push(() => socket.destroy());
    return socket;
  }
}

async function makeBus(): Promise<EmbeddedBus> {
  const bus = new EmbeddedBus();
  const credentials = [credentialFromChain(crypto, pki.server.chain)];
  await hostKeyExchange(bus, new LocalKeyExchange({ crypto, keys: [crypto.importPrivateKey(pki.server.pkcs8)] }));
  await hostCertificates(bus, new LocalCertificateValidator({ crypto, anchors: [], credentials }));
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }));
  return bus;
}

async function listen(serve: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    cleanUps.push(() => socket.destroy());
    serve(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUps.push(() => server.close());
  return server;
}

/** All that comes until the other side has said all; the socket may still be written to after that. */
async function textOf(socket: Duplex): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer) => {
    text += chunk;
  });
  await once(socket, 'end');
  return text;
}

describe('early data at the gateway', () => {
  it('comes to the upstream once, and before what follows it', async () => {
    const heard = vi.fn();
    const acquaintance = await Acquaintance.make(async (socket) => {
      heard(await textOf(socket));
      socket.end('and an answer');
    });
    const early = Buffer.alloc(90_000, 'early ');
    const client = acquaintance.come(early);
    client.end('and late');
    expect(await textOf(client)).toBe('and an answer');
    expect(client.earlyData).toBe('accepted');
    expect(heard.mock.calls).toEqual([[`${early}and late`]]);
  });

  it('is held back for an upstream that does not read yet', async () => {
    const heard = vi.fn();
    const acquaintance = await Acquaintance.make(async (socket) => {
      await delay(200);
      heard((await textOf(socket)).length);
      socket.end();
    }, 8_000_000);
    const client = acquaintance.come(Buffer.alloc(8_000_000, 1));
    client.end('end');
    expect(await textOf(client)).toBe('');
    expect(client.earlyData).toBe('accepted');
    expect(heard.mock.calls).toEqual([[8_000_003]]);
  });

  it('is answered in full by an upstream that closes at once', async () => {
    const answer = 'answer '.repeat(100_000);
    const acquaintance = await Acquaintance.make((socket) => socket.once('data', () => socket.end(answer)));
    const client = acquaintance.come(Buffer.from('question'));
    expect(await textOf(client)).toBe(answer);
    client.end();
    await vi.waitFor(() => expect(acquaintance.timelines.at(-1)?.state).toBe('confirmed'));
    expect(acquaintance.troubles).toEqual([]);
  });

  it('goes nowhere where the upstream cannot be reached, and the handshake is completed', async () => {
    const acquaintance = await Acquaintance.make(() => {});
    acquaintance.upstream.close();
    const client = acquaintance.come(Buffer.alloc(50_000, 1));
    client.end('more');
    expect(await textOf(client)).toBe('');
    expect(client.earlyData).toBe('accepted');
    await vi.waitFor(() => expect(acquaintance.timelines.at(-1)?.state).toBe('confirmed'));
    expect(acquaintance.troubles).toEqual([expect.stringMatching(/cannot be reached: ECONNREFUSED$/)]);
  });

  it('has an answer that is cut off where the upstream breaks off', async () => {
    const acquaintance = await Acquaintance.make((socket) => {
      socket.write('the answ');
      socket.once('data', () => setImmediate(() => socket.resetAndDestroy()));
    });
    const client = acquaintance.come(Buffer.from('question'));
    await expect(textOf(client)).rejects.toThrow();
    expect(acquaintance.troubles).toEqual([expect.stringMatching(/broke off: ECONNRESET$/)]);
  });

  it('leaves no upstream connection behind when the client has gone', async () => {
    const ended = vi.fn();
    const acquaintance = await Acquaintance.make((socket) => {
      socket.on('end', ended);
      socket.once('data', () => client.destroy());
    });
    const client = acquaintance.come(Buffer.from('question'));
    await vi.waitFor(() => expect(ended).toHaveBeenCalledOnce());
  });
});
