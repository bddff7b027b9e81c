import { type DelegatedKey, parseCertificate } from '@handfast/certificates';
import { makePki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import type { RespondRequest } from '@handfast/key-exchange';
import { type ConfiguredPsk, LocalSessionManager } from '@handfast/sessions';
import {
  type Certificate13,
  type ClientHello,
  type ClientHelloExtensions,
  decodeHandshake,
  type EncryptedExtensions,
  type Extension,
  encodeHandshake,
  findExtension,
  NamedGroup,
  PskKeyExchangeMode,
  SignatureScheme,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { changed, insteadOf } from '../../testing/habits.ts';
import { credentialOf, Loopback, type LoopbackOptions } from '../../testing/loopback.ts';
import { type Act, Bout, type Habit } from '../../testing/sparring-partner.ts';
import type { Ports, ServerConfiguration } from '../index.ts';

const pki = await makePki({ kinds: ['ecdsa-p256', 'rsa-2048'] });
type Options = Omit<LoopbackOptions, 'pki'>;

function run(options: Options = {}): Loopback {
  const loopback = new Loopback({ pki, ...options }).run();
  expect(loopback.client.error ?? loopback.server.error).toBeUndefined();
  expect(loopback.client.opened !== undefined && loopback.server.opened !== undefined).toBe(true);
  return loopback;
}

/** The messages that a server puts between ServerHello and its signature, for a ClientHello with these extensions too. */
function flightFor(server: Partial<ServerConfiguration>, ...more: readonly Extension<ClientHelloExtensions>[]) {
  let asked: RespondRequest['signature'];
  const serverPorts = (ports: Ports): Ports => ({
    ...ports,
    keyExchange: {
      ...ports.keyExchange,
      respond(request, context) {
        asked = request.signature;
        return ports.keyExchange.respond(request, context);
      },
    },
  });
  const including = (hello: ClientHello) => ({
    ...hello,
    extensions: [...hello.extensions.filter(({ name }) => more.every((each) => each.name !== name)), ...more],
  });
  new Bout('server', { pki, server, serverPorts }, changed('ClientHello', 'tls13', including)).run();
  if (asked === undefined) throw new Error('nothing was to be signed');
  const messages = [];
  // After the end of ServerHello.
  for (let rest = asked.afterShare.subarray(6); rest.length > 0; ) {
    const length = 4 + (((rest[1] ?? 0) << 16) | ((rest[2] ?? 0) << 8) | (rest[3] ?? 0));
    messages.push(decodeHandshake(rest.subarray(0, length), 'tls13', 'server'));
    rest = rest.subarray(length);
  }
  const [encryptedExtensions] = messages as EncryptedExtensions[];
  return {
    asked,
    extensions: encryptedExtensions?.extensions ?? [],
    certificate: messages.find((message): message is Certificate13 => message.type === 'Certificate'),
  };
}

describe('an external PSK', () => {
  const psk: ConfiguredPsk = { identity: Uint8Array.of(1, 2), key: new Uint8Array(32).fill(7), hash: 'sha384' };

  function knowing(client: ConfiguredPsk, server: ConfiguredPsk, more: Options = {}): LoopbackOptions {
    const having = (externalPsk: ConfiguredPsk) => (ports: Ports) => ({
      ...ports,
      sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now, externalPsks: [externalPsk] }),
    });
    return { pki, ...more, clientPorts: having(client), serverPorts: having(server) };
  }

  test('stands for certificates on both sides, with a suite of its hash', () => {
    const { server } = new Loopback(knowing(psk, psk)).run();
    expect(server.connection.timeline.negotiated).toMatchObject({
      resumption: 'external-psk',
      cipherSuite: 'TLS_AES_256_GCM_SHA384',
    });
    expect(server.opened).toMatchObject({ resumed: true, peer: undefined });
  });

  test('that the server does not know leads to a full handshake', () => {
    const { server } = new Loopback(knowing({ ...psk, identity: Uint8Array.of(3) }, psk)).run();
    expect(server.connection.timeline.negotiated.resumption).toBe('full');
    expect(server.opened).toBeDefined();
  });

  test('of which the client has another key ends the handshake', () => {
    const { server } = new Loopback(knowing({ ...psk, key: new Uint8Array(32) }, psk)).run();
    expect(server.error).toMatchObject({ reason: 'binder-mismatch', alert: 'decrypt_error' });
  });

  test('is no certificate, where one is required', () => {
    const options = knowing(psk, psk, {
      clientCredentials: [pki.client],
      server: { clientAuthentication: 'required' },
    });
    const { server } = new Loopback(options).run();
    expect(server.connection.timeline.negotiated.resumption).toBe('full');
    expect(server.opened?.peer?.verdict.trusted).toBe(true);
  });

  test('works without resumption, too', () => {
    const { server } = new Loopback(knowing(psk, psk, { server: { resumption: 'off' } })).run();
    expect(server.connection.timeline.negotiated.resumption).toBe('external-psk');
  });
});

