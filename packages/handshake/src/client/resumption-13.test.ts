import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { type KeptSession, LocalSessionManager } from '@handfast/sessions';
import {
  type AlertName,
  CipherSuite,
  type ClientHello,
  decodeHandshake,
  type EncryptedExtensions,
  encodeHandshake,
  findExtension,
  NamedGroup,
  PskKeyExchangeMode,
  type Reason,
  type ServerHello,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../../testing/acquainted.ts';
import { before, changed, excluding, including } from '../../testing/habits.ts';
import { type End, Loopback, type LoopbackOptions, partiesOf } from '../../testing/loopback.ts';
import { Bout, type Habit } from '../../testing/sparring-partner.ts';

const pki = await makePki();
type Options = Omit<LoopbackOptions, 'pki'>;
type Row = readonly [breach: string, habit: () => Habit, reason: Reason, alert: AlertName, options?: Options];

const illegal = ['illegal-parameter', 'illegal_parameter'] as const;
const serverHello = (change: (hello: ServerHello) => ServerHello) => () => changed('ServerHello', 'tls13', change);

describe('a client that offers a session refuses', () => {
  const certificate = encodeHandshake({
    type: 'Certificate',
    version: 'tls13',
    certificateRequestContext: new Uint8Array(0),
    certificateList: [{ certData: pki.server.der, extensions: [] }],
  });

  test.for<Row>([
    [
      'a PSK that it did not offer',
      serverHello((hello) => including(hello, { name: 'pre_shared_key', value: 1 })),
      ...illegal,
    ],
    [
      'a suite of another hash than that of the PSK',
      serverHello((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_AES_256_GCM_SHA384 })),
      ...illegal,
    ],
    [
      'a PSK without (EC)DHE, where it did not offer that',
      serverHello((hello) => excluding(hello, 'key_share')),
      'missing-extension',
      'missing_extension',
    ],
    [
      'a PSK with (EC)DHE, where it did not offer that',
      serverHello((hello) =>
        including(hello, {
          name: 'key_share',
          value: { group: NamedGroup.x25519, keyExchange: new Uint8Array(32).fill(9) },
        }),
      ),
      ...illegal,
      {
        client: { pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] },
        server: { pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] },
      },
    ],
    [
      'a certificate beside the PSK',
      () => before('Finished', { kind: 'send', name: 'Certificate', bytes: certificate }),
      'unexpected-message',
      'unexpected_message',
    ],
    [
      'a wrong Finished, which is all that proves who the server is',
      () => changed('Finished', 'tls13', ({ type, verifyData }) => ({ type, verifyData: verifyData.toReversed() })),
      'finished-mismatch',
      'decrypt_error',
    ],
  ])('%s', ([, habit, reason, alert, options]) => {
    const again = acquainted({ pki, ...options });
    const { subject } = new Bout('client', again, habit()).run();
    expect(subject.error).toMatchObject({ reason, alert });
    expect(subject.opened).toBeUndefined();
  });

  test('a PSK where it has offered none', () => {
    const habit = serverHello((hello) => including(hello, { name: 'pre_shared_key', value: 0 }));
    const { subject } = new Bout('client', { pki }, habit()).run();
    expect(subject.error).toMatchObject({ reason: 'unsolicited-extension', alert: 'unsupported_extension' });
  });
});

test('a resumed connection knows its server by the certificate of the first one', () => {
  const again = acquainted({ pki, client: { applicationProtocols: ['h2'] }, server: { applicationProtocols: ['h2'] } });
  const { client } = new Loopback(again).run();
  expect(client.opened?.peer).toMatchObject({ chain: pki.server.chain, verdict: { trusted: true } });
  expect(client.opened?.resumed).toBe(true);
  expect(client.opened?.channelBinding('tls-server-end-point')).toBeDefined();
  const { negotiated, steps } = client.connection.timeline;
  expect(negotiated).toMatchObject({ resumption: 'resumed', clientCertificate: 'not-requested' });
  expect(negotiated.peerSubject).toBeDefined();
  expect(steps.flatMap(({ asks }) => asks).map(({ operation }) => operation)).toEqual(['offer', 'recall', 'agree']);
});

