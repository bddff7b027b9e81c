import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort } from '../../testing/closed-port.ts';
import { type CertificateFolder, certificateFolder } from '../../testing/files.ts';
import { handfast, start } from '../../testing/program.ts';
import { startUpstream, type Upstream } from '../demo/upstream.ts';

let files: CertificateFolder;
let upstream: Upstream;

beforeAll(async () => {
  files = await certificateFolder();
  upstream = await startUpstream();
});

afterAll(async () => {
  await upstream.stop();
  files.remove();
});

const curl = (port: string, ...args: readonly string[]) =>
  promisify(execFile)('curl', ['--silent', '--max-time', '10', ...args, `https://127.0.0.1:${port}/`]);

describe('handfast serve', () => {
  it('serves with flags from variables, logs each handshake as JSON, and stops with exit code 0', async () => {
    const gateway = start(['serve', '--listen', '127.0.0.1:0'], {
      HANDFAST_UPSTREAM: `127.0.0.1:${upstream.address.port}`,
      HANDFAST_CERT: files.cert,
      HANDFAST_KEY: files.key,
      HANDFAST_ALPN: 'h2,http/1.1',
      HANDFAST_MAX_VERSION: '1.2',
      HANDFAST_TRACE_FILE: join(files.folder, 'gateway.jsonl'),
    });
    const port = (await gateway.printed(/listening on 127\.0\.0\.1:(\d+), in front of/))[1] ?? '';
    expect((await curl(port, '--cacert', files.cert, '--http1.1')).stdout).toMatch(/^Hello/);
    await gateway.printed(/"event":"handshake"/);
    expect((await gateway.stop('SIGTERM')).code).toBe(0);

    const log = gateway.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(log.map(({ event }) => event)).toEqual(['ready', 'handshake', 'notice']);
    expect(log[1]).toMatchObject({
      level: 'info',
      service: 'handfast-gateway',
      outcome: 'confirmed',
      protocol: 'TLS 1.2',
      application_protocol: 'http/1.1',
      client: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      trace_id: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(readFileSync(join(files.folder, 'gateway.jsonl'), 'utf8')).toContain(log[1].trace_id);
  });

  it('tells failures as warnings, and troubles with the upstream in words', async () => {
    const nobody = await closedPort();
    const gateway = start(['serve', '--listen', '127.0.0.1:0', '--upstream', `127.0.0.1:${nobody}`, ...pair()]);
    const port = (await gateway.printed(/listening on 127\.0\.0\.1:(\d+)/))[1] ?? '';
    await expect(curl(port)).rejects.toThrow();
    const failed = JSON.parse((await gateway.printed(/^.*"event":"handshake".*$/m))[0]);
    expect(failed).toMatchObject({ level: 'warn', outcome: 'failed', reason: 'peer-alert', alert: 'unknown_ca' });
    await curl(port, '--insecure').catch(() => {});
    await gateway.printed(new RegExp(`the upstream 127\\.0\\.0\\.1:${nobody} cannot be reached: ECONNREFUSED`));
    await gateway.stop('SIGTERM');
  });

  it('cuts off who stays connected when it is to stop', async () => {
    const gateway = start(['serve', '--listen', '127.0.0.1:0', '--upstream', '127.0.0.1:1', ...pair()]);
    const port = Number((await gateway.printed(/listening on 127\.0\.0\.1:(\d+)/))[1]);
    const idle = connect(port, '127.0.0.1');
    await new Promise((resolve) => idle.once('connect', resolve));
    idle.resume().on('error', () => {});
    expect((await gateway.stop('SIGINT')).code).toBe(0);
  });

  it.each<[string, () => readonly string[], RegExp]>([
    ['no certificate', () => [], /^error: --cert and --key are needed, unless --bus nats:/],
    ['client authentication without CAs', () => [...pair(), '--client-auth', 'optional'], /needs --client-ca/],
    ['a key in place of the chain', () => ['--cert', files.key, '--key', files.key], /has no CERTIFICATE in it/],
    [
      'CAs that are none',
      () => [...pair(), '--client-ca', files.key],
      /--client-ca .*key\.pem: there is no certificate/,
    ],
  ])('refuses to start with %s, with exit code 2', async (_, flags, told) => {
    const { code, stderr } = await handfast(['serve', '--listen', '127.0.0.1:0', '--upstream', 'a:1', ...flags()]);
    expect(stderr).toMatch(told);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  it('refuses to start on a port that is taken', async () => {
    const { port } = upstream.address;
    const { code, stderr } = await handfast(['serve', '--listen', `127.0.0.1:${port}`, '--upstream', 'a:1', ...pair()]);
    expect([code, stderr]).toEqual([2, expect.stringContaining(`port ${port} is taken`)]);
  });

  it('waits for a bus that is not there yet, says so, and can be stopped meanwhile', async () => {
    const bus = `nats://127.0.0.1:${await closedPort()}`;
    const gateway = start(['serve', '--listen', '127.0.0.1:0', '--upstream', 'a:1', '--bus', bus, '--key', files.key]);
    await gateway.printed(/waiting for NATS: no NATS server at nats:/);
    expect(gateway.stdout).toContain('--key is not read: the key exchange service holds the keys');
    expect((await gateway.stop('SIGTERM')).code).toBe(0);
  });
});

function pair(): readonly string[] {
  return ['--cert', files.cert, '--key', files.key];
}
