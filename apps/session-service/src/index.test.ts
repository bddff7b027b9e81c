import { resolve } from 'node:path';
import { NatsBus, RemoteSessionManager } from '@handfast/bus';
import {
  contextOf,
  end,
  type ModuleProcess,
  type NatsServer,
  natsServerBinary,
  startModule,
  startNatsServer,
} from '@handfast/bus/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import type { HandshakeEntry } from '@handfast/sessions';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const code = `
  import { startSessionService } from '@handfast/session-service';
  const service = await startSessionService({ bus: process.env.BUS, log: console.error });
  console.log(service.instance);
`;

const started: HandshakeEntry = {
  id: '0123456789abcdef',
  traceId: '0123456789abcdef0123456789abcdef',
  role: 'server',
  gateway: 'gateway-1',
  state: 'started',
  at: 1_700_000_000_000,
  protocol: undefined,
  cipherSuite: undefined,
  serverName: undefined,
  identity: undefined,
  reason: undefined,
};

describe.skipIf(natsServerBinary() === undefined)('the session service, as processes of its own', () => {
  let server: NatsServer;
  let replicas: readonly ModuleProcess[];
  let bus: NatsBus;

  beforeAll(async () => {
    server = await startNatsServer();
    const folder = resolve(import.meta.dirname, '..');
    const start = () => startModule(folder, code, { BUS: server.url });
    replicas = await Promise.all([start(), start()]);
    bus = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
  });
  afterAll(async () => {
    await bus.close();
    await Promise.all(replicas.map(({ child }) => end(child)));
    await server.stop();
  });

  it('tells at every replica what was noted', async () => {
    const sessions = new RemoteSessionManager(bus);
    // The first ask makes both replicas known; notes that come before may reach one of them only.
    await vi.waitFor(async () => {
      sessions.note(started);
      const answers = new Map<string, readonly HandshakeEntry[]>();
      for (let index = 0; index < 20; index++) {
        const answerers: string[] = [];
        const context = contextOf({ report: ({ instance }) => answerers.push(instance) });
        const entries = await sessions.handshakes(context);
        for (const answerer of answerers) answers.set(answerer, entries);
      }
      expect(new Set(answers.keys())).toEqual(new Set(replicas.map(({ firstLine }) => firstLine)));
      for (const entries of answers.values()) expect(entries).toEqual([started]);
    });
  });
});
