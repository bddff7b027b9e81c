import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { AeadName } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { CipherSuite } from '@handfast/wire';
import { describe, expect, it } from 'vitest';
import { type CipherSuiteParameters, cipherSuite } from './cipher-suites.ts';
import { KeySchedule13, resumptionPsk, type TrafficSecrets } from './key-schedule13.ts';
import { certificateVerifyContent13 } from './signed-content.ts';
import { finishedVerifyData13, trafficKeys13 } from './traffic-keys13.ts';

const vectors = process.env.HANDFAST_VECTORS ?? resolve(import.meta.dirname, '../../../../shared/vectors');
const file = join(vectors, 'handshake/rfc8448/transcripts.vec');

const hash = 'sha256';
const suite = cipherSuite(CipherSuite.TLS_AES_128_GCM_SHA256) as CipherSuiteParameters;

describe.skipIf(!existsSync(file))('the key schedule reproduces RFC 8448', () => {
  const sections = existsSync(file) ? readSections(readFileSync(file, 'latin1')) : new Map<string, Section>();
  const section = (name: string): Section => sections.get(name) ?? expect.fail(`no section ${name}`);

  it('section 3, the 1-RTT handshake, with its ticket and data', () => {
    const trace = section('Simple_1RTT_Handshake');
    const { application } = replay(trace);
    const [ticket] = application.server.open(trace.get('Record_NewSessionTicket'));
    expect(ticket?.type).toBe(22);
    expect(application.client.data(trace.get('Record_Client_AppData'))).toBe(hex(trace.get('Client_AppData')));
    expect(application.server.data(trace.get('Record_Server_AppData'))).toBe(hex(trace.get('Server_AppData')));
    application.closes(trace);
  });

  it('section 4, resumption with 0-RTT, from the ticket of section 3', () => {
    const first = section('Simple_1RTT_Handshake');
    const begun = replay(first);
    const [message] = begun.application.server.open(first.get('Record_NewSessionTicket'));
    const psk = resumptionPsk(nativeCrypto, hash, begun.resumptionSecret, ticketNonce(message?.content));

    const trace = section('Resumed_0RTT_Handshake');
    const hello = handshakeOf(trace.get('Record_ClientHello_1'));
    expectBinder(hello, psk, 'resumption');
    const earlySecrets = new KeySchedule13(nativeCrypto, hash, psk).earlySecrets(sha256(hello));
    // The RFC prints this one; nothing in the trace is made with it.
    expect(hex(earlySecrets.exporter)).toBe('b2026866610937d7423e5be90862ccf24c0e6091186d34f812089ff5be2ef7df');
    const early = new Protection(earlySecrets.client);
    expect(early.data(trace.get('Record_Client_EarlyAppData'))).toBe(hex(trace.get('Client_EarlyAppData')));
    // The file leaves server_name out of EncryptedExtensions and has made the server's record anew; all that follows it,
    // and Message_Server_Finished, are the RFC's, after the RFC's EncryptedExtensions.
    const without = hex(trace.get('Message_EncryptedExtensions'));
    const encryptedExtensions = Buffer.from(
      without.replace(/^080000240022/, '080000280026').replace(/002a0000$/, '00000000002a0000'),
      'hex',
    );
    const { application } = replay(trace, { psk, early, encryptedExtensions });
    expect(application.client.data(trace.get('Record_Client_AppData'))).toBe(hex(trace.get('Client_AppData')));
    expect(application.server.data(trace.get('Record_Server_AppData'))).toBe(hex(trace.get('Server_AppData')));
    application.closes(trace);
  });

  it('section 5, HelloRetryRequest with P-256', () => {
    const trace = section('HelloRetryRequest_Handshake');
    replay(trace).application.closes(trace);
  });

  it('section 6, client authentication', () => {
    const trace = section('Client_Authentication_Handshake');
    replay(trace).application.closes(trace);
  });

  it('section 7, compatibility mode', () => {
    const trace = section('Middlebox_Compatibility_Mode');
    replay(trace).application.closes(trace);
  });

  it('with an external PSK', () => {
    const trace = section('Externally_Provided_PSK_with_Ephemeral_Key');
    const psk = trace.get('PskSecret');
    expectBinder(handshakeOf(trace.get('Record_ClientHello_1')), psk, 'external');
    const { application } = replay(trace, { psk });
    expect(application.client.data(trace.get('Record_Client_AppData'))).toBe(hex(trace.get('Client_AppData')));
    expect(application.server.data(trace.get('Record_Server_AppData'))).toBe(hex(trace.get('Server_AppData')));
    application.closes(trace);
  });

  it('with raw public keys on both sides', () => {
    const trace = section('RawPublicKey_With_Client_Authentication');
    replay(trace).application.closes(trace);
  });
});

