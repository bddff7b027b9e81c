import { randomBytes } from 'node:crypto';
import { EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions, NatsBus } from '@handfast/bus';
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import type { Ports, Timeline } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { type RecordService, startRecordService } from '@handfast/record-service';
import { LocalSessionManager } from '@handfast/sessions';
import { type ClientHello, decodeHandshake, encodeHandshake } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { dial, localPorts } from '../support/dial.ts';
import { startDribble } from '../support/dribble.ts';
import { curl, curlGet } from '../support/peers/curl.ts';
import { NodeTls } from '../support/peers/node-tls.ts';
import { openSslClient, openssl } from '../support/peers/openssl.ts';
import { alertsIn, clientHello, contentType, type Ending, exchange, record, recordsIn } from '../support/raw.ts';
import { type Form, forms, type Gateway, lacking, Stack, startTimeout, titleOf } from '../support/stacks.ts';
import { greeting, startUpstream, type Upstream } from '../support/upstream.ts';

const versions = ['1.3', '1.2'] as const;

interface BadInput {
  readonly name: string;
  readonly bytes: (ports: Ports) => Uint8Array;
  readonly ending?: Ending;
  /** Alerts that come back, in the clear; none where the peer is gone, or cannot expect any. */
  readonly alerts: readonly string[];
  readonly reason: string;
  /** What people read. */
  readonly detail?: RegExp;
}