/** The first hello of a client that has just started. */
function helloOf({ outbox, connection }: End): ClientHello {
  connection.start();
  return decodeHandshake(outbox[0]?.subarray(5, 9 + lengthOf(outbox[0])) ?? new Uint8Array(0), 'tls13') as ClientHello;
}

function lengthOf(record: Uint8Array): number {
  return ((record[6] ?? 0) << 16) | ((record[7] ?? 0) << 8) | (record[8] ?? 0);
}

/** A client that keeps its sessions in a manager, by a clock, both of the test's. */
class Rememberer {
  now = Date.now();
  readonly kept: KeptSession[] = [];
  readonly #client = new LocalSessionManager({ crypto: nativeCrypto, now: () => this.now });
  readonly #server = new LocalSessionManager({ crypto: nativeCrypto, now: () => this.now, ticketLifetime: 604_800 });

  options(more: Options = {}): LoopbackOptions {
    const sessions: LocalSessionManager = Object.assign(Object.create(this.#client), {
      keep: (session: KeptSession) => {
        this.kept.push(session);
        this.#client.keep(session);
      },
      recall: (request: Parameters<LocalSessionManager['recall']>[0]) => this.#client.recall(request),
    });
    return {
      pki,
      ...more,
      clientPorts: (ports) => ({ ...ports, sessions }),
      serverPorts: (ports) => ({ ...ports, sessions: this.#server }),
      date: () => this.now,
    };
  }

  meet(more: Options = {}): this {
    new Loopback(this.options(more)).run();
    return this;
  }

  /** What the next hello offers. */
  offers(more: Options = {}) {
    return findExtension(helloOf(new Loopback(this.options(more)).client).extensions, 'pre_shared_key');
  }
}

describe('a client offers', () => {
  test('one session of this server, by its ticket, with the age that only the server can tell', () => {
    const rememberer = new Rememberer().meet();
    rememberer.now += 2000;
    const ages = [0, 1].map(() => rememberer.offers()?.identities ?? []);
    expect(ages.map((identities) => identities.length)).toEqual([1, 1]);
    // Each ticket goes out once.
    expect(ages[0]?.[0]?.identity).not.toEqual(ages[1]?.[0]?.identity);
    expect(rememberer.offers()).toBeUndefined();
  });

  test.for<readonly [string, Options]>([
    ['where it does not resume', { client: { resumption: 'off' } }],
    ['of a server by another name', { client: { serverName: 'example.org', sessionsWith: 'localhost' } }],
    ['that is kept under another key', { client: { sessionsWith: 'a pool' } }],
    ['whose hash none of its suites has', { client: { cipherSuites: [CipherSuite.TLS_AES_256_GCM_SHA384] } }],
    ['where it does not speak TLS 1.3 any more', { client: { maxVersion: 'tls12' } }],
  ])('no session %s', ([, options]) => {
    expect(new Rememberer().meet().offers(options)).toBeUndefined();
  });

  test('no session that is older than seven days, though the store still has it', () => {
    const rememberer = new Rememberer().meet();
    const [session] = rememberer.kept;
    if (session === undefined) expect.fail('no session was kept');
    const sessions = Object.assign(Object.create(new LocalSessionManager({ crypto: nativeCrypto, now: Date.now })), {
      recall: () => [{ kind: 'resumption', state: session.state }],
    });
    const offered = (after: number) => {
      const options: LoopbackOptions = {
        pki,
        clientPorts: (ports) => ({ ...ports, sessions }),
        date: () => rememberer.now + after,
      };
      return findExtension(helloOf(new Loopback(options).client).extensions, 'pre_shared_key');
    };
    expect(offered(604_799_000)).toBeDefined();
    expect(offered(604_800_000)).toBeUndefined();
  });

  test('no session with a server that it does not trust', () => {
    const rememberer = new Rememberer().meet({
      client: { serverVerification: 'reported' },
      serverCredentials: [pki.selfSigned],
    });
    expect(rememberer.kept).toEqual([]);
  });
});

describe('a ticket', () => {
  const ticketOf = (lifetime: number) => () =>
    changed('NewSessionTicket', 'tls13', (ticket) => ({ ...ticket, ticketLifetime: lifetime }));

  test.for([
    ['is forgotten where it lives for no time', 0, undefined],
    ['is kept for as long as it lives', 60, 60_000],
    ['is kept for seven days at the most', 0xffff_ffff, 604_800_000],
  ] as const)('%s', ([, lifetime, expected]) => {
    const rememberer = new Rememberer();
    new Bout('client', rememberer.options({ server: { ticketCount: 1 } }), ticketOf(lifetime)()).run();
    const [kept] = rememberer.kept;
    const left = kept && kept.expires - Date.now();
    if (expected === undefined) expect(left).toBeUndefined();
    else expect(Math.abs((left ?? 0) - expected)).toBeLessThan(60_000);
  });

  test('is kept no longer than the certificate of its server is valid', () => {
    const rememberer = new Rememberer();
    const notAfter = Date.now() + 1234;
    const options = rememberer.options({ server: { ticketCount: 1 } });
    const loopback = new Loopback({
      ...options,
      clientPorts: (ports) => {
        const validator = Object.assign(Object.create(ports.certificates), {
          validate: () => ({ trusted: true, path: [], identity: { subject: 'CN=localhost', notAfter } }),
        });
        return { ...(options.clientPorts?.(ports) ?? ports), certificates: validator };
      },
    }).run();
    expect(loopback.client.error).toBeUndefined();
    expect(rememberer.kept.map(({ expires }) => expires)).toEqual([notAfter]);
  });

  test('whose nonce is another stands for another PSK', () => {
    const rememberer = new Rememberer().meet({ server: { ticketCount: 2 } });
    expect(new Set(rememberer.kept.map(({ state }) => Buffer.from(state).toString('hex'))).size).toBe(2);
  });

  test('is of no interest where sessions are not resumed', () => {
    const rememberer = new Rememberer().meet({ client: { resumption: 'off' } });
    expect(rememberer.kept).toEqual([]);
  });
});

describe('external PSKs', () => {
  const psk = (hash: 'sha256' | 'sha384') => ({
    identity: new TextEncoder().encode(`a ${hash}`),
    key: new Uint8Array(32).fill(hash.length),
    hash,
  });
  const both = [psk('sha256'), psk('sha384')];
  const withPsks = (externalPsks: ConstructorParameters<typeof LocalSessionManager>[0]['externalPsks']): Options => {
    const sessions = () => new LocalSessionManager({ crypto: nativeCrypto, now: Date.now, externalPsks });
    return {
      clientPorts: (ports) => ({ ...ports, sessions: sessions() }),
      serverPorts: (ports) => ({ ...ports, sessions: sessions() }),
    };
  };

  test('take the place of certificates', () => {
    const { client, server } = new Loopback({ pki, ...withPsks(both) }).run();
    expect(client.error ?? server.error).toBeUndefined();
    expect(client.connection.timeline.negotiated.resumption).toBe('external-psk');
    expect(client.opened?.peer).toBeUndefined();
  });

  test('that do not go with the suite are taken back after a retry', () => {
    const cipherSuites = [CipherSuite.TLS_AES_256_GCM_SHA384];
    const groups = [NamedGroup.x25519, NamedGroup.secp384r1];
    const hellos: ClientHello[] = [];
    const loopback = new Loopback({
      pki,
      ...withPsks(both),
      client: { groups },
      server: { cipherSuites, groups: [NamedGroup.secp384r1] },
      carry(bytes, from) {
        if (from === 'client' && hellos.length < 2) {
          // The second hello comes after a ChangeCipherSpec record.
          const record = bytes[0] === 20 ? bytes.subarray(6) : bytes;
          hellos.push(decodeHandshake(record.slice(5), 'tls13') as ClientHello);
        }
        return [bytes];
      },
    }).run();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect(loopback.client.connection.timeline.negotiated).toMatchObject({
      helloRetried: true,
      resumption: 'external-psk',
    });
    const offered = hellos.map(({ extensions }) => findExtension(extensions, 'pre_shared_key')?.identities.length);
    expect(offered).toEqual([2, 1]);
  });
});

describe('a client that has sent early data refuses', () => {
  const willing: Options = {
    client: { earlyData: 'offered', applicationProtocols: ['h2', 'http/1.1'] },
    server: { maxEarlyData: 1000, applicationProtocols: ['h2'] },
  };
  const accepting = (change: (message: EncryptedExtensions) => EncryptedExtensions = (message) => message) =>
    changed('EncryptedExtensions', 'tls13', (message) => change(including(message, { name: 'early_data', value: {} })));
  const http11 = new TextEncoder().encode('http/1.1');

  function refusal(habit: Habit, second: Options = {}): End {
    const again = acquainted({ pki, ...willing });
    const bout = new Bout('client', { ...again, ...second }, habit);
    bout.subject.connection.start();
    expect(bout.subject.early).toMatchObject({ applicationProtocol: 'h2', peer: { chain: pki.server.chain } });
    bout.partner.start();
    bout.deliver();
    expect(bout.subject.opened).toBeUndefined();
    return bout.subject;
  }

  test('that it is taken without the PSK that it goes with', () => {
    const client = refusal(accepting(), { server: { ...willing.server, resumption: 'off' } });
    expect(client.error).toMatchObject({ reason: 'misplaced-extension', alert: 'illegal_parameter' });
  });

  test('that it is taken for another application protocol', () => {
    const habit = accepting((message) =>
      including(message, { name: 'application_layer_protocol_negotiation', value: http11 }),
    );
    expect(refusal(habit).error).toMatchObject({ reason: 'illegal-parameter' });
  });

  test('that it is taken after a HelloRetryRequest', () => {
    const client = refusal(accepting(), { server: { ...willing.server, groups: [NamedGroup.secp384r1] } });
    expect(client.earlyOutcome).toBe('rejected');
    expect(client.error).toMatchObject({ reason: 'unsolicited-extension', alert: 'unsupported_extension' });
  });

  test('TLS 1.2', () => {
    const again = acquainted({ pki, ...willing });
    const { client } = new Loopback({ ...again, server: { maxVersion: 'tls12' } }).run();
    expect(client.early).toBeDefined();
    expect(client.error).toMatchObject({ reason: 'no-common-version', alert: 'protocol_version' });
  });

  test('nothing of that where it has offered none', () => {
    const again = acquainted({ pki, ...willing }, {});
    const { subject } = new Bout('client', { ...again, client: { earlyData: 'off' } }, accepting()).run();
    expect(subject.error).toMatchObject({ reason: 'unsolicited-extension', alert: 'unsupported_extension' });
  });
});

test('early data goes only with a session of an application protocol that the client still offers', () => {
  const options: Options = {
    client: { earlyData: 'offered', applicationProtocols: ['h2'] },
    server: { maxEarlyData: 1000, applicationProtocols: ['h2'] },
  };
  const again = acquainted({ pki, ...options });
  const other = { ...again, client: { earlyData: 'offered', applicationProtocols: ['http/1.1'] } } as const;
  const { extensions } = helloOf(new Loopback(other).client);
  expect(findExtension(extensions, 'pre_shared_key')).toBeDefined();
  expect(findExtension(extensions, 'early_data')).toBeUndefined();
  expect(partiesOf(again).client.configuration.earlyData).toBe('offered');
});
