import { makePki } from '@handfast/certificates/testing';
import {
  type AlertName,
  CipherSuite,
  type ClientHello,
  type ClientHelloExtensions,
  ExtensionType,
  encodeHandshake,
  encodeServerKeyExchange,
  type HelloRetryRequest,
  NamedGroup,
  type Reason,
  readServerKeyExchange,
  type ServerEcdhParams,
  type ServerHello,
  SignatureScheme,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed, edited, excluding, flipped, including, insteadOf } from '../testing/habits.ts';
import { Loopback, type LoopbackOptions } from '../testing/loopback.ts';
import { Bout, type Habit } from '../testing/sparring-partner.ts';

const pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
const rsa = pki.servers['rsa-2048'];

type Options = Omit<LoopbackOptions, 'pki'>;
type Row = readonly [breach: string, habit: () => Habit, reason: Reason, alert: AlertName, options?: Options];

function expectRefused(subject: 'client' | 'server', options: Options, [, habit, reason, alert, more]: Row): void {
  const bout = new Bout(subject, { pki, ...options, ...more }, habit()).run();
  expect(bout.subject.error).toMatchObject({ reason, alert });
  expect(bout.subject.opened).toBeUndefined();
  expect(bout.partner.alerts).toEqual([alert]);
}

const unknownExtension = { name: 'unknown', type: 0x7777, data: new Uint8Array(0) } as const;
const timestamps = { name: 'signed_certificate_timestamp', value: [Uint8Array.of(1)] } as const;
const tls12: Options = { client: { maxVersion: 'tls12' } };

describe('a server refuses a ClientHello', () => {
  const hello = (change: (hello: ClientHello) => ClientHello) => () => changed('ClientHello', 'tls13', change);
  const without = (name: keyof ClientHelloExtensions) => hello((message) => excluding(message, name));
  const anyVersion: readonly Row[] = [
    [
      'that is of SSL 3.0, whatever it offers',
      hello((message) => ({ ...message, legacyVersion: 0x0300 })),
      'no-common-version',
      'protocol_version',
    ],
    [
      'with an extension twice',
      hello((message) => ({ ...message, extensions: [...message.extensions, unknownExtension, unknownExtension] })),
      'duplicate-extension',
      'illegal_parameter',
    ],
    [
      'with no suite that it has',
      hello((message) => ({ ...message, cipherSuites: [0x0a0a] })),
      'no-common-cipher-suite',
      'handshake_failure',
    ],
    [
      'with no group that it has',
      hello((message) =>
        including(including(message, { name: 'supported_groups', value: [NamedGroup.ffdhe2048] }), {
          name: 'key_share',
          value: [],
        }),
      ),
      'no-common-group',
      'handshake_failure',
    ],
    [
      'with no signature scheme that its certificate has',
      hello((message) => including(message, { name: 'signature_algorithms', value: [SignatureScheme.ed448] })),
      'no-common-signature-scheme',
      'handshake_failure',
    ],
  ];
  test.for(anyVersion)('%s (TLS 1.2)', (row) => expectRefused('server', tls12, row));
  test.for(anyVersion)('%s (TLS 1.3)', (row) => expectRefused('server', {}, row));

  test.for<Row>([
    [
      'that fell back from TLS 1.3',
      hello((message) => ({
        ...message,
        cipherSuites: [...message.cipherSuites, CipherSuite.TLS_FALLBACK_SCSV],
      })),
      'inappropriate-fallback',
      'inappropriate_fallback',
    ],
    [
      'that is of TLS 1.1',
      hello((message) => ({ ...message, legacyVersion: 0x0302 })),
      'no-common-version',
      'protocol_version',
    ],
    [
      'without the null compression method',
      hello((message) => ({ ...message, legacyCompressionMethods: [1] })),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'whose renegotiation_info is not empty',
      hello((message) => including(message, { name: 'renegotiation_info', value: new Uint8Array(12) })),
      'secure-renegotiation-mismatch',
      'handshake_failure',
    ],
    [
      'whose point formats lack the uncompressed one',
      hello((message) => including(message, { name: 'ec_point_formats', value: [1, 2] })),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'that verifies SHA-1 alone, for it does not say what else',
      without('signature_algorithms'),
      'no-common-signature-scheme',
      'handshake_failure',
    ],
  ])('%s (TLS 1.2)', (row) => expectRefused('server', tls12, row));

  test('but not one with TLS_FALLBACK_SCSV that offers all that the server has', () => {
    const fallback = hello((message) => ({ ...message, cipherSuites: [...message.cipherSuites, 0x5600] }));
    const { subject } = new Bout('server', { pki, ...tls12, server: { maxVersion: 'tls12' } }, fallback()).run();
    expect(subject.connection.timeline.steps.map(({ name }) => name)).toContain('ServerHelloDone');
  });

  test.for<Row>([
    ['without supported_groups', without('supported_groups'), 'missing-extension', 'missing_extension'],
    ['without key_share', without('key_share'), 'missing-extension', 'missing_extension'],
    ['without signature_algorithms', without('signature_algorithms'), 'missing-extension', 'missing_extension'],
    [
      'with a PSK but no psk_key_exchange_modes',
      hello((message) =>
        including(excluding(message, 'psk_key_exchange_modes'), {
          name: 'pre_shared_key',
          value: {
            identities: [{ identity: Uint8Array.of(1), obfuscatedTicketAge: 0 }],
            binders: [new Uint8Array(32)],
          },
        }),
      ),
      'missing-extension',
      'missing_extension',
    ],
    [
      'that offers compression',
      hello((message) => ({ ...message, legacyCompressionMethods: [0, 1] })),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'with two shares for one group',
      hello((message) => including(message, { name: 'key_share', value: [x25519Share, x25519Share] })),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'with a share for a group that it does not list',
      hello((message) =>
        including(message, { name: 'key_share', value: [{ ...x25519Share, group: NamedGroup.x448 }] }),
      ),
      'illegal-parameter',
      'illegal_parameter',
    ],
    [
      'with a share that is too short',
      hello((message) =>
        including(message, { name: 'key_share', value: [{ ...x25519Share, keyExchange: new Uint8Array(31) }] }),
      ),
      'invalid-key-share',
      'illegal_parameter',
    ],
    [
      'whose share makes the secret zero',
      hello((message) => including(message, { name: 'key_share', value: [x25519Share] })),
      'invalid-key-share',
      'illegal_parameter',
    ],
  ])('%s (TLS 1.3)', (row) => expectRefused('server', {}, row));
});

