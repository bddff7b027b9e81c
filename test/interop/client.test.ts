import { randomBytes } from 'node:crypto';
import type { Bus } from '@handfast/bus';
import type { Ports } from '@handfast/handshake';
import { connect } from '@handfast/tls';
import { CipherSuite, NamedGroup } from '@handfast/wire';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, type Kind, kinds, makeCertificates } from '../support/certificates.ts';
import { clientIdentities, type Dialed, type DialOptions, dial, localPorts, remotePorts } from '../support/dial.ts';
import { NodeTls } from '../support/peers/node-tls.ts';
import { OpenSslServer, openSslServer, openssl, type ServerOptions } from '../support/peers/openssl.ts';
import { openSslSuite } from '../support/peers/openssl-names.ts';
import { titleWith } from '../support/processes.ts';
import { type Form, forms, handfast, lacking, Stack, startTimeout, titleOf } from '../support/stacks.ts';
import { byTitle, type Combination, combinations, curveOf, hybrids } from './matrix.ts';

const versions = ['1.3', '1.2'] as const;
type Version = (typeof versions)[number];
const mebibyte = 1024 * 1024;
const allGroups = 'X25519MLKEM768:X25519:P-256:P-384:P-521';

let certificates: Certificates;
let node: NodeTls;
/** Ports of servers in the process with node:tls: of each kind, and one that wants a client certificate. */
let nodePorts: Record<Kind | 'strict', number>;
let opensslServers: Partial<Record<Kind | keyof typeof special | 'foreign' | 'outdated', OpenSslServer>>;

/** `openssl s_server`s with something to them, beside one for each kind of certificate. */
const special = {
  strict: { more: ['-Verify', '2', '-verify_return_error'] },
  asking: { more: ['-verify', '2', '-verify_return_error'] },
  retrying: { groups: 'P-384', more: ['-verify', '2', '-verify_return_error'] },
  alpn: { alpn: 'h2,http/1.1' },
  old: { version: '1.2' },
} as const satisfies Record<string, Partial<ServerOptions>>;

beforeAll(async () => {
  certificates = await makeCertificates();
  node = new NodeTls();
  nodePorts = await startNodeServers();
  opensslServers = openssl === undefined ? {} : await startOpenSslServers();
}, startTimeout);

afterAll(async () => {
  node.stop();
  await Promise.all(Object.values(opensslServers).map((server) => server.stop()));
  certificates.remove();
});

for (const form of forms) {
  describe.skipIf(lacking(form) !== undefined)(`our client with its ports ${titleOf(form)}`, () => callFrom(form));
}

