import { makePki } from '@handfast/certificates/testing';
import {
  type AlertName,
  CipherSuite,
  type ClientHello,
  decodeHandshake,
  ExtensionType,
  findExtension,
  HandshakeType,
  isGrease,
  NamedGroup,
  type Reason,
  SignatureScheme,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed, including } from '../../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { Bout, type Habit } from '../../testing/sparring-partner.ts';
import type { ClientConfiguration } from '../index.ts';

const pki = await makePki();
type Options = Omit<LoopbackOptions, 'pki'>;

/** The hellos that a client sends in a handshake. */
function hellosOf(options: Options): readonly ClientHello[] {
  const hellos: ClientHello[] = [];
  new Loopback({
    pki,
    ...options,
    carry(bytes, from) {
      // A second hello comes after a ChangeCipherSpec record.
      const record = bytes[0] === 20 ? bytes.subarray(6) : bytes;
      const isHello = from === 'client' && record[0] === 22 && record[5] === HandshakeType.client_hello;
      if (isHello) hellos.push(decodeHandshake(record.slice(5), 'tls13') as ClientHello);
      return [bytes];
    },
  }).run();
  return hellos;
}

function helloOf(client: Partial<ClientConfiguration>): ClientHello {
  const [hello] = hellosOf({ client });
  return hello ?? expect.fail('no hello');
}

const names = ({ extensions }: ClientHello) => extensions.map(({ name }) => name);
const retried: Options = {
  client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] },
  server: { groups: [NamedGroup.secp384r1] },
};

/** Every reserved value in a hello, and where it stands. */
function greaseOf({ cipherSuites, extensions }: ClientHello) {
  const types = extensions.map((extension) =>
    extension.name === 'unknown' ? extension.type : ExtensionType[extension.name],
  );
  return {
    cipherSuites: cipherSuites.filter(isGrease),
    extensions: types.filter(isGrease),
    groups: findExtension(extensions, 'supported_groups')?.filter(isGrease),
    versions: findExtension(extensions, 'supported_versions')?.filter(isGrease),
    signatureSchemes: findExtension(extensions, 'signature_algorithms')?.filter(isGrease),
    pskModes: findExtension(extensions, 'psk_key_exchange_modes')?.filter((mode) => mode % 0x1f === 0x0b),
  };
}

