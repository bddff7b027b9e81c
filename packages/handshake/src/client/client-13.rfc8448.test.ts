import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { credentialFromChain, type Verdict } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { exportKeyingMaterial13, KeySchedule13 } from '@handfast/key-exchange';
import { HandshakeReassembler, RecordReader, RecordWriter } from '@handfast/record';
import type { KeptSession } from '@handfast/sessions';
import { type ClientHello, decodeHandshake, findExtension, fromHex, type ServerHello } from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { Handshake } from '../common/handshake.ts';
import { decodeClientSession } from '../common/session-state.ts';
import { clientConfiguration } from '../configuration.ts';
import type { Ask, Effect, OpenConnection, Ports } from '../engine/effects.ts';
import { clientHandshake13 } from './client-13.ts';
import { openEarlyData } from './early-data.ts';
import type { Offer } from './offer.ts';
import { encodeClientHello, type OfferedPsk, type ResumptionPsk } from './psk-13.ts';

const vectors = process.env.HANDFAST_VECTORS ?? resolve(import.meta.dirname, '../../../../../shared/vectors');
const directory = join(vectors, 'handshake/rfc8448');
const file = join(directory, 'transcripts.vec');
const isThere = existsSync(file);

/** Our machine, given the ClientHello and the server's side of the traces, must say what their client said. */
describe.skipIf(!isThere)('the client reproduces RFC 8448', () => {
  const sections = isThere ? readSections(readFileSync(file, 'latin1')) : new Map<string, Section>();
  const section = (name: string): Section => sections.get(name) ?? expect.fail(`no section ${name}`);

  test('section 3, the 1-RTT handshake', () => {
    replay(section('Simple_1RTT_Handshake')).exchangesData();
  });

  test('section 4, resumption with 0-RTT, from the ticket of section 3', () => {
    const first = section('Simple_1RTT_Handshake');
    const { state } = replay(first).takesTicket();
    const session = decodeClientSession(state) ?? expect.fail('no session');
    if (session.handle.kind !== 'ticket') expect.fail('a session without a ticket');
    expect(session).toMatchObject({ serverName: 'server', maxEarlyData: 1024, ageAdd: 0xfad6aac5 });
    const trace = section('Resumed_0RTT_Handshake');
    const psk: ResumptionPsk = {
      kind: 'resumption',
      hash: 'sha256',
      schedule: new KeySchedule13(nativeCrypto, 'sha256', session.secret),
      session,
      ticket: session.handle.ticket,
    };
    // The file leaves server_name out of EncryptedExtensions; what follows it is the RFC's, after the RFC's message.
    const withServerName = hex(trace.get('Message_EncryptedExtensions'))
      .replace(/^080000240022/, '080000280026')
      .replace(/002a0000$/, '00000000002a0000');
    trace.set('Message_EncryptedExtensions', Buffer.from(withServerName, 'hex'));
    replay(trace, psk).exchangesData();
  });

  test('section 5, from the second ClientHello on', () => {
    replay(section('HelloRetryRequest_Handshake')).closes();
  });

  test('section 6, client authentication', () => {
    replay(section('Client_Authentication_Handshake')).closes();
  });

  test('section 7, compatibility mode', () => {
    replay(section('Middlebox_Compatibility_Mode')).closes();
  });

  test('with an external PSK', () => {
    const trace = section('Externally_Provided_PSK_with_Ephemeral_Key');
    replay(trace, {
      kind: 'external',
      hash: 'sha256',
      schedule: new KeySchedule13(nativeCrypto, 'sha256', trace.get('PskSecret')),
      identity: new TextEncoder().encode('rfc8448'),
    }).exchangesData();
  });
});