function callFrom(form: Form): void {
  let ports: Ports;
  let bus: Bus | undefined;
  let services: Stack | undefined;

  beforeAll(async () => {
    if (form === 'embedded') {
      ports = localPorts(certificates);
      return;
    }
    const otherKeys = clientIdentities(certificates);
    services = await Stack.start({ form, certificates, credentials: [], otherKeys, upstreamPort: 0, gateways: {} });
    ({ ports, bus } = await remotePorts(services.bus ?? ''));
  }, startTimeout);

  afterAll(async () => {
    await bus?.close();
    await services?.stop();
  });

  describe.skipIf(openssl === undefined)(titleWith('to openssl s_server', 'openssl', openssl), () => {
    it.for(byTitle(combinations))('%s', async ([, wanted]) => {
      const server = serverOf(wanted.kind);
      const dialed = await call(server, asCombined(wanted));
      expectAsWanted(dialed, wanted);
      expect(dialed.received.toString()).toBe('gnip\n');
      expect(await server.prints(`Protocol version: TLSv${wanted.version}\n`)).toBe(true);
      expect(await server.prints(`Ciphersuite: ${openSslSuite(wanted.suite)}\n`)).toBe(true);
    });

    it.for(withKinds())('with a client certificate: TLS $version $kind', async ({ version, kind }) => {
      const server = serverOf('strict');
      const dialed = await call(server, { ...only(version), identity: certificates.clients[kind] });
      expectConfirmed(dialed);
      expect(dialed.timeline.negotiated.clientCertificate).toBe('presented');
      expect(await server.prints(`Peer certificate: O = Handfast, CN = client ${kind}\n`)).toBe(true);
    });

    it.for(versions)('without the client certificate that it asks for, TLS %s', async (version) => {
      const dialed = await call(serverOf('asking'), only(version));
      expectConfirmed(dialed);
      expect(dialed.timeline.negotiated.clientCertificate).toBe('absent');
    });

    it.for([
      { version: '1.3', who: undefined, alert: 'certificate_required' },
      { version: '1.2', who: undefined, alert: 'handshake_failure' },
      { version: '1.3', who: 'stranger', alert: 'unknown_ca' },
      { version: '1.2', who: 'stranger', alert: 'unknown_ca' },
      { version: '1.3', who: 'expired', alert: 'certificate_expired' },
      { version: '1.2', who: 'expired', alert: 'certificate_expired' },
    ] as const)(
      'hears that it refuses a client certificate that is $who: TLS $version, $alert',
      async ({ version, who, alert }) => {
        const identity = who && certificates[who];
        const { timeline } = await call(serverOf('strict'), { ...only(version), identity });
        expect(timeline.state).toBe('failed');
        expect(timeline.failure).toMatchObject({ by: 'peer', reason: 'peer-alert', alert });
        // In TLS 1.3 we are done when the server has not even read our certificate.
        expect(timeline.failure?.late === undefined).toBe(version === '1.2');
      },
    );

    it.for([undefined, 'ecdsa-p256', 'rsa-2048'] as const)(
      'that wants another group, client certificate %s',
      async (kind) => {
        const identity = kind && certificates.clients[kind];
        const dialed = await call(serverOf('retrying'), { identity });
        expectConfirmed(dialed);
        expect(dialed.timeline.negotiated).toMatchObject({ helloRetried: true, group: 'secp384r1' });
        const hellos = dialed.timeline.steps.map(({ name }) => name).filter((name) => /Hello/.test(name));
        expect(hellos).toEqual(['ClientHello', 'HelloRetryRequest', 'ClientHello', 'ServerHello']);
      },
    );

    it('that has no hybrid group takes the classic share beside it, without a retry', async () => {
      const groups = [NamedGroup.X25519MLKEM768, NamedGroup.x25519];
      const { timeline } = await call(serverOf('ecdsa-p256'), { groups });
      expect(timeline.negotiated.group).toBe('x25519');
      expect(timeline.negotiated.helloRetried).not.toBe(true);
    });

    it.for(versions)('agrees on ALPN, TLS %s', async (version) => {
      const options = { ...only(version), applicationProtocols: ['http/1.1', 'imap'] };
      expect((await call(serverOf('alpn'), options)).timeline.negotiated.applicationProtocol).toBe('http/1.1');
    });

    it('that speaks TLS 1.2 only, though we offer more', async () => {
      const dialed = await call(serverOf('old'), {});
      expectConfirmed(dialed);
      expect(dialed.timeline.negotiated).toMatchObject({ protocol: 'TLS 1.2', extendedMasterSecret: true });
    });

    it('that speaks no version of ours', async () => {
      const { timeline } = await call(serverOf('old'), { minVersion: 'tls13' });
      expect(timeline.failure).toMatchObject({ by: 'peer', alert: 'protocol_version' });
    });

    it.for([
      {
        name: 'ecdsa-p256',
        serverName: 'wrong.example',
        reason: 'certificate-name-mismatch',
        alert: 'bad certificate',
      },
      { name: 'foreign', serverName: 'localhost', reason: 'certificate-issuer-unknown', alert: 'unknown ca' },
      { name: 'outdated', serverName: 'localhost', reason: 'certificate-expired', alert: 'certificate expired' },
    ] as const)('refuses it for $reason, or goes on and reports it', async ({ name, serverName, reason, alert }) => {
      const server = serverOf(name);
      const { timeline } = await call(server, { serverName });
      expect(timeline.failure).toMatchObject({ by: 'us', reason, alert: alert.replace(' ', '_') });
      expect(await server.prints(`alert ${alert}`)).toBe(true);
      const reported = await call(server, { serverName, serverVerification: 'reported' });
      expectConfirmed(reported);
      expect(reported.open?.peer?.verdict).toMatchObject({ trusted: false, reason });
    });

    it('answers key updates of the server, with and without one of its own', async () => {
      const server = await openSslServer({ ...credential('ecdsa-p256'), interactive: true, more: ['-msg'] });
      const result = call(server, { ...only('1.3'), sendLater: Buffer.from('ping again\n') });
      expect(await server.prints('ping\n')).toBe(true);
      server.say('K');
      expect(await server.prints('>>> TLS 1.3, Handshake [length 0005], KeyUpdate')).toBe(true);
      // Answered before the next data (RFC 8446 section 4.6.3).
      server.say('pang');
      expect(await server.prints('<<< TLS 1.3, Handshake [length 0005], KeyUpdate')).toBe(true);
      expect(await server.prints('ping again\n')).toBe(true);
      server.say('k');
      expect(await server.prints('>>> TLS 1.3, Handshake [length 0005], KeyUpdate')).toBe(true);
      server.say('pong');
      const dialed = await result;
      expect(dialed.received.toString()).toBe('pang\npong\n');
      expect(dialed.error).toBeUndefined();
      // Our close_notify is under the new keys.
      expect(await server.prints('<<< TLS 1.3, Alert [length 0002], warning close_notify')).toBe(true);
      await server.stop();
    });

    it('refuses to renegotiate, TLS 1.2', async () => {
      const server = await openSslServer({ ...credential('ecdsa-p256'), interactive: true, more: ['-msg'] });
      const result = call(server, only('1.2'));
      expect(await server.prints('ping\n')).toBe(true);
      server.say('R');
      expect(await server.prints('no_renegotiation')).toBe(true);
      expect((await result).error?.reason).toBe('renegotiation-refused');
      await server.stop();
    });
  });

  describe("to Node's tls", () => {
    it.for(byTitle([...combinations, ...hybrids]))('%s', async ([, wanted]) => {
      const port = nodePorts[wanted.kind];
      await node.served(port);
      const dialed = await call({ port }, asCombined(wanted));
      expectAsWanted(dialed, wanted);
      expect(dialed.received.toString()).toBe('ping\n');
      expect(await node.served(port)).toMatchObject([{ protocol: `TLSv${wanted.version}`, cipher: wanted.suite }]);
    });

    it.for(withKinds())('with a client certificate: TLS $version $kind', async ({ version, kind }) => {
      const port = nodePorts.strict;
      await node.served(port);
      expectConfirmed(await call({ port }, { ...only(version), identity: certificates.clients[kind] }));
      expect(await node.served(port)).toMatchObject([{ authorized: true, client: `client ${kind}` }]);
    });

    it.for(versions)('which closes without a word where it wants a client certificate, TLS %s', async (version) => {
      const { timeline } = await call({ port: nodePorts.strict }, only(version));
      expect(timeline.state).not.toBe('confirmed');
    });

    it.for(versions)('carries 1 MiB there and back, TLS %s', async (version) => {
      const send = randomBytes(mebibyte);
      const dialed = await call({ port: nodePorts['ecdsa-p256'] }, { ...only(version), send });
      expectConfirmed(dialed);
      expect(dialed.received.equals(send)).toBe(true);
    });

    it('makes many connections at once', async () => {
      const port = nodePorts['ecdsa-p256'];
      const all = await Promise.all(
        Array.from({ length: 16 }, (_, index) => call({ port }, only(versions[index % 2] ?? '1.3'))),
      );
      for (const dialed of all) expectConfirmed(dialed);
    });
  });

  function call(
    server: OpenSslServer | { readonly port: number },
    options: Omit<DialOptions, 'port' | 'ports'>,
  ): Promise<Dialed> {
    if (server instanceof OpenSslServer) server.forget();
    // Each test is about a whole handshake.
    return dial({ port: server.port, ports, resumption: 'off', ...options });
  }

  function expectAsWanted(dialed: Dialed, { version, suite, group }: Combination): void {
    expectConfirmed(dialed);
    expect(dialed.timeline.negotiated).toMatchObject({
      protocol: `TLS ${version}`,
      cipherSuite: suite,
      group,
    });
    expect(dialed.open?.peer?.verdict.trusted).toBe(true);
    const asks = dialed.timeline.steps.flatMap((step) => step.asks);
    const remote = asks.filter((ask) => ask.work.length > 0);
    expect(remote).toHaveLength(form === 'embedded' ? 0 : asks.length);
  }
}

