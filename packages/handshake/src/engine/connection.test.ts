import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { encodeHandshake, TlsError } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { behaved, changed } from '../../testing/habits.ts';
import { type End, endOf, Loopback, partiesOf } from '../../testing/loopback.ts';
import { type Act, Bout, type SparringPartner } from '../../testing/sparring-partner.ts';
import { Connection, type ConnectionEvents, traceIdOf } from '../index.ts';

const pki = await makePki();
const text = new TextEncoder();

function aloneServer(): End {
  const { server } = partiesOf({ pki });
  const end = endOf(server.configuration, server.ports);
  end.connection.start();
  return end;
}

function aloneClient(): End {
  const { client } = partiesOf({ pki });
  const end = endOf(client.configuration, client.ports);
  end.connection.start();
  end.outbox.length = 0;
  return end;
}

const alertRecord = (level: number, description: number) => Uint8Array.of(21, 3, 3, 0, 2, level, description);
const data: Act = { kind: 'record', type: 'application_data', fragment: Uint8Array.of(1) };
const keyUpdate = (requestUpdate: boolean): Act => ({
  kind: 'record',
  type: 'handshake',
  fragment: encodeHandshake({ type: 'KeyUpdate', requestUpdate }),
});
function nextKeys({ opened }: SparringPartner): readonly Act[] {
  const protection = opened?.nextWriteKeys?.();
  return protection === undefined ? [] : [{ kind: 'protect', direction: 'writes', protection }];
}

const warning = (description: number): Act => ({
  kind: 'record',
  type: 'alert',
  fragment: Uint8Array.of(1, description),
});
const closeNotify = warning(0);

describe('what is not TLS', () => {
  test('an HTTP request to a server is named, and refused', () => {
    const server = aloneServer();
    server.connection.receive(text.encode('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'));
    expect(server.error).toMatchObject({ reason: 'plaintext-protocol', alert: 'unexpected_message' });
    expect(server.error?.detail).toContain('HTTP (GET)');
    expect(server.connection.timeline.failure).toMatchObject({ by: 'us', step: 'ClientHello' });
    expect(server.outbox).toEqual([alertRecord(2, 10)]);
  });

  test('the greeting of a mail server is named, and refused', () => {
    const client = aloneClient();
    client.connection.receive(text.encode('220 mail.example ESMTP\r\n'));
    expect(client.error).toMatchObject({ reason: 'plaintext-protocol' });
    expect(client.connection.timeline.failure).toMatchObject({ by: 'us', step: 'ServerHello' });
  });

  test.for([
    ['a record that is too long', [22, 3, 1, 0x40, 1], 'record-too-long', 22],
    ['a record of another major version', [22, 2, 0, 0, 1], 'wrong-record-version', 70],
    ['an unknown content type', [99, 3, 1, 0, 1], 'unexpected-record', 10],
    ['an empty handshake record', [22, 3, 1, 0, 0], 'unexpected-record', 10],
    ['an alert of three bytes', [21, 3, 1, 0, 3, 1, 0, 0], 'trailing-data', 50],
    ['an alert of an unknown level', [21, 3, 1, 0, 2, 3, 0], 'illegal-parameter', 47],
    ['ChangeCipherSpec before the ClientHello', [20, 3, 1, 0, 1, 1], 'unexpected-message', 10],
  ] as const)('%s is refused', ([, bytes, reason, alert]) => {
    const server = aloneServer();
    server.connection.receive(Uint8Array.from(bytes));
    expect(server.error).toMatchObject({ reason });
    expect(server.outbox).toEqual([alertRecord(2, alert)]);
  });
});

