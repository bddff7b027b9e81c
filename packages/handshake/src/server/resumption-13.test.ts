import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';
import {
  CipherSuite,
  type ClientHello,
  decodeHandshake,
  encodeHandshake,
  NamedGroup,
  PskKeyExchangeMode,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed } from '../../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { Bout } from '../../testing/sparring-partner.ts';
import type { ServerConfiguration } from '../index.ts';

const pki = await makePki({ kinds: ['ecdsa-p256'] });
const day = 86_400_000;

type Options = Omit<LoopbackOptions, 'pki'>;

/** A client and a server that remember each other, and a clock that both go by. */
class Acquaintances {
  readonly #options: Options;
  now = Date.now();
  readonly #clientSessions: LocalSessionManager;
  readonly #serverSessions: LocalSessionManager;

  constructor(
    options: Options = {},
    serverSessions: Partial<ConstructorParameters<typeof LocalSessionManager>[0]> = {},
  ) {
    this.#options = options;
    this.#clientSessions = new LocalSessionManager({ crypto: nativeCrypto, now: () => this.now });
    this.#serverSessions = new LocalSessionManager({
      crypto: nativeCrypto,
      now: () => this.now,
      ticketLifetime: 604_800,
      ...serverSessions,
    });
  }

  /** What the next connection is made with. */
  options(more: Options = {}): LoopbackOptions {
    return {
      pki,
      ...this.#options,
      ...more,
      client: { ...this.#options.client, ...more.client },
      server: { ...this.#options.server, ...more.server },
      clientPorts: (ports) => ({ ...ports, sessions: this.#clientSessions }),
      serverPorts: (ports) => ({ ...ports, sessions: this.#serverSessions }),
      date: () => this.now,
    };
  }

  meet(more: Options = {}): Loopback {
    return expectOpen(new Loopback(this.options(more)).run());
  }

  /** Another connection, in which the client says `early` at once. */
  meetInAHurry(more: Options = {}, early = 'now'): Loopback {
    const loopback = new Loopback(this.options(more));
    loopback.server.connection.start();
    loopback.client.connection.start();
    if (loopback.client.early !== undefined) loopback.client.connection.write(new TextEncoder().encode(early));
    return expectOpen(loopback.deliver());
  }
}

function expectOpen(loopback: Loopback): Loopback {
  expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
  expect(loopback.client.opened !== undefined && loopback.server.opened !== undefined).toBe(true);
  loopback.client.connection.write(Uint8Array.of(65));
  loopback.server.connection.write(Uint8Array.of(66));
  loopback.deliver();
  expect([loopback.server.received, loopback.client.received]).toEqual(['A', 'B']);
  return loopback;
}

const outcome = ({ server }: Loopback) => server.connection.timeline.negotiated.resumption;
const messages = ({ server }: Loopback) =>
  server.connection.timeline.steps.map(({ name, direction }) => `${direction === 'sent' ? '>' : '<'} ${name}`);

describe('a TLS 1.3 server resumes', () => {
  test('without certificates, by one ask of each port, and keeps doing so', () => {
    const both = new Acquaintances();
    expect(outcome(both.meet())).toBe('full');
    const second = both.meet();
    expect(outcome(second)).toBe('resumed');
    expect(second.client.opened?.resumed && second.server.opened?.resumed).toBe(true);
    expect(messages(second)).toEqual([
      '< ClientHello',
      '> ServerHello',
      '> ChangeCipherSpec',
      '> EncryptedExtensions',
      '> Finished',
      '< Finished',
      '> NewSessionTicket',
      '> NewSessionTicket',
    ]);
    const asks = second.server.connection.timeline.steps.flatMap((step) => step.asks.map(({ operation }) => operation));
    expect(asks).toEqual(['resume', 'respond', 'blankTickets']);
    expect(outcome(both.meet())).toBe('resumed');
  });

  test('a client that it knows by its certificate, as that client', () => {
    const both = new Acquaintances({ clientCredentials: [pki.client], server: { clientAuthentication: 'required' } });
    const first = both.meet();
    const second = both.meet();
    expect(outcome(second)).toBe('resumed');
    expect(second.server.opened?.peer?.verdict).toEqual(first.server.opened?.peer?.verdict);
    const { negotiated } = second.server.connection.timeline;
    expect(negotiated.peerSubject).toBe(first.server.connection.timeline.negotiated.peerSubject);
  });

  test('after a HelloRetryRequest', () => {
    const both = new Acquaintances({ client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] } });
    both.meet();
    const second = both.meet({ server: { groups: [NamedGroup.secp384r1] } });
    expect(second.server.connection.timeline.negotiated).toMatchObject({ helloRetried: true, resumption: 'resumed' });
  });

  test('with the suite of the session, whatever it likes best', () => {
    const both = new Acquaintances();
    both.meet({ client: { cipherSuites: [CipherSuite.TLS_AES_256_GCM_SHA384] } });
    const { negotiated } = both.meet().server.connection.timeline;
    expect(negotiated).toMatchObject({ resumption: 'resumed', cipherSuite: 'TLS_AES_256_GCM_SHA384' });
  });

  test('without (EC)DHE where both are configured so, and asks no port for keys', () => {
    const pskKeyExchangeModes = [PskKeyExchangeMode.psk_ke];
    const both = new Acquaintances({ client: { pskKeyExchangeModes }, server: { pskKeyExchangeModes } });
    both.meet();
    const second = both.meet();
    expect(outcome(second)).toBe('resumed');
    expect(second.server.connection.timeline.negotiated.group).toBeUndefined();
    const asks = second.server.connection.timeline.steps.flatMap((step) => step.asks.map(({ operation }) => operation));
    expect(asks).toEqual(['resume', 'blankTickets']);
  });
});

describe('a TLS 1.3 server does a full handshake', () => {
  const required: Options = { clientCredentials: [pki.client], server: { clientAuthentication: 'required' } };
  const rows: readonly (readonly [why: string, first: Options, second: Options])[] = [
    ['where it issues no tickets', { server: { ticketCount: 0 } }, {}],
    ['where it does not resume', {}, { server: { resumption: 'off' } }],
    ['where resumption was off when they met', { server: { resumption: 'off' } }, {}],
    ['for another version', { client: { maxVersion: 'tls12' } }, {}],
    [
      'where the suite of the session is not common any more',
      { client: { cipherSuites: [CipherSuite.TLS_AES_256_GCM_SHA384] } },
      { server: { cipherSuites: [CipherSuite.TLS_AES_128_GCM_SHA256] } },
    ],
    ['where it now wants a certificate, and the session has none', {}, required],
    [
      'where it asks for no certificates, and the session has one',
      required,
      { server: { clientAuthentication: 'none' } },
    ],
    [
      'where the modes of PSKs have nothing in common',
      {},
      { server: { pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] } },
    ],
  ];
  test.for(rows)('%s', ([, first, second]) => {
    const both = new Acquaintances();
    both.meet(first);
    expect(outcome(both.meet(second))).toBe('full');
  });

  test('for a name other than that of the session', () => {
    const both = new Acquaintances();
    both.meet();
    const habit = changed('ClientHello', 'tls13', (hello) => ({
      ...hello,
      extensions: hello.extensions.map((extension) =>
        extension.name === 'server_name' ? { ...extension, value: 'localhosts' } : extension,
      ),
    }));
    const { subject } = new Bout('server', both.options(), habit).run();
    expect(subject.connection.timeline.negotiated.resumption).toBe('full');
  });

  test('once the ticket has expired', () => {
    const both = new Acquaintances({}, { ticketLifetime: 3600 });
    both.meet();
    both.now += 3_599_000;
    expect(outcome(both.meet())).toBe('resumed');
    both.now += 3_601_000;
    expect(outcome(both.meet())).toBe('full');
  });

  test('seven days after the last one, however often it has resumed', () => {
    const both = new Acquaintances();
    both.meet();
    for (let passed = 1; passed < 7; passed += 1) {
      both.now += day;
      expect(outcome(both.meet())).toBe('resumed');
    }
    both.now += day + 1000;
    expect(outcome(both.meet())).toBe('full');
  });

  test('where the sessions cannot be reached', () => {
    const both = new Acquaintances();
    both.meet();
    const options = both.options();
    const loopback = new Loopback({
      ...options,
      serverPorts: (ports) => {
        const wrapped = options.serverPorts?.(ports) ?? ports;
        const resume = () => Promise.reject(new Error('nobody there'));
        return { ...wrapped, sessions: Object.assign(Object.create(wrapped.sessions), { resume }) };
      },
    });
    return loopback.runLater().then(() => {
      expectOpen(loopback);
      expect(outcome(loopback)).toBe('full');
    });
  });
});

describe('early data', () => {
  const willing: Options = { client: { earlyData: 'offered' }, server: { maxEarlyData: 1000 } };

  test('is off by default', () => {
    const both = new Acquaintances({ client: { earlyData: 'offered' } });
    both.meet();
    expect(both.meetInAHurry().client.early).toBeUndefined();
  });

  test('is taken with a ticket that allows it', () => {
    const both = new Acquaintances(willing);
    expect(both.meetInAHurry().client.early).toBeUndefined();
    const { client, server } = both.meetInAHurry();
    expect([server.receivedEarly, client.earlyOutcome]).toEqual(['now', 'accepted']);
    expect(server.connection.timeline.negotiated).toMatchObject({ resumption: 'resumed', earlyData: 'accepted' });
    const exported = (end: typeof client) => end.early?.exportKeyingMaterial('EXPORTER-x', Uint8Array.of(1), 32);
    expect(exported(server)).toEqual(exported(client));
  });

  test('of more than the ticket allows ends the connection', () => {
    const both = new Acquaintances(willing);
    both.meet();
    const bout = new Bout('server', both.options(), (effect) =>
      effect.kind === 'open-early'
        ? [{ kind: 'record', type: 'application_data', fragment: new Uint8Array(1001) }]
        : [effect],
    ).run();
    expect(bout.subject.error).toMatchObject({ reason: 'too-much-early-data', alert: 'unexpected_message' });
    expect(bout.subject.receivedEarly).toBe('');
  });

  const refusals: readonly (readonly [why: string, second: Options, after?: number])[] = [
    ['where the server takes none any more', { server: { maxEarlyData: 0 } }],
    ['where the server takes less than it promised', { server: { maxEarlyData: 999 } }],
    ['where the server does not resume any more', { server: { resumption: 'off' } }],
    ['after a HelloRetryRequest', { server: { groups: [NamedGroup.secp384r1] } }],
    ['with another application protocol', { server: { applicationProtocols: ['http/1.1'] } }],
  ];
  test.for(refusals)('is refused %s', ([, second]) => {
    const both = new Acquaintances({
      client: {
        earlyData: 'offered',
        applicationProtocols: ['h2', 'http/1.1'],
        groups: [NamedGroup.x25519, NamedGroup.secp384r1],
      },
      server: { maxEarlyData: 1000, applicationProtocols: ['h2', 'http/1.1'] },
    });
    both.meet();
    const { client, server } = both.meetInAHurry(second);
    expect(client.early).toBeDefined();
    expect([server.receivedEarly, client.earlyOutcome]).toEqual(['', 'rejected']);
    expect(server.connection.timeline.negotiated.earlyData).toBe('rejected');
  });

  test('is refused where the server has forgotten its tickets, in a full handshake', () => {
    const both = new Acquaintances(willing);
    both.meet();
    const forgetful = new LocalSessionManager({ crypto: nativeCrypto, now: () => both.now });
    const loopback = new Loopback({
      ...both.options(),
      serverPorts: (ports) => ({ ...ports, sessions: forgetful }),
    });
    loopback.server.connection.start();
    loopback.client.connection.start();
    loopback.client.connection.write(new Uint8Array(900));
    expectOpen(loopback.deliver());
    expect(loopback.server.receivedEarly).toBe('');
    expect(outcome(loopback)).toBe('full');
  });

  test.for([
    ['fresh', 9_000, 'accepted'],
    ['stale', 11_000, 'rejected'],
  ] as const)('that comes %s of the age that the client tells is so judged', ([, late, expected]) => {
    const both = new Acquaintances(willing);
    both.meet();
    const options = both.options();
    const loopback = new Loopback(options);
    loopback.server.connection.start();
    loopback.client.connection.start();
    loopback.client.connection.write(Uint8Array.of(1));
    // The hello is held up on its way.
    both.now += late;
    expectOpen(loopback.deliver());
    expect(loopback.client.earlyOutcome).toBe(expected);
    expect(outcome(loopback)).toBe('resumed');
  });

  test('is taken once: a flight that is sent again is resumed from, and what it says early is dropped', () => {
    const both = new Acquaintances(willing);
    both.meet();
    const loopback = new Loopback(both.options());
    loopback.client.connection.start();
    loopback.client.connection.write(new TextEncoder().encode('pay'));
    const flight = loopback.client.outbox.map((bytes) => bytes.slice());
    const received = [1, 2].map(() => {
      const again = new Loopback(both.options());
      again.server.connection.start();
      for (const bytes of flight) again.server.connection.receive(bytes.slice());
      expect(again.server.error).toBeUndefined();
      expect(again.server.connection.timeline.negotiated.resumption).toBe('resumed');
      return again.server.receivedEarly;
    });
    expect(received).toEqual(['pay', '']);
  });
});

describe('a binder', () => {
  /** The hello with every bit of that binder as it was, but one. */
  const spoiled = (hello: ClientHello): ClientHello => ({
    ...hello,
    extensions: hello.extensions.map((extension) =>
      extension.name === 'pre_shared_key'
        ? {
            ...extension,
            value: {
              ...extension.value,
              binders: extension.value.binders.map((binder) =>
                binder.map((byte, index) => (index === 31 ? byte ^ 1 : byte)),
              ),
            },
          }
        : extension,
    ),
  });

  test.for<readonly [string, Partial<ServerConfiguration>]>([
    ['', {}],
    [', after a retry', { groups: [NamedGroup.secp384r1] }],
  ])('that does not verify ends the handshake%s', ([, server]) => {
    const both = new Acquaintances({ client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] } });
    both.meet();
    const bout = new Bout('server', both.options({ server }), (effect) =>
      effect.kind === 'send' && effect.name === 'ClientHello'
        ? [
            {
              ...effect,
              bytes: encodeHandshake(spoiled(decodeHandshake(effect.bytes, 'tls13') as ClientHello)),
            },
          ]
        : [effect],
    ).run();
    expect(bout.subject.error).toMatchObject({
      reason: 'binder-mismatch',
      alert: 'decrypt_error',
      step: 'ClientHello',
    });
    expect(bout.subject.opened).toBeUndefined();
  });

  test('covers what stands before it', () => {
    const both = new Acquaintances();
    both.meet();
    const habit = changed('ClientHello', 'tls13', (hello) => ({
      ...hello,
      cipherSuites: hello.cipherSuites.slice(0, 2),
    }));
    const bout = new Bout('server', both.options(), habit).run();
    expect(bout.subject.error).toMatchObject({ reason: 'binder-mismatch' });
  });
});