describe('a server that retries with a cookie', () => {
  const retryCookieKey = new Uint8Array(32).fill(3);
  const options: Options = {
    client: { groups: [NamedGroup.x25519, NamedGroup.secp384r1] },
    server: { groups: [NamedGroup.secp384r1], retryCookieKey },
  };

  test('goes on where the client brings it back', () => {
    expect(run(options).server.connection.timeline.negotiated.helloRetried).toBe(true);
  });

  /** A client whose first hello goes to one server, and its second one to another, which that server's `key` is known to. */
  function parted(key: Uint8Array, date = Date.now()) {
    const first = new Loopback({ pki, ...options });
    const second = new Loopback({
      pki,
      server: { ...options.server, retryCookieKey: key },
      date: () => date,
    });
    first.server.connection.start();
    second.server.connection.start();
    first.client.connection.start();
    const carry = (from: Loopback['client'], to: Loopback['client']) => {
      for (const bytes of from.outbox.splice(0)) to.connection.receive(bytes);
    };
    carry(first.client, first.server);
    carry(first.server, first.client);
    for (let turn = 0; turn < 3; turn += 1) {
      carry(first.client, second.server);
      carry(second.server, first.client);
    }
    return { client: first.client, server: second.server };
  }

  test('leaves it to any server with the same key to go on', () => {
    const { client, server } = parted(retryCookieKey);
    expect(client.error ?? server.error).toBeUndefined();
    expect(client.opened !== undefined && server.opened !== undefined).toBe(true);
    expect(server.connection.timeline.negotiated).toMatchObject({ helloRetried: true, group: 'secp384r1' });
  });

  const illegal = { reason: 'illegal-parameter', alert: 'illegal_parameter', step: 'ClientHello' };

  test('and to none with another', () => {
    expect(parted(new Uint8Array(32)).server.error).toMatchObject(illegal);
  });

  test('within a minute', () => {
    expect(parted(retryCookieKey, Date.now() + 50_000).server.error).toBeUndefined();
    expect(parted(retryCookieKey, Date.now() + 62_000).server.error).toMatchObject(illegal);
    expect(parted(retryCookieKey, Date.now() - 62_000).server.error).toMatchObject(illegal);
  });

  /** Changes the second ClientHello. */
  const second = (change: (hello: ClientHello) => ClientHello): Habit => {
    const habit = changed('ClientHello', 'tls13', change);
    let isFirst = true;
    return (effect) => {
      if (effect.kind !== 'send' || effect.name !== 'ClientHello' || !isFirst) return habit(effect);
      isFirst = false;
      return [effect];
    };
  };
  const cookieOf = (change: (cookie: Uint8Array) => Uint8Array) =>
    second((hello) => ({
      ...hello,
      extensions: hello.extensions.map((each) =>
        each.name === 'cookie' ? { ...each, value: change(each.value) } : each,
      ),
    }));

  test('refuses a second hello with another cookie, or none', () => {
    const other = new Bout(
      'server',
      { pki, ...options },
      cookieOf((cookie) => cookie.map((byte) => byte ^ 1)),
    ).run();
    expect(other.subject.error).toMatchObject(illegal);
    const none = (hello: ClientHello) => ({
      ...hello,
      extensions: hello.extensions.filter(({ name }) => name !== 'cookie'),
    });
    const without = new Bout('server', { pki, ...options }, second(none)).run();
    expect(without.subject.error).toMatchObject({ reason: 'missing-extension', alert: 'missing_extension' });
  });

  test('refuses a first hello with a cookie that nobody made', () => {
    const habit = changed('ClientHello', 'tls13', (hello) => ({
      ...hello,
      extensions: [...hello.extensions, { name: 'cookie', value: new Uint8Array(80) } as const],
    }));
    expect(new Bout('server', { pki, ...options }, habit).run().subject.error).toMatchObject(illegal);
  });
});