describe('a client with GREASE', () => {
  test('mixes one reserved value into each list, and puts one extension first and another last', () => {
    const hello = helloOf({});
    const { extensions, ...lists } = greaseOf(hello);
    for (const list of Object.values(lists)) expect(list).toHaveLength(1);
    expect(extensions[0]).not.toBe(extensions[1]);
    expect([hello.extensions[0], hello.extensions.at(-1)]).toEqual([
      { name: 'unknown', type: extensions[0], data: new Uint8Array(0) },
      { name: 'unknown', type: extensions[1], data: new Uint8Array(1) },
    ]);
    const [share] = findExtension(hello.extensions, 'key_share') ?? [];
    expect(share).toEqual({ group: lists.groups?.[0], keyExchange: new Uint8Array(1) });
  });

  test('chooses anew for each connection, from all values', () => {
    const suites = Array.from({ length: 60 }, () => greaseOf(helloOf({})).cipherSuites[0]);
    expect(new Set(suites).size).toBeGreaterThan(8);
  });

  test('says the same in its second hello, and sends no more share that is none', () => {
    const [first, second] = hellosOf(retried);
    if (first === undefined || second === undefined) expect.fail('there is no second hello');
    expect(greaseOf(second)).toEqual(greaseOf(first));
    expect(findExtension(second.extensions, 'key_share')?.map(({ group }) => group)).toEqual([NamedGroup.secp384r1]);
  });

  test('says nothing of the kind where it is off', () => {
    for (const list of Object.values(greaseOf(helloOf({ grease: 'off' })))) expect(list).toEqual([]);
  });

  /** Learns the reserved values from the hello, and makes a server answer with them. */
  function bout(answer: (grease: ReturnType<typeof greaseOf>) => Habit, options: Options = {}): Bout {
    let habit: Habit = (effect) => [effect];
    const bout = new Bout('client', { pki, ...options }, (effect) => habit(effect));
    bout.subject.connection.start();
    const hello = decodeHandshake(bout.subject.outbox[0]?.slice(5) ?? new Uint8Array(0), 'tls13') as ClientHello;
    habit = answer(greaseOf(hello));
    bout.partner.start();
    return bout.deliver();
  }

  type Row = readonly [
    what: string,
    answer: (grease: ReturnType<typeof greaseOf>) => Habit,
    Reason,
    AlertName,
    Options?,
  ];
  const illegal = ['illegal-parameter', 'illegal_parameter'] as const;
  test.for<Row>([
    [
      'suite',
      ({ cipherSuites: [cipherSuite = 0] }) => changed('ServerHello', 'tls13', (hello) => ({ ...hello, cipherSuite })),
      ...illegal,
    ],
    [
      'suite in TLS 1.2',
      ({ cipherSuites: [cipherSuite = 0] }) => changed('ServerHello', 'tls12', (hello) => ({ ...hello, cipherSuite })),
      ...illegal,
      { server: { maxVersion: 'tls12' } },
    ],
    [
      'version',
      ({ versions: [value = 0] = [] }) =>
        changed('ServerHello', 'tls13', (hello) => including(hello, { name: 'supported_versions', value })),
      ...illegal,
    ],
    [
      'group',
      ({ groups: [group = 0] = [] }) =>
        changed('ServerHello', 'tls13', (hello) =>
          including(hello, { name: 'key_share', value: { group, keyExchange: new Uint8Array(1) } }),
        ),
      ...illegal,
    ],
    [
      'group in a HelloRetryRequest',
      ({ groups: [value = 0] = [] }) =>
        changed('HelloRetryRequest', 'tls13', (hello) => including(hello, { name: 'key_share', value })),
      ...illegal,
      retried,
    ],
    [
      'signature scheme',
      ({ signatureSchemes: [algorithm = 0] = [] }) =>
        changed('CertificateVerify', 'tls13', (message) => ({ ...message, algorithm })),
      'signature-scheme-not-offered',
      'illegal_parameter',
    ],
    [
      'extension',
      ({ extensions: [type = 0] }) =>
        changed('EncryptedExtensions', 'tls13', (message) =>
          including(message, { name: 'unknown', type, data: new Uint8Array(0) }),
        ),
      'unsolicited-extension',
      'unsupported_extension',
    ],
  ])('refuses a server that chooses its %s', ([, answer, reason, alert, options]) => {
    const { subject } = bout(answer, options);
    expect(subject.error).toMatchObject({ reason, alert });
  });
});

