import { createHash, createHmac, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import {
  type AeadName,
  aeadKeyLength,
  type CbcMacName,
  type CbcName,
  cbcKeyLength,
  macLength,
  type RecordCipher,
} from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { ContentType } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import type { TlsRecord } from './record.ts';
import { RecordReader } from './record-reader.ts';
import { RecordWriter } from './record-writer.ts';
import { type TrafficProtection, trafficProtection, trafficProtection12 } from './traffic-protection.ts';

const vectors = resolve(
  import.meta.dirname,
  '../../..',
  process.env.HANDFAST_VECTORS ?? '../shared/vectors',
  'handshake',
);

describe.skipIf(!existsSync(vectors))('RFC 8448', () => {
  // Those with an X25519 key exchange and nothing before it; the key schedule of the others is longer than this test.
  it.each(['Simple_1RTT_Handshake', 'Client_Authentication_Handshake', 'Middlebox_Compatibility_Mode'])(
    '%s: every protected record opens, and is sealed to the same bytes',
    (name) => {
      const trace = rfc8448(name);
      const field = (key: string): Buffer => trace.get(key) ?? Buffer.alloc(0);
      const serverMessages = [
        'EncryptedExtensions',
        'CertificateRequest',
        'Server_Certificate',
        'Server_CertificateVerify',
        'Server_Finished',
      ];
      const flight = Buffer.concat(serverMessages.map((message) => field(`Message_${message}`)));
      const hellos = Buffer.concat([field('Record_ClientHello_1').subarray(5), field('Message_ServerHello')]);
      const secrets = trafficSecrets(field, hellos, flight);
      const under = (secret: Buffer): TrafficProtection => protection13('aes-128-gcm', 'sha256', secret);

      const server = transcribe(under(secrets.serverHandshake), field('Record_ServerHandshakeMessages'));
      expect(server.contentOf('handshake')).toBe(flight.toString('hex'));
      expect(server.writtenAgain).toBe(server.wire);

      const client = transcribe(under(secrets.clientHandshake), field('Record_ClientFinished'));
      expect(client.records.at(-1)?.type).toBe('handshake');
      expect(client.writtenAgain).toBe(client.wire);

      for (const [secret, prefix, ticket] of [
        [secrets.serverApplication, 'Server', field('Record_NewSessionTicket')],
        [secrets.clientApplication, 'Client', Buffer.alloc(0)],
      ] as const) {
        const data = transcribe(
          under(secret),
          Buffer.concat([ticket, field(`Record_${prefix}_AppData`), field(`Record_${prefix}_CloseNotify`)]),
        );
        expect(data.contentOf('application_data')).toBe(field(`${prefix}_AppData`).toString('hex'));
        expect(data.contentOf('alert')).toBe('0100');
        expect(data.writtenAgain).toBe(data.wire);
      }
    },
  );
});

describe.skipIf(!existsSync(vectors))('the illustrated TLS 1.3 connection', () => {
  // Each record as its file holds it, and TLSInnerPlaintext as the other file does, in the order sent.
  it.each([
    ['SERVER_HANDSHAKE_TRAFFIC_SECRET', 'serverenc', 'server', ['extensions', 'cert', 'certverify', 'finished']],
    ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', 'clientenc', 'client', ['finished']],
    ['CLIENT_TRAFFIC_SECRET_0', 'clientenc', 'client', ['data']],
    ['SERVER_TRAFFIC_SECRET_0', 'serverenc', 'server', ['ticket1', 'ticket2', 'data']],
  ] as const)('opens and is sealed to the same bytes under %s', (label, sealed, plain, names) => {
    const read = (name: string): Buffer => readFileSync(join(vectors, 'illustrated-tls13', name));
    const secret = keyLog(read('keylog.txt').toString()).get(label) ?? Buffer.alloc(0);
    const records = transcribe(
      protection13('aes-256-gcm', 'sha384', secret),
      Buffer.concat(names.map((name) => read(sealed + name))),
    );
    expect(records.records.map(({ type, fragment }) => Buffer.of(...fragment, ContentType[type]))).toEqual(
      names.map((name) => read(plain + name)),
    );
    expect(records.writtenAgain).toBe(records.wire);
  });
});

const aead = (name: AeadName) => ({ kind: 'aead', aead: name }) as const;
const cbc = (cipher: CbcName, mac: CbcMacName) => ({ kind: 'cbc', cipher, mac }) as const;

describe('OpenSSL', () => {
  it.each([
    ['TLSv1.2', 'PSK-AES128-GCM-SHA256', aead('aes-128-gcm'), 'sha256'],
    ['TLSv1.2', 'PSK-AES256-GCM-SHA384', aead('aes-256-gcm'), 'sha384'],
    ['TLSv1.2', 'PSK-CHACHA20-POLY1305', aead('chacha20-poly1305'), 'sha256'],
    ['TLSv1.2', 'PSK-AES128-CCM', aead('aes-128-ccm'), 'sha256'],
    ['TLSv1.2', 'PSK-AES256-CCM8', aead('aes-256-ccm-8'), 'sha256'],
    ['TLSv1.2', 'PSK-AES128-CBC-SHA', cbc('aes-128-cbc', 'sha1'), 'sha256'],
    ['TLSv1.2', 'PSK-AES128-CBC-SHA256', cbc('aes-128-cbc', 'sha256'), 'sha256'],
    ['TLSv1.2', 'PSK-AES256-CBC-SHA384', cbc('aes-256-cbc', 'sha384'), 'sha384'],
    ['TLSv1.3', 'TLS_AES_128_GCM_SHA256', aead('aes-128-gcm'), 'sha256'],
    ['TLSv1.3', 'TLS_CHACHA20_POLY1305_SHA256', aead('chacha20-poly1305'), 'sha256'],
    ['TLSv1.3', 'TLS_AES_128_CCM_SHA256', aead('aes-128-ccm'), 'sha256'],
    ['TLSv1.3', 'TLS_AES_128_CCM_8_SHA256', aead('aes-128-ccm-8'), 'sha256'],
  ] as const)('%s %s: its records are read, and it reads ours', async (version, suite, cipher, hash) => {
    // Encrypt-then-MAC is what OpenSSL does with CBC unless it is told not to.
    for (const encryptThenMac of cipher.kind === 'cbc' ? [true, false] : [false]) {
      const session = await opensslSession(version, suite, encryptThenMac);
      const keys =
        version === 'TLSv1.2' ? keys12(session, cipher, hash, encryptThenMac) : keys13(session, cipher, hash);
      expect(applicationData(session.fromServer, keys.server)).toBe('from the server');
      expect(applicationData(session.fromClient, keys.client)).toBe('from the client');

      // What the client has sent under its last key: Finished and one record in TLS 1.2, one record in TLS 1.3.
      const writer = new RecordWriter({ padding: () => 5 });
      for (const protection of keys.client.slice(-1)) writer.protect(protection);
      if (version === 'TLSv1.2') writer.write('handshake', Buffer.alloc(16));
      writer.write('application_data', Buffer.alloc(1));
      writer.take();
      const data = Buffer.alloc(40_000, 'ours ');
      writer.write('application_data', data);
      expect(await session.deliver(writer.take(), data.length)).toEqual(data);
      session.close();
    }
  });
});

interface Session {
  readonly fromClient: Buffer;
  readonly fromServer: Buffer;
  readonly secrets: ReadonlyMap<string, Buffer>;
  /** Sends bytes in the client's place, and gives so much data as the server reads out of them. */
  deliver(bytes: Uint8Array, length: number): Promise<Buffer>;
  close(): void;
}

/** Two OpenSSL peers, authenticated by a shared key so that no certificate is needed, with all they send kept. */
async function opensslSession(
  version: 'TLSv1.2' | 'TLSv1.3',
  suite: string,
  encryptThenMac: boolean,
): Promise<Session> {
  const [clientEnd, clientTap] = duplexPair();
  const [serverEnd, serverTap] = duplexPair();
  const fromClient: Buffer[] = [];
  const fromServer: Buffer[] = [];
  clientTap.on('data', (bytes: Buffer) => {
    fromClient.push(bytes);
    serverTap.write(bytes);
  });
  serverTap.on('data', (bytes: Buffer) => {
    fromServer.push(bytes);
    clientTap.write(bytes);
  });
  const options = {
    minVersion: version,
    maxVersion: version,
    // The short tags of CCM_8, and SHA-1, are below what OpenSSL asks for by default.
    ciphers: version === 'TLSv1.2' ? `${suite}:@SECLEVEL=0` : `${suite}:PSK:@SECLEVEL=0`,
    ...(encryptThenMac ? {} : { secureOptions: noEncryptThenMac }),
  };
  const psk = Buffer.alloc(32, 7);
  const serverOptions = { isServer: true, secureContext: createSecureContext(options), pskCallback: () => psk };
  const server = new TLSSocket(serverEnd, serverOptions);
  const client = connect({
    ...options,
    socket: clientEnd,
    pskCallback: () => ({ psk, identity: 'test' }),
    checkServerIdentity: () => undefined,
  });
  const lines: string[] = [];
  client.on('keylog', (line) => lines.push(line.toString()));
  server.on('data', () => server.write('from the server'));
  client.write('from the client');
  await new Promise((resolve, reject) => {
    client.once('data', resolve).once('error', reject);
    server.once('error', reject);
  });
  server.removeAllListeners('data');
  return {
    fromClient: Buffer.concat(fromClient),
    fromServer: Buffer.concat(fromServer),
    secrets: keyLog(lines.join('')),
    deliver(bytes, length) {
      return new Promise((resolve, reject) => {
        const received: Buffer[] = [];
        server.on('error', reject).on('data', (data: Buffer) => {
          received.push(data);
          const all = Buffer.concat(received);
          if (all.length >= length) resolve(all);
        });
        serverTap.write(bytes);
      });
    },
    close() {
      client.destroy();
      server.destroy();
    },
  };
}

/** SSL_OP_NO_ENCRYPT_THEN_MAC, which node:crypto has no name for. */
const noEncryptThenMac = 1 << 19;

interface DirectionKeys {
  /** The protections of each direction, in the order in which they come into use. */
  readonly client: readonly TrafficProtection[];
  readonly server: readonly TrafficProtection[];
}

/** key_block (RFC 5246 section 6.3) out of the master secret in the key log. */
function keys12(
  { fromClient, fromServer, secrets }: Session,
  cipher: RecordCipher,
  hash: string,
  encryptThenMac: boolean,
): DirectionKeys {
  const random = (hello: Buffer): Buffer => hello.subarray(11, 43);
  const seed = Buffer.concat([Buffer.from('key expansion'), random(fromServer), random(fromClient)]);
  const hmac = (data: Buffer): Buffer =>
    createHmac(hash, secrets.get('CLIENT_RANDOM') ?? '')
      .update(data)
      .digest();
  let block = Buffer.alloc(0);
  for (let a = hmac(seed); block.length < 256; a = hmac(a))
    block = Buffer.concat([block, hmac(Buffer.concat([a, seed]))]);
  const take = (length: number): Buffer => {
    const piece = block.subarray(0, length);
    block = block.subarray(length);
    return piece;
  };
  const lengths =
    cipher.kind === 'cbc'
      ? [macLength[cipher.mac], cbcKeyLength[cipher.cipher], 0]
      : [0, aeadKeyLength[cipher.aead], cipher.aead === 'chacha20-poly1305' ? 12 : 4];
  const [macKeys, keys, ivs] = lengths.map((length) => [take(length), take(length)]);
  const protection = (side: 0 | 1): TrafficProtection[] => {
    const nothing = Buffer.alloc(0);
    const [macKey, key, iv] = [macKeys?.[side] ?? nothing, keys?.[side] ?? nothing, ivs?.[side] ?? nothing];
    return [trafficProtection12(nativeCrypto, cipher, { macKey, key, iv }, encryptThenMac)];
  };
  return { client: protection(0), server: protection(1) };
}

function keys13({ secrets }: Session, cipher: RecordCipher, hash: string): DirectionKeys {
  const name = cipher.kind === 'aead' ? cipher.aead : expect.fail('no AEAD');
  const of = (side: string): TrafficProtection[] =>
    [`${side}_HANDSHAKE_TRAFFIC_SECRET`, `${side}_TRAFFIC_SECRET_0`].map((label) =>
      protection13(name, hash, secrets.get(label) ?? Buffer.alloc(0)),
    );
  return { client: of('CLIENT'), server: of('SERVER') };
}

/** The application data in a recorded direction: its keys are changed where that version changes them. */
function applicationData(wire: Buffer, protections: readonly TrafficProtection[]): string {
  const reader = new RecordReader();
  const remaining = [...protections];
  const protect = (): void => {
    const next = remaining.shift();
    if (next !== undefined) reader.protect(next);
  };
  const clientHello = 1;
  const serverHello = 2;
  const finished = 20;
  const data: Buffer[] = [];
  reader.push(wire);
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    const { type, fragment } = record;
    if (type === 'application_data') data.push(Buffer.from(fragment));
    const changes13 = type === 'handshake' && [clientHello, serverHello, finished].includes(fragment[0] ?? 0);
    if (protections.length === 2 ? changes13 : type === 'change_cipher_spec') protect();
  }
  return Buffer.concat(data).toString();
}