/** Of small order: the shared secret is zero. */
const x25519Share = { group: NamedGroup.x25519, keyExchange: new Uint8Array(32) };

describe('a server that asked for another key share refuses a ClientHello', () => {
  const retried: Options = {
    client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1], applicationProtocols: ['h2', 'http/1.1'] },
    server: { groups: [NamedGroup.secp384r1] },
  };
  /** Changes the second ClientHello only. */
  const second = (change: (hello: ClientHello) => ClientHello) => (): Habit => {
    const change2 = changed('ClientHello', 'tls13', change);
    let seen = false;
    return (effect) => {
      const skip = effect.kind === 'send' && effect.name === 'ClientHello' && !seen;
      if (skip) seen = true;
      return skip ? [effect] : change2(effect);
    };
  };
  const illegal = (breach: string, change: (hello: ClientHello) => ClientHello): Row => [
    breach,
    second(change),
    'illegal-parameter',
    'illegal_parameter',
  ];

  test.for<Row>([
    illegal('with another random', (hello) => ({ ...hello, random: flipped(hello.random, 0) })),
    illegal('with another session ID', (hello) => ({ ...hello, legacySessionId: new Uint8Array(32) })),
    illegal('with other suites', (hello) => ({ ...hello, cipherSuites: hello.cipherSuites.slice(1) })),
    illegal('with another server name', (hello) => including(hello, { name: 'server_name', value: 'example.org' })),
    illegal('with other signature schemes', (hello) =>
      including(hello, { name: 'signature_algorithms', value: [SignatureScheme.ecdsa_secp256r1_sha256] }),
    ),
    illegal('with other application protocols', (hello) =>
      including(hello, { name: 'application_layer_protocol_negotiation', value: [Uint8Array.of(0x68)] }),
    ),
    illegal('without an extension', (hello) => excluding(hello, 'extended_master_secret')),
    illegal('with one more extension', (hello) => including(hello, unknownExtension)),
    illegal('with a cookie that it did not get', (hello) =>
      including(hello, { name: 'cookie', value: Uint8Array.of(1) }),
    ),
    illegal('with early data', (hello) => including(hello, { name: 'early_data', value: {} })),
    illegal('with no share', (hello) => including(hello, { name: 'key_share', value: [] })),
    illegal('with a share for another group', (hello) => including(hello, { name: 'key_share', value: [x25519Share] })),
    illegal('with a second share', (hello) => {
      const shares = hello.extensions.flatMap((each) => (each.name === 'key_share' ? each.value : []));
      return including(hello, { name: 'key_share', value: [...shares, x25519Share] });
    }),
  ])('%s', (row) => expectRefused('server', retried, row));

  test('but takes one whose extensions come in another order', () => {
    const shuffled = second((hello) => ({ ...hello, extensions: hello.extensions.toReversed() }));
    const { subject } = new Bout('server', { pki, ...retried }, shuffled()).run();
    expect(subject.connection.timeline.steps.map(({ name }) => name)).toContain('ServerHello');
  });
});