describe('a server that asks for a certificate later', () => {
  const willing: Options = { client: { postHandshakeAuthentication: 'offered' }, clientCredentials: [pki.client] };
  const asked = (options: Options) => {
    const loopback = run(options);
    loopback.server.connection.requestClientCertificate();
    return loopback.deliver();
  };

  test('learns who the client is', () => {
    const { server, client } = asked(willing);
    expect(client.error ?? server.error).toBeUndefined();
    expect(server.authenticated).toMatchObject([{ chain: pki.client.chain, verdict: { trusted: true } }]);
    expect(server.opened?.peer).toBeUndefined();
  });

  test('learns that it has none', () => {
    const { server } = asked({ ...willing, clientCredentials: [] });
    expect(server.authenticated).toEqual([undefined]);
    expect(server.error).toBeUndefined();
  });

  test('as often as it likes, but not too many times at once', () => {
    const loopback = run(willing);
    const { server } = loopback;
    for (let time = 0; time < 8; time += 1) server.connection.requestClientCertificate();
    expect(() => server.connection.requestClientCertificate()).toThrow(RangeError);
    loopback.deliver();
    for (let time = 0; time < 8; time += 1) {
      server.connection.requestClientCertificate();
      loopback.deliver();
    }
    expect(server.authenticated).toHaveLength(16);
    expect(server.error).toBeUndefined();
  });

  test('goes on after new keys, on either side', () => {
    const loopback = run(willing);
    loopback.client.connection.updateKeys(true);
    loopback.deliver();
    loopback.server.connection.requestClientCertificate();
    loopback.deliver();
    expect(loopback.server.error).toBeUndefined();
    expect(loopback.server.authenticated).toMatchObject([{ verdict: { trusted: true } }]);
  });

  test('cannot, where the client has not offered that', () => {
    const { server } = run({ clientCredentials: [pki.client] });
    expect(server.opened?.requestClientCertificate).toBeUndefined();
  });

  function answeredBy(habit: Habit, options: Options = willing) {
    const bout = new Bout('server', { pki, ...options }, habit).run();
    bout.subject.connection.requestClientCertificate();
    bout.deliver();
    expect(bout.subject.authenticated).toEqual([]);
    return bout.subject.error;
  }
  /** Does so with the second message of that name: the first Finished is that of the handshake. */
  const later = (
    name: 'Certificate' | 'CertificateVerify' | 'Finished',
    acts: (message: Act) => readonly Act[],
  ): Habit => {
    let open = false;
    const habit = insteadOf(name, acts);
    return (effect) => {
      if (effect.kind === 'open') open = true;
      return open ? habit(effect) : [effect];
    };
  };
  const spoilt = (message: Act): readonly Act[] =>
    message.kind === 'send'
      ? [{ ...message, bytes: message.bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)) }]
      : [];
  const keyUpdate: Act = {
    kind: 'send',
    name: 'KeyUpdate',
    bytes: encodeHandshake({ type: 'KeyUpdate', requestUpdate: false }),
  };

  test.for<readonly [string, Habit, string]>([
    ['Finished that does not verify', later('Finished', spoilt), 'finished-mismatch'],
    ['signature that does not verify', later('CertificateVerify', spoilt), 'signature-invalid'],
    ['certificate without a signature', later('CertificateVerify', () => []), 'unexpected-message'],
    ['response to something else', later('Certificate', (message) => contextChanged(message)), 'unexpected-message'],
    [
      'KeyUpdate in the midst of it',
      later('CertificateVerify', (message) => [keyUpdate, message]),
      'unexpected-message',
    ],
    ['second answer', later('Certificate', (message) => [message, message]), 'unexpected-message'],
  ])('refuses a %s', ([, habit, reason]) => {
    expect(answeredBy(habit)).toMatchObject({ reason });
  });

  function contextChanged(message: Act): readonly Act[] {
    if (message.kind !== 'send') return [message];
    const certificate = decodeHandshake(message.bytes, 'tls13') as Certificate13;
    return [{ ...message, bytes: encodeHandshake({ ...certificate, certificateRequestContext: new Uint8Array(16) }) }];
  }

  test('refuses a certificate that nobody asked for', () => {
    const bytes = encodeHandshake({
      type: 'Certificate',
      version: 'tls13',
      certificateRequestContext: new Uint8Array(0),
      certificateList: [],
    });
    for (const postHandshakeAuthentication of ['offered', 'off'] as const) {
      const bout = new Bout('server', { pki, client: { postHandshakeAuthentication } }, (effect) => [effect]).run();
      bout.partner.act({ kind: 'send', name: 'Certificate', bytes });
      bout.deliver();
      expect(bout.subject.error).toMatchObject({ reason: 'unexpected-message', alert: 'unexpected_message' });
    }
  });
});