describe('connect of @handfast/tls', () => {
  it.skipIf(openssl === undefined).for(kinds)(
    'to openssl s_server, its certificate and ours of the kind %s',
    async (kind) => {
      const { chainPem: cert, keyPem: key } = certificates.clients[kind].issued;
      const ca = certificates.rootPem;
      const socket = connect({
        host: '127.0.0.1',
        port: serverOf('strict').port,
        servername: 'localhost',
        ca,
        cert,
        key,
      });
      socket.write('ping\n');
      const answer = await new Promise((resolve, reject) => socket.once('data', resolve).once('error', reject));
      expect(String(answer)).toBe('gnip\n');
      expect(socket.authorized).toBe(true);
      socket.end();
    },
  );

  it.for(versions)("to Node's tls, TLS %s", async (version) => {
    const port = nodePorts['rsa-2048'];
    const socket = connect({
      port,
      host: '127.0.0.1',
      ca: certificates.rootPem,
      maxVersion: `TLSv${version}`,
      ALPNProtocols: ['h2', 'http/1.1'],
    });
    socket.end('hello');
    let received = '';
    for await (const chunk of socket) received += String(chunk);
    expect(received).toBe('hello');
    expect(socket.getProtocol()).toBe(`TLSv${version}`);
    expect(socket.alpnProtocol).toBe('http/1.1');
  });
});