describe('a client refuses', () => {
  const illegal = ['illegal-parameter', 'illegal_parameter'] as const;
  const unsolicited = ['unsolicited-extension', 'unsupported_extension'] as const;
  const misplaced = ['misplaced-extension', 'illegal_parameter'] as const;
  const serverHello = (change: (hello: ServerHello) => ServerHello) => () => changed('ServerHello', 'tls13', change);

  const anyVersion: readonly Row[] = [
    [
      'a suite that it did not offer',
      serverHello((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_AES_128_CCM_SHA256 })),
      ...illegal,
    ],
    ['compression', serverHello((hello) => ({ ...hello, legacyCompressionMethod: 1 })), ...illegal],
    ['an extension that it did not send', serverHello((hello) => including(hello, unknownExtension)), ...unsolicited],
    [
      'an extension that does not belong into a ServerHello',
      serverHello((hello) =>
        including(hello, {
          name: 'unknown',
          type: ExtensionType.signature_algorithms,
          data: Uint8Array.of(0, 2, 4, 3),
        }),
      ),
      ...misplaced,
    ],
    [
      'supported_versions with TLS 1.2',
      serverHello((hello) => including(hello, { name: 'supported_versions', value: 0x0303 })),
      ...illegal,
    ],
  ];
  test.for(anyVersion)('%s (TLS 1.2)', (row) => expectRefused('client', { server: { maxVersion: 'tls12' } }, row));
  test.for(anyVersion)('%s (TLS 1.3)', (row) => expectRefused('client', {}, row));

  test.for<Row>([
    ['TLS 1.1', serverHello((hello) => ({ ...hello, legacyVersion: 0x0302 })), 'no-common-version', 'protocol_version'],
    [
      'a TLS 1.3 suite',
      serverHello((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_AES_128_GCM_SHA256 })),
      ...illegal,
    ],
    [
      'a suite for another kind of certificate',
      serverHello((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 })),
      ...illegal,
    ],
    [
      'a server that cannot renegotiate securely',
      serverHello((hello) => excluding(hello, 'renegotiation_info')),
      'secure-renegotiation-mismatch',
      'handshake_failure',
    ],
    [
      'renegotiation_info that is not empty',
      serverHello((hello) => including(hello, { name: 'renegotiation_info', value: new Uint8Array(24) })),
      'secure-renegotiation-mismatch',
      'handshake_failure',
    ],
    [
      'point formats that lack the uncompressed one',
      serverHello((hello) => including(hello, { name: 'ec_point_formats', value: [1] })),
      ...illegal,
    ],
    ['key_share', serverHello((hello) => including(hello, { name: 'key_share', value: x25519Share })), ...misplaced],
    [
      'an application protocol that it did not offer',
      serverHello((hello) =>
        including(hello, { name: 'application_layer_protocol_negotiation', value: Uint8Array.of(0x68, 0x33) }),
      ),
      ...illegal,
      { client: { applicationProtocols: ['h2'] }, server: { maxVersion: 'tls12' } },
    ],
    [
      'a curve that it did not offer',
      () =>
        changed('ServerKeyExchange', 'tls12', (message) => ({
          ...message,
          exchangeKeys: exchangeKeysWith(message.exchangeKeys, { namedCurve: NamedGroup.x448 }),
        })),
      ...illegal,
    ],
    [
      'a signature scheme that it did not offer',
      () =>
        changed('ServerKeyExchange', 'tls12', (message) => ({
          ...message,
          exchangeKeys: exchangeKeysWith(message.exchangeKeys, {}, SignatureScheme.ecdsa_sha1),
        })),
      'signature-scheme-not-offered',
      'illegal_parameter',
    ],
    [
      'an empty chain',
      () => changed('Certificate', 'tls12', (message) => ({ ...message, certificateList: [] })),
      'certificate-missing',
      'decode_error',
    ],
  ])('%s (TLS 1.2)', (row) => expectRefused('client', { server: { maxVersion: 'tls12' } }, row));

  test('the session ID that it made up for middleboxes, sent back in TLS 1.2', () => {
    let sessionId = new Uint8Array(0);
    const echo = serverHello((hello) => ({ ...hello, legacySessionIdEcho: sessionId }));
    const bout = new Bout('client', { pki, server: { maxVersion: 'tls12' } }, echo());
    bout.subject.connection.start();
    bout.partner.start();
    // After the record header, the message header, the version, the random and the length.
    sessionId = bout.subject.outbox[0]?.slice(44, 76) ?? sessionId;
    bout.deliver();
    expect(bout.subject.error).toMatchObject({ reason: 'illegal-parameter' });
  });

  test.for([1, 0])('a TLS 1.2 ServerHello that says TLS 1.3 was possible (DOWNGRD %i)', (last) => {
    const marked = serverHello((hello) => ({
      ...hello,
      random: Uint8Array.of(...hello.random.subarray(0, 24), ...new TextEncoder().encode('DOWNGRD'), last),
    }));
    const row: Row = ['', marked, 'downgrade-detected', 'illegal_parameter'];
    expectRefused('client', { server: { maxVersion: 'tls12' } }, row);
  });

  test('to be talked down to TLS 1.2 by somebody between it and its server', () => {
    const supportedVersions = Uint8Array.of(0, ExtensionType.supported_versions, 0, 5, 4, 3, 4, 3, 3);
    const { client } = new Loopback({
      pki,
      client: { grease: 'off' },
      carry: (bytes, from) => [from === 'client' ? replaced(bytes, supportedVersions, 1, 0xee) : bytes],
    }).run();
    expect(client.error).toMatchObject({ reason: 'downgrade-detected', alert: 'illegal_parameter' });
  });

  test.for<Row>([
    ['another legacy_version', serverHello((hello) => ({ ...hello, legacyVersion: 0x0304 })), ...illegal],
    [
      'a TLS 1.2 suite',
      serverHello((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 })),
      ...illegal,
    ],
    [
      'a version that it did not offer',
      serverHello((hello) => including(hello, { name: 'supported_versions', value: 0x7f1c })),
      ...illegal,
    ],
    [
      'no supported_versions with a TLS 1.3 suite',
      serverHello((hello) => excluding(hello, 'supported_versions')),
      ...illegal,
    ],
    ['another session ID', serverHello((hello) => ({ ...hello, legacySessionIdEcho: new Uint8Array(32) })), ...illegal],
    [
      'a ServerHello without key_share',
      serverHello((hello) => excluding(hello, 'key_share')),
      'missing-extension',
      'missing_extension',
    ],
    [
      'a share for a group that it made none for',
      serverHello((hello) =>
        including(hello, { name: 'key_share', value: { ...x25519Share, group: NamedGroup.secp256r1 } }),
      ),
      ...illegal,
    ],
    [
      'a share that makes the secret zero',
      serverHello((hello) => including(hello, { name: 'key_share', value: x25519Share })),
      'invalid-key-share',
      'illegal_parameter',
    ],
    [
      'an extension of TLS 1.2',
      serverHello((hello) => including(hello, { name: 'extended_master_secret', value: {} })),
      ...misplaced,
    ],
    [
      'a PSK that it did not offer',
      serverHello((hello) => including(hello, { name: 'pre_shared_key', value: 0 })),
      ...unsolicited,
    ],
    [
      'an answer in EncryptedExtensions to what it did not ask',
      () => changed('EncryptedExtensions', 'tls13', (message) => including(message, unknownExtension)),
      ...unsolicited,
    ],
    [
      'an application protocol where it offered none',
      () =>
        changed('EncryptedExtensions', 'tls13', (message) =>
          including(message, { name: 'application_layer_protocol_negotiation', value: Uint8Array.of(0x68, 0x32) }),
        ),
      ...unsolicited,
    ],
    [
      'an application protocol that it did not offer',
      () =>
        changed('EncryptedExtensions', 'tls13', (message) =>
          including(message, { name: 'application_layer_protocol_negotiation', value: Uint8Array.of(0x68, 0x33) }),
        ),
      ...illegal,
      { client: { applicationProtocols: ['h2'] } },
    ],
    [
      'key_share in EncryptedExtensions',
      () =>
        changed('EncryptedExtensions', 'tls13', (message) =>
          including(message, { name: 'unknown', type: ExtensionType.key_share, data: new Uint8Array(0) }),
        ),
      ...misplaced,
    ],
    [
      'a CertificateRequest with a context',
      () =>
        changed('CertificateRequest', 'tls13', (message) => ({
          ...message,
          certificateRequestContext: Uint8Array.of(1),
        })),
      ...illegal,
    ],
    [
      'a CertificateRequest without signature_algorithms',
      () => changed('CertificateRequest', 'tls13', (message) => ({ ...message, extensions: [unknownExtension] })),
      'missing-extension',
      'missing_extension',
    ],
    [
      'a Certificate with a context',
      () => changed('Certificate', 'tls13', (message) => ({ ...message, certificateRequestContext: Uint8Array.of(1) })),
      ...illegal,
    ],
    [
      'an empty chain',
      () => changed('Certificate', 'tls13', (message) => ({ ...message, certificateList: [] })),
      'certificate-missing',
      'decode_error',
    ],
    [
      'timestamps with a certificate that it did not ask for',
      () =>
        changed('Certificate', 'tls13', (message) => ({
          ...message,
          certificateList: message.certificateList.map(({ certData }) => ({
            certData,
            extensions: [timestamps],
          })),
        })),
      ...unsolicited,
      { client: { signedCertificateTimestamps: 'off' } },
    ],
  ])('%s (TLS 1.3)', (row) => expectRefused('client', { server: { clientAuthentication: 'optional' } }, row));

  test.for([
    ['a scheme that it did not offer', SignatureScheme.ecdsa_sha1, pki.server],
    ['a scheme for another curve', SignatureScheme.ecdsa_secp384r1_sha384, pki.server],
    ['a scheme for another kind of key', SignatureScheme.rsa_pss_rsae_sha256, pki.server],
    ['PKCS#1 in TLS 1.3', SignatureScheme.rsa_pkcs1_sha256, rsa ?? pki.server],
    ['a scheme for RSASSA-PSS keys with another RSA key', SignatureScheme.rsa_pss_pss_sha256, rsa ?? pki.server],
  ] as const)('a signature by %s', ([breach, algorithm, credential]) => {
    const habit = () => changed('CertificateVerify', 'tls13', (message) => ({ ...message, algorithm }));
    const row: Row = [breach, habit, 'signature-scheme-not-offered', 'illegal_parameter'];
    expectRefused('client', { serverCredentials: [credential] }, row);
  });

  test('a scheme that fits the key, but that it did not offer', () => {
    const algorithm = SignatureScheme.rsa_pss_rsae_sha256;
    const habit = () => changed('CertificateVerify', 'tls13', (message) => ({ ...message, algorithm }));
    const options: Options = {
      client: { signatureSchemes: [SignatureScheme.rsa_pss_rsae_sha384] },
      serverCredentials: [rsa ?? pki.server],
    };
    expectRefused('client', options, ['', habit, 'signature-scheme-not-offered', 'illegal_parameter']);
  });

  test.for([
    ['tls13', CipherSuite.TLS_AES_256_GCM_SHA384, CipherSuite.TLS_AES_128_GCM_SHA256],
    ['tls12', CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, CipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256],
  ] as const)('a suite that we have, but that it did not offer (%s)', ([maxVersion, offered, cipherSuite]) => {
    const habit = serverHello((hello) => ({ ...hello, cipherSuite }));
    expectRefused('client', { client: { maxVersion, cipherSuites: [offered] } }, ['', habit, ...illegal]);
  });

  test('a curve that we have, but that it did not offer', () => {
    const habit = () =>
      changed('ServerKeyExchange', 'tls12', (message) => ({
        ...message,
        exchangeKeys: exchangeKeysWith(message.exchangeKeys, { namedCurve: NamedGroup.secp384r1 }),
      }));
    const options: Options = { client: { maxVersion: 'tls12', groups: [NamedGroup.secp256r1] } };
    expectRefused('client', options, ['', habit, ...illegal]);
  });

  test('but bears with supported_groups in a TLS 1.2 ServerHello, as some servers send it', () => {
    const groups = { name: 'unknown', type: ExtensionType.supported_groups, data: Uint8Array.of(0, 2, 0, 29) } as const;
    const habit = serverHello((hello) => including(hello, groups));
    const { subject } = new Bout('client', { pki, server: { maxVersion: 'tls12' } }, habit()).run();
    expect(subject.connection.timeline.steps.at(-1)?.name).toBe('Finished');
  });
});