describe('EncryptedExtensions', () => {
  test('acknowledges a name that the server has a certificate for', () => {
    const named = flightFor({}, { name: 'server_name', value: 'localhost' });
    expect(findExtension(named.extensions, 'server_name')).toEqual({});
    const unnamed = flightFor({}, { name: 'server_name', value: 'elsewhere.example' });
    expect(findExtension(unnamed.extensions, 'server_name')).toBeUndefined();
  });

  test('tells which groups the server has', () => {
    const groups = [NamedGroup.secp384r1, NamedGroup.x25519];
    expect(findExtension(flightFor({ groups }).extensions, 'supported_groups')).toEqual(groups);
  });

  test('answers record_size_limit, rather than max_fragment_length', () => {
    const fragment = { name: 'max_fragment_length', value: 2 } as const;
    const record = { name: 'record_size_limit', value: 100 } as const;
    const alone = flightFor({ recordSizeLimit: 500 }, fragment).extensions;
    expect(findExtension(alone, 'max_fragment_length')).toBe(2);
    expect(findExtension(alone, 'record_size_limit')).toBeUndefined();
    const both = flightFor({ recordSizeLimit: 500 }, fragment, record).extensions;
    expect(findExtension(both, 'max_fragment_length')).toBeUndefined();
    expect(findExtension(both, 'record_size_limit')).toBe(500);
    expect(findExtension(flightFor({}, record).extensions, 'record_size_limit')).toBe(0x4001);
  });
});

test.for<readonly [string, Options]>([
  ['record_size_limit of either side', { client: { recordSizeLimit: 80 }, server: { recordSizeLimit: 90 } }],
  ['max_fragment_length', { client: { maxFragmentLength: 512 } }],
])('records are as short as %s says', ([, options]) => {
  const lengths: number[] = [];
  const loopback = run({
    ...options,
    carry: (bytes) => {
      lengths.push(...protectedRecords(bytes));
      return [bytes];
    },
  });
  for (const end of [loopback.client, loopback.server]) end.connection.write(new Uint8Array(2000));
  loopback.deliver();
  expect(loopback.server.received.length + loopback.client.received.length).toBe(4000);
  const limit = options.client?.recordSizeLimit === undefined ? 513 : 90;
  expect(Math.max(...lengths)).toBe(limit + 16);
});

/** The lengths of protected records. */
function* protectedRecords(bytes: Uint8Array): Generator<number> {
  for (let at = 0; at < bytes.length; ) {
    const length = ((bytes[at + 3] ?? 0) << 8) | (bytes[at + 4] ?? 0);
    if (bytes[at] === 23) yield length;
    at += 5 + length;
  }
}