/** Runs our machine against one trace up to its open connection. */
function replay(trace: Section, psk?: OfferedPsk) {
  const isRetried = trace.has('Record_HelloRetryRequest');
  const helloBytes = trace.get(isRetried ? 'Record_ClientHello_2' : 'Record_ClientHello_1').slice(5);
  const hello = decodeHandshake(helloBytes, 'tls13') as ClientHello;
  const chain = pemOf('client_certificate.pem');
  const handshake = new Handshake(
    clientConfiguration({
      crypto: nativeCrypto,
      serverName: 'server',
      recordSizeLimit: 0x4001,
      credentials: [credentialFromChain(nativeCrypto, [chain])],
    }),
  );
  if (isRetried) {
    handshake.transcript.add(trace.get('Record_ClientHello_1').slice(5));
    handshake.transcript.restartAfterRetry('sha256');
    handshake.transcript.add(trace.get('Record_HelloRetryRequest').slice(5));
  }
  const psks = psk === undefined ? [] : [psk];
  // The trace's hello, with our binder.
  expect(hex(encodeClientHello(handshake, hello, psks))).toBe(hex(helloBytes));
  handshake.transcript.add(helloBytes);
  const serverHello = trace.get('Message_ServerHello');
  handshake.transcript.add(serverHello);

  const earlyData = psk?.kind === 'resumption' ? psk : undefined;
  const shares = (findExtension(hello.extensions, 'key_share') ?? []).map(({ group, keyExchange: share }) => ({
    group,
    share,
  }));
  const offer: Offer = { hello, shares, continuation: new Uint8Array(0), psks, earlyData, session12: undefined };
  function* machine() {
    if (earlyData !== undefined) yield* openEarlyData(handshake, earlyData, helloBytes);
    return yield* clientHandshake13(handshake, offer, decodeHandshake(serverHello, 'tls13') as ServerHello);
  }
  const run = new Run(trace, hello.legacySessionId.length > 0);
  run.drive(machine());
  expect(hex(run.writer.take())).toBe(
    (earlyData === undefined ? '' : hex(trace.get('Record_Client_EarlyAppData'))) +
      hex(trace.get('Record_ClientFinished')),
  );
  return run;
}

/** Carries out what the machine asks for, and answers with what the trace has. */
class Run {
  readonly writer = new RecordWriter();
  readonly #reader = new RecordReader();
  readonly #reassembler = new HandshakeReassembler();
  readonly #trace: Section;
  readonly #compatible: boolean;
  readonly #messages: Uint8Array[];
  #machine: Generator<Effect, unknown, unknown> | undefined;
  #waitsFor: Extract<Effect, { kind: 'receive' }> | undefined;
  #opened: OpenConnection | undefined;
  #kept: KeptSession | undefined;

  constructor(trace: Section, compatible: boolean) {
    this.#trace = trace;
    this.#compatible = compatible;
    const names = ['EncryptedExtensions', 'CertificateRequest', 'Server_Certificate', 'Server_CertificateVerify'];
    this.#messages = [...names, 'Server_Finished']
      .filter((name) => trace.has(`Message_${name}`))
      .map((name) => trace.get(`Message_${name}`));
  }

