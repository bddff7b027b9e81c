import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Certificates,
  clientSubject,
  type Kind,
  kinds,
  makeCertificates,
  nameOf,
} from '../support/certificates.ts';
import { curl, curlGet } from '../support/peers/curl.ts';
import { NodeTls } from '../support/peers/node-tls.ts';
import { echo, openSslClient, openssl } from '../support/peers/openssl.ts';
import { openSslSuite } from '../support/peers/openssl-names.ts';
import { titleWith } from '../support/processes.ts';
import { type Form, forms, type Gateway, lacking, Stack, startTimeout, titleOf } from '../support/stacks.ts';
import { digestCommand, greeting, startUpstream, type Upstream } from '../support/upstream.ts';
import { byTitle, type Combination, combinations, type Group, hybrids, offeredGroups, temporaryKey } from './matrix.ts';

const versions = ['1.3', '1.2'] as const;
const mebibyte = 1024 * 1024;

/** `open` asks clients for nothing and `optional` for a certificate they need not have; `choosy` has few groups. */
const gateways = {
  open: ['--alpn', 'h2,http/1.1'],
  optional: ['--client-auth', 'optional', '--groups', 'x25519,P-256,P-384,P-521,X25519MLKEM768'],
  required: ['--client-auth', 'required'],
  choosy: ['--client-auth', 'optional', '--groups', 'P-256,x25519'],
} as const;

let certificates: Certificates;
let upstream: Upstream;
let node: NodeTls;

beforeAll(async () => {
  certificates = await makeCertificates();
  upstream = await startUpstream();
  node = new NodeTls();
}, startTimeout);

afterAll(async () => {
  node.stop();
  await upstream.stop();
  certificates.remove();
});

for (const form of forms) {
  describe.skipIf(lacking(form) !== undefined)(`the gateway as a server, ${titleOf(form)}`, () => talkTo(form));
}

