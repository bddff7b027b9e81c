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
import {
  type BlankTicket,
  claimLifetime,
  fillTicket,
  type HandshakeEntry,
  type ResumeRequest,
} from '@handfast/sessions';
import type { AskContext, ServiceWork } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { startSessionService } from './index.ts';

const code = `
  import { startSessionService } from '@handfast/session-service';
  const ticketSecret = process.env.SECRET && Buffer.from(process.env.SECRET);
  const service = await startSessionService({ bus: process.env.BUS, ticketSecret, log: console.error });
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
    const start = () => startModule(folder, code, { BUS: server.url, SECRET: 'x'.repeat(32) });
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
    }, 10_000);
  });

  /** What each of the replicas answers. */
  async function answersOf<T>(ask: (context: AskContext) => T | Promise<T>): Promise<readonly T[]> {
    const answers = new Map<string, T>();
    for (let index = 0; index < 40; index++) {
      const works: ServiceWork[] = [];
      const answer = await ask(contextOf({ report: (work) => works.push(work) }));
      for (const { instance } of works) answers.set(instance, answer);
    }
    expect(answers.size).toBe(replicas.length);
    return [...answers.values()];
  }

  it('opens at every replica the tickets that any of them made', async () => {
    const sessions = new RemoteSessionManager(bus);
    const state = Uint8Array.of(1, 2, 3);
    const made = await answersOf((context) => sessions.blankTickets({ count: 1 }, context));
    for (const { tickets } of made) {
      const offered = { kind: 'ticket' as const, ticket: fillTicket(nativeCrypto, only(tickets), state) };
      const answers = await answersOf((context) => sessions.resume({ offered, earlyDataClaim: undefined }, context));
      for (const { sessions } of answers) expect(sessions).toEqual([{ kind: 'resumption', index: 0, state }]);
    }
  });

  it('finds at every replica what is kept under a session ID', async () => {
    const sessions = new RemoteSessionManager(bus);
    const [sessionId, state] = [nativeCrypto.randomBytes(32), Uint8Array.of(4)];
    await answersOf((context) => sessions.handshakes(context));
    sessions.keep({ under: { kind: 'session-id', sessionId }, state, expires: Date.now() + 60_000 });
    const offered = { kind: 'session-id' as const, sessionId };
    const answers = await answersOf((context) => sessions.resume({ offered, earlyDataClaim: undefined }, context));
    for (const { sessions } of answers) expect(sessions).toEqual([{ kind: 'resumption', index: 0, state }]);
  });

  it('refuses early data in the first minute in which it is remembered: its tickets may be older', async () => {
    const sessions = new RemoteSessionManager(bus);
    expect(await claimOf(sessions)).toBe(false);
  });
});

describe.skipIf(natsServerBinary() === undefined)('the session service', () => {
  const secret = nativeCrypto.randomBytes(32);
  it.for([
    ['without a ticket secret, with JetStream: granted', undefined, '', true, 0],
    ['without a ticket secret, without JetStream: granted', undefined, 'jetstream: false', true, 0],
    ['with a ticket secret, with JetStream: granted', secret, '', true, 0],
    ['with a ticket secret, without JetStream: refused, and said so', secret, 'jetstream: false', false, 1],
  ] as const)('and a claim to early data, %s', async ([, ticketSecret, configuration, granted, lines]) => {
    const moveOn = makeClock();
    const server = await startNatsServer({ configuration });
    onTestFinished(() => server.stop());
    const log: string[] = [];
    const service = await startSessionService({ bus: server.url, ticketSecret, log: (line) => log.push(line) });
    onTestFinished(() => service.stop());
    const bus = await NatsBus.connect({ servers: server.url, crypto: nativeCrypto });
    onTestFinished(() => bus.close());
    moveOn(claimLifetime + 1_000);
    expect(await claimOf(new RemoteSessionManager(bus))).toBe(granted);
    expect(log).toHaveLength(lines);
    for (const line of log) expect(line).toContain('has no JetStream');
  });

  it('leaves the bus where it cannot start', async () => {
    const server = await startNatsServer();
    onTestFinished(() => server.stop());
    const close = vi.spyOn(NatsBus.prototype, 'close');
    onTestFinished(() => close.mockRestore());
    const start = startSessionService({ bus: server.url, ticketSecret: new Uint8Array(31) });
    await expect(start).rejects.toMatchObject({ reason: 'configuration-invalid' });
    expect(close).toHaveBeenCalledOnce();
  });
});

/** A clock for services that start from now on; what it gives back moves it on. */
function makeClock(): (milliseconds: number) => void {
  let ahead = 0;
  const passed = Date.now.bind(Date);
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => passed() + ahead);
  onTestFinished(() => clock.mockRestore());
  return (milliseconds) => {
    ahead += milliseconds;
  };
}

/** Whether a fresh ticket's early data may be accepted. */
async function claimOf(sessions: RemoteSessionManager): Promise<boolean> {
  const { tickets } = await sessions.blankTickets({ count: 1 }, contextOf());
  const identities = [fillTicket(nativeCrypto, only(tickets), Uint8Array.of(1))];
  const request: ResumeRequest = {
    offered: { kind: 'psk', identities },
    earlyDataClaim: nativeCrypto.randomBytes(32),
  };
  const answer = await sessions.resume(request, contextOf());
  expect(answer.sessions).toHaveLength(1);
  return answer.earlyDataClaimed;
}

function only(tickets: readonly BlankTicket[]): BlankTicket {
  const [ticket] = tickets;
  if (ticket === undefined) throw new Error('no ticket');
  return ticket;
}
