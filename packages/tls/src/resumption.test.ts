import { once } from 'node:events';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { type KeptSession, LocalSessionManager, type RecalledPsk, type RecallRequest } from '@handfast/sessions';
import { describe, expect, test, vi } from 'vitest';
import { dial, listen, pki, serverOptions } from '../testing/parties.ts';
import { type ConnectOptions, createServer, type ServerOptions, type TLSSocket } from './index.ts';

const newSessions = () => new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
/** Whose root signed nothing here. */
const stranger = await makePki();
const versions = ['TLSv1.2', 'TLSv1.3'] as const;

/** A server that greets, and then says whatever it hears. */
const echoing = (options: Partial<ServerOptions> = {}) =>
  listen(createServer({ ...serverOptions, ...options }, (socket) => void socket.pipe(socket).write('hello ')));

/** Connects, reads until `ending` has come, and leaves. */
async function visit(port: number, options: Partial<ConnectOptions>, ending = 'hello '): Promise<TLSSocket> {
  const client = dial(port, options);
  let heard = '';
  for await (const chunk of client) {
    heard += String(chunk);
    if (heard.endsWith(ending)) break;
  }
  expect(heard).toBe(ending);
  return client;
}

describe.each(versions)('%s', (version) => {
  test('a second connection resumes the session of the first', async () => {
    const port = await echoing({ maxVersion: version });
    const sessions = newSessions();
    expect((await visit(port, { sessions })).isSessionReused()).toBe(false);
    const second = await visit(port, { sessions });
    expect(second.isSessionReused()).toBe(true);
    expect(second.getProtocol()).toBe(version);
    expect(second.timeline.steps.map(({ name }) => name)).not.toContain('Certificate');
    expect(second.authorized).toBe(true);
    expect(second.peer?.chain).toEqual(pki.server.chain);
  });

  test('without a place for sessions none is resumed', async () => {
    const port = await echoing({ maxVersion: version });
    await visit(port, {});
    expect((await visit(port, {})).isSessionReused()).toBe(false);
  });

  test('a server knows the client of a session that is resumed', async () => {
    const subjects: unknown[] = [];
    const server = createServer(
      { ...serverOptions, maxVersion: version, requestCert: true, ca: pki.root.pem },
      (socket) => {
        subjects.push(socket.peer?.verdict.trusted === true && socket.peer.verdict.identity.subject);
        socket.write('hello ');
      },
    );
    const port = await listen(server);
    const sessions = newSessions();
    const identity = { cert: pki.client.chainPem, key: pki.client.keyPem };
    await visit(port, { sessions, ...identity });
    expect((await visit(port, { sessions, ...identity })).isSessionReused()).toBe(true);
    expect(subjects[1]).toEqual(subjects[0]);
    expect(subjects[0]).toEqual(expect.stringContaining('CN='));
  });

  test('whoever comes with another certificate, or none, does not resume that session', async () => {
    const port = await echoing({ maxVersion: version, requestCert: true, ca: pki.root.pem, rejectUnauthorized: false });
    const sessions = newSessions();
    await visit(port, { sessions, cert: pki.client.chainPem, key: pki.client.keyPem });
    expect((await visit(port, { sessions })).isSessionReused()).toBe(false);
  });

  test('another server name gets no session of this one', async () => {
    const port = await echoing({ maxVersion: version });
    const sessions = newSessions();
    await visit(port, { sessions });
    const other = await visit(port, { sessions, servername: '127.0.0.1' });
    expect(other.isSessionReused()).toBe(false);
  });

  test('an untrusted server leaves no session behind', async () => {
    const port = await echoing({ maxVersion: version });
    const sessions = newSessions();
    const trustingOthers = { sessions, ca: stranger.root.pem, rejectUnauthorized: false };
    await visit(port, trustingOthers);
    const again = await visit(port, trustingOthers);
    expect(again.isSessionReused()).toBe(false);
    expect(again.authorized).toBe(false);
  });

  test('the server of a session is judged by the trust anchors of now where that is wanted', async () => {
    const port = await echoing({ maxVersion: version });
    const sessions = newSessions();
    await visit(port, { sessions });
    const judging = { sessions, resumedPeer: 'validated', ca: stranger.root.pem, rejectUnauthorized: false } as const;
    const again = await visit(port, judging);
    expect(again.isSessionReused()).toBe(true);
    expect(again.authorized).toBe(false);
  });
});

