import { inspect } from 'node:util';
import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { type AskContext, toHex } from '@handfast/wire';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { claimLifetime, type EarlyDataClaims, LocalEarlyDataClaims } from './early-data-claims.ts';
import { LocalSessionManager, type LocalSessionManagerOptions } from './local-session-manager.ts';
import { sessionManagerPortTests } from './port.suite.ts';
import type { HandshakeEntry, HandshakeState } from './port.ts';
import { fillTicket } from './ticket.ts';

sessionManagerPortTests('LocalSessionManager', (settings) => ({ sessions: new LocalSessionManager(settings) }));

describe('LocalSessionManager at its capacity', () => {
  it('forgets the handshake that ended first', () => {
    const sessions = new LocalSessionManager({ crypto, now: () => 0, capacity: 3 });
    sessions.note(entryOf('living', 'started'));
    sessions.note(entryOf('ended-later', 'started'));
    sessions.note(entryOf('ended-first', 'failed'));
    sessions.note(entryOf('ended-later', 'closed'));
    sessions.note(entryOf('new', 'started'));
    expect(idsOf(sessions)).toEqual(['new', 'ended-later', 'living']);
  });

  it('forgets the oldest where none has ended', () => {
    const sessions = new LocalSessionManager({ crypto, now: () => 0, capacity: 2 });
    for (const id of ['oldest', 'middle', 'newest']) sessions.note(entryOf(id, 'started'));
    expect(idsOf(sessions)).toEqual(['newest', 'middle']);
  });

  it('stays within it whatever is noted', () => {
    const sessions = new LocalSessionManager({ crypto, now: () => 0, capacity: 10 });
    const states: readonly HandshakeState[] = ['started', 'completed', 'confirmed', 'failed', 'closed'];
    for (let index = 0; index < 1000; index++) {
      sessions.note(entryOf(String(index % 37), states[index % states.length] ?? 'started'));
      expect(sessions.handshakes().length).toBeLessThanOrEqual(10);
    }
  });
});

describe('early data at LocalSessionManager', () => {
  const ticketSecret = crypto.randomBytes(32);
  const begun = 1_700_000_000_000;
  const later = begun + claimLifetime;

  /** One whose claims began at `begun`, a while ago. */
  function manager(options: Partial<LocalSessionManagerOptions> = {}): LocalSessionManager {
    const earlyDataClaims = new LocalEarlyDataClaims({ now: () => begun });
    return new LocalSessionManager({ crypto, now: () => later, earlyDataClaims, ...options });
  }

  function claimAt(sessions: LocalSessionManager, identities: readonly Uint8Array[], earlyDataClaim: Uint8Array) {
    return sessions.resume({ offered: { kind: 'psk', identities }, earlyDataClaim }, context);
  }

  it('is accepted once by two replicas that share the secret of tickets and the claims', () => {
    const earlyDataClaims = new LocalEarlyDataClaims({ now: () => begun });
    const [first, second] = [manager({ ticketSecret, earlyDataClaims }), manager({ ticketSecret, earlyDataClaims })];
    const [identities, claim] = [[ticketOf(first)], crypto.randomBytes(32)];
    expect(claimAt(second, identities, claim)).toMatchObject({ sessions: [{ index: 0 }], earlyDataClaimed: true });
    for (const replica of [first, second]) {
      expect(claimAt(replica, identities, claim)).toMatchObject({ sessions: [{ index: 0 }], earlyDataClaimed: false });
    }
  });

  it('is refused as long as a hello may be a replay from before its claims began', () => {
    let now = begun;
    const sessions = new LocalSessionManager({ crypto, now: () => now, ticketSecret });
    const identities = [ticketOf(sessions)];
    expect(claimAt(sessions, identities, Uint8Array.of(1))).toMatchObject({ earlyDataClaimed: false });
    now = begun + claimLifetime - 1;
    expect(claimAt(sessions, identities, Uint8Array.of(2))).toMatchObject({ earlyDataClaimed: false });
    now += 1;
    expect(claimAt(sessions, identities, Uint8Array.of(3))).toMatchObject({ earlyDataClaimed: true });
  });

  it('is accepted from the start where no ticket can be older', () => {
    const sessions = new LocalSessionManager({ crypto, now: () => begun });
    expect(claimAt(sessions, [ticketOf(sessions)], Uint8Array.of(1))).toMatchObject({ earlyDataClaimed: true });
  });

  it.for<readonly [string, EarlyDataClaims]>([
    [
      'throw',
      {
        since: begun,
        claim: () => {
          throw new Error('out of order');
        },
      },
    ],
    ['reject', { since: begun, claim: () => Promise.reject(new Error('out of order')) }],
    ['say no', { since: begun, claim: () => Promise.resolve(false) }],
    ['do not know since when they remember', { since: Number.NaN, claim: () => true }],
  ])('is refused, and the session resumed, where the claims %s', async ([, earlyDataClaims]) => {
    const sessions = manager({ ticketSecret, earlyDataClaims });
    const answer = await claimAt(sessions, [ticketOf(sessions)], Uint8Array.of(1));
    expect(answer).toMatchObject({ sessions: [{ index: 0 }], earlyDataClaimed: false });
  });

  it('is accepted where the claims say so later', async () => {
    const sessions = manager({ earlyDataClaims: { since: begun, claim: async () => true } });
    const answer = await claimAt(sessions, [ticketOf(sessions)], Uint8Array.of(1));
    expect(answer).toMatchObject({ earlyDataClaimed: true });
  });

  it('is claimed by a hash: the claims learn no more', () => {
    const claim = vi.fn((_: string) => true);
    const sessions = manager({ earlyDataClaims: { since: begun, claim } });
    claimAt(sessions, [ticketOf(sessions)], Uint8Array.of(1));
    expect(claim.mock.calls.map(([id]) => id)).toEqual([toHex(crypto.hash('sha256', Uint8Array.of(1)))]);
  });
});