describe('a client that is asked for another key share refuses', () => {
  const retried: Options = {
    client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] },
    server: { groups: [NamedGroup.secp384r1] },
  };
  const retry = (change: (retry: HelloRetryRequest) => HelloRetryRequest) => () =>
    changed('HelloRetryRequest', 'tls13', change);
  const answer = (change: (hello: ServerHello) => ServerHello) => () => changed('ServerHello', 'tls13', change);
  const illegal = ['illegal-parameter', 'illegal_parameter'] as const;

  test.for<Row>([
    [
      'a group that it does not have',
      retry((message) => including(message, { name: 'key_share', value: NamedGroup.x448 })),
      ...illegal,
    ],
    [
      'the group that it sent a share for',
      retry((message) => including(message, { name: 'key_share', value: NamedGroup.x25519 })),
      ...illegal,
    ],
    ['a retry without a change', retry((message) => excluding(message, 'key_share')), ...illegal],
    ['another session ID', retry((message) => ({ ...message, legacySessionIdEcho: new Uint8Array(1) })), ...illegal],
    [
      'an extension that it did not send',
      retry((message) => including(message, unknownExtension)),
      'unsolicited-extension',
      'unsupported_extension',
    ],
    [
      'a retry in TLS 1.2',
      retry((message) => excluding(message, 'supported_versions')),
      'unexpected-message',
      'unexpected_message',
    ],
    [
      'another suite after the retry',
      answer((hello) => ({ ...hello, cipherSuite: CipherSuite.TLS_AES_256_GCM_SHA384 })),
      ...illegal,
    ],
    [
      'another version after the retry',
      answer((hello) => including(hello, { name: 'supported_versions', value: 0x0303 })),
      ...illegal,
    ],
    ['no version after the retry', answer((hello) => excluding(hello, 'supported_versions')), ...illegal],
    ['compression after the retry', answer((hello) => ({ ...hello, legacyCompressionMethod: 1 })), ...illegal],
    [
      'another session ID after the retry',
      answer((hello) => ({ ...hello, legacySessionIdEcho: new Uint8Array(1) })),
      ...illegal,
    ],
    [
      'a share for another group than it was asked for',
      answer((hello) => including(hello, { name: 'key_share', value: x25519Share })),
      ...illegal,
    ],
  ])('%s', (row) => expectRefused('client', retried, row));

  test('a second retry', () => {
    const again: Habit = insteadOf('ServerHello', () => [
      {
        kind: 'send',
        name: 'HelloRetryRequest',
        bytes: encodeHandshake({
          type: 'HelloRetryRequest',
          legacyVersion: 0x0303,
          legacySessionIdEcho: new Uint8Array(0),
          cipherSuite: CipherSuite.TLS_AES_128_GCM_SHA256,
          legacyCompressionMethod: 0,
          extensions: [
            { name: 'supported_versions', value: 0x0304 },
            { name: 'key_share', value: NamedGroup.secp256r1 },
          ],
        }),
      },
    ]);
    expectRefused('client', retried, ['', () => again, 'unexpected-message', 'unexpected_message']);
  });

  test('but sends a cookie back as it came', () => {
    const cookie = Uint8Array.of(1, 2, 3);
    const withCookie = retry((message) =>
      including(excluding(message, 'key_share'), { name: 'cookie', value: cookie }),
    );
    const bout = new Bout('client', { pki, ...retried }, withCookie());
    bout.subject.connection.start();
    const sent: Uint8Array[] = [];
    bout.partner.start();
    for (const flight of bout.subject.outbox.splice(0)) bout.partner.receive(flight);
    for (const flight of bout.partner.outbox.splice(0)) bout.subject.connection.receive(flight);
    sent.push(...bout.subject.outbox);
    const extension = Uint8Array.of(0, ExtensionType.cookie, 0, 5, 0, 3, 1, 2, 3);
    expect(sent.some((flight) => indexOf(flight, extension) >= 0)).toBe(true);
  });
});