describe('early data', () => {
  test('goes with the first flight of a resumed session, and can be told apart', async () => {
    const early: string[] = [];
    const received = (bytes: Uint8Array, socket: TLSSocket) => {
      early.push(`${Buffer.from(bytes)} before ${socket.getProtocol() ?? 'the handshake is done'}`);
    };
    const port = await echoing({ earlyData: { maximum: 1000, received } });
    const sessions = newSessions();
    const first = await visit(port, { sessions, earlyData: Buffer.from('one') }, 'hello one');
    expect(first.earlyData).toBeUndefined();
    expect(early).toEqual([]);
    const second = await visit(port, { sessions, earlyData: Buffer.from('two') });
    expect(second.earlyData).toBe('accepted');
    expect(early).toEqual(['two before the handshake is done']);
  });

  test('that is more than the session allows is sent after the handshake, and not said to be accepted', async () => {
    const early: string[] = [];
    const received = (bytes: Uint8Array) => void early.push(String(bytes));
    const port = await echoing({ earlyData: { maximum: 10, received } });
    const sessions = newSessions();
    await visit(port, { sessions });
    const second = await visit(port, { sessions, earlyData: Buffer.from('far too much') }, 'hello far too much');
    expect(second.isSessionReused()).toBe(true);
    expect(second.earlyData).toBeUndefined();
    expect(early).toEqual([]);
  });

  test('is forgotten once the handshake is done', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc');
    const port = await echoing();
    let bytes: Uint8Array | undefined = new Uint8Array(1000);
    const kept = new WeakRef(bytes);
    const client = dial(port, { earlyData: bytes });
    bytes = undefined;
    client.resume();
    await once(client, 'data');
    await vi.waitUntil(() => {
      collect();
      return kept.deref() === undefined;
    });
    expect(client.destroyed).toBe(false);
  });

  test('is sent again after a handshake in which the server did not take it', async () => {
    const taking = createServer(
      { ...serverOptions, earlyData: { maximum: 1000, received: () => {} } },
      (socket) => void socket.write('hello '),
    );
    const port = await listen(taking);
    const sessions = new OneServer({ crypto: nativeCrypto, now: Date.now });
    await visit(port, { sessions });
    // Another server, which has other ticket keys.
    const elsewhere = await echoing();
    const moved = { sessions, earlyData: Buffer.from('again') };
    const socket = dial(elsewhere, moved);
    await once(socket, 'secureConnect');
    expect(socket.isSessionReused()).toBe(false);
    expect(String(await readUntil(socket, 'again'))).toBe('hello again');
  });
});

/** A client that takes all its servers for the same one. */
class OneServer extends LocalSessionManager {
  override keep(session: KeptSession): void {
    super.keep({ ...session, under: { kind: 'server', server: 'the one' } });
  }

  override recall(request: RecallRequest): readonly RecalledPsk[] {
    return super.recall({ ...request, server: 'the one' });
  }
}

async function readUntil(socket: TLSSocket, ending: string): Promise<string> {
  let heard = '';
  for await (const chunk of socket) {
    heard += String(chunk);
    if (heard.endsWith(ending)) break;
  }
  return heard;
}

test('channel bindings are the same on both ends', async () => {
  const bindings: unknown[] = [];
  const types = ['tls-unique', 'tls-server-end-point', 'tls-exporter'] as const;
  const server = createServer(serverOptions, (socket) => {
    bindings.push(types.map((type) => socket.channelBinding(type)?.length));
    bindings.push(types.map((type) => Buffer.from(socket.channelBinding(type) ?? []).toString('hex')));
    socket.write('hello ');
  });
  const port = await listen(server);
  for (const maxVersion of versions) {
    const client = await visit(port, { maxVersion });
    expect(types.map((type) => Buffer.from(client.channelBinding(type) ?? []).toString('hex'))).toEqual(
      bindings.at(-1),
    );
    expect(bindings.at(-2)).toEqual([maxVersion === 'TLSv1.2' ? 12 : undefined, 32, 32]);
  }
});
