import { issue, KeyUsageFlags, makePki, serverAuth, serverNames } from '@handfast/certificates/testing';
import { legacyCipherSuites, serverDhParams } from '@handfast/key-exchange';
import {
  CipherSuite,
  encodeClientKeyExchange,
  encodeHandshake,
  encodeServerKeyExchange,
  type MessageOf,
  NamedGroup,
  readServerKeyExchange,
  type ServerDhParams,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { acquainted } from '../testing/acquainted.ts';
import { changed } from '../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { Bout, type Habit } from '../testing/sparring-partner.ts';
import { paddedShare } from './common/hellos.ts';

const pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
const { 'rsa-2048': rsa = pki.server } = pki.servers;
const bothWays = { names: serverNames, issuer: pki.intermediate, extKeyUsage: [serverAuth] } as const;
const decrypting = await issue({
  ...bothWays,
  kind: 'rsa-2048',
  keyUsage: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyEncipherment,
});

const suites12 = legacyCipherSuites.filter(({ version }) => version === 'tls12');

function optionsFor(suite: number, more: LoopbackOptions['client'] = {}): LoopbackOptions {
  return {
    pki,
    serverCredentials: [pki.server, decrypting],
    client: { cipherSuites: [suite], ...more },
    server: { cipherSuites: [suite] },
  };
}

function converse(loopback: Loopback): void {
  const { client, server } = loopback;
  expect([client.error, server.error]).toEqual([undefined, undefined]);
  client.connection.write(new TextEncoder().encode('ping'.repeat(5_000)));
  server.connection.write(new TextEncoder().encode('pong'));
  loopback.deliver();
  expect([server.received, client.received]).toEqual(['ping'.repeat(5_000), 'pong']);
}

describe('a cipher suite that is off unless named', () => {
  test.for(suites12.map(({ name, code }) => [name, code] as const))('%s', ([name, code]) => {
    const options = acquainted(optionsFor(code));
    for (const resumption of ['full', 'resumed'] as const) {
      const loopback = new Loopback(resumption === 'full' ? optionsFor(code) : options).run();
      converse(loopback);
      expect(loopback.server.connection.timeline.negotiated).toMatchObject({ cipherSuite: name, resumption });
    }
  });

  test('is not offered, and not taken, where nobody named it', () => {
    for (const { code } of suites12) {
      const { server } = new Loopback({ pki, serverCredentials: [rsa], client: { cipherSuites: [code] } }).run();
      expect(server.error).toMatchObject({ reason: 'no-common-cipher-suite', alert: 'handshake_failure' });
    }
    const { timeline } = new Loopback({ pki }).run().server.connection;
    expect(timeline.offered?.cipherSuites.filter((name) => suites12.some((suite) => suite.name === name))).toEqual([]);
  });
});

describe('DHE', () => {
  const suite = CipherSuite.TLS_DHE_RSA_WITH_AES_128_GCM_SHA256;
  const { ffdhe2048, ffdhe3072, ffdhe4096, secp256r1 } = NamedGroup;

  test.for([
    [[], [], 'ffdhe2048'],
    [[ffdhe3072], [], 'ffdhe3072'],
    [[], [ffdhe3072], 'ffdhe3072'],
    [[ffdhe2048, ffdhe4096], [ffdhe4096, ffdhe2048], 'ffdhe4096'],
  ] as const)('takes the first of its groups that the client has: %j, %j', ([client, server, group]) => {
    const loopback = new Loopback({
      ...optionsFor(suite, { groups: [secp256r1, ...client] }),
      server: { cipherSuites: [suite], groups: [secp256r1, ...server] },
    }).run();
    converse(loopback);
    expect(loopback.client.connection.timeline.negotiated.group).toBe(group);
  });

  test('is not forced on a client that has none of our groups', () => {
    const { server } = new Loopback({
      ...optionsFor(suite, { groups: [ffdhe4096] }),
      server: { cipherSuites: [suite], groups: [ffdhe2048] },
    }).run();
    expect(server.error).toMatchObject({ reason: 'no-common-group' });
  });

  const withParams = (change: (params: ServerDhParams) => ServerDhParams): Habit =>
    changed('ServerKeyExchange', 'tls12', (message: MessageOf<'ServerKeyExchange'>) => {
      const read = readServerKeyExchange('dhe', message.exchangeKeys);
      return { ...message, exchangeKeys: encodeServerKeyExchange('dhe', { ...read, params: change(read.params) }) };
    });

  test.for<[what: string, change: (params: ServerDhParams) => ServerDhParams]>([
    ['another prime', ({ dhP, ...rest }) => ({ ...rest, dhP: dhP.with(100, (dhP[100] ?? 0) ^ 1) })],
    ['a short prime', ({ dhP, ...rest }) => ({ ...rest, dhP: dhP.subarray(128) })],
    ['another generator', (params) => ({ ...params, dhG: Uint8Array.of(5) })],
  ])('with %s is refused', ([, change]) => {
    const { subject, partner } = new Bout('client', optionsFor(suite), withParams(change)).run();
    expect(subject.error).toMatchObject({ reason: 'unsafe-group', step: 'ServerKeyExchange' });
    expect(partner.alerts).toEqual(['insufficient_security']);
  });

  test('with a group of RFC 7919 that the client did not name is refused', () => {
    const another = withParams(() => serverDhParams(ffdhe3072, new Uint8Array(384).fill(2)));
    const { subject } = new Bout('client', optionsFor(suite, { groups: [secp256r1, ffdhe2048] }), another).run();
    expect(subject.error).toMatchObject({ reason: 'illegal-parameter', step: 'ServerKeyExchange' });
  });

  test.for([
    ['0', () => new Uint8Array(256)],
    ['1', () => new Uint8Array(256).with(255, 1)],
    ['the prime less 1', (prime: Uint8Array) => prime.with(255, (prime[255] ?? 0) - 1)],
    ['more than the prime', (prime: Uint8Array) => prime.map(() => 0xff)],
    ['too many bytes', (prime: Uint8Array) => Uint8Array.of(0, ...prime)],
  ] as const)('with %s for a public value is refused by either side', ([, make]) => {
    const { dhP } = serverDhParams(ffdhe2048, new Uint8Array(0));
    const dhYs = make(dhP);
    const { subject: client } = new Bout(
      'client',
      optionsFor(suite),
      withParams((params) => ({ ...params, dhYs })),
    ).run();
    expect(client.error?.alert).toMatch(/decrypt_error|illegal_parameter/);
    const habit: Habit = changed('ClientKeyExchange', 'tls12', (message: MessageOf<'ClientKeyExchange'>) => ({
      ...message,
      exchangeKeys: encodeClientKeyExchange('dhe', dhYs),
    }));
    const { subject: server } = new Bout('server', optionsFor(suite), habit).run();
    expect(server.error).toMatchObject({ reason: 'invalid-key-share', alert: 'illegal_parameter' });
  });

  test('takes a public value without its leading zeros', () => {
    const [value, padded] = [Uint8Array.of(1, 2, 3), paddedShare(ffdhe2048, Uint8Array.of(1, 2, 3))];
    expect(padded).toEqual(Uint8Array.of(...new Uint8Array(253), ...value));
  });
});

describe('RSA key transport', () => {
  const suite = CipherSuite.TLS_RSA_WITH_AES_128_GCM_SHA256;

  test('has no ServerKeyExchange', () => {
    const { client } = new Loopback(optionsFor(suite)).run();
    expect(client.connection.timeline.steps.map(({ name }) => name)).not.toContain('ServerKeyExchange');
    expect(client.opened?.peer?.chain).toEqual(decrypting.chain);
  });

  test('does without signature_algorithms that fit', () => {
    const loopback = new Loopback(optionsFor(suite, { signatureSchemes: [0x0403] })).run();
    converse(loopback);
  });

  test('is not chosen with a certificate that is not to encrypt', () => {
    const { server } = new Loopback({ ...optionsFor(suite), serverCredentials: [rsa] }).run();
    expect(server.error?.alert).toBe('handshake_failure');
  });

  test('takes no certificate of a server that is not to encrypt', () => {
    const certificate = encodeHandshake({ type: 'Certificate', version: 'tls12', certificateList: rsa.chain });
    const other: Habit = (effect) =>
      effect.kind === 'send' && effect.name === 'Certificate' ? [{ ...effect, bytes: certificate }] : [effect];
    const { subject } = new Bout('client', optionsFor(suite), other).run();
    expect(subject.error).toMatchObject({ reason: 'certificate-key-usage' });
  });

  test('takes no certificate of another kind', () => {
    const { server } = new Loopback({ ...optionsFor(suite), serverCredentials: [pki.server] }).run();
    expect(server.error?.alert).toBe('handshake_failure');
  });

  const encrypted = (change: (bytes: Uint8Array) => Uint8Array): Habit =>
    changed('ClientKeyExchange', 'tls12', (message: MessageOf<'ClientKeyExchange'>) => {
      const value = change(message.exchangeKeys.subarray(2));
      return { ...message, exchangeKeys: Uint8Array.of(value.length >> 8, value.length, ...value) };
    });

  test('fails in Finished alone, and always alike, whatever is wrong with the premaster secret', () => {
    const wrongs: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
      (bytes) => bytes.with(-1, (bytes.at(-1) ?? 0) ^ 1),
      (bytes) => bytes.map(() => 0),
      (bytes) => bytes.map(() => 0xff),
      (bytes) => bytes.subarray(1),
      (bytes) => Uint8Array.of(0, ...bytes),
      () => Uint8Array.of(1),
    ];
    const outcomes = wrongs.map((change) => {
      const { subject, partner } = new Bout('server', optionsFor(suite), encrypted(change)).run();
      expect(subject.opened).toBeUndefined();
      const { error } = subject;
      return [error?.reason, error?.alert, error?.step, error?.detail, partner.alerts];
    });
    for (const outcome of outcomes) expect(outcome).toEqual(outcomes[0]);
    expect(outcomes[0]?.slice(0, 3)).toEqual(['record-authentication-failed', 'bad_record_mac', 'Finished']);
  });
});

describe('encrypt-then-MAC', () => {
  const cbc = CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256;
  const answered = (options: LoopbackOptions): readonly string[] => {
    const names: string[] = [];
    const habit: Habit = changed('ServerHello', 'tls13', (hello) => {
      names.push(...hello.extensions.map(({ name }) => name));
      return hello;
    });
    new Bout('client', options, habit).run();
    return names;
  };

  test('is answered where the suite has CBC, and only there', () => {
    expect(answered(optionsFor(cbc))).toContain('encrypt_then_mac');
    const aead = CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    const both = { cipherSuites: [aead, cbc] };
    expect(answered({ pki, client: both, server: both })).not.toContain('encrypt_then_mac');
  });

  test('is done without where the client does not ask for it', () => {
    const silent: Habit = changed('ClientHello', 'tls13', (hello) => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'encrypt_then_mac'),
    }));
    const { subject } = new Bout('server', optionsFor(cbc), silent).run();
    // The habit is no part of the partner's transcript, so that it ends there; but it comes so far.
    expect(subject.error).toMatchObject({ step: 'Finished' });
  });
});