describe.skipIf(openssl === undefined)(titleWith('handfast trace, as a process', 'openssl', openssl), () => {
  it.for(versions)('says what was agreed on, and ends with 0: TLS %s', async (version) => {
    const { exitCode, report } = await traceOf(serverOf('ecdsa-p256').port, [...trusting(), '--max-version', version]);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({
      state: 'confirmed',
      negotiated: { protocol: `TLS ${version}`, peer_subject: 'CN=ecdsa-p256.example' },
      failure: null,
      trust: { trusted: true },
    });
  });

  it('presents a client certificate', async () => {
    const { chain, key } = certificates.clients.ed25519;
    const server = serverOf('strict');
    server.forget();
    const { exitCode } = await traceOf(server.port, [...trusting(), '--cert', chain, '--key', key]);
    expect(exitCode).toBe(0);
    expect(await server.prints('CN = client ed25519\n')).toBe(true);
  });

  it.for(versions)('ends with 1 where the server wants a client certificate, TLS %s', async (version) => {
    const { exitCode, report } = await traceOf(serverOf('strict').port, [...trusting(), '--max-version', version]);
    expect(exitCode).toBe(1);
    const alert = version === '1.3' ? 'certificate_required' : 'handshake_failure';
    expect(report).toMatchObject({ state: 'failed', failure: { by: 'server', alert } });
  });

  it('ends with 1 where it does not trust the server, and with 0 where it is told not to care', async () => {
    const { port } = serverOf('ecdsa-p256');
    const refused = await traceOf(port, []);
    expect(refused.exitCode).toBe(1);
    expect(refused.report).toMatchObject({
      failure: { by: 'client', reason: 'certificate-issuer-unknown', alert: 'unknown_ca' },
    });
    const insecure = await traceOf(port, ['--insecure']);
    expect(insecure.exitCode).toBe(0);
    expect(insecure.report).toMatchObject({ trust: { trusted: false, reason: 'certificate-issuer-unknown' } });
  });

  it('shows a retried hello, and the suite and the group that it was told to use', async () => {
    const flags = [...trusting(), '--ciphers', 'TLS_CHACHA20_POLY1305_SHA256'];
    const { report } = await traceOf(serverOf('retrying').port, flags);
    expect(report).toMatchObject({
      negotiated: { hello_retried: true, group: 'secp384r1', cipher_suite: 'TLS_CHACHA20_POLY1305_SHA256' },
    });
  });

  it('ends with 1 where nothing listens, and with 2 for a flag that there is not', async () => {
    expect((await traceOf(1, trusting())).exitCode).toBe(1);
    expect(await handfast('trace', '127.0.0.1', '--nonsense').ended).toBe(2);
  });

  it("uses the hybrid group with Node's tls", async () => {
    const flags = [...trusting(), '--groups', 'X25519MLKEM768,x25519'];
    const { exitCode, report } = await traceOf(nodePorts['ecdsa-p256'], flags);
    expect(exitCode).toBe(0);
    expect(report).toMatchObject({ negotiated: { group: 'X25519MLKEM768' } });
  });
});

