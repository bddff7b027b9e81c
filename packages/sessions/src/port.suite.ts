import { nativeCrypto as crypto } from '@handfast/crypto/native';
import type { AskContext } from '@handfast/wire';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { ConfiguredPsk } from './external-psks.ts';
import type { LocalSessionManagerOptions } from './local-session-manager.ts';
import type {
  BlankTicket,
  ExternalPsk,
  HandshakeEntry,
  HandshakeState,
  KeptSession,
  RecalledPsk,
  ResumeRequest,
  SessionManager,
} from './port.ts';
import { fillTicket } from './ticket.ts';

export interface SessionManagerUnderTest {
  readonly sessions: SessionManager;
  close?(): void | Promise<void>;
}

/** What the implementation that answers is to be made with. */
export type SessionManagerSettings = LocalSessionManagerOptions;

/** What every implementation of the {@link SessionManager} port must do. */
export function sessionManagerPortTests(
  name: string,
  make: (settings: SessionManagerSettings) => SessionManagerUnderTest | Promise<SessionManagerUnderTest>,
): void {
  describe(name, () => {
    let underTest: SessionManagerUnderTest;
    let now = begun;
    beforeAll(async () => {
      underTest = await make({ crypto, now: () => now, ticketLifetime, externalPsks });
    });
    beforeEach(() => {
      now = begun;
    });
    afterAll(() => underTest.close?.());

    const note = (entry: HandshakeEntry) => underTest.sessions.note(entry);
    const stateOf = async (id: string) => {
      const entries = await underTest.sessions.handshakes(context());
      return entries.find((entry) => entry.id === id)?.state;
    };

    it('gives back what was noted, every field of it', async () => {
      const full: HandshakeEntry = {
        ...entryOf('started'),
        state: 'failed',
        at: 1_700_000_000_123.456,
        protocol: 'TLS 1.3',
        cipherSuite: 'TLS_AES_128_GCM_SHA256',
        serverName: 'server.example',
        identity: 'CN=client,O=Example',
        reason: 'certificate-expired',
      };
      const bare = entryOf('started');
      note(full);
      note(bare);
      const entries = await underTest.sessions.handshakes(context());
      expect(entries).toContainEqual(full);
      expect(entries).toContainEqual(bare);
    });

    it('lists the newest handshake first, whichever changed last', async () => {
      const [first, second] = [entryOf('started'), entryOf('started')];
      note(first);
      note(second);
      note({ ...first, state: 'completed' });
      const ids = (await underTest.sessions.handshakes(context())).map(({ id }) => id);
      expect(ids.indexOf(second.id)).toBeLessThan(ids.indexOf(first.id));
    });

    it('tells handshakes of one trace apart: of two ends of ours, or of a client that uses its random again', async () => {
      const [server, client, again] = [entryOf('failed'), entryOf('completed'), entryOf('started')];
      const { traceId } = server;
      for (const entry of [server, { ...client, traceId, role: 'client' as const }, { ...again, traceId }]) note(entry);
      const entries = await underTest.sessions.handshakes(context());
      const states = entries.filter((entry) => entry.traceId === traceId).map(({ state }) => state);
      expect(states).toEqual(['started', 'completed', 'failed']);
    });

    const accepted: readonly (readonly [HandshakeState, HandshakeState])[] = [
      ['started', 'completed'],
      ['started', 'failed'],
      ['started', 'confirmed'],
      ['completed', 'confirmed'],
      ['completed', 'failed'],
      ['completed', 'closed'],
      ['confirmed', 'closed'],
    ];
    it.for(accepted)('takes %s to %s', async ([from, to]) => {
      const entry = entryOf(from);
      note(entry);
      note({ ...entry, state: to });
      expect(await stateOf(entry.id)).toBe(to);
    });

    const ignored: readonly (readonly [HandshakeState, HandshakeState])[] = [
      ['completed', 'started'],
      ['confirmed', 'completed'],
      ['confirmed', 'failed'],
      ['failed', 'confirmed'],
      ['failed', 'closed'],
      ['closed', 'started'],
    ];
    it.for(ignored)('does not take %s to %s', async ([from, to]) => {
      const entry = entryOf(from);
      note(entry);
      note({ ...entry, state: to });
      expect(await stateOf(entry.id)).toBe(from);
    });

    const blankTickets = async (count: number) => {
      const { tickets } = await underTest.sessions.blankTickets({ count }, context());
      return tickets;
    };
    const ticketWith = async (state: Uint8Array) => fillTicket(crypto, only(await blankTickets(1)), state);
    const resume = (offered: ResumeRequest['offered'], earlyDataClaim?: Uint8Array) =>
      underTest.sessions.resume({ offered, earlyDataClaim }, context());
    const resumable = async (offered: ResumeRequest['offered']) => (await resume(offered)).sessions;
    const keep = (session: KeptSession) => underTest.sessions.keep(session);
    const recall = async (server: string, count = 8) => {
      const psks = await underTest.sessions.recall({ server, count }, context());
      return psks.filter((psk) => psk.kind === 'resumption').map(({ state }) => state);
    };

    it('gives as many blank tickets as are asked for, each with a key of its own', async () => {
      const tickets = await blankTickets(16);
      expect(new Set(tickets.map(({ key }) => Buffer.from(key).toString('hex'))).size).toBe(16);
      for (const { key, lifetime } of tickets) expect([key.length, lifetime]).toEqual([32, ticketLifetime]);
      expect(await blankTickets(0)).toEqual([]);
    });

    it('gives no more than 16 at once', async () => {
      await expect(async () => blankTickets(17)).rejects.toThrow(expect.objectContaining({ reason: 'service-failed' }));
    });

    it('opens the tickets among the identities of pre_shared_key, and tells their places', async () => {
      const [first, second] = [bytes(100), bytes(0)];
      const identities = [await ticketWith(first), bytes(150), await ticketWith(second), bytes(1)];
      expect(await resumable({ kind: 'psk', identities })).toEqual([
        { kind: 'resumption', index: 0, state: first },
        { kind: 'resumption', index: 2, state: second },
      ]);
    });

    it('opens a ticket as long as there can be', async () => {
      const state = bytes(65_000);
      const identities = [await ticketWith(state)];
      expect(await resumable({ kind: 'psk', identities })).toEqual([{ kind: 'resumption', index: 0, state }]);
    });

    it('looks at the first eight identities', async () => {
      const ticket = await ticketWith(bytes(1));
      const identities = Array.from({ length: 20 }, () => ticket);
      const places = (await resumable({ kind: 'psk', identities })).map(({ index }) => index);
      expect(places).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    });

    it('opens the ticket of a TLS 1.2 client', async () => {
      const state = bytes(100);
      const ticket = await ticketWith(state);
      expect(await resumable({ kind: 'ticket', ticket })).toEqual([{ kind: 'resumption', index: 0, state }]);
      expect(await resumable({ kind: 'ticket', ticket: bytes(200) })).toEqual([]);
      expect(await resumable({ kind: 'ticket', ticket: bytes(0) })).toEqual([]);
    });

    it('opens a ticket until its lifetime ends', async () => {
      const ticket = await ticketWith(bytes(1));
      now += ticketLifetime * 1_000 - 1;
      expect(await resumable({ kind: 'ticket', ticket })).toHaveLength(1);
      now += 1;
      expect(await resumable({ kind: 'ticket', ticket })).toEqual([]);
    });

    it('finds external PSKs by their identities, beside tickets', async () => {
      const state = bytes(9);
      const [anywhere, somewhere] = externalPsks;
      const identities = [somewhere.identity, await ticketWith(state), bytes(8), anywhere.identity];
      expect(await resumable({ kind: 'psk', identities })).toEqual([
        { kind: 'external', index: 0, psk: bare(somewhere) },
        { kind: 'resumption', index: 1, state },
        { kind: 'external', index: 3, psk: bare(anywhere) },
      ]);
    });

    it('finds what a server keeps under a session ID, again and again until it expires', async () => {
      const [sessionId, state] = [bytes(32), bytes(100)];
      keep({ under: { kind: 'session-id', sessionId }, state, expires: now + 1_000 });
      for (let time = 0; time < 3; time++) {
        expect(await resumable({ kind: 'session-id', sessionId })).toEqual([{ kind: 'resumption', index: 0, state }]);
      }
      now += 1_000;
      expect(await resumable({ kind: 'session-id', sessionId })).toEqual([]);
    });

    it.for([0, 1, 32])('finds nothing under an unknown session ID of %i bytes', async (length) => {
      expect(await resumable({ kind: 'session-id', sessionId: bytes(length) })).toEqual([]);
    });

    it('keeps nothing under an empty session ID: it stands for none', async () => {
      const sessionId = new Uint8Array(0);
      keep({ under: { kind: 'session-id', sessionId }, state: bytes(1), expires: now + 1_000 });
      expect(await resumable({ kind: 'session-id', sessionId })).toEqual([]);
    });

    it('keeps what came last under a session ID, and forgets it when told so', async () => {
      const [sessionId, state] = [bytes(32), bytes(100)];
      const under = { kind: 'session-id' as const, sessionId };
      for (const kept of [bytes(100), state]) keep({ under, state: kept, expires: now + 1_000 });
      expect(await resumable({ kind: 'session-id', sessionId })).toEqual([{ kind: 'resumption', index: 0, state }]);
      keep({ under, state, expires: now });
      expect(await resumable({ kind: 'session-id', sessionId })).toEqual([]);
    });

    it('grants a claim to early data once', async () => {
      const [offered, claim] = [{ kind: 'psk' as const, identities: [await ticketWith(bytes(9))] }, bytes(32)];
      const granted = async (early: Uint8Array) => (await resume(offered, early)).earlyDataClaimed;
      expect([await granted(claim), await granted(claim), await granted(bytes(32))]).toEqual([true, false, true]);
    });

    it('resumes the session whose early data was claimed before', async () => {
      const [state, claim] = [bytes(9), bytes(32)];
      const offered = { kind: 'psk' as const, identities: [await ticketWith(state)] };
      await resume(offered, claim);
      const answer = await resume(offered, claim);
      expect(answer).toEqual({ sessions: [{ kind: 'resumption', index: 0, state }], earlyDataClaimed: false });
    });

    it('grants none without one, nor where the first identity is no ticket of ours, nor in TLS 1.2', async () => {
      const ticket = await ticketWith(bytes(9));
      const [external] = externalPsks;
      const claim = bytes(32);
      const answers = [
        await resume({ kind: 'psk', identities: [ticket] }),
        await resume({ kind: 'psk', identities: [] }, claim),
        await resume({ kind: 'psk', identities: [bytes(150), ticket] }, claim),
        await resume({ kind: 'psk', identities: [external.identity, ticket] }, claim),
        await resume({ kind: 'ticket', ticket }, claim),
      ];
      for (const { earlyDataClaimed } of answers) expect(earlyDataClaimed).toBe(false);
      // None of them has used it up.
      expect((await resume({ kind: 'psk', identities: [ticket] }, claim)).earlyDataClaimed).toBe(true);
    });

    it("gives a client's sessions with a server back, the newest first, each once", async () => {
      const under = { kind: 'server' as const, server: 'server.example:443' };
      const [first, second, third] = [bytes(10), bytes(11), bytes(12)];
      for (const state of [first, second, third]) keep({ under, state, expires: now + 1_000 });
      expect(await recall('other.example:443')).toEqual([]);
      expect(await recall(under.server, 2)).toEqual([third, second]);
      expect(await recall(under.server, 2)).toEqual([first]);
      expect(await recall(under.server, 2)).toEqual([]);
    });

    it('keeps the eight newest sessions with a server', async () => {
      const under = { kind: 'server' as const, server: 'many.example' };
      const states = Array.from({ length: 10 }, (_, index) => bytes(index + 1));
      for (const state of states) keep({ under, state, expires: now + 1_000 });
      expect(await recall(under.server, 100)).toEqual(states.slice(2).reverse());
    });

    it('gives no session that has expired', async () => {
      const under = { kind: 'server' as const, server: 'expiring.example' };
      const [short, long] = [bytes(10), bytes(11)];
      keep({ under, state: long, expires: now + 2_000 });
      keep({ under, state: short, expires: now + 1_000 });
      now += 1_000;
      expect(await recall(under.server)).toEqual([long]);
    });

    it('keeps no session longer than seven days, whatever its peer says', async () => {
      const under = { kind: 'server' as const, server: 'eternal.example' };
      for (const state of [bytes(10), bytes(11)]) keep({ under, state, expires: Number.MAX_SAFE_INTEGER });
      expect(await recall('other.example')).toEqual([]); // What was kept before an ask has arrived by its answer.
      now += 604_800_000 - 1;
      expect(await recall(under.server, 1)).toHaveLength(1);
      now += 1;
      expect(await recall(under.server, 1)).toEqual([]);
    });

    it('keeps a session once, however often it arrives, and forgets it when told so', async () => {
      const under = { kind: 'server' as const, server: 'twice.example' };
      const [first, second] = [bytes(10), bytes(10)];
      for (const state of [first, second, first]) keep({ under, state, expires: now + 1_000 });
      keep({ under, state: second, expires: 0 });
      expect(await recall(under.server)).toEqual([first]);
    });

    it('gives, after the sessions, the external PSKs that the server shares', async () => {
      const state = bytes(10);
      const [anywhere, somewhere] = externalPsks;
      keep({ under: { kind: 'server', server: sharing }, state, expires: now + 1_000 });
      const recalled = (server: string): unknown => underTest.sessions.recall({ server, count: 1 }, context());
      expect(await recalled(sharing)).toEqual([
        { kind: 'resumption', state },
        { kind: 'external', psk: bare(anywhere) },
        { kind: 'external', psk: bare(somewhere) },
      ] satisfies RecalledPsk[]);
      expect(await recalled('server.example')).toEqual([{ kind: 'external', psk: bare(anywhere) }]);
    });
  });
}

