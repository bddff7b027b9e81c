import { makePki } from '@handfast/certificates/testing';
import type { RecalledPsk, ResumeAnswer } from '@handfast/sessions';
import { CipherSuite, TlsError } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted, remembering } from '../testing/acquainted.ts';
import { changed } from '../testing/habits.ts';
import { type End, Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { answering, failing } from '../testing/ports.ts';
import { Bout, type Habit } from '../testing/sparring-partner.ts';
import {
  type ClientSession,
  decodeClientSession,
  decodeSessionState,
  encodeClientSession,
  encodeSessionState,
  type SessionState,
} from './common/session-state.ts';
import type { Ports } from './index.ts';

const pki = await makePki();
const hours = 60 * 60 * 1_000;
const plain = { pki, client: { maxVersion: 'tls12' } } as const satisfies LoopbackOptions;
const mutual = {
  ...plain,
  clientCredentials: [pki.client],
  server: { clientAuthentication: 'required' },
} as const satisfies LoopbackOptions;

const namesOf = ({ connection }: End) =>
  connection.timeline.steps.map(({ name, direction }) => `${direction === 'sent' ? '>' : '<'} ${name}`);

/** How both ends know the handshake; undefined where it failed. */
function resumptionOf({ client, server }: Loopback): 'full' | 'resumed' | undefined {
  expect([client.error, server.error]).toEqual([undefined, undefined]);
  const seen = client.connection.timeline.negotiated.resumption;
  expect(server.connection.timeline.negotiated.resumption).toBe(seen);
  expect(client.opened?.resumed).toBe(seen === 'resumed');
  expect(server.opened?.resumed).toBe(seen === 'resumed');
  client.connection.write(Uint8Array.of(65));
  server.connection.write(Uint8Array.of(66));
  return seen === 'external-psk' ? undefined : seen;
}

function again(options: LoopbackOptions): 'full' | 'resumed' | undefined {
  const loopback = new Loopback(options).run();
  const seen = resumptionOf(loopback);
  loopback.deliver();
  expect([loopback.server.received, loopback.client.received]).toEqual(['A', 'B']);
  return seen;
}

describe('a session of TLS 1.2', () => {
  test('is resumed by its ticket: the server finishes first', () => {
    const loopback = new Loopback(acquainted(mutual)).run();
    expect(resumptionOf(loopback)).toBe('resumed');
    expect(namesOf(loopback.server)).toEqual([
      '< ClientHello',
      '> ServerHello',
      '> ChangeCipherSpec',
      '> Finished',
      '< ChangeCipherSpec',
      '< Finished',
    ]);
    expect([loopback.client.outputs, loopback.server.outputs]).toEqual([3, 2]);
    expect(loopback.server.connection.timeline.negotiated.peerSubject).toBe(pki.client.subject);
    expect(loopback.server.opened?.peer?.chain).toEqual(pki.client.chain);
    expect(loopback.client.opened?.peer?.chain).toEqual(pki.server.chain);
  });

  test('gives both ends the same bindings and keying material, anew in each connection', () => {
    const options = acquainted(plain);
    const bindings = [1, 2].map(() => {
      const { client, server } = new Loopback(options).run();
      const of = ({ opened }: End) => [
        opened?.channelBinding('tls-unique'),
        opened?.channelBinding('tls-server-end-point'),
        opened?.channelBinding('tls-exporter'),
        opened?.exportKeyingMaterial('EXPERIMENTAL', undefined, 32),
      ];
      expect(of(client)).toEqual(of(server));
      expect(of(client)).not.toContain(undefined);
      return of(client);
    });
    expect(bindings[0]?.[0]).not.toEqual(bindings[1]?.[0]);
    expect(bindings[0]?.[2]).not.toEqual(bindings[1]?.[2]);
  });

  test('is resumed again and again by the same ticket', () => {
    const options = acquainted(plain);
    expect([again(options), again(options), again(options)]).toEqual(['resumed', 'resumed', 'resumed']);
  });

  test('gets a new ticket when half the life of the first has gone by', () => {
    const options = acquainted(plain, { date: () => Date.now() - 1.1 * hours });
    const loopback = new Loopback(options).run();
    expect(resumptionOf(loopback)).toBe('resumed');
    expect(namesOf(loopback.client)).toEqual([
      '> ClientHello',
      '< ServerHello',
      '< NewSessionTicket',
      '< ChangeCipherSpec',
      '< Finished',
      '> ChangeCipherSpec',
      '> Finished',
    ]);
    expect(namesOf(new Loopback(options).run().client)).not.toContain('< NewSessionTicket');
  });

  test('is resumed by its ID, where the server gives out no tickets', () => {
    const options = acquainted({ ...plain, server: { ticketCount: 0 } });
    expect([again(options), again(options)]).toEqual(['resumed', 'resumed']);
    expect(namesOf(new Loopback(options).run().client)).not.toContain('< NewSessionTicket');
  });

  test.for<[what: string, before: Partial<LoopbackOptions>, now: Partial<LoopbackOptions>]>([
    ['the server does not resume', {}, { server: { resumption: 'off' } }],
    ['the client does not resume', {}, { client: { maxVersion: 'tls12', resumption: 'off' } }],
    ['the server took no ticket out', { server: { resumption: 'off' } }, {}],
    [
      'the client asks for another name',
      { client: { maxVersion: 'tls12', sessionsWith: 'localhost', serverName: 'example.org' } },
      {},
    ],
    [
      'the server prefers another suite by now',
      {
        client: { maxVersion: 'tls12', cipherSuites: [CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384] },
      },
      {},
    ],
    ['the client is unknown, and must be known', {}, { server: { clientAuthentication: 'required' } }],
    [
      'the client is known, and nobody asks for that',
      { server: { clientAuthentication: 'required' }, clientCredentials: [pki.client] },
      {},
    ],
    ['a day has gone by since the full handshake', { date: () => Date.now() - 24 * hours }, {}],
  ])('is not resumed where %s', ([, before, now]) => {
    const options = acquainted(plain, before);
    expect(again({ ...options, clientCredentials: [pki.client], ...now })).toBe('full');
  });

  test.for<[what: string, change: (state: SessionState) => SessionState]>([
    ['another name', (state) => ({ ...state, serverName: 'example.org' })],
    ['no name', (state) => ({ ...state, serverName: undefined })],
    ['another version', (state) => ({ ...state, version: 'tls13' })],
    ['another suite', (state) => ({ ...state, cipherSuite: CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 })],
    ['a time that has passed', (state) => ({ ...state, expires: Date.now() - 1 })],
  ])('is not resumed where the ticket is for %s', ([, change]) => {
    const options = acquainted(plain);
    expect(again({ ...options, serverPorts: withState(options, change) })).toBe('full');
  });

  test('is resumed where a client may be known, and is not', () => {
    expect(again(acquainted({ ...plain, server: { clientAuthentication: 'optional' } }))).toBe('resumed');
  });

  test('with a server that is not trusted is not kept', () => {
    const options = {
      pki,
      client: { maxVersion: 'tls12', serverVerification: 'reported' },
      serverCredentials: [pki.selfSigned],
    } as const;
    expect(again(acquainted(options))).toBe('full');
  });

  test('outlives no certificate of its peer', () => {
    const kept: number[] = [];
    const noting = (ports: Ports): Ports => ({
      ...ports,
      sessions: noted(ports, ({ expires }) => kept.push(expires)),
    });
    const notAfter = Date.now() + 90 * 24 * hours;
    new Loopback({ ...plain, clientPorts: noting, date: () => notAfter - 5 * hours }).run();
    expect(kept).toHaveLength(1);
    expect(kept[0]).toBeLessThan(notAfter + hours);
  });

  test('is not resumed by a ticket that was altered, nor by one that is noise', () => {
    const edits = [(ticket: Uint8Array) => ticket.with(40, (ticket[40] ?? 0) ^ 1), () => new Uint8Array(200).fill(7)];
    for (const edit of edits) {
      const options = acquainted(plain);
      const clientPorts = withSession(options, (session) => {
        if (session.handle.kind !== 'ticket') throw new Error('no ticket');
        return { ...session, handle: { kind: 'ticket', ticket: edit(session.handle.ticket) } };
      });
      expect(again({ ...options, clientPorts })).toBe('full');
    }
  });

  test.for(['at once', 'later'] as const)('is done without where the session service fails (%s)', async (when) => {
    const options = acquainted(plain);
    const fails = (operation: string) => failing(operation, new TlsError('service-unavailable', 'gone'), when);
    const serverPorts = (ports: Ports) => fails('resume')(options.serverPorts?.(ports) ?? ports);
    const full = await new Loopback({ ...options, serverPorts }).runLater();
    expect(resumptionOf(full)).toBe('full');
    const untold = (ports: Ports) => fails('blankTickets')(options.serverPorts?.(ports) ?? ports);
    const resumed = await new Loopback({ ...options, serverPorts: untold }).runLater();
    expect(resumptionOf(resumed)).toBe('resumed');
  });

  test('has no ticket where none is to be had: the client then keeps nothing', async () => {
    const options = remembering({ ...plain, serverPorts: failing('blankTickets', new Error('gone'), 'later') });
    const first = await new Loopback(options).runLater();
    expect(resumptionOf(first)).toBe('full');
    expect(namesOf(first.client)).toContain('< NewSessionTicket');
    expect(resumptionOf(await new Loopback(options).runLater())).toBe('full');
  });
});

describe('RFC 7627 section 5.3: the extended master secret of a session', () => {
  const withoutIt = (state: SessionState): SessionState => ({ ...state, extendedMasterSecret: false });
  const noExtension: Habit = changed('ClientHello', 'tls13', (hello) => ({
    ...hello,
    extensions: hello.extensions.filter(({ name }) => name !== 'extended_master_secret'),
  }));

  test('that has it is not resumed by a client without it', () => {
    const { subject, partner } = new Bout('server', acquainted(plain), noExtension).run();
    expect(subject.error).toMatchObject({ reason: 'extended-master-secret-missing', alert: 'handshake_failure' });
    expect(partner.alerts).toEqual(['handshake_failure']);
  });

  test('that has it not is not resumed by a client with it', () => {
    const options = acquainted(plain);
    const serverPorts = withState(options, withoutIt);
    expect(again({ ...options, serverPorts })).toBe('full');
  });

  test('must be the same for the client', () => {
    const options = acquainted(plain);
    const clientPorts = withSession(options, (session) => ({ ...session, extendedMasterSecret: false }));
    const { client } = new Loopback({ ...options, clientPorts }).run();
    expect(client.error).toMatchObject({ reason: 'extended-master-secret-missing', step: 'ServerHello' });
  });
});

describe('a client refuses', () => {
  test('a session that is resumed with another suite', () => {
    const cipherSuite = CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    const habit = changed('ServerHello', 'tls13', (hello) => ({ ...hello, cipherSuite }));
    const { subject } = new Bout('client', acquainted(plain), habit).run();
    expect(subject.error).toMatchObject({ reason: 'illegal-parameter', step: 'ServerHello' });
  });

  test('a session that it never had', () => {
    let offered = new Uint8Array(0);
    const habit: Habit = changed('ServerHello', 'tls13', (hello) => ({ ...hello, legacySessionIdEcho: offered }));
    const bout = new Bout('client', { pki, server: { maxVersion: 'tls12', minVersion: 'tls12' } }, habit);
    bout.subject.connection.start();
    // version, random, and then the session ID with its length of 32 bytes, behind the headers of record and message.
    offered = (bout.subject.outbox[0] ?? offered).slice(5 + 4 + 2 + 32 + 1, 5 + 4 + 2 + 32 + 1 + 32);
    bout.partner.start();
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ step: 'ServerHello', alert: 'illegal_parameter' });
  });

  test('a session whose master secret the server does not know', () => {
    const options = acquainted(plain);
    const serverPorts = withState(options, (state) => ({ ...state, secret: new Uint8Array(48) }));
    const { client } = new Loopback({ ...options, serverPorts }).run();
    expect(client.error).toMatchObject({ reason: 'record-authentication-failed', step: 'Finished' });
    expect(client.opened).toBeUndefined();
  });
});

