import { makePki } from '@handfast/certificates/testing';
import type { MessageVersion } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { behaved, edited, withBody } from '../../testing/habits.ts';
import { type End, Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { HeldPorts, intercepted, turn } from '../../testing/ports.ts';
import { Bout } from '../../testing/sparring-partner.ts';
import type { Ports, Timeline } from '../index.ts';

const pki = await makePki();
const hello = new TextEncoder().encode('hello');

const mutual = (maxVersion: MessageVersion): LoopbackOptions => ({
  pki,
  clientCredentials: [pki.client],
  client: { maxVersion },
  server: { clientAuthentication: 'required' },
});

/** Steps follow one another, but for the time that we waited; what is asked for a step is asked within it. */
function expectOrdered({ startedAt, steps, endedAt }: Timeline): void {
  let end = startedAt;
  for (const [index, step] of steps.entries()) {
    if (step.direction === 'sent') expect(step.waited).toBe(0);
    expect(step.waited).toBeGreaterThanOrEqual(0);
    if (index > 0) expect(step.startedAt - step.waited).toBe(end);
    expect(step.endedAt).toBeGreaterThanOrEqual(step.startedAt);
    for (const ask of step.asks) {
      expect(ask.startedAt).toBeGreaterThanOrEqual(step.startedAt);
      expect(ask.endedAt).toBeGreaterThanOrEqual(ask.startedAt);
      // Nobody waits for tickets: we may be waiting for the client when they come.
      if (ask.operation !== 'blankTickets') expect(ask.endedAt).toBeLessThanOrEqual(step.endedAt);
    }
    end = step.endedAt;
  }
  if (endedAt !== undefined) expect(end).toBeLessThanOrEqual(endedAt);
}

/** Which messages were waited for. */
function waitedFor({ steps }: Timeline): readonly string[] {
  return steps.filter(({ waited }) => waited > 0).map(({ name, direction }) => `${direction} ${name}`);
}

const waits = {
  tls12: {
    server: ['received ClientHello', 'received Certificate'],
    client: ['received ServerHello', 'received NewSessionTicket'],
  },
  tls13: {
    server: ['received ClientHello', 'received Certificate'],
    client: ['received ServerHello'],
  },
} as const;

describe.for(['tls12', 'tls13'] as const)('the timeline (%s)', (version) => {
  test('has no gaps but those in which it waits for the peer', () => {
    const { client, server } = new Loopback(mutual(version)).run();
    for (const { connection } of [client, server]) expectOrdered(connection.timeline);
    expect(waitedFor(client.connection.timeline)).toEqual(waits[version].client);
    expect(waitedFor(server.connection.timeline)).toEqual(waits[version].server);
  });

  test('nor where ports answer later: that is work, not waiting', async () => {
    const later = (ports: Ports) => intercepted(ports, async ({ answer }) => answer());
    const options = { ...mutual(version), clientPorts: later, serverPorts: later };
    const { client, server } = await new Loopback(options).runLater();
    expect(client.opened !== undefined && server.opened !== undefined).toBe(true);
    for (const { connection } of [client, server]) expectOrdered(connection.timeline);
    expect(waitedFor(client.connection.timeline)).toEqual(waits[version].client);
    expect(waitedFor(server.connection.timeline)).toEqual(waits[version].server);
  });

  test('counts the bytes of each message as they crossed the wire', () => {
    const { client, server } = new Loopback(mutual(version)).run();
    const sizes = ({ connection }: End, direction: string) =>
      connection.timeline.steps
        .filter((step) => step.direction === direction && step.name !== 'ChangeCipherSpec')
        .map(({ name, bytes }) => [name, bytes]);
    expect(sizes(server, 'received')).toEqual(sizes(client, 'sent'));
    // To the client, tickets come after the handshake.
    const flight = sizes(server, 'sent').filter(([name]) => version === 'tls12' || name !== 'NewSessionTicket');
    expect(sizes(client, 'received')).toEqual(flight);
  });

  test('is confirmed by the first data of the peer, and not before', () => {
    const { client, server } = new Loopback({ pki, client: { maxVersion: version } }).run();
    for (const { connection } of [client, server]) expect(connection.timeline.state).toBe('completed');
    client.connection.write(hello);
    for (const flight of client.outbox.splice(0)) server.connection.receive(flight);
    expect(server.connection.timeline.state).toBe('confirmed');
    expect(server.connection.timeline.confirmedAt).toBe(server.connection.timeline.endedAt);
    // To have sent data proves nothing.
    expect(client.connection.timeline.state).toBe('completed');
    expect(server.states).toEqual(['started', 'completed', 'confirmed']);
  });

  test('is confirmed by close_notify', () => {
    const loopback = new Loopback({ pki, client: { maxVersion: version } }).run();
    loopback.server.connection.close();
    loopback.deliver();
    expect(loopback.client.connection.timeline.state).toBe('confirmed');
    expect(loopback.server.connection.timeline.state).toBe('completed');
  });

  test('has a failed message as a step, even if it could not be read', () => {
    const cut = edited('Certificate', (bytes) => withBody(bytes, bytes.subarray(4, -1)));
    const { subject } = new Bout('server', mutual(version), cut).run();
    const { timeline } = subject.connection;
    expect(timeline.steps.at(-1)).toMatchObject({ name: 'Certificate', direction: 'received' });
    expect(timeline.failure?.step).toBe('Certificate');
    expectOrdered(timeline);
  });

  test('keeps an ask that was never answered', async () => {
    const ports = new HeldPorts();
    const { server } = new Loopback({ pki, client: { maxVersion: version }, serverPorts: ports.hold }).run();
    await turn();
    server.connection.transportEnded('ECONNRESET');
    const { timeline } = server.connection;
    expectOrdered(timeline);
    expect(timeline.steps.at(-1)?.asks).toMatchObject([{ port: 'key-exchange', failure: 'cancelled' }]);
  });
});

describe('a late rejection', () => {
  test('of the server by a TLS 1.3 client lands on the completed timeline of the server', () => {
    const { server } = new Loopback({ pki, serverCredentials: [pki.expired] }).run();
    const { timeline } = server.connection;
    expect(server.states).toEqual(['started', 'completed', 'failed']);
    expect(timeline.failure).toMatchObject({ reason: 'peer-alert', by: 'peer', alert: 'certificate_expired' });
    expect(timeline.failure?.late).toBe((timeline.failure?.at ?? 0) - (timeline.completedAt ?? 0));
    expect(timeline.failure?.late).toBeGreaterThanOrEqual(0);
    expect(timeline.alerts).toMatchObject([{ from: 'peer', alert: 'certificate_expired', level: 'fatal' }]);
    expect(server.opened).toBeUndefined();
  });

  test('of the server by a TLS 1.2 client comes in time', () => {
    const options = { pki, client: { maxVersion: 'tls12' }, serverCredentials: [pki.expired] } as const;
    const { server } = new Loopback(options).run();
    expect(server.states).toEqual(['started', 'failed']);
    expect(server.connection.timeline.failure?.late).toBeUndefined();
  });

  test('of a TLS 1.3 client by the server lands on the completed timeline of the client', () => {
    const { client } = new Loopback({ ...mutual('tls13'), clientCredentials: [pki.selfSigned] }).run();
    expect(client.states).toEqual(['started', 'completed', 'failed']);
    expect(client.connection.timeline.failure).toMatchObject({
      by: 'peer',
      alert: expect.stringMatching(/certificate|ca/),
    });
    expect(client.connection.timeline.failure?.late).toBeGreaterThanOrEqual(0);
  });
});

describe('a peer that goes before the handshake is done', () => {
  const waiting = () => {
    const bout = new Bout('server', { pki }, behaved);
    bout.subject.connection.start();
    bout.partner.start();
    for (const flight of bout.partner.outbox.splice(0)) bout.subject.connection.receive(flight);
    return bout.subject;
  };

  test('with an alert has said why', () => {
    const server = waiting();
    server.connection.receive(Uint8Array.of(21, 3, 3, 0, 2, 2, 48));
    server.connection.transportEnded('ECONNRESET');
    expect(server.connection.timeline.failure).toMatchObject({ reason: 'peer-alert', by: 'peer', alert: 'unknown_ca' });
  });

  test('with an alert that nobody knows is quoted', () => {
    const server = waiting();
    server.connection.receive(Uint8Array.of(21, 3, 3, 0, 2, 2, 99));
    expect(server.connection.timeline.failure).toMatchObject({ reason: 'peer-alert', alert: 'alert_99' });
  });

  test('with close_notify has said that it goes', () => {
    const server = waiting();
    server.connection.receive(Uint8Array.of(21, 3, 3, 0, 2, 1, 0));
    const failure = { reason: 'peer-closed', by: 'peer', alert: 'close_notify' };
    expect(server.connection.timeline.failure).toMatchObject(failure);
  });

  test('in silence has said nothing', () => {
    const server = waiting();
    server.connection.transportEnded();
    const failure = { reason: 'peer-closed', by: 'peer', alert: undefined, step: 'Finished' };
    expect(server.connection.timeline.failure).toMatchObject(failure);
  });

  test('with a reset has said nothing, and lost what was on the way', () => {
    const server = waiting();
    server.connection.transportEnded('ECONNRESET');
    const failure = { reason: 'connection-lost', by: 'peer', alert: undefined, detail: 'ECONNRESET' };
    expect(server.connection.timeline.failure).toMatchObject(failure);
  });

  test('is not answered', () => {
    const server = waiting();
    server.outbox.length = 0;
    server.connection.receive(Uint8Array.of(21, 3, 3, 0, 2, 2, 48));
    expect(server.outbox).toEqual([]);
  });
});

test('a timeline that has ended does not change any more', () => {
  const loopback = new Loopback({ pki }).run();
  const { client, server } = loopback;
  client.connection.write(hello);
  loopback.deliver();
  const { timeline } = server.connection;
  const before = structuredClone({ ...timeline, steps: timeline.steps, alerts: timeline.alerts });
  client.connection.close();
  loopback.deliver();
  server.connection.transportEnded('ECONNRESET');
  expect(structuredClone({ ...timeline, steps: timeline.steps, alerts: timeline.alerts })).toEqual(before);
});

test('a copy of a timeline has what was offered and agreed on', () => {
  const { timeline } = new Loopback({ pki, client: { applicationProtocols: ['h2'] } }).run().server.connection;
  const copy = { ...timeline };
  expect(copy.offered?.applicationProtocols).toEqual(['h2']);
  expect(copy.negotiated).toMatchObject({ protocol: 'TLS 1.3', serverName: 'localhost' });
});