interface Transcription {
  readonly wire: string;
  readonly records: readonly TlsRecord[];
  /** The content of all records of that type, in hexadecimal. */
  contentOf(type: TlsRecord['type']): string;
  /** What a writer under the same protection makes of the contents. */
  readonly writtenAgain: string;
}

function transcribe(protection: TrafficProtection, wire: Buffer): Transcription {
  const reader = new RecordReader();
  const writer = new RecordWriter();
  reader.protect(protection);
  writer.protect(protection);
  reader.push(wire);
  const records: TlsRecord[] = [];
  const writtenAgain: Uint8Array[] = [];
  for (let record = reader.next(); record !== undefined; record = reader.next()) {
    records.push(record);
    writer.write(record.type, record.fragment);
    writtenAgain.push(writer.take());
  }
  const hex = (pieces: readonly Uint8Array[]): string => Buffer.concat(pieces).toString('hex');
  return {
    wire: wire.toString('hex'),
    records,
    contentOf: (type) => hex(records.filter((record) => record.type === type).map(({ fragment }) => fragment)),
    writtenAgain: hex(writtenAgain),
  };
}

function rfc8448(section: string): ReadonlyMap<string, Buffer> {
  const text = readFileSync(join(vectors, 'rfc8448', 'transcripts.vec'), 'utf8');
  const body = text.split(`[${section}]`)[1]?.split('\n[')[0] ?? '';
  return new Map(
    Array.from(body.matchAll(/^(\w+) *= *([0-9a-f ]+)$/gim), ([, key = '', hex = '']) => [
      key,
      Buffer.from(hex.replaceAll(' ', ''), 'hex'),
    ]),
  );
}