const begun = 1_700_000_000_000;
const ticketLifetime = 7_200;
const sharing = 'sharing.example:5432';

const externalPsks: readonly [ConfiguredPsk, ConfiguredPsk] = [
  { identity: bytes(20), key: bytes(32), hash: 'sha256' },
  { identity: bytes(3), key: bytes(48), hash: 'sha384', binder: 'imported', servers: [sharing] },
];

function bytes(length: number): Uint8Array {
  return crypto.randomBytes(length);
}

function bare({ identity, key, hash, binder = 'external' }: ConfiguredPsk): ExternalPsk {
  return { identity, key, hash, binder };
}

function only(tickets: readonly BlankTicket[]): BlankTicket {
  const [ticket] = tickets;
  if (ticket === undefined) throw new Error('no ticket');
  return ticket;
}

let count = 0;

function entryOf(state: HandshakeState): HandshakeEntry {
  count += 1;
  return {
    id: count.toString(16).padStart(16, '0'),
    traceId: count.toString(16).padStart(32, '0'),
    role: 'server',
    gateway: 'gateway-1',
    state,
    at: 1_700_000_000_000 + count,
    protocol: undefined,
    cipherSuite: undefined,
    serverName: undefined,
    identity: undefined,
    reason: undefined,
  };
}

function context(): AskContext {
  count += 1;
  return {
    id: `ask-${count}`,
    deadline: Date.now() + 5_000,
    traceId: new Uint8Array(16),
    spanId: new Uint8Array(8),
    report: () => {},
    onCancel: () => {},
  };
}