describe('silence', () => {
  test.for([
    ['server', 'ClientHello'],
    ['client', 'ServerHello'],
  ] as const)('of its peer ends a %s with the name of what never came', ([role, step]) => {
    const end = role === 'server' ? aloneServer() : aloneClient();
    end.connection.abort(new TlsError('handshake-timeout', 'too late'));
    expect(end.error).toMatchObject({ reason: 'handshake-timeout', step });
    expect(end.connection.timeline.failure).toMatchObject({ by: 'us', alert: 'user_canceled', step });
    // RFC 8446 section 6.1: a warning, followed by close_notify.
    expect(end.outbox).toEqual([Uint8Array.of(...alertRecord(1, 90), ...alertRecord(1, 0))]);
  });

  test('ended by our own close tells the peer that it was cancelled', () => {
    const loopback = new Loopback({ pki });
    loopback.server.connection.start();
    loopback.client.connection.start();
    loopback.client.connection.close();
    loopback.deliver();
    expect(loopback.client.error).toMatchObject({ reason: 'cancelled' });
    expect(loopback.server.connection.timeline.failure).toMatchObject({
      reason: 'peer-closed',
      by: 'peer',
      alert: 'user_canceled',
    });
  });
});

describe.for(['tls12', 'tls13'] as const)('floods (%s)', (maxVersion) => {
  const open = (subject: 'client' | 'server') => new Bout(subject, { pki, client: { maxVersion } }, behaved).run();

  test('of warnings are bounded, unless there is data between them', () => {
    const { subject, partner } = open('server');
    for (let round = 0; round < 100; round += 1) partner.act(warning(90), data);
    const bout = { subject, partner };
    deliver(bout);
    expect(subject.error).toBeUndefined();
    // What comes after the handshake is not kept.
    expect(subject.connection.timeline.alerts.length).toBeLessThan(2);
    partner.act(...Array.from({ length: 33 }, () => warning(90)));
    deliver(bout);
    expect(subject.error).toMatchObject({ reason: 'too-many-records', alert: 'unexpected_message' });
  });

  test('of empty records are bounded', () => {
    const { subject, partner } = open('server');
    const empty: Act = { kind: 'record', type: 'application_data', fragment: new Uint8Array(0) };
    partner.act(...Array.from({ length: 33 }, () => empty));
    deliver({ subject, partner });
    expect(subject.error).toMatchObject({ reason: 'too-many-records' });
  });

  test('of warnings during the handshake are bounded', () => {
    const server = aloneServer();
    for (let round = 0; round < 33; round += 1) server.connection.receive(alertRecord(1, 112));
    expect(server.error).toMatchObject({ reason: 'too-many-records' });
  });
});

function deliver({ subject, partner }: Pick<Bout, 'subject' | 'partner'>): void {
  for (;;) {
    const said = partner.outbox.shift();
    if (said === undefined) break;
    subject.connection.receive(said);
  }
  for (const flight of subject.outbox.splice(0)) partner.receive(flight);
}

test('ChangeCipherSpec floods are bounded in TLS 1.3', () => {
  const bout = new Bout('client', { pki }, (effect) =>
    effect.kind === 'send' && effect.name === 'EncryptedExtensions'
      ? [...Array.from({ length: 33 }, (): Act => ({ kind: 'send-change-cipher-spec' })), effect]
      : [effect],
  ).run();
  expect(bout.subject.error).toMatchObject({ reason: 'too-many-records' });
});

test('ChangeCipherSpec is refused after the handshake', () => {
  const bout = new Bout('client', { pki }, behaved).run();
  bout.partner.act({ kind: 'send-change-cipher-spec' });
  bout.deliver();
  expect(bout.subject.error).toMatchObject({ reason: 'unexpected-message', alert: 'unexpected_message' });
});

test('the handshake messages of a peer are bounded together, too', () => {
  // Two hellos of 128 KiB each: the most that one message may have.
  const grow = () =>
    changed('ClientHello', 'tls13', (hello) => {
      const fill = Array.from({ length: 32_767 - hello.cipherSuites.length }, () => 0x0a0a);
      const wide = { ...hello, cipherSuites: [...hello.cipherSuites, ...fill] };
      const padding = { name: 'padding', value: 2 ** 17 - encodeHandshake(wide).length } as const;
      return { ...wide, extensions: [padding, ...wide.extensions] };
    });
  const habits = [grow(), grow()];
  let hellos = 0;
  const { subject } = new Bout('server', { pki, client: { groups: [29, 24] }, server: { groups: [24] } }, (effect) =>
    effect.kind === 'send' && effect.name === 'ClientHello' ? (habits[hellos++]?.(effect) ?? []) : [effect],
  ).run();
  expect(subject.error).toMatchObject({ reason: 'handshake-too-large', alert: 'internal_error' });
});

