import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { makePki } from '@handfast/certificates/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { parseArguments } from './arguments.ts';
import { Clock } from './clock.ts';
import { configurationOf } from './configuration.ts';
import { localPorts } from './ports.ts';
import { RunnerConnection } from './runner-connection.ts';
import { CountedSessions } from './sessions.ts';
import { VerifyCallback } from './validator.ts';

const folder = mkdtempSync(join(tmpdir(), 'bogo-shim-'));
const files = { cert: join(folder, 'cert'), key: join(folder, 'key') };
let runner: Server;

beforeAll(async () => {
  const { server } = await makePki();
  writeFileSync(files.cert, server.chainPem);
  writeFileSync(files.key, server.keyPem);
});

beforeEach(async () => {
  runner?.close();
  runner = createServer().listen(0, '127.0.0.1');
  await once(runner, 'listening');
});

afterAll(() => {
  runner.close();
  rmSync(folder, { recursive: true });
});

/** What the shim does as a TLS server with these options. */
function runShim(...more: readonly string[]): Promise<void> {
  const { port } = runner.address() as AddressInfo;
  const { initial, retry } = parseArguments([
    ...['-port', String(port), '-shim-id', '258', '-server', '-cert-file', files.cert, '-key-file', files.key],
    ...more,
  ]);
  const clock = new Clock();
  const ports = localPorts([initial], clock);
  const certificates = new VerifyCallback(ports.certificates, initial);
  const sessions = new CountedSessions(ports.sessions, initial);
  const wanted = { settings: initial, afterRetry: retry, resuming: false };
  return RunnerConnection.run(wanted, configurationOf(initial), { ...ports, certificates, sessions }, clock);
}

/** Waits for the shim: its ID, and a TLS client on its connection. */
async function acceptShim(): Promise<{ readonly id: Buffer; readonly client: TLSSocket }> {
  const [socket] = (await once(runner, 'connection')) as [Socket];
  await once(socket, 'readable');
  const id: Buffer = socket.read(8);
  return { id, client: connect({ socket, rejectUnauthorized: false }) };
}

test.each([[[]], [['-async']]])(
  'the shim says who it is, echoes all bits turned, and ends in peace (%j)',
  async (given) => {
    const shim = runShim(...given);
    const { id, client } = await acceptShim();
    expect([...id]).toEqual([2, 1, 0, 0, 0, 0, 0, 0]);
    client.write(Uint8Array.of(0x00, 0xf0));
    const [echo] = (await once(client, 'data')) as [Buffer];
    expect([...echo]).toEqual([0xff, 0x0f]);
    client.end();
    await expect(shim).resolves.toBeUndefined();
  },
);

test('the shim fails where the handshake is not what the runner expects', async () => {
  const shim = runShim('-expect-version', '771');
  const { client } = await acceptShim();
  client.on('error', () => {}).resume();
  await expect(shim).rejects.toThrow('version: expected 771, got 772');
});

test('the shim fails with the reason of the stack where the peer is refused', async () => {
  const shim = runShim('-require-any-client-certificate');
  const { client } = await acceptShim();
  client.on('error', () => {}).resume();
  await expect(shim).rejects.toMatchObject({ reason: 'certificate-required' });
});