describe('the certificate that a server presents', () => {
  const rsa = pki.servers['rsa-2048'];
  if (rsa === undefined) throw new Error('no such certificate');
  const [first, second] = [credentialOf(pki.server), credentialOf(rsa)];

  test('has the name that the client wants, or the handshake ends if it is to be so', () => {
    const unknown: Options = { client: { serverName: 'elsewhere.example' } };
    const refused = new Loopback({ pki, ...unknown, server: { unknownServerName: 'refused' } }).run();
    expect(refused.server.error).toMatchObject({ reason: 'no-certificate-for-name', alert: 'unrecognized_name' });
    const served = new Loopback({ pki, ...unknown }).run();
    expect(served.server.connection.timeline.negotiated.serverChain).toEqual(pki.server.chain);
  });

  test('is from one of the authorities that the client names, if there is one', () => {
    const credentials = [first, second, credentialOf(pki.selfSigned)];
    const presentedTo = (...authorities: readonly Uint8Array[]) => {
      const extension = { name: 'certificate_authorities', value: authorities } as const;
      return flightFor({ credentials }, extension).certificate?.certificateList[0]?.certData;
    };
    const nobody = Uint8Array.of(0x30, 0);
    const { subject, issuer } = parseCertificate(pki.selfSigned.der);
    expect(issuer.der).toEqual(subject.der);
    expect(presentedTo(nobody, issuer.der)).toEqual(pki.selfSigned.der);
    expect(presentedTo(nobody)).toEqual(pki.server.der);
  });

  test('comes with what the client wants to know of it, and with nothing else', () => {
    const credentials = [
      { ...first, ocspResponse: Uint8Array.of(1), signedCertificateTimestamps: [Uint8Array.of(2, 3)] },
    ];
    const client = (wanted: 'requested' | 'off') => ({
      certificateStatus: wanted,
      signedCertificateTimestamps: wanted,
    });
    const silent = run({ client: client('off'), server: { credentials } });
    expect(silent.client.opened?.peer?.stapled).toMatchObject({ ocspResponse: undefined });
    const status = {
      name: 'status_request',
      value: { statusType: 'ocsp', responderIds: [], requestExtensions: new Uint8Array(0) },
    } as const;
    const { certificate } = flightFor({ credentials }, status, { name: 'signed_certificate_timestamp', value: {} });
    expect(certificate?.certificateList[0]?.extensions).toEqual([
      { name: 'status_request', value: Uint8Array.of(1) },
      { name: 'signed_certificate_timestamp', value: [Uint8Array.of(2, 3)] },
    ]);
  });

  describe('may leave signing to another key', () => {
    const delegated = {
      credential: Uint8Array.of(9, 9, 9),
      keyId: 'delegated',
      scheme: SignatureScheme.ed25519,
      credentialScheme: SignatureScheme.ecdsa_secp256r1_sha256,
      expires: Date.now() + 100_000,
    };
    const offered = { name: 'delegated_credential', value: [SignatureScheme.ed25519] } as const;

    test('where the client knows how, until that key has expired', () => {
      const { asked, certificate } = flightFor({ credentials: [{ ...first, delegated }] }, offered);
      expect(asked).toMatchObject({ keyId: 'delegated', scheme: SignatureScheme.ed25519 });
      expect(certificate?.certificateList[0]?.extensions).toEqual([
        { name: 'delegated_credential', value: delegated.credential },
      ]);
    });

    test.for<readonly [string, Partial<DelegatedKey>, Extension<ClientHelloExtensions>]>([
      ['has not offered that', {}, { name: 'padding', value: 0 }],
      ['does not verify what it signs', {}, { ...offered, value: [SignatureScheme.ed448] }],
      ['does not verify the credential', { credentialScheme: SignatureScheme.ed448 }, offered],
      ['would find it expired', { expires: Date.now() - 1 }, offered],
    ])('but not where the client %s', ([, fields, extension]) => {
      const credentials = [{ ...first, delegated: { ...delegated, ...fields } }];
      const { asked, certificate } = flightFor({ credentials }, extension);
      expect(asked.keyId).toBe(first.keyId);
      expect(certificate?.certificateList[0]?.extensions).toEqual([]);
    });
  });

  test('is compressed as both can, in either direction', () => {
    const xor = (bytes: Uint8Array) => bytes.map((byte) => byte ^ 0xff);
    const turned = (algorithm: number) => ({ algorithm, compress: xor, decompress: xor });
    const { client, server } = run({
      client: { certificateCompression: [turned(1), turned(2)] },
      server: { certificateCompression: [turned(7), turned(2)], clientAuthentication: 'required' },
      clientCredentials: [pki.client],
    });
    const names = server.connection.timeline.steps.map(({ name }) => name);
    expect(names.filter((name) => name === 'CompressedCertificate')).toHaveLength(2);
    expect(server.opened?.peer?.verdict.trusted && client.opened?.peer?.verdict.trusted).toBe(true);
  });
});

describe('a ClientHello that offers a PSK without (EC)DHE needs', () => {
  const modes = { name: 'psk_key_exchange_modes', value: [PskKeyExchangeMode.psk_ke] } as const;
  const psk = {
    name: 'pre_shared_key',
    value: {
      identities: [{ identity: Uint8Array.of(1), obfuscatedTicketAge: 0 }],
      binders: [new Uint8Array(32)],
    },
  } as const;
  const only = (...names: readonly string[]) =>
    changed('ClientHello', 'tls13', (hello) => ({
      ...hello,
      extensions: [...hello.extensions.filter(({ name }) => names.includes(name)), modes, psk],
    }));
  const server = { pskKeyExchangeModes: [PskKeyExchangeMode.psk_ke] };

  test.for<readonly [string, Habit]>([
    ['supported_groups, where the PSK is not known', only('supported_versions', 'signature_algorithms')],
    ['signature_algorithms, likewise', only('supported_versions', 'supported_groups', 'key_share')],
    ['key_share beside supported_groups', only('supported_versions', 'signature_algorithms', 'supported_groups')],
    ['supported_groups beside key_share', only('supported_versions', 'signature_algorithms', 'key_share')],
  ])('%s', ([, habit]) => {
    const { subject } = new Bout('server', { pki, server }, habit).run();
    expect(subject.error).toMatchObject({ reason: 'missing-extension', alert: 'missing_extension' });
  });
});