/** Whole streams, of which the gateway makes nothing. */
const badInputs: readonly BadInput[] = [
  {
    name: 'plain HTTP',
    bytes: () => Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'),
    alerts: ['fatal unexpected_message'],
    reason: 'plaintext-protocol',
    detail: /HTTP \(GET\)/,
  },
  {
    // To close while more arrives would send a reset, which overtakes the alert.
    name: 'plain HTTP, and much of it',
    bytes: () => Buffer.concat([Buffer.from('POST / HTTP/1.1\r\n\r\n'), randomBytes(4 * 1024 * 1024)]),
    alerts: ['fatal unexpected_message'],
    reason: 'plaintext-protocol',
    detail: /HTTP \(POST\)/,
  },
  {
    name: 'SMTP',
    bytes: () => Buffer.from('EHLO client.example\r\n'),
    alerts: ['fatal unexpected_message'],
    reason: 'plaintext-protocol',
    detail: /SMTP/,
  },
  {
    name: 'a ClientHello of SSL 2.0',
    bytes: () =>
      Buffer.concat([Buffer.from('802e0103010015000000100100800200800600400400800700c0', 'hex'), randomBytes(22)]),
    alerts: ['fatal unexpected_message'],
    reason: 'plaintext-protocol',
    detail: /SSL 2\.0/,
  },
  {
    name: 'noise',
    bytes: () => Buffer.concat([Buffer.from([0xf7]), randomBytes(1000)]),
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-record',
  },
  {
    name: 'a record of another protocol version',
    bytes: () => Buffer.from('1601000005', 'hex'),
    alerts: ['fatal protocol_version'],
    reason: 'wrong-record-version',
  },
  {
    name: 'a record that is too long',
    bytes: () => Buffer.from('1603014801', 'hex'),
    alerts: ['fatal record_overflow'],
    reason: 'record-too-long',
  },
  {
    name: 'a message that is too long',
    bytes: () => record(contentType.handshake, Buffer.from('01ffffff0303', 'hex')),
    alerts: ['fatal illegal_parameter'],
    reason: 'message-too-long',
  },
  {
    name: 'an empty handshake record',
    bytes: () => record(contentType.handshake, new Uint8Array(0)),
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-record',
  },
  {
    name: 'data before any handshake',
    bytes: () => record(contentType.applicationData, Buffer.from('hello')),
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-record',
  },
  {
    name: 'ChangeCipherSpec before any handshake',
    bytes: () => record(contentType.changeCipherSpec, Uint8Array.of(1)),
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-message',
  },
  {
    name: 'a Finished where the ClientHello is due',
    bytes: () => record(contentType.handshake, Buffer.from(`1400000c${'00'.repeat(12)}`, 'hex')),
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-message',
  },
  {
    name: 'a ClientHello, and data within its message',
    bytes: (ports) => {
      const hello = clientHello(ports);
      return Buffer.concat([
        record(contentType.handshake, hello.subarray(0, 50)),
        record(contentType.applicationData, Buffer.from('hello')),
      ]);
    },
    alerts: ['fatal unexpected_message'],
    reason: 'unexpected-record|interleaved-message',
  },
  {
    name: 'a ClientHello whose last extension is cut short',
    bytes: (ports) => record(contentType.handshake, resized(clientHello(ports), -3)),
    alerts: ['fatal decode_error'],
    reason: 'malformed-message',
  },
  {
    name: 'a ClientHello with more after its end',
    bytes: (ports) => record(contentType.handshake, resized(clientHello(ports), 3)),
    alerts: ['fatal decode_error'],
    reason: 'trailing-data',
  },
  {
    name: 'a ClientHello that has an extension twice',
    bytes: (ports) =>
      changedHello(ports, ({ extensions, ...hello }) => ({ ...hello, extensions: [...extensions, ...extensions] })),
    alerts: ['fatal illegal_parameter'],
    reason: 'duplicate-extension',
  },
  {
    name: 'a ClientHello of TLS 1.1',
    bytes: (ports) =>
      changedHello(ports, (hello) => ({
        ...hello,
        legacyVersion: 0x0302,
        extensions: hello.extensions.filter(({ name }) => name !== 'supported_versions' && name !== 'key_share'),
      })),
    alerts: ['fatal protocol_version'],
    reason: 'no-common-version',
    detail: /TLS 1\.1/,
  },
  {
    name: 'a ClientHello without key_share',
    bytes: (ports) =>
      changedHello(ports, (hello) => ({
        ...hello,
        extensions: hello.extensions.filter(({ name }) => name !== 'key_share'),
      })),
    alerts: ['fatal missing_extension'],
    reason: 'missing-extension',
    detail: /key_share/,
  },
  {
    name: 'half a ClientHello, and the end',
    bytes: (ports) => record(contentType.handshake, clientHello(ports)).subarray(0, 100),
    ending: 'fin',
    alerts: [],
    reason: 'peer-closed',
  },
  {
    name: 'nothing, and the end',
    bytes: () => new Uint8Array(0),
    ending: 'fin',
    alerts: [],
    reason: 'peer-closed',
  },
  {
    name: 'a reset',
    bytes: () => Uint8Array.of(contentType.handshake),
    ending: 'reset',
    alerts: [],
    reason: 'connection-lost',
  },
  {
    name: 'an alert',
    bytes: () => record(contentType.alert, Uint8Array.of(2, 40)),
    alerts: [],
    reason: 'peer-alert',
    detail: /handshake_failure/,
  },
];

let certificates: Certificates;
let upstream: Upstream;
let node: NodeTls;
let ports: Ports;

beforeAll(async () => {
  certificates = await makeCertificates();
  upstream = await startUpstream();
  node = new NodeTls();
  ports = localPorts(certificates);
}, startTimeout);

afterAll(async () => {
  node.stop();
  await upstream.stop();
  certificates.remove();
});

const gateways = { open: [], mutual: ['--client-auth', 'required'], optional: ['--client-auth', 'optional'] } as const;

for (const form of forms) {
  describe.skipIf(lacking(form) !== undefined)(`the gateway, ${titleOf(form)}`, () => mistreat(form));
}