/** The secrets of an NSS key log by label. */
function keyLog(text: string): ReadonlyMap<string, Buffer> {
  return new Map(
    Array.from(text.matchAll(/^(\w+) \w+ (\w+)$/gm), ([, label = '', hex = '']) => [label, Buffer.from(hex, 'hex')]),
  );
}

/** The key schedule of RFC 8446 section 7.1 for SHA-256, as far as traffic secrets. */
function trafficSecrets(field: (key: string) => Buffer, hellos: Buffer, serverFlight: Buffer) {
  const zeros = Buffer.alloc(32);
  const digest = (data: Buffer): Buffer => createHash('sha256').update(data).digest();
  const extract = (salt: Buffer, secret: Buffer): Buffer => createHmac('sha256', salt).update(secret).digest();
  const derive = (secret: Buffer, label: string, messages: Buffer): Buffer =>
    expandLabel('sha256', secret, label, digest(messages), 32);
  const nothing = Buffer.alloc(0);
  const x25519 = (pool: string, at: number) =>
    createPrivateKey({
      key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), field(pool).subarray(at, at + 32)]),
      format: 'der',
      type: 'pkcs8',
    });
  // What each drew at random before its private key: the hello's random, and the client a session ID where it sends one.
  const sessionIdLength = hellos[38] ?? 0;
  const shared = diffieHellman({
    privateKey: x25519('Client_RNG_Pool', 32 + sessionIdLength),
    publicKey: createPublicKey(x25519('Server_RNG_Pool', 32)),
  });
  const handshake = extract(derive(extract(zeros, zeros), 'derived', nothing), shared);
  const master = extract(derive(handshake, 'derived', nothing), zeros);
  const toServerFinished = Buffer.concat([hellos, serverFlight]);
  return {
    clientHandshake: derive(handshake, 'c hs traffic', hellos),
    serverHandshake: derive(handshake, 's hs traffic', hellos),
    clientApplication: derive(master, 'c ap traffic', toServerFinished),
    serverApplication: derive(master, 's ap traffic', toServerFinished),
  };
}

/** Traffic keys (RFC 8446 section 7.3). */
function protection13(aead: AeadName, hash: string, secret: Buffer): TrafficProtection {
  const key = expandLabel(hash, secret, 'key', Buffer.alloc(0), aeadKeyLength[aead]);
  return trafficProtection(nativeCrypto, 'tls13', aead, key, expandLabel(hash, secret, 'iv', Buffer.alloc(0), 12));
}

/** HKDF-Expand-Label (RFC 8446 section 7.1), for outputs of one hash length at most. */
function expandLabel(hash: string, secret: Buffer, label: string, context: Buffer, length: number): Buffer {
  const info = Buffer.concat([
    Buffer.of(0, length, 6 + label.length),
    Buffer.from(`tls13 ${label}`),
    Buffer.of(context.length),
    context,
    Buffer.of(1),
  ]);
  return createHmac(hash, secret).update(info).digest().subarray(0, length);
}
