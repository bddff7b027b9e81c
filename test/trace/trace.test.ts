import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { natsServerBinary } from '@handfast/bus/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BusTap } from '../support/bus-tap.ts';
import { type Certificates, makeCertificates } from '../support/certificates.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../support/otlp-receiver.ts';
import { NodeTls } from '../support/peers/node-tls.ts';
import { type ClientReport, openSslClient, openssl, type Version } from '../support/peers/openssl.ts';
import { privateKeyOf, type Secrets, secretsIn, secretsOfKeyLog } from '../support/secrets.ts';
import { type Gateway, handfast, Stack, serviceNames, startTimeout } from '../support/stacks.ts';
import { byStart, type Span, spanKind, type Trace, traceFile, traceIdOf } from '../support/traces.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const versions = ['1.2', '1.3'] as const;

/** The thirteen messages of TLS 1.2 with mutual authentication, as the design counts them, and the ticket that OpenSSL asks for. */
const ofTls12 = [
  'ClientHello',
  'ServerHello',
  'Certificate',
  'ServerKeyExchange',
  'CertificateRequest',
  'ServerHelloDone',
  'Certificate',
  'ClientKeyExchange',
  'CertificateVerify',
  'ChangeCipherSpec',
  'Finished',
  'NewSessionTicket',
  'ChangeCipherSpec',
  'Finished',
];

/** Of TLS 1.3, with the ChangeCipherSpec that a server sends for the sake of middleboxes. */
const ofTls13 = [
  'ClientHello',
  'ServerHello',
  'ChangeCipherSpec',
  'EncryptedExtensions',
  'CertificateRequest',
  'Certificate',
  'CertificateVerify',
  'Finished',
  'Certificate',
  'CertificateVerify',
  'Finished',
  'NewSessionTicket',
  'NewSessionTicket',
];

const gateways = {
  plain: [],
  mutual: ['--client-auth', 'required'],
  choosy: ['--groups', 'P-256'],
} as const;

const reason = natsServerBinary() === undefined ? 'no nats-server on PATH' : openssl === undefined ? 'no openssl' : '';

