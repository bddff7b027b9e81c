import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closedPort } from '../../testing/closed-port.ts';
import { handfast, type Program, start } from '../../testing/program.ts';

const curl = async (...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)('curl', ['--silent', '--show-error', '--max-time', '10', ...args])).stdout;

describe('handfast demo', () => {
  let demo: Program;
  let address: string;

  beforeAll(async () => {
    demo = start(['demo', '--listen', '127.0.0.1:0']);
    address = (await demo.printed(/https:\/\/(127\.0\.0\.1:\d+)\//))[1] ?? '';
  });

  afterAll(() => demo.stop('SIGTERM'));

  it('says what to try', () => {
    expect(demo.stdout).toContain(`curl -k https://${address}/`);
    expect(demo.stdout).toContain(`openssl s_client -connect ${address} `);
    expect(demo.stdout).toContain(`npx handfast trace ${address} --insecure`);
  });

  it('answers curl, and shows the handshake once', async () => {
    expect(await curl('--insecure', `https://${address}/`)).toMatch(/^Hello through Handfast!\n/);
    await demo.printed(/Handshake 1, 127\.0\.0\.1:\d+.*confirmed by the client's data.*trace [0-9a-f]{32}\n/s);
    expect(demo.stdout).toMatch(/^ → ClientHello +\d+ +\d+\.\d+ +\d+\.\d+ {2}/m);
    expect(demo.stdout).toMatch(/^ {3}└ key-exchange respond +embedded +\d+\.\d+ +\d+\.\d+ {2}/m);
    expect(demo.stdout).not.toContain('\u001b[');
    expect(demo.stdout).not.toContain('Handshake 2');
  });

  it('is confirmed by handfast trace, under the same trace ID', async () => {
    const { code, stdout } = await handfast(['trace', address, '--insecure', '--json']);
    const { state, trace_id: id } = JSON.parse(stdout);
    expect([code, state]).toEqual([0, 'confirmed']);
    await demo.printed(new RegExp(`confirmed by the client's close_notify.*\\n trace ${id}\\n`));
  });

  it('answers a browser with a page', async () => {
    expect(await curl('--insecure', '--header', 'Accept: text/html', `https://${address}/`)).toMatch(
      /^<!doctype html>/,
    );
  });

  it('shows what a client that does not trust it did', async () => {
    await expect(curl(`https://${address}/`)).rejects.toThrow(/self-signed|self signed/);
    await demo.printed(/failed by the client: alert unknown_ca, [\d.]+ ms after our side had completed/);
  });

  it('shows what a client that speaks plain HTTP did, and goes on', async () => {
    await expect(curl(`http://${address}/`)).rejects.toThrow();
    await demo.printed(/plaintext-protocol, the peer speaks HTTP \(GET\)/);
    expect(await curl('--insecure', `https://${address}/`)).toMatch(/^Hello/);
  });

  it('says which port is taken and how to choose another, with exit code 2', async () => {
    const { code, stderr } = await handfast(['demo', '--listen', address]);
    const port = address.split(':')[1];
    expect(code).toBe(2);
    expect(stderr).toMatch(new RegExp(`^error: port ${port} is taken .*; choose another one, such as with --listen `));
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  it('stops on Ctrl-C with exit code 0 and nothing on standard error, with a connection open too', async () => {
    const idle = connect(Number(address.split(':')[1]), '127.0.0.1');
    idle.on('error', () => {}).resume();
    await once(idle, 'connect');
    const { code, stderr } = await demo.stop('SIGINT');
    expect([code, stderr]).toEqual([0, '']);
  });
});

describe('handfast demo, told by a variable where to listen', () => {
  it('listens there', async () => {
    const port = await closedPort();
    const demo = start(['demo'], { HANDFAST_LISTEN: `127.0.0.1:${port}` });
    await demo.printed(new RegExp(`Handfast listens on 127\\.0\\.0\\.1:${port}\\.`));
    expect((await demo.stop('SIGTERM')).code).toBe(0);
  });
});