test('a server refuses a client that has a ticket but not its master secret', () => {
  const options = acquainted(mutual);
  const clientPorts = withSession(options, (session) => ({ ...session, secret: new Uint8Array(48) }));
  const bout = new Bout('server', { ...options, clientPorts }, (effect) => [effect]);
  bout.run();
  expect(bout.partner.opened).toBeUndefined();
  expect(bout.subject.opened).toBeUndefined();
});

/** The server's ports of these options, where a session that is found is another. */
function withState(options: LoopbackOptions, change: (state: SessionState) => SessionState) {
  return (ports: Ports): Ports =>
    answering('resume', (answer: ResumeAnswer) => ({
      sessions: answer.sessions.map((found) => {
        const state = found.kind === 'resumption' ? decodeSessionState(found.state) : undefined;
        return state === undefined ? found : { ...found, state: encodeSessionState(change(state)) };
      }),
    }))(options.serverPorts?.(ports) ?? ports);
}

/** The client's ports of these options, where the session that is recalled is another. */
function withSession(options: LoopbackOptions, change: (session: ClientSession) => ClientSession) {
  return (given: Ports): Ports => {
    const ports = options.clientPorts?.(given) ?? given;
    const { sessions } = ports;
    const recall: typeof sessions.recall = (request, context) => {
      const recalled = sessions.recall(request, context);
      if (recalled instanceof Promise) throw new Error('these ports answer at once');
      return recalled.map((each): RecalledPsk => {
        const session = each.kind === 'resumption' ? decodeClientSession(each.state) : undefined;
        return session === undefined ? each : { kind: 'resumption', state: encodeClientSession(change(session)) };
      });
    };
    return { ...ports, sessions: overriding(sessions, { recall }) };
  };
}

function noted(ports: Ports, note: (kept: { readonly expires: number }) => void): Ports['sessions'] {
  return overriding(ports.sessions, { keep: note });
}

function overriding(sessions: Ports['sessions'], methods: Partial<Ports['sessions']>): Ports['sessions'] {
  return {
    note: (entry) => sessions.note(entry),
    handshakes: (context) => sessions.handshakes(context),
    blankTickets: (request, context) => sessions.blankTickets(request, context),
    resume: (request, context) => sessions.resume(request, context),
    keep: (kept) => sessions.keep(kept),
    recall: (request, context) => sessions.recall(request, context),
    ...methods,
  };
}