describe.skipIf(reason !== '')(`the trace of a handshake over NATS${reason && ` (skipped: ${reason})`}`, () => {
  let certificates: Certificates;
  let upstream: Upstream;
  let receiver: OtlpReceiver;
  let node: NodeTls;
  let stack: Stack<keyof typeof gateways>;
  let tap: BusTap;
  let client: { readonly version: Version; readonly report: ClientReport; readonly trace: Trace }[];
  const at = (name: keyof typeof gateways): Gateway => stack.gateways[name];

  beforeAll(async () => {
    certificates = await makeCertificates();
    upstream = await startUpstream();
    receiver = await startOtlpReceiver();
    node = new NodeTls();
    const exported = ['--otlp', receiver.url];
    stack = await Stack.start({
      form: 'over NATS',
      certificates,
      credentials: [certificates.servers['ecdsa-p256'], certificates.servers['rsa-2048']],
      upstreamPort: upstream.port,
      gateways: { ...gateways, mutual: [...gateways.mutual, ...exported] },
    });
    tap = await BusTap.to(stack.bus ?? '');
    client = [];
    for (const version of versions) {
      const report = await openSslClient({ port: at('mutual').port, version, ...presenting() });
      const trace = await at('mutual').traces.ofClientRandom(report.clientRandom ?? '');
      client.push({ version, report, trace });
    }
  }, startTimeout);

  afterAll(async () => {
    tap.close();
    node.stop();
    await stack.stop();
    await receiver.stop();
    await upstream.stop();
    certificates.remove();
  });

  it.for(versions)('holds each message in order, TLS %s with mutual authentication', (version) => {
    const { messages } = traceOf(version);
    expect(messages).toEqual(version === '1.2' ? ofTls12 : ofTls13);
  });

  it.for(versions)(
    'begins each message where the one before ended, or after a wait for the client: TLS %s',
    (version) => {
      const trace = traceOf(version);
      const parts = [...trace.children(trace.root)].sort(byStart);
      for (const [index, part] of parts.entries()) {
        const before = parts[index - 1];
        // Tickets are asked for aside, while we wait for the client.
        const asksAside = before && trace.children(before).some(({ name }) => name === 'SessionManager.blankTickets');
        if (before !== undefined && !(asksAside && part.name === 'wait for client'))
          expect(part.startedAt >= before.endedAt, `${part.name} after ${before.name}`).toBe(true);
      }
      expect(parts.filter(({ name }) => name === 'wait for client').length).toBeGreaterThanOrEqual(2);
    },
  );

  it.for(versions)("nests the services' spans below the gateway's, TLS %s", (version) => {
    const trace = traceOf(version);
    expect(trace.root).toMatchObject({
      name: 'TLS server handshake',
      kind: spanKind.server,
      parentSpanId: undefined,
      service: 'handfast-gateway',
    });
    const asks = trace.spans.filter(({ kind }) => kind === spanKind.client);
    expect(asks.length).toBeGreaterThan(0);
    for (const ask of asks) {
      expect(ask.service).toBe('handfast-gateway');
      const [work, ...others] = trace.children(ask);
      expect(others).toEqual([]);
      const service = ask.attributes['handfast.port'];
      expect(work).toMatchObject({ name: ask.name, kind: spanKind.server, service: `handfast-${service}` });
      expect(work?.instance).not.toBe(trace.root.instance);
    }
    for (const span of trace.spans) expectWithinParent(span, trace);
    // Nothing of this trace is anywhere but in this tree.
    const all = at('mutual').traces.spans.filter(({ traceId }) => traceId === trace.root.traceId);
    expect(trace.spans).toHaveLength(all.length);
  });

  it.for(versions)('has the one trace ID that follows from the client random, TLS %s', async (version) => {
    const { report, trace } = of(version);
    const clientRandom = report.clientRandom ?? '';
    expect(clientRandom).toHaveLength(64);
    expect(new Set(trace.spans.map(({ traceId }) => traceId))).toEqual(new Set([traceIdOf(clientRandom)]));
    const told = handfast('trace-id', clientRandom);
    expect(await told.ended).toBe(0);
    expect(told.stdout.trim()).toBe(trace.root.traceId);
  });

  it.for(versions)('says what was agreed on, and that it was confirmed: TLS %s', (version) => {
    expect(traceOf(version).root.attributes).toMatchObject({
      'tls.protocol.version': version,
      'tls.established': true,
      'handfast.state': 'confirmed',
      'handfast.client_certificate': 'presented',
      'tls.client.subject': 'CN=client ecdsa-p256,O=Handfast',
    });
    expect(traceOf(version).root.status).not.toBe(2);
  });

  it.for(versions)('arrives by OTLP as well as in the file, TLS %s', async (version) => {
    const { report, trace } = of(version);
    const received = await receiver.traces.ofClientRandom(report.clientRandom ?? '');
    expect(received.messages).toEqual(trace.messages);
    expect(received.spans.map(({ name, service }) => `${service} ${name}`).sort()).toEqual(
      trace.spans.map(({ name, service }) => `${service} ${name}`).sort(),
    );
    expect([...receiver.paths]).toEqual(['/v1/traces']);
  });

  describe('crosses the network no more often than the budget allows', () => {
    it.for([
      { version: '1.3', name: 'plain', asks: ['ServerHello: KeyExchange.respond'] },
      {
        version: '1.3',
        name: 'mutual',
        asks: ['ServerHello: KeyExchange.respond', 'Certificate: CertificateValidator.validate'],
      },
      { version: '1.3', name: 'choosy', asks: ['ServerHello: KeyExchange.respond'] },
      {
        version: '1.2',
        name: 'plain',
        asks: [
          'ServerKeyExchange: KeyExchange.startServer',
          'ClientKeyExchange: KeyExchange.agree',
          'ClientKeyExchange: SessionManager.blankTickets',
        ],
      },
      {
        version: '1.2',
        name: 'mutual',
        asks: [
          'ServerKeyExchange: KeyExchange.startServer',
          'ClientKeyExchange: KeyExchange.agree',
          'ClientKeyExchange: CertificateValidator.validate',
          'ClientKeyExchange: SessionManager.blankTickets',
        ],
      },
    ] as const)('TLS $version, $name', async ({ version, name, asks }) => {
      const report = await openSslClient({ port: at(name).port, version, ...presenting(), groups: 'X25519:P-256' });
      expect(report.answered).toBe(true);
      const trace = await at(name).traces.ofClientRandom(report.clientRandom ?? '');
      // TLS 1.3 tickets are asked for aside: that may come back after the trace is closed.
      const asked = trace.asks.filter((ask) => ask !== 'Finished: SessionManager.blankTickets');
      expect(asked).toEqual(asks);
      expect(trace.attribute('handfast.hello_retried') === true).toBe(name === 'choosy');
      expect(trace.spans.filter(({ service }) => service !== 'handfast-gateway')).toHaveLength(trace.asks.length);
    });

    it('asks for the verdict on the chain, for the secret and for the ticket at once, TLS 1.2', () => {
      const trace = traceOf('1.2');
      const names = ['KeyExchange.agree', 'CertificateValidator.validate', 'SessionManager.blankTickets'];
      const asks = trace.spans.filter(({ kind, name }) => kind === spanKind.client && names.includes(name));
      expect(asks).toHaveLength(names.length);
      for (const { name, endedAt } of asks) {
        expect(
          asks.every(({ startedAt }) => startedAt < endedAt),
          name,
        ).toBe(true);
      }
    });

    it.for([
      { version: '1.3', asks: ['ClientHello: SessionManager.resume', 'ServerHello: KeyExchange.respond'] },
      { version: '1.2', asks: ['ClientHello: SessionManager.resume'] },
    ] as const)('TLS $version, of a session that is resumed', async ({ version, asks }) => {
      const file = join(certificates.folder, `session-${version}`);
      const { port, traces } = at('mutual');
      await openSslClient({ port, version, ...presenting(), more: ['-sess_out', file] });
      const report = await openSslClient({ port, version, ...presenting(), more: ['-sess_in', file] });
      expect(report.output).toMatch(/^Reused, /m);
      const trace = await traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.asks.filter((ask) => !ask.endsWith('blankTickets'))).toEqual(asks);
      expect(trace.attribute('tls.resumed')).toBe(true);
      expect(trace.messages).not.toContain('Certificate');
      expect(trace.attribute('tls.client.subject')).toContain('CN=');
    });
  });

  describe('of both peers', () => {
    it.for(versions)('is one, TLS %s', async (version) => {
      const path = join(certificates.folder, `client-${version}.otlp.jsonl`);
      const flags = ['--ca', certificates.root, '--max-version', version, '--json', '--trace-file', path];
      const program = handfast('trace', `127.0.0.1:${at('plain').port}`, ...flags);
      expect(await program.ended).toBe(0);
      const told = JSON.parse(program.stdout) as { readonly trace_id: string; readonly client_random: string };
      expect(told.trace_id).toBe(traceIdOf(told.client_random));
      const ours = await traceFile(path).ofClientRandom(told.client_random, 'client');
      const theirs = await at('plain').traces.ofClientRandom(told.client_random, 'server');
      expect(ours.root.traceId).toBe(theirs.root.traceId);
      expect(ours.root).toMatchObject({ service: 'handfast-trace', kind: spanKind.client, parentSpanId: undefined });
      // In TLS 1.3, ChangeCipherSpec means nothing: who sends one notes it, who gets one drops it.
      const meant = ({ messages }: Trace) =>
        messages.filter((name) => version === '1.2' || name !== 'ChangeCipherSpec');
      expect(meant(ours)).toEqual(meant(theirs));
      const ids = [...ours.spans, ...theirs.spans].map(({ spanId }) => spanId);
      expect(new Set(ids).size).toBe(ids.length);
    });
  });

  describe('of a client that rejects the server', () => {
    it('turns to failed after it had looked complete, with the alert and who sent it: TLS 1.3', async () => {
      const trace = await rejected('1.3');
      expect(trace.root.status).toBe(2);
      expect(trace.root.attributes).toMatchObject({
        'handfast.state': 'failed',
        'handfast.failure.by': 'peer',
        'handfast.failure.alert': 'unknown_ca',
        'error.type': 'peer-alert',
        'tls.established': false,
      });
      expect(trace.attribute('handfast.late')).toBeGreaterThan(0);
      expect(trace.alerts).toEqual(['peer: unknown_ca']);
      expect(trace.messages.at(-1)).toBe('Finished');
      expect(trace.children(trace.root).at(-1)?.name).toBe('wait for confirmation');
    });

    it('fails before it was complete, TLS 1.2', async () => {
      const trace = await rejected('1.2');
      expect(trace.root.attributes).toMatchObject({
        'handfast.state': 'failed',
        'handfast.failure.by': 'peer',
        'handfast.failure.alert': 'unknown_ca',
      });
      expect(trace.attribute('handfast.late')).toBeUndefined();
      expect(trace.messages.at(-1)).toBe('ServerHelloDone');
    });

    it.for(versions)("is told apart from success also where Node's tls says nothing, TLS %s", async (version) => {
      const report = await node.connect({
        port: at('plain').port,
        servername: 'localhost',
        minVersion: `TLSv${version}`,
        maxVersion: `TLSv${version}`,
      });
      expect(report.error).toMatch(/UNABLE_TO|SELF_SIGNED/);
      const trace = await at('plain').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('handfast.state')).not.toBe('confirmed');
      expect(trace.attribute('handfast.confirmed')).toBe(false);
    });
  });

  it('has no secret in it, and neither have the bus and the logs', async () => {
    const secrets: Secrets = new Map([
      ...client.flatMap(({ report }) => [...secretsOfKeyLog(report.keyLog)]),
      ...[certificates.servers['ecdsa-p256'], certificates.servers['rsa-2048']].flatMap(({ issued }) => [
        ...privateKeyOf(issued),
      ]),
    ]);
    // Five of TLS 1.3, the master secret of TLS 1.2, and the numbers of the keys.
    expect(secrets.size).toBe(5 + 1 + 1 + 3);
    const files = Object.values(stack.gateways).map((gateway) => readFileSync(gateway.traceFile));
    const clientRandom = Buffer.from(of('1.3').report.clientRandom ?? '', 'hex');
    expect(secretsIn(Buffer.concat(files), new Map([['what is there to be found', clientRandom]]))).toHaveLength(1);
    expect(secretsIn(Buffer.concat(files), secrets)).toEqual([]);
    expect(tap.heard.includes('handfast.v1.key-exchange.agree')).toBe(true);
    expect(tap.heard.includes('handfast.v1.certificate.validate')).toBe(true);
    expect(secretsIn(tap.heard, secrets)).toEqual([]);
    const programs = [
      ...Object.values(stack.gateways).map(({ program }) => program),
      ...serviceNames.map((name) => stack.service(name)),
    ];
    const logs = programs.map(({ stdout, stderr }) => stdout + stderr);
    expect(secretsIn(Buffer.from(logs.join('\n')), secrets)).toEqual([]);
  });

  function of(version: Version) {
    const found = client.find((each) => each.version === version);
    if (found === undefined) throw new Error(`no handshake of TLS ${version}`);
    return found;
  }

  function traceOf(version: Version): Trace {
    return of(version).trace;
  }

  function presenting() {
    const { clients, intermediate, root: ca } = certificates;
    return { identity: clients['ecdsa-p256'], intermediate, ca };
  }

  /** What the gateway says of a client that trusts somebody else. */
  async function rejected(version: Version): Promise<Trace> {
    const report = await openSslClient({ port: at('plain').port, version, ca: certificates.stranger.leaf });
    expect(report.exitCode).not.toBe(0);
    return at('plain').traces.find(
      ({ attributes }) =>
        attributes['tls.protocol.version'] === version && attributes['handfast.failure.alert'] === 'unknown_ca',
      `of TLS ${version} that ended with unknown_ca`,
    );
  }
});

/** Jaeger's critical path drops what does not lie within its parent. */
function expectWithinParent(span: Span, trace: Trace): void {
  const parent = trace.spans.find(({ spanId }) => spanId === span.parentSpanId);
  if (parent === undefined) return;
  expect(span.startedAt >= parent.startedAt && span.endedAt <= parent.endedAt, `${span.name} in ${parent.name}`).toBe(
    true,
  );
}
