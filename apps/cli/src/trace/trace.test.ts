import { constants } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CertificateFolder, certificateFolder } from '../../testing/files.ts';
import { handfast, Program } from '../../testing/program.ts';

let files: CertificateFolder;
const servers: Server[] = [];

beforeAll(async () => {
  files = await certificateFolder();
});

afterAll(() => {
  for (const server of servers) server.close();
  files.remove();
});

describe.concurrent('handfast trace, against openssl s_server', () => {
  it.each(['1.2', '1.3'])('shows a TLS %s handshake that was confirmed', async (version) => {
    const server = openssl('-naccept', '1');
    const port = await portOf(server);
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--ca', files.cert, '--max-version', version);
    expect(stdout).toMatch(new RegExp(`^127\\.0\\.0\\.1:${port} .*TLS ${version} seen by the client, [\\d.]+ ms\\n`));
    for (const message of ['→ ClientHello', '← ServerHello', '← Certificate', '→ Finished', '← Finished']) {
      expect(stdout).toMatch(new RegExp(`^ ${message} +\\d+ `, 'm'));
    }
    expect(stdout).toContain(" confirmed by the server's close_notify");
    expect(stdout).toMatch(/^ trace [0-9a-f]{32}$/m);
    expect(stdout).toMatch(
      /^ 0 {2}CN=localhost\n {4}ecdsa-p256, (29|30) days left\n {4}for localhost, 127.0.0.1, ::1\n/m,
    );
    expect(code).toBe(0);
  });

  it('says that a client certificate is missing, though TLS 1.3 tells late', async () => {
    const port = await portOf(openssl('-naccept', '1', '-Verify', '1'));
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--ca', files.cert);
    expect(stdout).toMatch(
      /failed by the server: alert certificate_required, [\d.]+ ms after our side had\s+completed/,
    );
    expect(stdout).toContain('The server wants a client certificate (--cert, --key).');
    expect(code).toBe(1);
  });

  it('says that nothing is in common', async () => {
    const port = await portOf(openssl('-naccept', '1', '-tls1_3', '-groups', 'P-521'));
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--insecure', '--groups', 'x25519');
    expect(stdout).toContain('failed by the server while we waited for ServerHello: alert handshake_failure');
    expect(code).toBe(1);
  });
});