function trusting(): readonly string[] {
  return ['--ca', certificates.root];
}

async function traceOf(port: number, flags: readonly string[]) {
  const program = handfast('trace', `127.0.0.1:${port}`, '--json', ...flags);
  const exitCode = await program.ended;
  return { exitCode, report: JSON.parse(program.stdout) as unknown };
}

/** The server has proved that it accepts the handshake, and both sides said goodbye. */
function expectConfirmed({ timeline, error }: Dialed): void {
  expect(error).toBeUndefined();
  expect(timeline.failure).toBeUndefined();
  expect(timeline.state).toBe('confirmed');
}

function asCombined({ version, suite, group, kind }: Combination) {
  const own = version === '1.2' ? curveOf(kind) : undefined;
  return {
    ...only(version),
    cipherSuites: [CipherSuite[suite as keyof typeof CipherSuite]],
    groups: [...new Set([NamedGroup[group], ...(own === undefined ? [] : [NamedGroup[own]])])],
    serverName: `${kind}.example`,
  };
}

function only(version: Version) {
  const name = version === '1.3' ? 'tls13' : 'tls12';
  return { minVersion: name, maxVersion: name } as const;
}

function withKinds() {
  return versions.flatMap((version) => kinds.map((kind) => ({ version, kind })));
}

function credential(kind: Kind) {
  const { servers, intermediate, root: ca } = certificates;
  return { identity: servers[kind], intermediate, ca };
}

function serverOf(name: keyof typeof opensslServers): OpenSslServer {
  const server = opensslServers[name];
  if (server === undefined) throw new Error(`there is no openssl s_server ${name}`);
  return server;
}

async function startOpenSslServers(): Promise<typeof opensslServers> {
  const named = [
    ...kinds.map((kind) => [kind, credential(kind)] as const),
    ['foreign', { identity: certificates.foreignServer }] as const,
    ['outdated', { ...credential('ecdsa-p256'), identity: certificates.outdatedServer }] as const,
    ...Object.entries(special).map(([name, options]) => [name, { ...credential('ecdsa-p256'), ...options }] as const),
  ];
  return Object.fromEntries(
    await Promise.all(named.map(async ([name, options]) => [name, await openSslServer(options)] as const)),
  );
}

async function startNodeServers(): Promise<typeof nodePorts> {
  const options = (kind: Kind) => {
    const { chainPem: cert, keyPem: key } = certificates.servers[kind].issued;
    return { cert, key, ecdhCurve: allGroups, ca: certificates.rootPem, ALPNProtocols: ['http/1.1'] };
  };
  const named = await Promise.all(kinds.map(async (kind) => [kind, await node.listen(options(kind))] as const));
  const strict = await node.listen({ ...options('ecdsa-p256'), requestCert: true, rejectUnauthorized: true });
  return { ...(Object.fromEntries(named) as Record<Kind, number>), strict };
}