describe('an open connection', () => {
  test.for(['client', 'server'] as const)('of a %s follows key updates, and answers those that ask', (subject) => {
    const bout = new Bout(subject, { pki }, behaved).run();
    const { partner } = bout;
    for (const requestUpdate of [true, false, true]) {
      partner.act(keyUpdate(requestUpdate), ...nextKeys(partner), data);
      bout.deliver();
      bout.subject.connection.write(Uint8Array.of(7));
      bout.deliver();
    }
    expect(bout.subject.error ?? partner.error).toBeUndefined();
    expect(bout.subject.received.length).toBe(3);
    expect(partner.received).toEqual([Uint8Array.of(7), Uint8Array.of(7), Uint8Array.of(7)]);
  });

  test('answers as many key updates as there are with one, before its next data (RFC 8446 section 4.6.3)', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    const { partner, subject } = bout;
    const before = subject.outputs;
    for (let round = 0; round < 5; round += 1) partner.act(keyUpdate(true), ...nextKeys(partner));
    bout.deliver();
    expect(subject.outputs).toBe(before);
    subject.connection.write(Uint8Array.of(7));
    const flight = subject.outbox.at(-1);
    // A KeyUpdate of 5 bytes and a byte of data, each in a record with header, content type and tag.
    expect(flight?.length).toBe(5 + 5 + 1 + 16 + 5 + 1 + 1 + 16);
  });

  test('takes key updates for ever, but not many without data between them', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    const update = () => bout.partner.act(keyUpdate(false), ...nextKeys(bout.partner));
    for (let round = 0; round < 60; round += 1) {
      update();
      bout.partner.act(data);
    }
    bout.deliver();
    expect(bout.subject.error).toBeUndefined();
    for (let round = 0; round < 33; round += 1) update();
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'too-many-records' });
  });

  test('refuses what is still under the old keys after a key update', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    bout.partner.act(keyUpdate(false), data);
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'record-authentication-failed', alert: 'bad_record_mac' });
  });

  test('refuses a message in the record of a key update', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    const update = encodeHandshake({ type: 'KeyUpdate', requestUpdate: false });
    bout.partner.act({ kind: 'record', type: 'handshake', fragment: Uint8Array.of(...update, ...update) });
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'unexpected-message', alert: 'unexpected_message' });
  });

  test('takes more tickets in its life than a handshake may have bytes', () => {
    const ticket: Act = {
      kind: 'record',
      type: 'handshake',
      fragment: encodeHandshake({
        type: 'NewSessionTicket',
        version: 'tls13',
        ticketLifetime: 1,
        ticketAgeAdd: 0,
        ticketNonce: new Uint8Array(1),
        ticket: new Uint8Array(60_000),
        extensions: [],
      }),
    };
    const bout = new Bout('client', { pki }, behaved).run();
    for (let round = 0; round < 6; round += 1) bout.partner.act(ticket, data);
    bout.deliver();
    expect(bout.subject.error).toBeUndefined();
    bout.partner.act(...Array.from({ length: 33 }, () => ticket));
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'too-many-records' });
  });

  test('sends nothing after its close_notify, whatever the peer wants of it', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    bout.subject.connection.close();
    bout.deliver();
    const before = bout.subject.outputs;
    bout.partner.act(keyUpdate(true));
    bout.deliver();
    expect(bout.subject.error).toBeUndefined();
    expect(bout.subject.outputs).toBe(before);
  });

  test('still sends to a peer that has said and done with sending', () => {
    const { client, server } = new Loopback({ pki }).run();
    client.connection.close();
    for (const flight of client.outbox.splice(0)) server.connection.receive(flight);
    server.connection.transportEnded();
    expect(server.peerClosed).toBe(true);
    expect(server.error).toBeUndefined();
    server.connection.write(text.encode('late answer'));
    for (const flight of server.outbox.splice(0)) client.connection.receive(flight);
    expect(client.received).toBe('late answer');
  });

  test('is lost by a reset, unless both ends were done', () => {
    const loopback = new Loopback({ pki }).run();
    const { client, server } = loopback;
    client.connection.close();
    loopback.deliver();
    client.connection.transportEnded('ECONNRESET');
    server.connection.transportEnded('ECONNRESET');
    expect(client.error).toMatchObject({ reason: 'connection-lost' });
    expect(server.error).toMatchObject({ reason: 'connection-lost' });
    const done = new Loopback({ pki }).run();
    done.client.connection.close();
    done.server.connection.close();
    done.deliver();
    done.server.connection.transportEnded('ECONNRESET');
    expect(done.server.error).toBeUndefined();
  });

  test('is cut off where the peer leaves without close_notify', () => {
    const { server } = new Loopback({ pki }).run();
    server.connection.transportEnded();
    expect(server.error).toMatchObject({ reason: 'peer-closed' });
    // It had not confirmed the handshake, nor refused it.
    expect(server.connection.timeline).toMatchObject({ state: 'completed', failure: undefined });
    expect(server.connection.timeline.endedAt).toBeDefined();
  });

  test('ignores what comes after close_notify', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    bout.partner.act(closeNotify, data, { kind: 'raw', bytes: Uint8Array.of(1, 2, 3, 4, 5) });
    bout.deliver();
    expect(bout.subject.peerClosed).toBe(true);
    expect(bout.subject.received).toBe('');
    expect(bout.subject.error).toBeUndefined();
  });

  test('that gives up for a reason of its own closes rather than cancels', () => {
    const bout = new Bout('server', { pki }, behaved).run();
    bout.subject.connection.abort(new TlsError('cancelled', 'the gateway stops'));
    bout.deliver();
    expect(bout.partner.alerts).toEqual(['close_notify']);
  });

  test('refuses a post-handshake message that is not for its role', () => {
    const request: Act = { kind: 'record', type: 'handshake', fragment: Uint8Array.of(13, 0, 0, 3, 0, 0, 0) };
    const bout = new Bout('client', { pki }, behaved).run();
    bout.partner.act(request);
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'unexpected-message', alert: 'unexpected_message' });
  });

  test.for([
    ['client', Uint8Array.of(0, 0, 0, 0)],
    [
      'server',
      encodeHandshake({
        type: 'ClientHello',
        legacyVersion: 0x0303,
        random: new Uint8Array(32),
        legacySessionId: new Uint8Array(0),
        cipherSuites: [0xc02b],
        legacyCompressionMethods: [0],
        extensions: [],
      }),
    ],
  ] as const)('of a %s does not renegotiate', ([subject, fragment]) => {
    const bout = new Bout(subject, { pki, client: { maxVersion: 'tls12' } }, behaved).run();
    bout.partner.act({ kind: 'record', type: 'handshake', fragment });
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'renegotiation-refused' });
    // RFC 5246 section 7.2.2: no_renegotiation is always a warning.
    expect(bout.subject.connection.timeline.alerts.at(-2)).toMatchObject({
      alert: 'no_renegotiation',
      level: 'warning',
    });
    expect(bout.partner.alerts).toEqual(['no_renegotiation', 'close_notify']);
  });

  test('is not written to before it is open, nor after it was closed', () => {
    expect(() => aloneServer().connection.write(Uint8Array.of(1))).toThrow(RangeError);
    const { server } = new Loopback({ pki }).run();
    server.connection.close();
    expect(() => server.connection.write(Uint8Array.of(1))).toThrow(RangeError);
  });
});