describe('a ClientHello', () => {
  test.for<readonly [keyof typeof ExtensionType, on: Partial<ClientConfiguration>, off: Partial<ClientConfiguration>]>([
    ['status_request', {}, { certificateStatus: 'off' }],
    ['signed_certificate_timestamp', {}, { signedCertificateTimestamps: 'off' }],
    ['signature_algorithms_cert', { certificateSignatureSchemes: [SignatureScheme.ed25519] }, {}],
    ['certificate_authorities', { authorities: [Uint8Array.of(0x30, 0)] }, {}],
    ['certificate_authorities', { authorities: [Uint8Array.of(0x30, 0)] }, { maxVersion: 'tls12' }],
    ['post_handshake_auth', { postHandshakeAuthentication: 'offered' }, {}],
    ['record_size_limit', { recordSizeLimit: 1000 }, {}],
    ['max_fragment_length', { maxFragmentLength: 1024 }, {}],
    ['psk_key_exchange_modes', {}, { resumption: 'off' }],
    ['session_ticket', {}, { resumption: 'off' }],
    ['session_ticket', {}, { minVersion: 'tls13' }],
    ['encrypt_then_mac', { cipherSuites: [CipherSuite.TLS_RSA_WITH_AES_128_CBC_SHA] }, {}],
    ['server_name', {}, { serverName: '127.0.0.1' }],
  ])('has %s where it is configured so, and not otherwise', ([name, on, off]) => {
    expect(names(helloOf(on))).toContain(name);
    expect(names(helloOf(off))).not.toContain(name);
  });

  test('says that it is a second try', () => {
    expect(helloOf({ fallback: 'yes', maxVersion: 'tls12' }).cipherSuites).toContain(CipherSuite.TLS_FALLBACK_SCSV);
    expect(helloOf({ maxVersion: 'tls12' }).cipherSuites).not.toContain(CipherSuite.TLS_FALLBACK_SCSV);
    const { server } = new Loopback({ pki, client: { fallback: 'yes', maxVersion: 'tls12' } }).run();
    expect(server.error).toMatchObject({ reason: 'inappropriate-fallback' });
  });

  test('offers suites and groups for the versions that it offers', () => {
    const tls12 = helloOf({
      maxVersion: 'tls12',
      groups: [NamedGroup.X25519MLKEM768, NamedGroup.x25519],
      grease: 'off',
    });
    expect(tls12.cipherSuites).not.toContain(CipherSuite.TLS_AES_128_GCM_SHA256);
    expect(findExtension(tls12.extensions, 'supported_groups')).toEqual([NamedGroup.x25519]);
    expect(helloOf({ minVersion: 'tls13', grease: 'off' }).cipherSuites.every((code) => code >> 8 === 0x13)).toBe(true);
  });

  const { x25519, secp256r1, X25519MLKEM768 } = NamedGroup;
  test.for([
    ['the group that it likes best', [x25519, secp256r1], [x25519]],
    ['a hybrid and the first curve after it', [X25519MLKEM768, secp256r1, x25519], [X25519MLKEM768, secp256r1]],
    ['a curve and the hybrid after it', [x25519, secp256r1, X25519MLKEM768], [x25519, X25519MLKEM768]],
    ['a hybrid alone', [X25519MLKEM768], [X25519MLKEM768]],
  ] as const)('has shares for %s', ([, groups, shares]) => {
    const { extensions } = helloOf({ groups, grease: 'off' });
    expect(findExtension(extensions, 'key_share')?.map(({ group }) => group)).toEqual(shares);
  });
});

describe('a limit on records', () => {
  const text = 'x'.repeat(3000);

  test.for<readonly [string, Options, sent: number]>([
    ['record_size_limit', { client: { recordSizeLimit: 200 }, server: { recordSizeLimit: 300 } }, 299],
    ['max_fragment_length', { client: { maxFragmentLength: 512 } }, 512],
    [
      'record_size_limit, where the client offers both',
      { client: { recordSizeLimit: 200, maxFragmentLength: 512 }, server: { recordSizeLimit: 300 } },
      299,
    ],
  ])('by %s is kept by both sides', ([, options, most]) => {
    const loopback = new Loopback({ pki, ...options }).run();
    loopback.client.connection.write(new TextEncoder().encode(text));
    const [flight = new Uint8Array(0)] = loopback.client.outbox;
    // Header, content type and tag around the content.
    expect((((flight[3] ?? 0) << 8) | (flight[4] ?? 0)) - 17).toBeLessThanOrEqual(most);
    loopback.server.connection.write(new TextEncoder().encode(text));
    loopback.deliver();
    expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
    expect([loopback.client.received, loopback.server.received]).toEqual([text, text]);
  });

  const asking = { recordSizeLimit: 200, maxFragmentLength: 512 } as const;
  const saying = (...extensions: readonly { name: 'max_fragment_length' | 'record_size_limit'; value: number }[]) =>
    changed('EncryptedExtensions', 'tls13', (message) => extensions.reduce(including, message));
  test.for<readonly [string, Habit]>([
    ['both', saying({ name: 'record_size_limit', value: 100 }, { name: 'max_fragment_length', value: 1 })],
    ['another max_fragment_length', saying({ name: 'max_fragment_length', value: 2 })],
  ])('is refused where the server answers %s', ([, habit]) => {
    const resumption = 'off';
    const bare = { client: { ...asking, resumption }, server: {} } as const;
    const { subject } = new Bout('client', { pki, ...bare }, (effect) => habit(effect)).run();
    expect(subject.error).toMatchObject({ reason: 'illegal-parameter', alert: 'illegal_parameter' });
  });
});
