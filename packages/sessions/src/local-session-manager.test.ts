import { nativeCrypto as crypto } from '@handfast/crypto/native';
import { describe, expect, it } from 'vitest';
import { LocalSessionManager } from './local-session-manager.ts';
import { sessionManagerPortTests } from './port.suite.ts';
import type { HandshakeEntry, HandshakeState } from './port.ts';

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
