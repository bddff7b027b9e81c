import { once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { clientConfiguration, serverConfiguration } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { aMoment, clientOptions, closed, dialTcp, listen, listenTcp, serverOptions } from '../testing/parties.ts';
import { commonConfiguration, decodeAnchors, loadCredentials, localPorts } from './options.ts';
import { TlsTransport } from './transport.ts';

const handshakeTimeout = 54_321;

/** A transport, and all that it told, in order. */
class Party {
  readonly told: string[] = [];
  pausing = false;
  readonly transport: TlsTransport;

  constructor(role: 'client' | 'server', socket: Socket, timeout = handshakeTimeout) {
    const options = role === 'client' ? clientOptions : serverOptions;
    const credentials = loadCredentials(options);
    const common = commonConfiguration(options, credentials);
    const configuration =
      role === 'server' ? serverConfiguration(common) : clientConfiguration({ ...common, serverName: 'localhost' });
    const ports = localPorts(credentials, decodeAnchors(clientOptions.ca));
    this.transport = new TlsTransport(
      socket,
      configuration,
      { ports, handshakeTimeout: timeout, askTimeout: 1000 },
      {
        open: () => this.told.push('open'),
        data: (bytes) => {
          this.told.push(Buffer.from(bytes).toString());
          if (this.pausing) this.transport.pause();
        },
        drain: () => this.told.push('drain'),
        peerClosed: () => this.told.push('peer closed'),
        closed: (error) => this.told.push(error === undefined ? 'closed' : `closed ${error.reason}`),
      },
    );
  }

  until(event: string): Promise<void> {
    return vi.waitFor(() => expect(this.told).toContain(event), { timeout: 5000 });
  }
}

async function parties(): Promise<{ client: Party; server: Party; serverTcp: Socket }> {
  const listener = createTcpServer();
  const port = await listen(listener);
  const accepted = once(listener, 'connection');
  const client = new Party('client', await dialTcp(port));
  const [serverTcp] = await accepted;
  const server = new Party('server', serverTcp);
  await Promise.all([client.until('open'), server.until('open')]);
  return { client, server, serverTcp };
}

describe('the end', () => {
  test('in order: each side hears close_notify, and then that the socket is gone', async () => {
    const { client, server } = await parties();
    client.transport.write(Buffer.from('good bye'));
    client.transport.end();
    await server.until('peer closed');
    server.transport.end();
    await Promise.all([client.until('closed'), server.until('closed')]);
    expect(client.told).toEqual(['open', 'peer closed', 'closed']);
    expect(server.told).toEqual(['open', 'good bye', 'peer closed', 'closed']);
  });

  test('one side may end while the other has much to say yet', async () => {
    const { client, server } = await parties();
    client.transport.end();
    await server.until('peer closed');
    await aMoment();
    server.transport.write(Buffer.from('one moment'));
    server.transport.end();
    await client.until('closed');
    expect(client.told).toEqual(['open', 'one moment', 'peer closed', 'closed']);
  });

  test('close sends all there is, and then waits for a peer that does not close only so long', async () => {
    const { client, server, serverTcp } = await parties();
    const sent = 'x'.repeat(100_000);
    server.transport.write(Buffer.from(sent));
    server.transport.close();
    await client.until('peer closed');
    expect(client.told.slice(1, -1).join('')).toBe(sent);
    await closed(serverTcp);
    expect(server.told.filter((event) => event !== 'drain')).toEqual(['open', 'closed']);
    client.transport.end();
  });

  test('destroy is no failure of the peer', async () => {
    const { client, server } = await parties();
    client.transport.destroy();
    await Promise.all([client.until('closed'), server.until('closed peer-closed')]);
    expect(client.transport.connection.timeline.failure).toBeUndefined();
  });

  test('abort tells the peer why', async () => {
    const { client, server } = await parties();
    server.transport.abort(new TlsError('service-unavailable', 'for a test'));
    await Promise.all([client.until('closed peer-alert'), server.until('closed service-unavailable')]);
  });

  test('a reader that paused at the last data hears the end all the same, whatever follows close_notify', async () => {
    const { client, server, serverTcp } = await parties();
    client.pausing = true;
    // Into one segment.
    serverTcp.cork();
    server.transport.write(Buffer.from('enough'));
    server.transport.connection.close();
    serverTcp.uncork();
    await client.until('peer closed');
    serverTcp.end('to be ignored (RFC 8446 section 6.1)');
    client.transport.end();
    await client.until('closed');
    expect(client.told).toEqual(['open', 'enough', 'peer closed', 'closed']);
  });
});

describe('timers', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** The timers that were begun with that delay, and were not stopped. */
  function watch(delay: number): () => readonly unknown[] {
    const begun = vi.spyOn(globalThis, 'setTimeout');
    const stopped = vi.spyOn(globalThis, 'clearTimeout');
    return () => {
      const timers = begun.mock.results.flatMap(({ value }, index) =>
        begun.mock.calls[index]?.[1] === delay ? [value] : [],
      );
      expect(timers.length).toBeGreaterThan(0);
      return timers.filter((timer) => !stopped.mock.calls.some(([other]) => other === timer));
    };
  }

  test('the deadline of the handshake ends with it', async () => {
    const left = watch(handshakeTimeout);
    await parties();
    expect(left()).toEqual([]);
  });

  test.each<[string, (party: Party) => void]>([
    ['fails', ({ transport }) => transport.abort(new TlsError('internal-error', 'for a test'))],
    ['is cancelled', ({ transport }) => transport.destroy()],
    ['is closed before it is done', ({ transport }) => transport.close()],
  ])('no timer is left where the handshake %s', async (_, end) => {
    const port = await listenTcp((socket) => socket.resume().on('end', () => socket.end()));
    const left = watch(handshakeTimeout);
    const party = new Party('client', await dialTcp(port));
    end(party);
    await vi.waitFor(() => expect(party.told.at(-1)).toMatch(/^closed/));
    expect(left()).toEqual([]);
  });

  test('nor that of a peer which went while we waited for it to go', async () => {
    const left = watch(1000);
    const { client, server } = await parties();
    client.transport.close();
    server.transport.close();
    await Promise.all([client.until('closed'), server.until('closed')]);
    expect(left()).toEqual([]);
  });
});
