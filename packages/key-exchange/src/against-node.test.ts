import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { once } from 'node:events';
import { duplexPair } from 'node:stream';
import { connect, createSecureContext, TLSSocket } from 'node:tls';
import { type AeadName, aeadTagLength, macLength, type RecordCipher } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import * as x509 from '@peculiar/x509';
import { beforeAll, describe, expect, it } from 'vitest';
import { type CipherSuiteParameters, cipherSuites, legacyCipherSuites } from './cipher-suites.ts';
import { exportKeyingMaterial13 } from './exporter13.ts';
import { exportKeyingMaterial12, finishedVerifyData12, keyBlock12 } from './key-schedule12.ts';
import { type TrafficKeys, trafficKeys13 } from './traffic-keys13.ts';

// Node's own handshakes, with the secrets from its key log: what we derive from those opens its records.
describe('keys for a handshake of node:tls', () => {
  let certificates: { readonly ecdsa: Certificate; readonly rsa: Certificate };
  beforeAll(async () => {
    certificates = {
      ecdsa: await selfSigned({ name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }),
      rsa: await selfSigned({
        name: 'RSASSA-PKCS1-v1_5',
        modulusLength: 2048,
        publicExponent: Uint8Array.of(1, 0, 1),
        hash: 'SHA-256',
      }),
    };
  });
  const suites = (version: 'tls12' | 'tls13') =>
    [...cipherSuites, ...legacyCipherSuites].filter((suite) => suite.version === version);

  it.for(suites('tls13'))('with $name open the records of both directions', async (suite) => {
    const seen = await handshake(suite, certificates.ecdsa);
    const keys = (label: string) => trafficKeys13(nativeCrypto, suite, seen.secret(label));
    const [clientFinished, clientData] = seen.client.filter(isProtected);
    const [encryptedExtensions] = seen.server.filter(isProtected);
    // The content type ends the plaintext: 22 handshake, 23 application data.
    const extensions = open13(suite, keys('SERVER_HANDSHAKE_TRAFFIC_SECRET'), encryptedExtensions);
    expect([extensions[0], extensions.at(-1)]).toEqual([8, 22]);
    const finished = open13(suite, keys('CLIENT_HANDSHAKE_TRAFFIC_SECRET'), clientFinished);
    expect([finished[0], finished.at(-1)]).toEqual([20, 22]);
    const data = open13(suite, keys('CLIENT_TRAFFIC_SECRET_0'), clientData);
    expect(data.toString('latin1')).toBe('ping\x17');
  });

  it.for(suites('tls13'))('with $name export what node:tls exports', async (suite) => {
    const { socket, secret } = await handshake(suite, certificates.rsa);
    const exported = (label: string, context: Uint8Array, length: number) =>
      hex(exportKeyingMaterial13(nativeCrypto, suite.hash, secret('EXPORTER_SECRET'), label, context, length));
    for (const length of [12, 32, 100]) {
      const context = Buffer.from('context');
      expect(exported('EXPERIMENTAL a', context, length)).toBe(
        hex(socket.exportKeyingMaterial(length, 'EXPERIMENTAL a', context)),
      );
      expect(exported('EXPORTER-Channel-Binding', new Uint8Array(), length)).toBe(
        hex(socket.exportKeyingMaterial(length, 'EXPORTER-Channel-Binding', Buffer.alloc(0))),
      );
    }
  });

  it.for(suites('tls12'))('with $name open its Finished, whose verify_data is ours', async (suite) => {
    const seen = await handshake(suite, suite.authentication === 'rsa' ? certificates.rsa : certificates.ecdsa);
    const master = seen.secret('CLIENT_RANDOM');
    const { client, server } = keyBlock12(nativeCrypto, suite, master, seen.clientRandom, seen.serverRandom);
    const [hello, keyExchange] = messagesOf(seen.client);
    const flight = messagesOf(seen.server).filter(([type]) => type !== newSessionTicket);
    const transcript = Buffer.concat([hello as Buffer, ...flight, keyExchange as Buffer]);
    const hash = nativeCrypto.hash(suite.hash, transcript);
    const verifyData = finishedVerifyData12(nativeCrypto, suite.hash, master, 'client', hash);
    expect(hex(open12(suite, client, afterChangeCipherSpec(seen.client)))).toBe(`1400000c${hex(verifyData)}`);
    expect(hex(open12(suite, server, afterChangeCipherSpec(seen.server)))).toMatch(/^1400000c[0-9a-f]{24}$/);
  });

  it.for(suites('tls12'))('with $name export what node:tls exports', async (suite) => {
    const seen = await handshake(suite, suite.authentication === 'rsa' ? certificates.rsa : certificates.ecdsa);
    const { socket, secret, clientRandom, serverRandom } = seen;
    for (const context of [undefined, Buffer.alloc(0), Buffer.from('context')]) {
      const exported = exportKeyingMaterial12(
        nativeCrypto,
        suite.hash,
        secret('CLIENT_RANDOM'),
        clientRandom,
        serverRandom,
        'EXPERIMENTAL b',
        context,
        60,
      );
      // Its type asks for a context, its code does not (RFC 5705 tells none from an empty one).
      const theirs = Reflect.apply(socket.exportKeyingMaterial, socket, [
        60,
        'EXPERIMENTAL b',
        ...(context === undefined ? [] : [context]),
      ]);
      expect(hex(exported)).toBe(hex(theirs));
    }
  });
});