test('a handshake ignores HelloRequest in TLS 1.2, but not for ever', () => {
  const helloRequests = (count: number) =>
    new Bout('client', { pki, server: { maxVersion: 'tls12' } }, (effect) =>
      effect.kind === 'send' && effect.name === 'Certificate'
        ? [{ kind: 'record', type: 'handshake', fragment: new Uint8Array(4 * count) }, effect]
        : [effect],
    ).run();
  expect(helloRequests(2).subject.opened).toBeDefined();
  expect(helloRequests(33).subject.error).toMatchObject({ reason: 'too-many-records' });
});

test.for(['tls12', 'tls13'] as const)('two connections may call each other directly (%s)', (maxVersion) => {
  const { client, server } = partiesOf({
    pki,
    client: { maxVersion },
    clientCredentials: [pki.client],
    server: { clientAuthentication: 'required' },
  });
  const received: string[] = [];
  const events = (peer: () => Connection, own: () => Connection, greeting: string): ConnectionEvents => ({
    output: (bytes) => peer().receive(bytes),
    open: () => own().write(text.encode(greeting)),
    data: (bytes) => received.push(new TextDecoder().decode(bytes)),
    peerClosed: () => own().close(),
    failed: (error) => received.push(error.message),
  });
  const environment = { now: Date.now, date: Date.now, askTimeout: 1000 };
  const one: Connection = new Connection(
    client.configuration,
    { ...environment, ports: client.ports },
    events(
      () => other,
      () => one,
      'from the client',
    ),
  );
  const other: Connection = new Connection(
    server.configuration,
    { ...environment, ports: server.ports },
    events(
      () => one,
      () => other,
      'from the server',
    ),
  );
  other.start();
  one.start();
  expect(received.toSorted()).toEqual(['from the client', 'from the server']);
  one.close();
  expect(one.timeline.state).toBe('confirmed');
  expect(other.timeline.state).toBe('confirmed');
});