test('a server refuses a client certificate with an extension that it did not ask for', () => {
  const habit = () =>
    changed('Certificate', 'tls13', (message) => ({
      ...message,
      certificateList: message.certificateList.map(({ certData }) => ({
        certData,
        extensions: [timestamps],
      })),
    }));
  const options: Options = { clientCredentials: [pki.client], server: { clientAuthentication: 'required' } };
  expectRefused('server', options, ['', habit, 'unsolicited-extension', 'unsupported_extension']);
});

test('a server refuses a client certificate for another request', () => {
  const certificateRequestContext = Uint8Array.of(1);
  const habit = () => changed('Certificate', 'tls13', (message) => ({ ...message, certificateRequestContext }));
  const options: Options = { clientCredentials: [pki.client], server: { clientAuthentication: 'required' } };
  expectRefused('server', options, ['', habit, 'illegal-parameter', 'illegal_parameter']);
});

test('a client presents no certificate of a type that the server does not take', () => {
  const rsaOnly = changed('CertificateRequest', 'tls12', (message) => ({ ...message, certificateTypes: [1] }));
  const { subject } = new Bout(
    'client',
    {
      pki,
      clientCredentials: [pki.client],
      server: { maxVersion: 'tls12', clientAuthentication: 'optional' },
    },
    rsaOnly,
  ).run();
  expect(subject.connection.timeline.negotiated.clientCertificate).toBe('absent');
});

