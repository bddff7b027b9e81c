import type { AskContext } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HandshakeEntry, HandshakeState, SessionManager } from './port.ts';

export interface SessionManagerUnderTest {
  readonly sessions: SessionManager;
  close?(): void | Promise<void>;
}

/** What every implementation of the {@link SessionManager} port must do. */
export function sessionManagerPortTests(
  name: string,
  make: () => SessionManagerUnderTest | Promise<SessionManagerUnderTest>,
): void {
  describe(name, () => {
    let underTest: SessionManagerUnderTest;
    beforeAll(async () => {
      underTest = await make();
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
  });
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
