import { nativeCrypto } from '@handfast/crypto/native';
import { type HandshakeEntry, LocalSessionManager, type SessionManager } from '@handfast/sessions';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { contextOf } from '../testing/context.ts';
import { EmbeddedBus } from './embedded-bus.ts';
import { hostSessions } from './host.ts';
import { RemoteSessionManager } from './remote-session-manager.ts';

const entry: HandshakeEntry = {
  id: '00',
  traceId: '00',
  role: 'server',
  gateway: 'gateway-1',
  state: 'started',
  at: 0,
  protocol: undefined,
  cipherSuite: undefined,
  serverName: undefined,
  identity: undefined,
  reason: undefined,
};

describe('RemoteSessionManager', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** What arrives at the service, a list for each message. */
  function makeSessions() {
    const bus = new EmbeddedBus();
    const sessions = new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
    hostSessions(bus, sessions);
    const publish = vi.fn();
    const link = bus.service('session');
    vi.spyOn(bus, 'service').mockReturnValue({
      ...link,
      publish: (operation, payload) => {
        publish();
        link.publish(operation, payload);
      },
    });
    return { remote: new RemoteSessionManager(bus), sessions, publish };
  }

  it('sends notes together, a moment after the first', () => {
    const { remote, sessions, publish } = makeSessions();
    for (const id of ['00', '01', '02']) remote.note({ ...entry, id });
    expect(publish).not.toHaveBeenCalled();
    vi.runAllTimers();
    expect(publish).toHaveBeenCalledOnce();
    expect(sessions.handshakes().map(({ id }) => id)).toEqual(['02', '01', '00']);
  });

  it('holds no more than 256 of them', () => {
    const { remote, sessions, publish } = makeSessions();
    for (let index = 0; index < 256; index++) remote.note({ ...entry, id: index.toString(16).padStart(2, '0') });
    expect(publish).toHaveBeenCalledOnce();
    expect(sessions.handshakes()).toHaveLength(256);
  });

  it('sends what waits before it asks', () => {
    const { remote } = makeSessions();
    remote.note(entry);
    expect(remote.handshakes(contextOf())).toEqual([entry]);
  });

  it('loses notes without harm where nobody hosts the service', () => {
    const remote = new RemoteSessionManager(new EmbeddedBus());
    remote.note(entry);
    expect(() => vi.runAllTimers()).not.toThrow();
  });
});

describe('sessions that every instance keeps', () => {
  it('are given out by one of them', async () => {
    const instances = [0, 1].map(() => new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }));
    const [answering, hearing] = instances;
    if (answering === undefined || hearing === undefined) throw new Error('two instances');
    const bus = new EmbeddedBus();
    hostSessions(bus, {
      ...portOf(answering),
      keep: (session) => instances.forEach((port) => void port.keep(session)),
    });
    const remote = new RemoteSessionManager(bus);
    const states = [1, 2, 3].map((byte) => Uint8Array.of(byte));
    for (const state of states) {
      remote.keep({ under: { kind: 'server', server: 'a' }, state, expires: Date.now() + 60_000 });
    }
    expect(await remote.recall({ server: 'a', count: 2 }, contextOf())).toHaveLength(2);
    expect(hearing.recall({ server: 'a', count: 8 })).toEqual([{ kind: 'resumption', state: states[0] }]);
  });
});

function portOf(sessions: SessionManager): SessionManager {
  return {
    note: (entry) => sessions.note(entry),
    handshakes: (context) => sessions.handshakes(context),
    blankTickets: (request, context) => sessions.blankTickets(request, context),
    resume: (request, context) => sessions.resume(request, context),
    keep: (session) => sessions.keep(session),
    recall: (request, context) => sessions.recall(request, context),
  };
}