test('without extended_master_secret, both ends derive the classic master secret', () => {
  // Another code point of the same length, in place: it is what the partner hashes too.
  const extension = Uint8Array.of(0, ExtensionType.extended_master_secret, 0, 0);
  const unextended = edited('ClientHello', (bytes) => {
    bytes[indexOf(bytes, extension)] = 0x77;
    return bytes;
  });
  const { subject, partner } = new Bout('server', { pki, ...tls12 }, unextended).run();
  expect(subject.opened !== undefined && partner.opened !== undefined).toBe(true);
  expect(subject.connection.timeline.negotiated.extendedMasterSecret).toBe(false);
});

test.for(['client', 'server'] as const)(
  'application protocols are bytes to a %s: a byte order mark is one of them',
  (subject) => {
    const marked = Uint8Array.of(0xef, 0xbb, 0xbf, 0x68, 0x32);
    const options: Options = { client: { applicationProtocols: ['h2'] }, server: { applicationProtocols: ['h2'] } };
    const row: Row =
      subject === 'server'
        ? [
            '',
            () =>
              changed('ClientHello', 'tls13', (hello) =>
                including(hello, { name: 'application_layer_protocol_negotiation', value: [marked] }),
              ),
            'no-common-application-protocol',
            'no_application_protocol',
          ]
        : [
            '',
            () =>
              changed('EncryptedExtensions', 'tls13', (message) =>
                including(message, { name: 'application_layer_protocol_negotiation', value: marked }),
              ),
            'illegal-parameter',
            'illegal_parameter',
          ];
    expectRefused(subject, options, row);
  },
);