/** Walks one trace with the schedule, opening and comparing all that it holds, and returns what follows the handshake. */
function replay(
  trace: Section,
  resumed: {
    readonly psk?: Uint8Array;
    readonly early?: Protection;
    /** In place of those in the server's record. */
    readonly encryptedExtensions?: Uint8Array;
  } = {},
) {
  const schedule = new KeySchedule13(nativeCrypto, hash, resumed.psk);
  const transcript: Uint8Array[] = [];
  const transcriptHash = (): Uint8Array => sha256(Buffer.concat(transcript));

  const hello = handshakeOf(trace.get('Record_ClientHello_1'));
  if (trace.has('Record_HelloRetryRequest')) {
    transcript.push(Uint8Array.of(254, 0, 0, 32), sha256(hello), handshakeOf(trace.get('Record_HelloRetryRequest')));
    transcript.push(handshakeOf(trace.get('Record_ClientHello_2')));
  } else transcript.push(hello);
  transcript.push(trace.get('Message_ServerHello'));
  const handshake = protections(schedule.enterHandshake(sharedSecret(trace), transcriptHash()));

  const recorded = messagesOf(handshake.server.open(trace.get('Record_ServerHandshakeMessages')));
  const names = ['EncryptedExtensions', 'CertificateRequest', 'Server_Certificate', 'Server_CertificateVerify'];
  const told = names.filter((name) => trace.has(`Message_${name}`)).map((name) => hex(trace.get(`Message_${name}`)));
  expect(recorded.slice(0, -1).map(hex)).toEqual(told);
  const hellos = transcript.length;
  takeServerFlight(recorded);
  if (resumed.encryptedExtensions !== undefined) {
    transcript.length = hellos;
    takeServerFlight([resumed.encryptedExtensions, trace.get('Message_Server_Finished')]);
  }
  expect(hex(transcript.at(-1))).toBe(hex(trace.get('Message_Server_Finished')));
  const { exporter, ...secrets } = schedule.enterApplication(transcriptHash());
  const application = protections(secrets);
  expect(exporter).toHaveLength(32);

  let clientRecords = recordsOf(trace.get('Record_ClientFinished'));
  if (resumed.early !== undefined) {
    const endOfEarlyData = messagesOf(resumed.early.open(clientRecords[0] as Uint8Array));
    expect(endOfEarlyData.map(hex)).toEqual(['05000000']);
    transcript.push(...endOfEarlyData);
    clientRecords = clientRecords.slice(1);
  }
  const answer = messagesOf(handshake.client.open(Buffer.concat(clientRecords)));
  expect(answer.at(-1)?.[0]).toBe(20);
  for (const message of answer) {
    if (message[0] === 15) expect(hex(content('client'))).toBe(hex(trace.get('Client_MessageToSign')));
    if (message[0] === 20) expect(verifyData('client')).toBe(hex(message.subarray(4)));
    transcript.push(message);
  }
  const closes = (of: Section): void => {
    for (const [side, protection] of [
      ['Client', application.client] as const,
      ['Server', application.server] as const,
    ]) {
      const [alert] = protection.open(of.get(`Record_${side}_CloseNotify`));
      expect([alert?.type, hex(alert?.content)]).toEqual([21, '0100']);
    }
  };
  return { resumptionSecret: schedule.resumptionSecret(transcriptHash()), application: { ...application, closes } };

  function takeServerFlight(messages: readonly Uint8Array[]): void {
    expect(messages.at(-1)?.[0]).toBe(20);
    for (const message of messages) {
      if (message[0] === 15) expect(hex(content('server'))).toBe(hex(trace.get('Server_MessageToSign')));
      if (message[0] === 20) expect(verifyData('server')).toBe(hex(message.subarray(4)));
      transcript.push(message);
    }
  }

  function content(sender: 'client' | 'server'): Uint8Array {
    return certificateVerifyContent13(sender, transcriptHash());
  }

  function verifyData(sender: 'client' | 'server'): string {
    return hex(finishedVerifyData13(nativeCrypto, hash, handshake[sender].secret, transcriptHash()));
  }
}

function expectBinder(hello: Uint8Array, psk: Uint8Array, kind: 'external' | 'resumption'): void {
  // The binders end the hello: a list's length (2), one binder's length (1) and the binder (32).
  const binderKey = new KeySchedule13(nativeCrypto, hash, psk).binderKey(kind);
  const binder = finishedVerifyData13(nativeCrypto, hash, binderKey, sha256(hello.subarray(0, -35)));
  expect(hex(binder)).toBe(hex(hello.subarray(-32)));
}

