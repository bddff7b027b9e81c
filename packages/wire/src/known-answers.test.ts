import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { decodeHandshake, encodeHandshake } from './handshake.ts';
import { fromHex, toHex } from './hex.ts';
import { encodeServerParams, readServerKeyExchange } from './messages/key-exchange.ts';
import type { MessageName, MessageVersion } from './messages.ts';

const root = resolve(import.meta.dirname, '../../..');
const handshakes = resolve(root, process.env.HANDFAST_VECTORS ?? '../shared/vectors', 'handshake');

const recordHeaderLength = 5;

/** The handshake message at the start of `bytes`, without what follows it in the recording. */
function firstMessage(bytes: Uint8Array): Uint8Array {
  const [, high = 0, middle = 0, low = 0] = bytes;
  return bytes.slice(0, 4 + high * 0x10000 + middle * 0x100 + low);
}

function expectIdentical(bytes: Uint8Array, version: MessageVersion, type: MessageName): void {
  const message = decodeHandshake(bytes, version);
  expect(message.type).toBe(type);
  expect(toHex(encodeHandshake(message))).toBe(toHex(bytes));
}

/** Message name by the key under which the transcripts have the whole message, or the record that holds it. */
const rfc8448Keys: Readonly<Record<string, MessageName>> = {
  Record_ClientHello_1: 'ClientHello',
  Record_ClientHello_2: 'ClientHello',
  Record_HelloRetryRequest: 'HelloRetryRequest',
  Message_ServerHello: 'ServerHello',
  Message_EncryptedExtensions: 'EncryptedExtensions',
  Message_CertificateRequest: 'CertificateRequest',
  Message_Server_Certificate: 'Certificate',
  Message_Server_CertificateVerify: 'CertificateVerify',
  Message_Server_Finished: 'Finished',
};

const transcripts = join(handshakes, 'rfc8448/transcripts.vec');

describe.skipIf(!existsSync(transcripts))('the messages of RFC 8448', () => {
  const lines = existsSync(transcripts) ? readFileSync(transcripts, 'latin1').split('\n') : [];
  const messages: { readonly trace: string; readonly key: string; readonly hex: string }[] = [];
  let trace = '';
  for (const line of lines) {
    trace = /^\[(.*)\]/.exec(line)?.[1] ?? trace;
    const [key = '', hex = ''] = line.split('=').map((part) => part.replaceAll(' ', ''));
    if (key in rfc8448Keys) messages.push({ trace, key, hex });
  }

  it('are all there', () => {
    expect(messages.length).toBeGreaterThan(40);
  });

  it.for(messages)('$key in $trace', ({ key, hex }) => {
    const bytes = fromHex(hex);
    const message = key.startsWith('Record_') ? bytes.slice(recordHeaderLength) : bytes;
    expectIdentical(message, 'tls13', rfc8448Keys[key] ?? 'ClientHello');
  });
});

interface Recording {
  readonly file: string;
  readonly type: MessageName;
  /** Whether the file has the record's header, or starts with the decrypted message. */
  readonly record: boolean;
}

const recordings: Readonly<Record<MessageVersion, readonly Recording[]>> = {
  tls12: [
    { file: 'clienthello', type: 'ClientHello', record: true },
    { file: 'serverhello', type: 'ServerHello', record: true },
    { file: 'servercert', type: 'Certificate', record: true },
    { file: 'serverkeyexchange', type: 'ServerKeyExchange', record: true },
    { file: 'serverhellodone', type: 'ServerHelloDone', record: true },
    { file: 'clientkeyexchange', type: 'ClientKeyExchange', record: true },
    { file: 'clientfinishedplain', type: 'Finished', record: false },
    { file: 'serverfinishedplain', type: 'Finished', record: false },
  ],
  tls13: [
    { file: 'clienthello', type: 'ClientHello', record: true },
    { file: 'serverhello', type: 'ServerHello', record: true },
    { file: 'serverextensions', type: 'EncryptedExtensions', record: false },
    { file: 'servercert', type: 'Certificate', record: false },
    { file: 'servercertverify', type: 'CertificateVerify', record: false },
    { file: 'serverfinished', type: 'Finished', record: false },
    { file: 'clientfinished', type: 'Finished', record: false },
    { file: 'serverticket1', type: 'NewSessionTicket', record: false },
    { file: 'serverticket2', type: 'NewSessionTicket', record: false },
  ],
};

describe.for(['tls12', 'tls13'] as const)('a recorded handshake of %s', (version) => {
  const folder = join(handshakes, `illustrated-${version}`);

  it.skipIf(!existsSync(folder)).for(recordings[version])('$file', ({ file, type, record }) => {
    const bytes = new Uint8Array(readFileSync(join(folder, file)));
    expectIdentical(firstMessage(record ? bytes.subarray(recordHeaderLength) : bytes), version, type);
  });
});

it.skipIf(!existsSync(handshakes))('the signed parameters are those of the recorded ServerKeyExchange', () => {
  const bytes = readFileSync(join(handshakes, 'illustrated-tls12/serverkeyexchange')).subarray(recordHeaderLength);
  const message = decodeHandshake(bytes, 'tls12');
  if (message.type !== 'ServerKeyExchange') throw new Error(message.type);
  const params = encodeServerParams('ecdhe', readServerKeyExchange('ecdhe', message.exchangeKeys).params);
  expect(toHex(params)).toBe(toHex(bytes.subarray(4, 4 + params.length)));
  expect(params.length).toBe(1 + 2 + 1 + 32);
});