function mistreat(form: Form): void {
  let stack: Stack<keyof typeof gateways>;
  const at = (name: keyof typeof gateways): Gateway => stack.gateways[name];

  beforeAll(async () => {
    const credentials = [certificates.servers['ecdsa-p256']];
    stack = await Stack.start({ form, certificates, credentials, upstreamPort: upstream.port, gateways });
  }, startTimeout);

  afterAll(async () => {
    await stack.stop();
  });

  describe('answers', () => {
    it.for(badInputs.map((input) => [input.name, input] as const))('%s', async ([, input]) => {
      const { port, received, reset } = await exchange(at('open').port, input.bytes(ports), input.ending);
      if (input.ending !== 'reset') expect(reset).toBe(false);
      expect(alertsIn(received)).toEqual(input.alerts);
      // The address of a client that has reset its connection is not known any more.
      const trace =
        input.ending === 'reset'
          ? await at('open').traces.find(({ attributes }) => attributes['error.type'] === input.reason, input.reason)
          : await at('open').traces.ofClientPort(port);
      expect(trace.attribute('handfast.state')).toBe('failed');
      expect(trace.attribute('error.type')).toMatch(new RegExp(`^(${input.reason})$`));
      expect(trace.attribute('handfast.failure.by')).toBe(input.alerts.length > 0 ? 'us' : 'peer');
      expect(trace.alerts.filter((alert) => alert.startsWith('us: '))).toEqual(
        input.alerts.map((alert) => `us: ${alert.split(' ')[1]}`),
      );
      if (input.detail !== undefined) expect(trace.attribute('handfast.failure.detail')).toMatch(input.detail);
      await expectToServe();
    });

    it('a ClientHello that comes twice, TLS 1.2', async () => {
      const hello = record(contentType.handshake, clientHello(ports, { maxVersion: 'tls12' }));
      const { port, received } = await exchange(at('open').port, Buffer.concat([hello, hello]));
      expect(alertsIn(received)).toEqual(['fatal unexpected_message']);
      const trace = await at('open').traces.ofClientPort(port);
      expect(trace.root.attributes).toMatchObject({
        'error.type': 'unexpected-message',
        'handfast.failure.step': 'ClientHello',
        'handfast.failure.detail': 'ClientHello where ClientKeyExchange is due',
      });
      await expectToServe();
    });

    it('ChangeCipherSpec before there are any keys, TLS 1.2', async () => {
      const hello = record(contentType.handshake, clientHello(ports, { maxVersion: 'tls12' }));
      const early = record(contentType.changeCipherSpec, Uint8Array.of(1));
      const { port, received } = await exchange(at('open').port, Buffer.concat([hello, early]));
      expect(alertsIn(received)).toEqual(['fatal unexpected_message']);
      const trace = await at('open').traces.ofClientPort(port);
      expect(trace.root.attributes).toMatchObject({
        'error.type': 'unexpected-message',
        'handfast.failure.step': 'ChangeCipherSpec',
      });
      await expectToServe();
    });

    it('a ClientHello that comes twice, TLS 1.3, under protection', async () => {
      const hello = record(contentType.handshake, clientHello(ports));
      const { port, received } = await exchange(at('open').port, Buffer.concat([hello, hello]));
      expect(recordsIn(received).at(-1)?.type).toBe(contentType.applicationData);
      const trace = await at('open').traces.ofClientPort(port);
      expect(trace.alerts).toEqual(['us: unexpected_message']);
      expect(trace.attribute('error.type')).toBe('unexpected-record');
      await expectToServe();
    });

    it.for(versions)('a flight that nobody could have protected, TLS %s', async (version) => {
      const maxVersion = version === '1.3' ? 'tls13' : 'tls12';
      const forged = record(version === '1.3' ? contentType.applicationData : contentType.handshake, randomBytes(60));
      const hello = record(contentType.handshake, clientHello(ports, { maxVersion }));
      const { port } = await exchange(at('open').port, Buffer.concat([hello, forged]));
      const trace = await at('open').traces.ofClientPort(port);
      expect(trace.attribute('error.type')).toMatch(
        version === '1.3'
          ? /^record-authentication-failed$/
          : /^(malformed-message|message-too-long|unexpected-message)$/,
      );
      expect(trace.attribute('handfast.state')).toBe('failed');
      await expectToServe();
    });

    it.for(versions)('a client certificate without its key: a wrong signature, TLS %s', async (version) => {
      const maxVersion = version === '1.3' ? 'tls13' : 'tls12';
      const identity = certificates.clients['ecdsa-p256'];
      const signSomethingElse: KeyExchange['sign'] = ({ content, ...request }, context) =>
        ports.keyExchange.sign({ ...request, content: Buffer.concat([content, Buffer.from('.')]) }, context);
      const lying: Ports = { ...ports, keyExchange: altered(ports.keyExchange, { sign: signSomethingElse }) };
      const dialed = await dial({ port: at('mutual').port, ports: lying, identity, maxVersion });
      expect(dialed.timeline.failure).toMatchObject({ by: 'peer', alert: 'decrypt_error' });
      const { timeline } = dialed;
      const trace = await at('mutual').traces.ofClientRandom(Buffer.from(timeline.clientRandom ?? []).toString('hex'));
      expect(trace.root.attributes).toMatchObject({
        'error.type': 'signature-invalid',
        'handfast.failure.step': 'CertificateVerify',
        'handfast.failure.by': 'us',
      });
      await expectToServe();
    });

    it('another secret than its own: a Finished that it cannot read, TLS 1.2', async () => {
      const lying: Ports = {
        ...ports,
        keyExchange: altered(ports.keyExchange, { agree: () => ({ secret: randomBytes(48) }) }),
      };
      const dialed = await dial({ port: at('open').port, ports: lying, maxVersion: 'tls12' });
      expect(dialed.timeline.failure).toMatchObject({ by: 'peer', alert: 'bad_record_mac' });
      await expectToServe();
    });

    it.skipIf(openssl === undefined)('openssl s_client with TLS 1.1 only', async () => {
      const report = await openSslClient({ port: at('open').port, version: '1.1', suites: 'ALL:@SECLEVEL=0' });
      expect(report.exitCode).not.toBe(0);
      expect(report.output).toMatch(/alert protocol version/);
      await expectToServe();
    });
  });

  it.for(versions)('takes a handshake byte by byte, TLS %s', async (version) => {
    const dribble = await startDribble(at('open').port);
    const report = await node.connect({
      port: dribble.port,
      servername: 'localhost',
      ca: certificates.rootPem,
      maxVersion: `TLSv${version}`,
    });
    await dribble.stop();
    expect(report).toMatchObject({ authorized: true, echoed: true, ended: true, error: null });
  });

  it('serves others while many say nothing', async () => {
    const silent = Array.from({ length: 50 }, () => exchange(at('open').port, Buffer.from('1603', 'hex'), 'fin'));
    await expectToServe();
    await Promise.all(silent);
  });

  describe.skipIf(form === 'embedded')('where a service is away', () => {
    it.for(versions)(
      'says internal_error without key exchange, and goes on when it is back: TLS %s',
      async (version) => {
        await stack.service('key-exchange').stop('SIGKILL');
        const report = await connectTo('open', version);
        expect(report.protocol).toBe(null);
        expect(report.error).toMatch(/INTERNAL_ERROR/);
        const trace = await at('open').traces.ofClientPort(report.localPort);
        expect(trace.root.attributes).toMatchObject({
          'error.type': 'service-unavailable',
          'handfast.failure.by': 'us',
          'handfast.failure.alert': 'internal_error',
          'handfast.failure.step': version === '1.3' ? 'ServerHello' : 'ServerKeyExchange',
        });
        const ask = trace.spans.find(({ attributes }) => attributes['handfast.port'] === 'key-exchange');
        expect(ask).toMatchObject({ status: 2, attributes: { 'error.type': 'service-unavailable' } });
        await stack.restart('key-exchange');
        expect(await connectTo('open', version)).toMatchObject({ authorized: true, echoed: true });
      },
    );

    it.for(versions)('never takes a client certificate unchecked, TLS %s', async (version) => {
      await stack.service('certificate').stop('SIGKILL');
      const { chainPem: cert, keyPem: key } = certificates.clients['ecdsa-p256'].issued;
      const report = await connectTo('optional', version, { cert, key });
      expect(report.echoed).toBe(false);
      const trace = await at('optional').traces.ofClientPort(report.localPort);
      expect(trace.root.attributes).toMatchObject({
        'error.type': 'service-unavailable',
        'handfast.failure.alert': 'internal_error',
      });
      // Who presents none needs no verdict.
      expect(await connectTo('optional', version)).toMatchObject({ authorized: true, echoed: true });
      await stack.restart('certificate');
      expect(await connectTo('mutual', version, { cert, key })).toMatchObject({ authorized: true, echoed: true });
    });

    it('needs no session service for a handshake', async () => {
      await stack.service('session').stop('SIGKILL');
      expect(await connectTo('open', '1.3')).toMatchObject({ authorized: true, echoed: true });
      await stack.restart('session');
    });

    it('loses no handshake whose key exchange goes away half-way, if another instance is there: TLS 1.2', async () => {
      // The client agrees on the secret after ServerKeyExchange: the instance that made that goes, another one comes.
      const keyExchange = altered(ports.keyExchange, {
        agree: async (request, context) => {
          const first = stack.service('key-exchange');
          await stack.restart('key-exchange');
          await first.stop('SIGKILL');
          return ports.keyExchange.agree(request, context);
        },
      });
      const dialed = await dial({ port: at('open').port, ports: { ...ports, keyExchange }, maxVersion: 'tls12' });
      expect(dialed.error).toBeUndefined();
      expect(dialed.received.toString()).toBe('ping\n');
    });
  });

  describe('with a deadline of its own', () => {
    let gateway: RecordService;
    const timelines: Timeline[] = [];

    beforeAll(async () => {
      const bus = form === 'embedded' ? await embeddedBus() : await natsBus(stack.bus ?? '');
      gateway = await startRecordService({
        bus,
        listen: { host: '127.0.0.1', port: 0 },
        upstream: { host: '127.0.0.1', port: upstream.port },
        clientAuthentication: 'none',
        applicationProtocols: [],
        minVersion: 'tls12',
        maxVersion: 'tls13',
        handshakeTimeout: 700,
        askTimeout: 300,
        onTimeline: (timeline) => {
          if (timeline.endedAt !== undefined) timelines.push(timeline);
        },
        onTrouble: () => {},
      });
      return async () => {
        await gateway.stop(0);
        await bus.close();
      };
    });

    it.for([
      { what: 'nothing', bytes: () => new Uint8Array(0), step: 'ClientHello' },
      { what: 'half a ClientHello', bytes: () => record(22, clientHello(ports)).subarray(0, 90), step: 'ClientHello' },
      {
        what: 'no more than a ClientHello, TLS 1.2',
        bytes: () => record(22, clientHello(ports, { maxVersion: 'tls12' })),
        step: 'ClientKeyExchange',
      },
      { what: 'no more than a ClientHello, TLS 1.3', bytes: () => record(22, clientHello(ports)), step: 'Finished' },
    ])('gives up a client that says $what', async ({ bytes, step }) => {
      timelines.length = 0;
      const { received } = await exchange(gateway.address.port, bytes());
      const [timeline] = timelines;
      expect(timelines).toHaveLength(1);
      expect(timeline?.failure).toMatchObject({ reason: 'handshake-timeout', by: 'us', alert: 'user_canceled', step });
      expect(timeline?.alerts.map(({ alert }) => alert)).toEqual(['user_canceled', 'close_notify']);
      if (timeline?.negotiated.protocol !== 'TLS 1.3') {
        expect(alertsIn(received)).toEqual(['warning user_canceled', 'warning close_notify']);
      }
      expect(await greet(gateway.address.port)).toBe(greeting);
    });

    it.skipIf(form === 'embedded')('gives up a service that does not answer', async () => {
      timelines.length = 0;
      const { child } = stack.service('key-exchange');
      child.kill('SIGSTOP');
      const { received } = await exchange(gateway.address.port, record(22, clientHello(ports)));
      child.kill('SIGCONT');
      expect(alertsIn(received)).toEqual(['fatal internal_error']);
      expect(timelines[0]?.failure).toMatchObject({ reason: 'service-timeout', by: 'us', alert: 'internal_error' });
      expect(await greet(gateway.address.port)).toBe(greeting);
    });
  });

  function connectTo(name: keyof typeof gateways, version: '1.2' | '1.3', more: { cert?: string; key?: string } = {}) {
    const only = { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` } as const;
    return node.connect({
      port: at(name).port,
      servername: 'localhost',
      ca: certificates.rootPem,
      ...only,
      ...more,
    });
  }

  async function expectToServe(): Promise<void> {
    expect(await greet(at('open').port)).toBe(greeting);
  }
}

/** What the upstream says through a gateway, to curl where there is one. */
async function greet(port: number): Promise<string | undefined> {
  const ca = certificates.root;
  if (curl !== undefined) return (await curlGet({ port, ca })).body;
  const send = 'GET / HTTP/1.0\r\n\r\n';
  const { text } = await node.connect({
    port,
    servername: 'localhost',
    ca: certificates.rootPem,
    send,
    manner: 'half-close',
  });
  return text?.split('\r\n\r\n')[1];
}

/** A handshake message with bytes cut off or added at its end, and a length that says so. */
function resized(message: Buffer, by: number): Buffer {
  const body = Buffer.concat([message, Buffer.alloc(Math.max(0, by))]).subarray(4, message.length + by);
  const header = Buffer.from([message[0] ?? 0, 0, 0, 0]);
  header.writeUIntBE(body.length, 1, 3);
  return Buffer.concat([header, body]);
}

function changedHello(ports: Ports, change: (hello: ClientHello) => ClientHello): Buffer {
  const hello = decodeHandshake(clientHello(ports), 'tls13', 'client');
  if (hello.type !== 'ClientHello') throw new Error('not a ClientHello');
  return record(contentType.handshake, encodeHandshake(change(hello)));
}

type KeyExchange = Ports['keyExchange'];

/** A key exchange that does some things in another way. */
function altered(keyExchange: KeyExchange, changes: Partial<KeyExchange>): KeyExchange {
  return {
    respond: (request, context) => keyExchange.respond(request, context),
    startServer: (request, context) => keyExchange.startServer(request, context),
    offer: (request, context) => keyExchange.offer(request, context),
    agree: (request, context) => keyExchange.agree(request, context),
    decrypt: (request, context) => keyExchange.decrypt(request, context),
    sign: (request, context) => keyExchange.sign(request, context),
    ...changes,
  };
}

async function embeddedBus(): Promise<EmbeddedBus> {
  const { issued } = certificates.servers['ecdsa-p256'];
  const crypto = nativeCrypto;
  const bus = new EmbeddedBus();
  await hostKeyExchange(bus, new LocalKeyExchange({ crypto, keys: [crypto.importPrivateKey(issued.pkcs8)] }));
  const credentials = [credentialFromChain(crypto, issued.chain)];
  await hostCertificates(bus, new LocalCertificateValidator({ crypto, anchors: [], credentials }));
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }));
  return bus;
}

function natsBus(url: string): Promise<NatsBus> {
  return NatsBus.connect({ servers: url, crypto: nativeCrypto });
}