const newSessionTicket = 4;

/** A handshake of node:tls with itself, and a `ping` from the client. */
async function handshake(suite: CipherSuiteParameters, { cert, key }: Certificate) {
  const [clientEnd, clientWire] = duplexPair();
  const [serverWire, serverEnd] = duplexPair();
  const sent = { client: [] as Buffer[], server: [] as Buffer[] };
  clientWire.on('data', (bytes) => {
    sent.client.push(bytes);
    serverWire.write(bytes);
  });
  serverWire.on('data', (bytes) => {
    sent.server.push(bytes);
    clientWire.write(bytes);
  });
  const version = suite.version === 'tls13' ? 'TLSv1.3' : 'TLSv1.2';
  // Short tags and SHA-1 are below what OpenSSL asks for by default.
  const ciphers = `${suite.version === 'tls13' ? suite.name : opensslName(suite)}:AES128-SHA:@SECLEVEL=0`;
  const secureContext = createSecureContext({ cert, key, ciphers, dhparam: 'auto' });
  const server = new TLSSocket(serverEnd, { isServer: true, secureContext });
  const client = connect({
    socket: clientEnd,
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    ciphers,
  });
  const secrets = new Map<string, Buffer>();
  client.on('keylog', (line) => {
    const [label, , secret] = line.toString().trim().split(' ');
    if (label !== undefined && secret !== undefined) secrets.set(label, Buffer.from(secret, 'hex'));
  });
  await once(client, 'secureConnect');
  client.write('ping');
  await once(server, 'data');
  const records = { client: recordsOf(Buffer.concat(sent.client)), server: recordsOf(Buffer.concat(sent.server)) };
  const random = (records: readonly Buffer[]): Buffer => records[0]?.subarray(11, 43) ?? expect.fail('no hello');
  return {
    ...records,
    socket: client,
    clientRandom: random(records.client),
    serverRandom: random(records.server),
    secret: (label: string) => secrets.get(label) ?? expect.fail(`no ${label} in the key log`),
  };
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256` is `ECDHE-RSA-AES128-GCM-SHA256` there. */
function opensslName({ name }: CipherSuiteParameters): string {
  const words = name.replace('TLS_', '').replace('WITH_', '').replace('POLY1305_SHA256', 'POLY1305');
  return words
    .replace(/^RSA_/, '')
    .replace('AES_', 'AES')
    .replace('CBC_', '')
    .replace('CCM_8', 'CCM8')
    .replaceAll('_', '-');
}

function open13(suite: CipherSuiteParameters, { key, iv }: TrafficKeys, record: Buffer | undefined): Buffer {
  if (record === undefined) return expect.fail('no such record');
  const opened = nativeCrypto.aead(aeadOf(suite), key).open(iv, record.subarray(0, 5), record.subarray(5));
  return Buffer.from(opened ?? expect.fail('the record does not open'));
}

/** The first record of a direction, so with sequence number 0 (RFC 5246 section 6.2.3.3, RFC 7905). */
function open12(suite: CipherSuiteParameters, keys: TrafficKeys, record: Buffer | undefined): Uint8Array {
  if (record === undefined) return expect.fail('no such record');
  if (suite.protection.kind === 'cbc') return openCbc(suite.protection, keys, record);
  const { key, iv } = keys;
  const explicit = aeadOf(suite) === 'chacha20-poly1305' ? 0 : 8;
  expect(iv).toHaveLength(12 - explicit);
  const nonce = Buffer.concat([iv, record.subarray(5, 5 + explicit)]);
  const ciphertext = record.subarray(5 + explicit);
  const associatedData = pseudoHeader(record, ciphertext.length - aeadTagLength[aeadOf(suite)]);
  const opened = nativeCrypto.aead(aeadOf(suite), key).open(nonce, associatedData, ciphertext);
  return opened ?? expect.fail('the record does not open');
}

/** OpenSSL encrypts, then makes the MAC, over IV and ciphertext (RFC 7366 section 3). */
function openCbc({ cipher, mac }: CbcRecordCipher, { macKey, key }: TrafficKeys, record: Buffer): Uint8Array {
  const authentic = record.subarray(5, record.length - macLength[mac]);
  const header = pseudoHeader(record, authentic.length);
  expect(hex(nativeCrypto.hmac(mac, macKey, Buffer.concat([header, authentic])))).toBe(
    hex(record.subarray(5 + authentic.length)),
  );
  const plaintext = nativeCrypto.cbc(cipher, key).decrypt(authentic.subarray(0, 16), authentic.subarray(16));
  return plaintext.subarray(0, -1 - (plaintext.at(-1) ?? 0));
}

type CbcRecordCipher = Extract<RecordCipher, { readonly kind: 'cbc' }>;

/** Of the first record of a direction. */
function pseudoHeader(record: Buffer, contentLength: number): Buffer {
  return Buffer.concat([Buffer.alloc(8), record.subarray(0, 3), Buffer.of(contentLength >> 8, contentLength)]);
}

function isProtected(record: Buffer): boolean {
  return record[0] === 23;
}

function afterChangeCipherSpec(records: readonly Buffer[]): Buffer | undefined {
  return records[records.findIndex(([type]) => type === 20) + 1];
}

/** The handshake messages before ChangeCipherSpec. */
function messagesOf(records: readonly Buffer[]): readonly Buffer[] {
  const plain = records.slice(
    0,
    records.findIndex(([type]) => type === 20),
  );
  const bytes = Buffer.concat(plain.map((record) => record.subarray(5)));
  const messages: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUIntBE(offset + 1, 3);
    messages.push(bytes.subarray(offset, end));
    offset = end;
  }
  return messages;
}

function recordsOf(bytes: Buffer): readonly Buffer[] {
  const records: Buffer[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 5 + bytes.readUInt16BE(offset + 3);
    records.push(bytes.subarray(offset, end));
    offset = end;
  }
  return records;
}

interface Certificate {
  readonly cert: string;
  readonly key: string;
}

async function selfSigned(algorithm: webcrypto.EcKeyGenParams | webcrypto.RsaHashedKeyGenParams): Promise<Certificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=test',
    keys,
    signingAlgorithm: algorithm,
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return { cert: certificate.toString('pem'), key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY') };
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function aeadOf({ protection }: CipherSuiteParameters): AeadName {
  return protection.kind === 'aead' ? protection.aead : expect.fail('a suite without an AEAD');
}