test('names of a hello that are not text are shown escaped, and long lists cut', () => {
  const name = Uint8Array.of(0x1b, 0x5b, 0x32, 0x4a);
  const loud = changed('ClientHello', 'tls13', (hello) => ({
    ...including(hello, { name: 'application_layer_protocol_negotiation', value: [name] }),
    cipherSuites: [...hello.cipherSuites, ...Array.from({ length: 30_000 }, () => 0x0a0a)],
  }));
  const { subject } = new Bout('server', { pki }, loud).run();
  const { offered } = subject.connection.timeline;
  expect(offered?.applicationProtocols).toEqual(['\\u{1b}[2J']);
  expect(offered?.cipherSuites.length).toBe(129);
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  return Buffer.from(bytes).indexOf(part);
}

/** The bytes with one byte of `part`, where it stands, exchanged. */
function replaced(bytes: Uint8Array, part: Uint8Array, at: number, byte: number): Uint8Array {
  const found = indexOf(bytes, part);
  return found < 0 ? bytes : bytes.with(found + at, byte);
}

/** An ECDHE ServerKeyExchange with other parameters, or another scheme, under the same signature. */
function exchangeKeysWith(
  exchangeKeys: Uint8Array,
  changes: Partial<ServerEcdhParams>,
  signatureScheme?: number,
): Uint8Array {
  const keys = readServerKeyExchange('ecdhe', exchangeKeys);
  return encodeServerKeyExchange('ecdhe', {
    params: { ...keys.params, ...changes },
    signatureScheme: signatureScheme ?? keys.signatureScheme,
    signature: keys.signature,
  });
}