function talkTo(form: Form): void {
  let stack: Stack<keyof typeof gateways>;
  const at = (name: keyof typeof gateways): Gateway => stack.gateways[name];

  beforeAll(async () => {
    const credentials = kinds.map((kind) => certificates.servers[kind]);
    stack = await Stack.start({ form, certificates, credentials, upstreamPort: upstream.port, gateways });
  }, startTimeout);

  afterAll(async () => {
    const codes = await stack.stop();
    expect(codes.every((code) => code === 0)).toBe(true);
  });

  describe.skipIf(openssl === undefined)(titleWith('with openssl s_client', 'openssl', openssl), () => {
    it.for(byTitle(combinations))('%s', async ([, wanted]) => {
      const report = await openSslClient({
        port: at('optional').port,
        version: wanted.version,
        suites: openSslSuite(wanted.suite),
        groups: offeredGroups(wanted),
        serverName: nameOf(wanted.kind),
        ca: certificates.root,
      });
      expect(report).toMatchObject({
        exitCode: 0,
        protocol: `TLSv${wanted.version}`,
        cipher: openSslSuite(wanted.suite),
        group: temporaryKey[wanted.group as Exclude<Group, 'X25519MLKEM768'>],
        verification: 'OK',
        answered: true,
      });
      expect(report.certificate).toBe(certificates.servers[wanted.kind].issued.pem.trim());
      await expectAgreement(at('optional'), report.clientRandom, wanted);
    });

    it.for(withVersions(kinds))('a client certificate: TLS $version $value', async ({ version, value: kind }) => {
      const report = await openSslClient({ port: at('required').port, version, ...presenting(kind) });
      expect(report).toMatchObject({ exitCode: 0, protocol: `TLSv${version}`, answered: true });
      const trace = await at('required').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('handfast.client_certificate')).toBe('presented');
      expect(trace.attribute('tls.client.subject')).toBe(clientSubject(kind));
    });

    it.for(withVersions(['open', 'optional'] as const))(
      'no client certificate where it is $value: TLS $version',
      async ({ version, value: name }) => {
        const report = await openSslClient({ port: at(name).port, version, ca: certificates.root });
        expect(report).toMatchObject({ exitCode: 0, answered: true });
        const trace = await at(name).traces.ofClientRandom(report.clientRandom ?? '');
        expect(trace.attribute('handfast.client_certificate')).toBe(name === 'open' ? 'not-requested' : 'absent');
      },
    );

    it('asks for a client certificate only where it is told to', async () => {
      const asked = await openSslClient({ port: at('optional').port, ...presenting('ecdsa-p256') });
      expect(asked.output).toContain('Handfast Test Root');
      const open = await openSslClient({ port: at('open').port, ...presenting('ecdsa-p256') });
      expect(open.output).toContain('No client certificate CA names sent');
      const trace = await at('open').traces.ofClientRandom(open.clientRandom ?? '');
      expect(trace.attribute('handfast.client_certificate')).toBe('not-requested');
    });

    it.for([
      {
        name: 'required',
        version: '1.3',
        who: undefined,
        alert: 'certificate required',
        reason: 'certificate-required',
      },
      { name: 'required', version: '1.2', who: undefined, alert: 'handshake failure', reason: 'certificate-required' },
      {
        name: 'required',
        version: '1.3',
        who: 'stranger',
        alert: 'unknown ca',
        reason: 'certificate-self-signed|certificate-issuer-unknown',
      },
      {
        name: 'required',
        version: '1.2',
        who: 'stranger',
        alert: 'unknown ca',
        reason: 'certificate-self-signed|certificate-issuer-unknown',
      },
      {
        name: 'optional',
        version: '1.3',
        who: 'stranger',
        alert: 'unknown ca',
        reason: 'certificate-self-signed|certificate-issuer-unknown',
      },
      { name: 'optional', version: '1.2', who: 'expired', alert: 'certificate expired', reason: 'certificate-expired' },
      { name: 'required', version: '1.3', who: 'expired', alert: 'certificate expired', reason: 'certificate-expired' },
    ] as const)(
      'refuses, where it is $name, a client certificate that is $who: TLS $version, $alert',
      async ({ name, version, who, alert, reason }) => {
        const identity = who && certificates[who];
        const { intermediate, root: ca } = certificates;
        const report = await openSslClient({ port: at(name).port, version, ca, identity, intermediate });
        expect(report.answered).toBe(false);
        expect(report.output).toMatch(new RegExp(`alert ${alert}`, 'i'));
        const trace = await at(name).traces.ofClientRandom(report.clientRandom ?? '');
        expect(trace.attribute('handfast.state')).toBe('failed');
        expect(trace.attribute('handfast.failure.by')).toBe('us');
        expect(trace.attribute('error.type')).toMatch(new RegExp(`^(${reason})$`));
      },
    );

    it.for(versions)('chooses by ALPN, TLS %s', async (version) => {
      const options = { port: at('open').port, version, ca: certificates.root };
      expect((await openSslClient({ ...options, alpn: 'http/1.1' })).alpn).toBe('http/1.1');
      expect((await openSslClient({ ...options, alpn: 'http/1.1,h2' })).alpn).toBe('h2');
      const report = await openSslClient({ ...options, alpn: 'imap' });
      expect(report.output).toMatch(/alert no application protocol/i);
      expect(report.exitCode).not.toBe(0);
    });

    it.for([
      { version: '1.3', sigalgs: 'RSA-PSS+SHA256', suites: undefined },
      { version: '1.2', sigalgs: 'RSA-PSS+SHA256:RSA+SHA256', suites: undefined },
      { version: '1.2', sigalgs: 'RSA+SHA512', suites: 'ECDHE-RSA-AES256-GCM-SHA384' },
    ] as const)(
      'presents its RSA certificate to a client that verifies $sigalgs only, TLS $version',
      async (options) => {
        const report = await openSslClient({ port: at('open').port, ca: certificates.root, ...options });
        expect(report).toMatchObject({ exitCode: 0, verification: 'OK', answered: true });
        expect(report.certificate).toBe(certificates.servers['rsa-2048'].issued.pem.trim());
      },
    );

    it('presents a certificate of a curve that the client has, TLS 1.2', async () => {
      const report = await openSslClient({
        port: at('open').port,
        ca: certificates.root,
        version: '1.2',
        serverName: 'localhost',
        groups: 'X25519:P-384',
      });
      expect(report).toMatchObject({ exitCode: 0, verification: 'OK', answered: true });
    });

    it.for([undefined, 'ecdsa-p256', 'rsa-2048'] as const)(
      'retries the hello of a client that guessed another group, client certificate %s',
      async (kind) => {
        const report = await openSslClient({
          port: at('choosy').port,
          version: '1.3',
          groups: 'P-521:X25519',
          ca: certificates.root,
          ...(kind === undefined ? {} : presenting(kind)),
        });
        expect(report).toMatchObject({ exitCode: 0, protocol: 'TLSv1.3', group: temporaryKey.x25519, answered: true });
        const trace = await at('choosy').traces.ofClientRandom(report.clientRandom ?? '');
        expect(trace.attribute('handfast.hello_retried')).toBe(true);
        expect(trace.messages.filter((name) => name.endsWith('Hello') || name === 'HelloRetryRequest')).toEqual([
          'ClientHello',
          'HelloRetryRequest',
          'ClientHello',
          'ServerHello',
        ]);
      },
    );

    it.for([
      { version: '1.3', options: { groups: 'P-521' }, alert: 'handshake failure', reason: 'no-common-group' },
      { version: '1.2', options: { groups: 'P-521' }, alert: 'handshake failure', reason: 'no-common-group' },
      {
        version: '1.3',
        options: { suites: 'TLS_AES_128_CCM_SHA256' },
        alert: 'handshake failure',
        reason: 'no-common-cipher-suite',
      },
      {
        version: '1.2',
        options: { suites: 'AES128-SHA' },
        alert: 'handshake failure',
        reason: 'no-common-cipher-suite',
      },
    ] as const)(
      'refuses what it has not in common: TLS $version $options, $reason',
      async ({ version, options, alert, reason }) => {
        const report = await openSslClient({ port: at('choosy').port, version, ca: certificates.root, ...options });
        expect(report.exitCode).not.toBe(0);
        expect(report.output).toMatch(new RegExp(`alert ${alert}`, 'i'));
        const trace = await at('choosy').traces.find(({ attributes }) => attributes['error.type'] === reason, reason);
        expect(trace.alerts).toEqual(['us: handshake_failure']);
      },
    );

    it('answers key updates of the client, with and without one of its own', async () => {
      const report = await openSslClient({
        port: at('open').port,
        version: '1.3',
        ca: certificates.root,
        more: ['-msg'],
        lines: [
          echo('before'),
          { text: 'K', answer: 'KEYUPDATE' },
          echo('between'),
          { text: 'k', answer: 'KEYUPDATE' },
          echo('x'.repeat(8000)),
          { text: 'K', answer: 'KEYUPDATE' },
          echo('after'),
        ],
      });
      expect(report).toMatchObject({ exitCode: 0, answered: true });
      // The server's own, for the two that asked for it.
      expect(report.output.match(/^<<< TLS 1.3, Handshake \[length 0005\], KeyUpdate/gm)).toHaveLength(2);
      expect(report.output.match(/^>>> TLS 1.3, Handshake \[length 0005\], KeyUpdate/gm)).toHaveLength(3);
    });

    it('refuses to renegotiate, TLS 1.2', async () => {
      const report = await openSslClient({
        port: at('open').port,
        version: '1.2',
        ca: certificates.root,
        lines: [echo('before'), { text: 'R', answer: 'RENEGOTIATING' }, echo('after')],
      });
      expect(report.output).toMatch(/no.renegotiation/i);
      expect(report.answered).toBe(false);
    });

    it('binds TLS 1.2 to extended_master_secret and renegotiation_info', async () => {
      const { output } = await openSslClient({ port: at('open').port, version: '1.2', ca: certificates.root });
      expect(output).toMatch(/Extended master secret: yes/);
      expect(output).toMatch(/Secure Renegotiation IS supported/);
    });

    it.for(versions)('carries 1 MiB there and back, TLS %s', async (version) => {
      const text = randomBytes(mebibyte / 2).toString('hex');
      const { port } = at('open');
      // OpenSSL takes lines of up to 16 KiB from its input at once, and looks into their first letter.
      const lines = text.match(/.{8000}|.+$/g) ?? [];
      const report = await openSslClient({
        port,
        version,
        ca: certificates.root,
        lines: lines.map((line, index) =>
          index === lines.length - 1 ? echo(line) : { text: line, answer: undefined },
        ),
      });
      expect(report).toMatchObject({ exitCode: 0, answered: true });
      const came = (report.output.match(/^[0-9a-f]{2,8000}$/gm) ?? []).join('');
      expect(came.endsWith(text)).toBe(true);
    });
  });

  describe("with Node's tls", () => {
    it.for(byTitle([...combinations, ...hybrids]))('%s', async ([, wanted]) => {
      const report = await node.connect({
        port: at('optional').port,
        servername: nameOf(wanted.kind),
        ...onlyVersion(wanted.version),
        ciphers: openSslSuite(wanted.suite),
        ecdhCurve: offeredGroups(wanted),
        ca: certificates.rootPem,
      });
      expect(report).toMatchObject({
        protocol: `TLSv${wanted.version}`,
        cipher: wanted.suite,
        authorized: true,
        fingerprint: fingerprintOf(wanted.kind),
        echoed: true,
        ended: true,
        error: null,
      });
      await expectAgreement(at('optional'), report.clientRandom, wanted);
    });

    it.for(withVersions(kinds))('a client certificate: TLS $version $value', async ({ version, value: kind }) => {
      const { chainPem: cert, keyPem: key } = certificates.clients[kind].issued;
      const report = await node.connect({ ...plain('required', version), cert, key });
      expect(report).toMatchObject({ authorized: true, echoed: true, error: null });
      const trace = await at('required').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('tls.client.subject')).toBe(clientSubject(kind));
      expect(trace.attribute('handfast.state')).toBe('confirmed');
    });

    it.for(withVersions(['open', 'optional', 'required'] as const))(
      'no client certificate where it is $value: TLS $version',
      async ({ version, value: name }) => {
        const report = await node.connect(plain(name, version));
        expect(report.echoed).toBe(name !== 'required');
        const trace = await at(name).traces.ofClientRandom(report.clientRandom ?? '');
        expect(trace.attribute('handfast.state')).toBe(name === 'required' ? 'failed' : 'confirmed');
      },
    );

    it.for(versions)('a client certificate that nobody trusts, TLS %s', async (version) => {
      const { chainPem: cert, keyPem: key } = certificates.stranger.issued;
      const report = await node.connect({ ...plain('optional', version), cert, key });
      expect(report.echoed).toBe(false);
      const trace = await at('optional').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.alerts).toContain('us: unknown_ca');
    });

    it.for(versions)('chooses by ALPN, TLS %s', async (version) => {
      const options = plain('open', version);
      expect((await node.connect({ ...options, ALPNProtocols: ['http/1.1'] })).alpn).toBe('http/1.1');
      expect((await node.connect({ ...options, ALPNProtocols: ['http/1.1', 'h2'] })).alpn).toBe('h2');
      expect((await node.connect(options)).alpn).toBe(false);
      expect((await node.connect({ ...options, ALPNProtocols: ['imap'] })).error).toMatch(/NO_APPLICATION_PROTOCOL/);
    });

    it('presents its RSA certificate to a client that verifies RSA only', async () => {
      const report = await node.connect({ ...plain('open', '1.3'), sigalgs: 'rsa_pss_rsae_sha256' });
      expect(report).toMatchObject({ authorized: true, fingerprint: fingerprintOf('rsa-2048'), echoed: true });
    });

    it('retries the hello of a client that guessed another group', async () => {
      const report = await node.connect({ ...plain('choosy', '1.3'), ecdhCurve: 'P-384:P-256' });
      expect(report).toMatchObject({ authorized: true, echoed: true });
      const trace = await at('choosy').traces.ofClientRandom(report.clientRandom ?? '');
      expect(trace.attribute('handfast.hello_retried')).toBe(true);
      expect(trace.attribute('tls.curve')).toBe('secp256r1');
    });

    it('retries the hello of a client that guessed the hybrid group', async () => {
      const report = await node.connect({ ...plain('choosy', '1.3'), ecdhCurve: 'X25519MLKEM768:X25519' });
      expect(report).toMatchObject({ authorized: true, echoed: true });
    });

    it.for(versions)('carries 1 MiB there and back, TLS %s', async (version) => {
      const report = await node.connect({ ...plain('open', version), send: mebibyte });
      expect(report).toMatchObject({ received: mebibyte, echoed: true, ended: true, error: null });
    });

    it.for(versions)('answers a client that has said goodbye already (half-close), TLS %s', async (version) => {
      const text = `${digestCommand}${'x'.repeat(100_000)}`;
      const report = await node.connect({ ...plain('open', version), send: text, manner: 'half-close' });
      expect(report.text).toBe(createHash('sha256').update(text).digest('hex'));
      expect(report).toMatchObject({ ended: true, error: null });
    });

    it('serves many connections at once', async () => {
      const reports = await Promise.all(
        Array.from({ length: 24 }, (_, index) =>
          node.connect({ ...plain('open', versions[index % 2] ?? '1.3'), send: 64 * 1024 }),
        ),
      );
      expect(reports.map(({ echoed, error }) => ({ echoed, error }))).toEqual(
        reports.map(() => ({ echoed: true, error: null })),
      );
      expect(new Set(reports.map(({ clientRandom }) => clientRandom)).size).toBe(24);
    });
  });

  describe.skipIf(curl === undefined)(titleWith('with curl', 'curl', curl), () => {
    it.for(versions)('GET, verified, TLS %s', async (version) => {
      const report = await curlGet({ port: at('open').port, ca: certificates.root, more: only(version) });
      expect(report).toMatchObject({ exitCode: 0, body: greeting });
      expect(report.log).toContain(`SSL connection using TLSv${version}`);
      expect(report.log).toContain('SSL certificate verify ok');
      expect(report.log).toMatch(/ALPN: server accepted http\/1\.1/);
    });

    it.for(kinds)('GET from a host with a certificate of the kind %s', async (kind) => {
      const report = await curlGet({ port: at('open').port, serverName: nameOf(kind), ca: certificates.root });
      expect(report).toMatchObject({ exitCode: 0, body: greeting });
      expect(report.log).toContain(`subject: CN=${nameOf(kind)}`);
    });

    it.for(versions)('a client certificate, TLS %s', async (version) => {
      const options = { port: at('required').port, ca: certificates.root, more: only(version) };
      const identity = certificates.clients['ecdsa-p256'];
      expect(await curlGet({ ...options, identity })).toMatchObject({ exitCode: 0, body: greeting });
      const without = await curlGet(options);
      expect(without.exitCode).not.toBe(0);
      expect(without.log).toMatch(version === '1.3' ? /certificate required/ : /handshake failure/);
    });

    it.for(['X25519', 'P-521:P-256'])('with the groups %s', async (curves) => {
      const report = await curlGet({ port: at('choosy').port, ca: certificates.root, more: ['--curves', curves] });
      expect(report).toMatchObject({ exitCode: 0, body: greeting });
    });

    it.for(versions)('carries 1 MiB there and back, TLS %s', async (version) => {
      const post = randomBytes(mebibyte);
      const report = await curlGet({ port: at('open').port, ca: certificates.root, post, more: only(version) });
      expect(report.exitCode).toBe(0);
      expect(digest(Buffer.from(report.body, 'latin1'))).toBe(digest(post));
    });

    it('does not trust it without the root', async () => {
      const { exitCode } = await curlGet({ port: at('open').port, ca: certificates.stranger.leaf });
      expect(exitCode).toBe(60);
    });
  });

  function plain(name: keyof typeof gateways, version: '1.2' | '1.3') {
    return { port: at(name).port, servername: 'localhost', ca: certificates.rootPem, ...onlyVersion(version) };
  }
}