test('an application that throws ends its own connection, and nothing else', () => {
  const { server } = partiesOf({ pki });
  const { client } = new Loopback({ pki });
  const errors: TlsError[] = [];
  const connection: Connection = new Connection(
    server.configuration,
    { ports: server.ports, now: Date.now, date: Date.now, askTimeout: 1000 },
    {
      output: (bytes) => client.connection.receive(bytes),
      open: () => {
        throw new Error('the application is not ready');
      },
      data: () => {},
      peerClosed: () => {},
      failed: (error) => errors.push(error),
    },
  );
  connection.start();
  client.connection.start();
  while (client.outbox.length > 0) connection.receive(client.outbox.shift() ?? new Uint8Array(0));
  expect(errors).toMatchObject([{ reason: 'internal-error' }]);
  expect(client.error).toMatchObject({ reason: 'peer-alert', alert: 'internal_error' });
});

test('no secret can be reached from a connection', () => {
  const secrets: Uint8Array[] = [];
  const kept = (bytes: Uint8Array) => {
    secrets.push(bytes.slice());
    return bytes;
  };
  const crypto = Object.create(nativeCrypto, {
    hmac: { value: (...given: Parameters<typeof nativeCrypto.hmac>) => kept(nativeCrypto.hmac(...given)) },
    aead: {
      value: (...given: Parameters<typeof nativeCrypto.aead>) => {
        kept(given[1]);
        return nativeCrypto.aead(...given);
      },
    },
  });
  const { client, server } = new Loopback({ pki, client: { crypto }, server: { crypto } }).run();
  expect(secrets.length).toBeGreaterThan(20);
  const reachable = bytesIn(
    [client, server].map(({ connection, opened }) => [connection, connection.timeline, opened]),
    new Set(),
  );
  const known = new Set(secrets.map((bytes) => Buffer.from(bytes).toString('hex')));
  expect(reachable.length).toBeGreaterThan(5);
  expect(reachable.filter((bytes) => known.has(Buffer.from(bytes).toString('hex')))).toEqual([]);
});

function bytesIn(value: unknown, seen: Set<unknown>): readonly Uint8Array[] {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) return [];
  seen.add(value);
  if (value instanceof Uint8Array) return [value];
  return Reflect.ownKeys(value).flatMap((key) => bytesIn(Reflect.get(value, key), seen));
}

test('the trace ID is the first half of SHA-256 over its name and the client random', () => {
  // printf 'handfast trace id' and the bytes 0 to 31, through sha256sum.
  const random = Uint8Array.from({ length: 32 }, (_, index) => index);
  expect(Buffer.from(traceIdOf(nativeCrypto, random)).toString('hex')).toBe('bf6e0820a77073cac26a81f561665836');
  const { client, server } = new Loopback({ pki }).run();
  expect(client.connection.timeline.traceId).toEqual(server.connection.timeline.traceId);
  expect(client.connection.timeline.clientRandom).toEqual(server.connection.timeline.clientRandom);
});
