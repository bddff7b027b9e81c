import { createECDH, createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Verdict } from '@handfast/certificates';
import type { Aead, CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { certificateVerifyContent13, type RespondRequest } from '@handfast/key-exchange';
import type { ResumeAnswer } from '@handfast/sessions';
import {
  type Certificate13,
  type CertificateRequest13,
  type CertificateVerify,
  CipherSuite,
  type ClientHello,
  concat,
  decodeHandshake,
  type EncryptedExtensions,
  findExtension,
  type HelloRetryRequest,
  type ServerHello,
} from '@handfast/wire';
import { describe, expect, test } from 'vitest';
import { type End, endOf } from '../../testing/loopback.ts';
import { decodeSessionState } from '../common/session-state.ts';
import { type Ports, type ServerConfiguration, serverConfiguration } from '../index.ts';

const vectors = process.env.HANDFAST_VECTORS ?? resolve(import.meta.dirname, '../../../../../shared/vectors');
const file = join(vectors, 'handshake/rfc8448/transcripts.vec');
const isThere = existsSync(file);

/** Our server, given the client's side of the traces and their server's random choices, must say what their server said. */
describe.skipIf(!isThere)('the server reproduces RFC 8448', () => {
  const sections = isThere ? readSections(readFileSync(file, 'latin1')) : new Map<string, Section>();
  const section = (name: string): Section => sections.get(name) ?? expect.fail(`no section ${name}`);

  test('section 3, the 1-RTT handshake', () => {
    const trace = section('Simple_1RTT_Handshake');
    const { server } = handshakeOf(trace);
    exchangeData(server, trace);
    close(server, trace);
  });

  test('section 4, resumption with 0-RTT, from the ticket of section 3', () => {
    const state = handshakeOf(section('Simple_1RTT_Handshake')).box.sealed ?? expect.fail('no ticket');
    const session = decodeSessionState(state) ?? expect.fail('no session');
    expect(session).toMatchObject({ serverName: 'server', maxEarlyData: 1024, ageAdd: 0xfad6aac5 });
    const trace = section('Resumed_0RTT_Handshake');
    const server = serverOf(trace, {
      resumed: { sessions: [{ kind: 'resumption', index: 0, state }], earlyDataClaimed: true },
      date: session.issuedAt + ticketAgeOf(trace, session.ageAdd),
    }).server;
    expect(hex(answer(server, trace.get('Record_ClientHello_1')))).toBe(
      hex(trace.get('Record_ServerHello')) + hex(trace.get('Record_ServerHandshakeMessages')),
    );
    answer(server, trace.get('Record_Client_EarlyAppData'));
    expect(server.receivedEarly).toBe(text.decode(trace.get('Client_EarlyAppData')));
    // The file has made the server's record without server_name, as it must be for a server that resumes (RFC 6066
    // section 3); the client's Finished of the RFC follows one with it.
    answer(server, trace.get('Record_ClientFinished'));
    expect(server.error).toMatchObject({ reason: 'finished-mismatch' });
  });

  test('section 5, HelloRetryRequest with a cookie', () => {
    const trace = section('HelloRetryRequest_Handshake');
    close(handshakeOf(trace).server, trace);
  });

  test('section 6, client authentication', () => {
    const trace = section('Client_Authentication_Handshake');
    const { server } = handshakeOf(trace);
    expect(server.opened?.peer?.verdict).toBe(trusted);
    close(server, trace);
  });

  test('section 7, compatibility mode', () => {
    const trace = section('Middlebox_Compatibility_Mode');
    close(handshakeOf(trace).server, trace);
  });
});

interface Circumstances {
  readonly resumed?: ResumeAnswer;
  readonly date?: number;
}

/** What was sealed into a ticket or a cookie. */
interface SealedBox {
  sealed: Uint8Array | undefined;
}

interface Subject {
  readonly server: End;
  readonly box: SealedBox;
}

/** Runs a whole handshake. */
function handshakeOf(trace: Section): Subject {
  const subject = serverOf(trace, {});
  const { server } = subject;
  const hello = trace.get('Record_ClientHello_1');
  const flight = hex(trace.get('Record_ServerHello')) + hex(trace.get('Record_ServerHandshakeMessages'));
  if (trace.has('Record_HelloRetryRequest')) {
    expect(hex(answer(server, hello))).toBe(hex(trace.get('Record_HelloRetryRequest')));
    expect(hex(answer(server, trace.get('Record_ClientHello_2')))).toBe(flight);
  } else {
    expect(hex(answer(server, hello))).toBe(flight);
  }
  const ticket = trace.has('Record_NewSessionTicket') ? hex(trace.get('Record_NewSessionTicket')) : '';
  expect(hex(answer(server, trace.get('Record_ClientFinished')))).toBe(ticket);
  expect(server.opened).toBeDefined();
  return subject;
}

function exchangeData(server: End, trace: Section): void {
  answer(server, trace.get('Record_Client_AppData'));
  expect(server.received).toBe(text.decode(trace.get('Client_AppData')));
  server.connection.write(trace.get('Server_AppData'));
  expect(hex(said(server))).toBe(hex(trace.get('Record_Server_AppData')));
}

function close(server: End, trace: Section): void {
  answer(server, trace.get('Record_Client_CloseNotify'));
  expect(server.peerClosed).toBe(true);
  server.connection.close();
  expect(hex(said(server))).toBe(hex(trace.get('Record_Server_CloseNotify')));
}

/** What the server says to those bytes. */
function answer(server: End, bytes: Uint8Array): Uint8Array {
  server.connection.receive(bytes.slice());
  return said(server);
}

function said(server: End): Uint8Array {
  return concat(...server.outbox.splice(0));
}

/** A server that is configured, and draws its random numbers, as that of the trace. */
function serverOf(trace: Section, { resumed, date = 1_651_826_546_000 }: Circumstances): Subject {
  const box: SealedBox = { sealed: undefined };
  const crypto = cryptoOf(trace, box);
  const server = endOf(configurationOf(trace, crypto, box), portsOf(trace, resumed), () => date);
  server.connection.start();
  return { server, box };
}

function configurationOf(trace: Section, crypto: CryptoProvider, box: SealedBox): ServerConfiguration {
  const { extensions } = trace.message<EncryptedExtensions>('Message_EncryptedExtensions');
  const groups = findExtension(extensions, 'supported_groups') ?? [];
  const configuration = serverConfiguration({
    crypto,
    credentials: credentialsOf(trace),
    groups,
    cipherSuites: [CipherSuite.TLS_AES_128_GCM_SHA256],
    recordSizeLimit: 0x4001,
    maxEarlyData: 1024,
    ticketCount: trace.has('Record_NewSessionTicket') ? 1 : 0,
  });
  if (trace.has('Message_CertificateRequest')) {
    const request = trace.message<CertificateRequest13>('Message_CertificateRequest');
    const signatureSchemes = findExtension(request.extensions, 'signature_algorithms') ?? [];
    return { ...configuration, clientAuthentication: 'required', signatureSchemes };
  }
  if (!trace.has('Record_HelloRetryRequest')) return configuration;
  // The server of the trace asks for P-256 where X25519 is there; ours would take that, if it had it so early.
  return {
    ...configuration,
    retryCookieKey: new Uint8Array(32),
    get groups() {
      return box.sealed === undefined ? groups.slice(0, 1) : groups;
    },
  };
}

function credentialsOf(trace: Section) {
  if (!trace.has('Message_Server_Certificate')) return [];
  const { certificateList } = trace.message<Certificate13>('Message_Server_Certificate');
  const { algorithm } = trace.message<CertificateVerify>('Message_Server_CertificateVerify');
  const keyKind = algorithm === 0x0403 ? 'ecdsa-p256' : 'rsa';
  const chain = certificateList.map(({ certData }) => certData);
  return [{ keyId: 'key', chain, names: ['server'], keyKind, schemes: [algorithm] } as const];
}

function portsOf(trace: Section, resumed: ResumeAnswer | undefined): Ports {
  const { extensions } = trace.message<ServerHello>('Message_ServerHello');
  const share = findExtension(extensions, 'key_share')?.keyExchange ?? expect.fail('no key share');
  const ports = {
    keyExchange: {
      respond({ signature: asked }: RespondRequest) {
        if (asked !== undefined) {
          const hash = nativeCrypto.hash(asked.hash, concat(asked.beforeShare, share, asked.afterShare));
          expect(hex(certificateVerifyContent13('server', hash))).toBe(hex(trace.get('Server_MessageToSign')));
        }
        const signature = asked && trace.get('Server_MessageSignature');
        return { share, secret: sharedSecret(trace), signature };
      },
    },
    certificates: { validate: () => trusted },
    sessions: {
      resume: () => resumed,
      blankTickets: () => ({
        tickets: [{ key: new Uint8Array(32), wrappedKey: new Uint8Array(0), lifetime: 30 }],
      }),
    },
  };
  return ports as unknown as Ports;
}

/** The trace's random numbers; what protects tickets and cookies gives those of the trace. */
function cryptoOf(trace: Section, box: SealedBox): CryptoProvider {
  const pool = trace.get('Server_RNG_Pool');
  const cookie = cookieOf(trace);
  const seal = (_nonce: Uint8Array, _data: Uint8Array, content: Uint8Array): Uint8Array => {
    box.sealed = content;
    return cookie?.subarray(saltLength) ?? trace.get('SessionTicket');
  };
  const own: Partial<CryptoProvider> = {
    groups: [...nativeCrypto.groups, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104],
    randomBytes(length) {
      if (length === 32) return pool.slice(0, 32);
      if (length === saltLength) return cookie?.slice(0, saltLength) ?? new Uint8Array(length);
      return length === 4 ? pool.slice(-4) : new Uint8Array(length);
    },
    aead: (name, key) => (name === 'aes-256-gcm' ? ({ seal } as Partial<Aead> as Aead) : nativeCrypto.aead(name, key)),
  };
  return Object.assign(Object.create(nativeCrypto), own);
}

const saltLength = 16;

function cookieOf(trace: Section): Uint8Array | undefined {
  if (!trace.has('Record_HelloRetryRequest')) return undefined;
  const retry = decodeHandshake(trace.get('Record_HelloRetryRequest').subarray(5), 'tls13') as HelloRetryRequest;
  return findExtension(retry.extensions, 'cookie');
}

function ticketAgeOf(trace: Section, ageAdd: number): number {
  const hello = decodeHandshake(trace.get('Record_ClientHello_1').subarray(5), 'tls13') as ClientHello;
  const [identity] = findExtension(hello.extensions, 'pre_shared_key')?.identities ?? [];
  return ((identity?.obfuscatedTicketAge ?? 0) - ageAdd) >>> 0;
}

const trusted: Verdict = {
  trusted: true,
  path: [],
  identity: {
    subject: 'CN=client',
    issuer: 'CN=client',
    serialNumber: '01',
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

  message<Message>(name: string): Message {
    return decodeHandshake(this.get(name), 'tls13') as Message;
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

const text = new TextDecoder();

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