describe.concurrent('handfast trace', () => {
  it('prints as JSON what it prints for people', async () => {
    const port = await serve(createTlsServer(identity(), (socket) => void socket.end('hello')));
    const { code, stdout } = await trace(`localhost:${port}`, '--ca', files.cert, '--json');
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      target: { host: 'localhost', port },
      state: 'confirmed',
      failure: null,
      negotiated: { protocol: 'TLS 1.3', server_name: 'localhost', peer_subject: 'CN=localhost' },
      chain: [{ subject: 'CN=localhost', issuer: 'CN=localhost', key: 'ecdsa-p256', is_ca: false }],
      trust: { trusted: true },
    });
    expect(report.steps[0]).toMatchObject({ name: 'ClientHello', direction: 'sent', waited_ms: 0 });
    expect(report.chain[0].days_left).toBeGreaterThan(28);
    expect((await handfast(['trace-id', report.client_random])).stdout).toBe(`${report.trace_id}\n`);
    expect(code).toBe(0);
  });

  it('refuses a server that it does not trust, and says what to do', async () => {
    const port = await serve(createTlsServer(identity()).on('tlsClientError', () => {}));
    const { code, stdout } = await trace(`127.0.0.1:${port}`);
    expect(flowing(stdout)).toMatch(/failed at Certificate: certificate-self-signed, .*; we sent the alert unknown_ca/);
    expect(stdout).toContain('--insecure');
    expect(code).toBe(1);
  });

  it('goes on with --insecure, and reports why not to', async () => {
    const port = await serve(createTlsServer(identity()));
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--insecure', '--servername', 'other.example', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      state: 'confirmed',
      trust: { trusted: false, reason: 'certificate-self-signed', rule: expect.stringContaining('RFC 5280') },
    });
    expect(code).toBe(0);
  });

  it('does not call a handshake confirmed that the server only left', async () => {
    const leaving = createTlsServer({ ...identity(), allowHalfOpen: true }, (socket) =>
      socket.on('end', () => socket.destroy()).resume(),
    );
    const port = await serve(leaving);
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--ca', files.cert);
    expect(flowing(stdout)).toContain('completed, not confirmed: the server left without close_notify');
    expect(code).toBe(0);
  });

  it('calls it a failure that a server leaves without a word when it has seen our certificate', async () => {
    const port = await serve(createTlsServer({ ...identity(), requestCert: true }).on('tlsClientError', () => {}));
    const { code, stdout } = await trace(
      `127.0.0.1:${port}`,
      ...['--ca', files.cert, '--cert', files.cert, '--key', files.key],
    );
    expect(stdout).toContain(' client certificate presented');
    expect(flowing(stdout)).toMatch(/failed: the peer left right after the handshake, without a word, [\d.]+ ms after/);
    expect(flowing(stdout)).toContain(
      'A server that refuses a client certificate in TLS 1.3 without an alert leaves like this',
    );
    expect(code).toBe(1);
  });

  it.each<[string, Server, RegExp]>([
    ['speaks HTTP', createHttpServer(), /plaintext-protocol, the peer speaks HTTP.*This port does not speak TLS/s],
    ['greets like SMTP', createServer((socket) => void socket.write('220 mail ESMTP\r\n')), /the peer speaks SMTP/],
    [
      'hangs up',
      createServer((socket) => socket.once('data', () => socket.end())),
      /failed while we waited for ServerHello: the peer closed the connection without a word/,
    ],
    [
      'resets',
      createServer((socket) => socket.once('data', () => socket.resetAndDestroy())),
      /failed while we waited for ServerHello: the connection broke \(ECONNRESET\)/,
    ],
  ])('says what a server does that %s', async (_, server, told) => {
    const { code, stdout } = await trace(`127.0.0.1:${await serve(server)}`);
    expect(flowing(stdout)).toMatch(told);
    expect(stdout).toMatch(/^ trace [0-9a-f]{32}$/m);
    expect(code).toBe(1);
  });

  it('resumes the session of the first connection in the second', async () => {
    const port = await serve(createTlsServer(identity()));
    const told = await trace(`127.0.0.1:${port}`, '--ca', files.cert, '--resume');
    expect([told.code, told.stdout.match(/^127\.0\.0\.1:/gm)?.length]).toEqual([0, 2]);
    expect(told.stdout.match(/ session resumed · /g)).toHaveLength(1);
    expect(told.stdout).not.toContain('No session was resumed');
    const json = await trace(`127.0.0.1:${port}`, '--ca', files.cert, '--resume', '--json');
    const reports = JSON.parse(`[${json.stdout.replace(/^}\n{/m, '},{')}]`);
    expect(reports).toMatchObject([{ negotiated: { resumption: 'full' } }, { negotiated: { resumption: 'resumed' } }]);
  });

  it.each<[string, TlsOptions, readonly string[], string]>([
    [
      'that gives out none',
      { maxVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET },
      ['--ca'],
      'gave out none',
    ],
    ['that is not trusted', {}, ['--insecure'], 'none is kept with a server that is not trusted'],
  ])('says that it did not resume the session of a server %s', async (_, options, flags, told) => {
    const port = await serve(createTlsServer({ ...identity(), ...options }));
    const given = flags.flatMap((flag) => (flag === '--ca' ? [flag, files.cert] : [flag]));
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--resume', ...given);
    expect(flowing(stdout)).toContain('No session was resumed: ');
    expect(flowing(stdout)).toContain(told);
    expect(code).toBe(0);
  });

  it('does not connect again when the first connection has failed', async () => {
    const port = await serve(createTlsServer(identity()).on('tlsClientError', () => {}));
    const { code, stdout } = await trace(`127.0.0.1:${port}`, '--resume', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ state: 'failed' });
    expect(code).toBe(1);
  });

  it('says that a port is closed, for people and for programs', async () => {
    const server = createServer();
    const port = await serve(server);
    await new Promise((resolve) => server.close(resolve));
    const told = `127.0.0.1:${port} refused the TCP connection`;
    const text = await trace(`127.0.0.1:${port}`);
    expect([text.code, text.stdout.slice(0, told.length), text.stderr]).toEqual([1, told, '']);
    const json = await trace(`127.0.0.1:${port}`, '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({ state: 'failed', failure: { reason: 'connection-refused' } });
    expect(json.code).toBe(1);
  });

  it('says that a name does not exist', async () => {
    const { code, stdout } = await trace('handfast.invalid');
    expect(stdout).toMatch(/handfast\.invalid/);
    expect(code).toBe(1);
  });

  it('writes the trace to a file, under the ID that it prints', async () => {
    const port = await serve(createTlsServer(identity()));
    const path = join(files.folder, 'trace.jsonl');
    const { stdout } = await trace(`127.0.0.1:${port}`, '--ca', files.cert, '--trace-file', path);
    const id = /^ trace ([0-9a-f]{32})$/m.exec(stdout)?.[1];
    const spans = JSON.parse(readFileSync(path, 'utf8')).resourceSpans.flatMap(
      ({ scopeSpans }: { scopeSpans: { spans: { traceId: string; name: string }[] }[] }) =>
        scopeSpans.flatMap((scope) => scope.spans),
    );
    expect(new Set(spans.map(({ traceId }: { traceId: string }) => traceId))).toEqual(new Set([id]));
    expect(spans.map(({ name }: { name: string }) => name)).toContain('TLS client handshake');
  });
});

function trace(...args: readonly string[]) {
  return handfast(['trace', ...args]);
}

/** Text without the line breaks that the width of the terminal makes. */
function flowing(text: string): string {
  return text.replace(/\s+/g, ' ');
}

function identity(): TlsOptions {
  return { cert: readFileSync(files.cert), key: readFileSync(files.key) };
}

function openssl(...args: readonly string[]): Program {
  return new Program('openssl', [
    's_server',
    '-accept',
    '127.0.0.1:0',
    '-cert',
    files.cert,
    '-key',
    files.key,
    ...args,
  ]);
}

async function portOf(server: Program): Promise<number> {
  return Number((await server.printed(/ACCEPT .*:(\d+)/))[1]);
}

async function serve(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