/** Opens the records of one direction, under one secret, in order. */
class Protection {
  readonly secret: Uint8Array;
  #sequence = 0;

  constructor(secret: Uint8Array) {
    this.secret = secret;
  }

  open(bytes: Uint8Array): readonly { readonly type: number; readonly content: Uint8Array }[] {
    return recordsOf(bytes)
      .filter((record) => record[0] === 23)
      .map((record) => {
        const { key, iv } = trafficKeys13(nativeCrypto, suite, this.secret);
        const nonce = Uint8Array.from(iv);
        nonce[11] = (nonce[11] ?? 0) ^ this.#sequence++;
        const opened = nativeCrypto.aead(aeadOf(suite), key).open(nonce, record.subarray(0, 5), record.subarray(5));
        if (opened === undefined) return expect.fail('a record does not open');
        const end = opened.findLastIndex((byte) => byte !== 0);
        return { type: opened[end] ?? 0, content: opened.subarray(0, end) };
      });
  }

  data(bytes: Uint8Array): string {
    const [record] = this.open(bytes);
    expect(record?.type).toBe(23);
    return hex(record?.content);
  }
}

function protections({ client, server }: TrafficSecrets): { readonly client: Protection; readonly server: Protection } {
  return { client: new Protection(client), server: new Protection(server) };
}

/** From the private keys of both sides: the last that the client drew, and what follows Random with the server. */
function sharedSecret(trace: Section): Uint8Array {
  const clientKey = trace.get('Client_RNG_Pool').subarray(-32);
  const serverKey = trace.get('Server_RNG_Pool').subarray(32, 64);
  const serverHello = hex(trace.get('Message_ServerHello'));
  if (trace.has('Record_HelloRetryRequest')) {
    const [client, server] = [createECDH('prime256v1'), createECDH('prime256v1')];
    client.setPrivateKey(clientKey);
    server.setPrivateKey(serverKey);
    expect(serverHello).toContain(server.getPublicKey('hex'));
    return client.computeSecret(server.getPublicKey());
  }
  const publicKey = createPublicKey(x25519(serverKey));
  expect(serverHello).toContain(hex(publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)));
  return diffieHellman({ privateKey: x25519(clientKey), publicKey });
}

function x25519(raw: Uint8Array) {
  const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function ticketNonce(message: Uint8Array | undefined): Uint8Array {
  if (message === undefined) return expect.fail('no ticket');
  return message.subarray(13, 13 + (message[12] ?? 0));
}

function recordsOf(bytes: Uint8Array): readonly Uint8Array[] {
  const records: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 5 + Buffer.from(bytes).readUInt16BE(offset + 3);
    records.push(bytes.subarray(offset, end));
    offset = end;
  }
  return records;
}

function handshakeOf(record: Uint8Array): Uint8Array {
  return record.subarray(5);
}

function messagesOf(
  records: readonly { readonly type: number; readonly content: Uint8Array }[],
): readonly Uint8Array[] {
  for (const { type } of records) expect(type).toBe(22);
  const bytes = Buffer.concat(records.map(({ content }) => content));
  const messages: Uint8Array[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const end = offset + 4 + bytes.readUIntBE(offset + 1, 3);
    messages.push(bytes.subarray(offset, end));
    offset = end;
  }
  return messages;
}

/** One trace: `name = hexadecimal` a line. */
class Section {
  readonly #values = new Map<string, Uint8Array>();

  set(name: string, value: Uint8Array): void {
    this.#values.set(name, value);
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  get(name: string): Uint8Array {
    return this.#values.get(name) ?? expect.fail(`the trace has no ${name}`);
  }
}

function readSections(text: string): ReadonlyMap<string, Section> {
  const sections = new Map<string, Section>();
  let section = new Section();
  for (const line of text.split('\n')) {
    const header = /^\[(.+)\]/.exec(line)?.[1];
    if (header !== undefined) {
      section = new Section();
      sections.set(header, section);
    }
    const [, name, value] = /^(\w+)\s*=\s*([0-9a-fA-F ]+)$/.exec(line.trim()) ?? [];
    if (name !== undefined && value !== undefined) section.set(name, Buffer.from(value.replaceAll(' ', ''), 'hex'));
  }
  return sections;
}

function sha256(bytes: Uint8Array): Uint8Array {
  return nativeCrypto.hash(hash, bytes);
}

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function aeadOf({ protection }: CipherSuiteParameters): AeadName {
  return protection.kind === 'aead' ? protection.aead : expect.fail('a suite without an AEAD');
}
