import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { claimLifetime, type EarlyDataClaims, fillTicket, LocalSessionManager } from '@handfast/sessions';
import { connect } from '@nats-io/transport-node';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { contextOf } from '../../testing/context.ts';
import { natsServerBinary, startNatsServer } from '../../testing/index.ts';
import { NatsBus } from './nats-bus.ts';

describe.skipIf(natsServerBinary() === undefined)('early data claims in JetStream', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function startServer(configuration = ''): Promise<string> {
    const server = await startNatsServer({ configuration });
    cleanups.push(() => server.stop());
    return server.url;
  }

  async function busOn(url: string): Promise<NatsBus> {
    const bus = await NatsBus.connect({ servers: url, crypto });
    cleanups.push(() => bus.close());
    return bus;
  }

  async function claimsOn(url: string): Promise<EarlyDataClaims> {
    const claims = await (await busOn(url)).earlyDataClaims();
    if (claims === undefined) throw new Error('no JetStream');
    return claims;
  }

  it('are granted once, of all that claim the same at once at several connections', async () => {
    const url = await startServer();
    const replicas = await Promise.all([claimsOn(url), claimsOn(url), claimsOn(url)]);
    for (let round = 0; round < 20; round++) {
      const id = idOf(round);
      const claims = replicas.flatMap((replica) => [replica.claim(id, contextOf()), replica.claim(id, contextOf())]);
      expect((await Promise.all(claims)).filter((granted) => granted)).toHaveLength(1);
    }
  });

  it('let two replicas with one ticket secret accept the same early data once', async () => {
    const url = await startServer();
    const ticketSecret = crypto.randomBytes(32);
    const later = () => Date.now() + claimLifetime + 1_000;
    const managerOn = async () =>
      new LocalSessionManager({ crypto, now: later, ticketSecret, earlyDataClaims: await claimsOn(url) });
    const [first, second] = await Promise.all([managerOn(), managerOn()]);
    const [blank] = first.blankTickets({ count: 1 }).tickets;
    if (blank === undefined) throw new Error('no ticket');
    const identities = [fillTicket(crypto, blank, Uint8Array.of(1))];
    const request = { offered: { kind: 'psk' as const, identities }, earlyDataClaim: crypto.randomBytes(32) };
    const answers = await Promise.all([first, second].map((manager) => manager.resume(request, contextOf())));
    expect(answers.map(({ sessions }) => sessions.length)).toEqual([1, 1]);
    expect(answers.filter(({ earlyDataClaimed }) => earlyDataClaimed)).toHaveLength(1);
  });

  it('are remembered since the bucket was made, and by those that come later', async () => {
    const url = await startServer();
    const first = await claimsOn(url);
    expect(await first.claim(idOf(1), contextOf())).toBe(true);
    const second = await claimsOn(url);
    expect(second.since).toBe(first.since);
    expect(Math.abs(second.since - Date.now())).toBeLessThan(60_000);
    expect(await second.claim(idOf(1), contextOf())).toBe(false);
  });

  it('are not granted where the deadline has passed, or the server is gone', async () => {
    const server = await startNatsServer();
    cleanups.push(() => server.stop());
    const claims = await claimsOn(server.url);
    expect(await claims.claim(idOf(1), contextOf({ deadline: Date.now() - 1 }))).toBe(false);
    await server.stop();
    await expect(claims.claim(idOf(2), contextOf())).rejects.toThrow();
  });

  it('cost no more than early data where the server is gone', async () => {
    const server = await startNatsServer();
    cleanups.push(() => server.stop());
    const manager = new LocalSessionManager({ crypto, now: Date.now, earlyDataClaims: await claimsOn(server.url) });
    const [blank] = manager.blankTickets({ count: 1 }).tickets;
    if (blank === undefined) throw new Error('no ticket');
    await server.stop();
    const identities = [fillTicket(crypto, blank, Uint8Array.of(1))];
    const request = { offered: { kind: 'psk' as const, identities }, earlyDataClaim: crypto.randomBytes(32) };
    expect(await manager.resume(request, contextOf())).toEqual({
      sessions: [{ kind: 'resumption', index: 0, state: Uint8Array.of(1) }],
      earlyDataClaimed: false,
    });
  });

  it('cannot be removed, nor replaced', async () => {
    const url = await startServer();
    const claims = await claimsOn(url);
    expect(await claims.claim(idOf(1), contextOf())).toBe(true);
    const raw = await connect({ servers: url });
    onTestFinished(() => raw.close());
    for (const api of ['PURGE', 'MSG.DELETE']) {
      const request = JSON.stringify(api === 'PURGE' ? {} : { seq: 1 });
      const answer = await raw.request(`$JS.API.STREAM.${api}.KV_handfast-early-data`, request, { timeout: 2_000 });
      expect(answer.json()).toMatchObject({ error: {} });
    }
    expect(await claims.claim(idOf(1), contextOf())).toBe(false);
  });

  it('are not to be had where the server has no JetStream', async () => {
    const bus = await busOn(await startServer('jetstream: false'));
    expect(await bus.earlyDataClaims()).toBeUndefined();
  });

  it('are to be had later where the server is in trouble', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'handfast-nats-'));
    cleanups.push(() => rm(folder, { recursive: true }));
    const bus = await busOn(await startServer(`jetstream { max_file: 1MB, store_dir: "${folder}" }`));
    await expect(bus.earlyDataClaims()).rejects.toMatchObject({
      reason: 'service-unavailable',
      detail: expect.stringContaining('storage'),
    });
  });

  it('use the bucket that is there, unless it forgets too soon', async () => {
    const [kept, forgetful, full] = await Promise.all([
      startServerWith({ max_age: 120e9, discard: 'new' }),
      startServerWith({ max_age: 59e9, discard: 'new' }),
      startServerWith({ max_age: 60e9, discard: 'old' }),
    ]);
    expect(await (await claimsOn(kept)).claim(idOf(1), contextOf())).toBe(true);
    for (const url of [forgetful, full]) {
      await expect(claimsOn(url)).rejects.toMatchObject({ reason: 'configuration-invalid' });
    }
  });

  /** A server on which an operator made the bucket. */
  async function startServerWith(settings: object): Promise<string> {
    const url = await startServer();
    const raw = await connect({ servers: url });
    const name = 'KV_handfast-early-data';
    const subjects = ['$KV.handfast-early-data.>'];
    const request = JSON.stringify({ name, subjects, storage: 'memory', max_msgs_per_subject: 1, ...settings });
    const answer = await raw.request(`$JS.API.STREAM.CREATE.${name}`, request, { timeout: 5_000 });
    expect(answer.json()).not.toHaveProperty('error');
    await raw.close();
    return url;
  }
});

function idOf(number: number): string {
  return number.toString(16).padStart(64, '0');
}