describe('LocalSessionManager', () => {
  it('hides its secrets', () => {
    const psk = { identity: Uint8Array.of(1), key: new Uint8Array(32), hash: 'sha256' as const };
    const ticketSecret = crypto.randomBytes(32);
    const sessions = new LocalSessionManager({ crypto, now: Date.now, ticketSecret, externalPsks: [psk] });
    sessions.keep({ under: { kind: 'server', server: 'a' }, state: new Uint8Array(9), expires: Date.now() + 1_000 });
    expect(inspect(sessions, { depth: null, showHidden: true })).not.toMatch(/Uint8Array|Buffer/);
    expect(JSON.stringify(sessions)).toBe('{}');
  });

  it('opens no ticket of another without a secret that they share', () => {
    const [one, other] = [0, 1].map(() => new LocalSessionManager({ crypto, now: Date.now }));
    if (one === undefined || other === undefined) throw new Error('two of them');
    const offered = { kind: 'ticket' as const, ticket: ticketOf(one) };
    expect(other.resume({ offered, earlyDataClaim: undefined }, context)).toMatchObject({ sessions: [] });
  });

  it('answers whatever a client offers', () => {
    const sessions = new LocalSessionManager({ crypto, now: Date.now });
    const bytes = fc.uint8Array({ maxLength: 400 });
    const offered = fc.oneof(
      fc.record({ kind: fc.constant('psk' as const), identities: fc.array(bytes, { maxLength: 20 }) }),
      fc.record({ kind: fc.constant('ticket' as const), ticket: bytes }),
      fc.record({ kind: fc.constant('session-id' as const), sessionId: bytes }),
    );
    fc.assert(
      fc.property(offered, bytes, (offered, earlyDataClaim) => {
        expect(sessions.resume({ offered, earlyDataClaim }, context)).toEqual({
          sessions: [],
          earlyDataClaimed: false,
        });
      }),
    );
  });
});

const context: AskContext = {
  id: 'ask',
  deadline: Number.POSITIVE_INFINITY,
  traceId: new Uint8Array(16),
  spanId: new Uint8Array(8),
  report: () => {},
  onCancel: () => {},
};

function ticketOf(sessions: LocalSessionManager): Uint8Array {
  const [blank] = sessions.blankTickets({ count: 1 }).tickets;
  if (blank === undefined) throw new Error('no ticket');
  return fillTicket(crypto, blank, Uint8Array.of(1));
}

function idsOf(sessions: LocalSessionManager): readonly string[] {
  return sessions.handshakes().map(({ id }) => id);
}

function entryOf(id: string, state: HandshakeState): HandshakeEntry {
  return {
    id,
    traceId: '00',
    role: 'server',
    gateway: 'gateway-1',
    state,
    at: 0,
    protocol: undefined,
    cipherSuite: undefined,
    serverName: undefined,
    identity: undefined,
    reason: undefined,
  };
}