/** The gateway's own account of a handshake says the same as the client's. */
async function expectAgreement(gateway: Gateway, clientRandom: string | undefined, wanted: Combination): Promise<void> {
  const trace = await gateway.traces.ofClientRandom(clientRandom ?? '');
  expect(trace.root.attributes).toMatchObject({
    'tls.protocol.version': wanted.version,
    'tls.cipher': wanted.suite,
    'tls.curve': wanted.group,
    'handfast.state': 'confirmed',
    'server.address': nameOf(wanted.kind),
  });
}

function presenting(kind: Kind) {
  const { intermediate, root: ca, clients } = certificates;
  return { identity: clients[kind], intermediate, ca };
}

function fingerprintOf(kind: Kind): string {
  const hex = digest(certificates.servers[kind].issued.der).toUpperCase();
  return hex.match(/../g)?.join(':') ?? '';
}

function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function onlyVersion(version: '1.2' | '1.3') {
  return { minVersion: `TLSv${version}`, maxVersion: `TLSv${version}` } as const;
}

function only(version: '1.2' | '1.3'): readonly string[] {
  return [`--tlsv${version}`, '--tls-max', version];
}

function withVersions<T>(values: readonly T[]) {
  return versions.flatMap((version) => values.map((value) => ({ version, value })));
}