  /** Data of both sides, under the keys that the machine has installed. */
  exchangesData(): void {
    if (this.#trace.has('Record_NewSessionTicket')) this.takesTicket();
    this.writer.write('application_data', this.#trace.get('Client_AppData'));
    expect(hex(this.writer.take())).toBe(hex(this.#trace.get('Record_Client_AppData')));
    this.#reader.push(this.#trace.get('Record_Server_AppData').slice());
    expect(hex(this.#reader.next()?.fragment)).toBe(hex(this.#trace.get('Server_AppData')));
    this.closes();
  }

  closes(): void {
    expect(this.#opened).toBeDefined();
    this.#reader.push(this.#trace.get('Record_Server_CloseNotify').slice());
    expect(this.#reader.next()).toMatchObject({ type: 'alert', fragment: Uint8Array.of(1, 0) });
    this.writer.write('alert', Uint8Array.of(1, 0));
    expect(hex(this.writer.take())).toBe(hex(this.#trace.get('Record_Client_CloseNotify')));
  }

  takesTicket(): KeptSession {
    this.#reader.push(this.#trace.get('Record_NewSessionTicket').slice());
    const record = this.#reader.next() ?? expect.fail('no record');
    this.#reassembler.push(record.fragment);
    this.#messages.push(this.#reassembler.next() ?? expect.fail('no message'));
    this.drive(this.#machine ?? expect.fail('the handshake is not done'));
    return this.#kept ?? expect.fail('the ticket was not kept');
  }

  drive(machine: Generator<Effect, unknown, unknown>): void {
    this.#machine = machine;
    let input: unknown = this.#waitsFor === undefined ? undefined : this.#next(this.#waitsFor);
    for (;;) {
      const { done, value } = this.#machine.next(input);
      if (done === true) {
        this.#machine = value as Generator<Effect, unknown, unknown>;
        input = undefined;
        continue;
      }
      if (value.kind === 'receive') {
        this.#waitsFor = value;
        if (this.#messages.length === 0) return;
        input = this.#next(value);
      } else input = this.#do(value);
    }
  }

  #next({ names }: Extract<Effect, { kind: 'receive' }>): unknown {
    this.#waitsFor = undefined;
    const bytes = this.#messages.shift() ?? expect.fail(`no ${names}`);
    const message = decodeHandshake(bytes, 'tls13', 'server');
    expect(names).toContain(message.type);
    return { message, bytes };
  }

  #do(effect: Effect): unknown {
    switch (effect.kind) {
      case 'send':
        this.writer.write('handshake', effect.bytes);
        return undefined;
      case 'send-change-cipher-spec':
        // All but one of the traces are without compatibility mode.
        if (this.#compatible) this.writer.write('change_cipher_spec', Uint8Array.of(1));
        return undefined;
      case 'protect':
        (effect.direction === 'reads' ? this.#reader : this.writer).protect(effect.protection);
        return undefined;
      case 'open-early':
        expect(effect.limit).toBe(1024);
        // Nothing in the trace is made with the secret that the RFC prints.
        expect(effect.connection.exportKeyingMaterial('label', new Uint8Array(0), 32)).toEqual(
          exportKeyingMaterial13(nativeCrypto, 'sha256', earlyExporterSecret, 'label', new Uint8Array(0), 32),
        );
        this.writer.write('application_data', this.#trace.get('Client_EarlyAppData'));
        return undefined;
      case 'early-data':
        expect(effect.outcome).toBe('accepted');
        return undefined;
      case 'date':
        return 1_651_826_546_000;
      case 'ask':
        return effect.asks.map((ask) => this.#answer(ask));
      case 'tell':
        effect.tell({ sessions: { keep: (session: KeptSession) => (this.#kept = session) } } as unknown as Ports);
        return undefined;
      case 'open':
        this.#opened = effect.connection;
        return undefined;
      default:
        return undefined;
    }
  }

  #answer({ operation }: Ask<unknown>): unknown {
    switch (operation) {
      case 'agree':
        return { secret: sharedSecret(this.#trace) };
      case 'validate':
        return trusted;
      case 'sign':
        return { signature: this.#trace.get('Client_MessageSignature') };
      default:
        return expect.fail(`the machine asks for ${operation}`);
    }
  }
}

const earlyExporterSecret = fromHex('b2026866610937d7423e5be90862ccf24c0e6091186d34f812089ff5be2ef7df');

const trusted: Verdict = {
  trusted: true,
  path: [],
  identity: {
    subject: 'CN=rsa',
    issuer: 'CN=rsa',
    serialNumber: '02',
    dnsNames: [],
    fingerprint: '',
    notBefore: 0,
    notAfter: Number.MAX_SAFE_INTEGER,
  },
};

/** From the private keys of both sides: the last that the client drew, and what follows Random with the server. */
function sharedSecret(trace: Section): Uint8Array {
  const clientKey = trace.get('Client_RNG_Pool').subarray(-32);
  const serverKey = trace.get('Server_RNG_Pool').subarray(32, 64);
  if (trace.has('Record_HelloRetryRequest')) {
    const [client, server] = [createECDH('prime256v1'), createECDH('prime256v1')];
    client.setPrivateKey(clientKey);
    server.setPrivateKey(serverKey);
    return client.computeSecret(server.getPublicKey());
  }
  return diffieHellman({ privateKey: x25519(clientKey), publicKey: createPublicKey(x25519(serverKey)) });
}

function x25519(raw: Uint8Array) {
  const key = Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), raw]);
  return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
}

function pemOf(name: string): Uint8Array {
  const text = readFileSync(join(directory, name), 'latin1');
  const base64 = /-----BEGIN CERTIFICATE-----([^-]+)/.exec(text)?.[1] ?? expect.fail(`no certificate in ${name}`);
  return Uint8Array.from(Buffer.from(base64, 'base64'));
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

function hex(bytes: Uint8Array | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}
