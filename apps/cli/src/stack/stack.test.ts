import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { natsServerBinary } from '@handfast/bus/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handfast, type Program, start } from '../../testing/program.ts';

const lacks = natsServerBinary() === undefined ? ' (skipped: no nats-server)' : '';

describe.skipIf(lacks !== '')(`handfast stack${lacks}`, () => {
  let stack: Program;
  let address: string;

  beforeAll(async () => {
    stack = start(['stack', '--listen', '127.0.0.1:0']);
    address = (await stack.printed(/https:\/\/(127\.0\.0\.1:\d+)\//))[1] ?? '';
  });

  afterAll(() => stack.stop('SIGTERM'));

  it('says which process is ready, and where', () => {
    expect(stack.stdout).toMatch(/^nats +│ listening on nats:\/\/127\.0\.0\.1:\d+$/m);
    for (const name of ['key-exchange', 'certificate', 'session']) {
      expect(stack.stdout).toMatch(
        new RegExp(`^${name} +│ the ${name} service answers on nats://.*, instance [0-9a-f]{16}$`, 'm'),
      );
    }
    expect(stack.stdout).toMatch(/^gateway +│ listening on 127\.0\.0\.1:\d+, in front of 127\.0\.0\.1:\d+$/m);
  });

  it('answers curl, and shows the handshake', async () => {
    const { stdout } = await promisify(execFile)('curl', ['-sk', '--max-time', '10', `https://${address}/`]);
    expect(stdout).toMatch(/^Hello through Handfast!/);
    await stack.printed(/^gateway +│ ✓ TLS 1\.3 · TLS_AES_\d+_GCM_SHA\d+ · x25519 .* trace [0-9a-f]{32}$/m);
  });

  it('stops its processes in order, and removes the key that it made', async () => {
    const { code, stdout, stderr } = await stack.stop('SIGINT');
    const stopped = [...stdout.matchAll(/^([\w-]+) +│ stopping/gm)].map(([, name]) => name);
    expect(stopped).toEqual(['stack', 'gateway', 'session', 'certificate', 'key-exchange']);
    expect([code, stderr]).toEqual([0, '']);
    await expect(promisify(execFile)('curl', ['-sk', `https://${address}/`])).rejects.toThrow();
  });

  it('stops with exit code 1 when one of its processes dies', async () => {
    const other = start(['stack', '--listen', '127.0.0.1:0']);
    const [, pid] = await other.printed(/^certificate +│ started, process (\d+)$/m);
    await other.printed(/Ctrl-C stops/);
    process.kill(Number(pid), 'SIGKILL');
    const { code, stdout } = await other.ended;
    expect(stdout).toMatch(/^stack +│ certificate was ended by SIGKILL: stopping$/m);
    expect(code).toBe(1);
  });

  it('gives a port that is taken the exit code of a wrong setting', async () => {
    const taken = start(['demo', '--listen', '127.0.0.1:0']);
    const [, port] = await taken.printed(/https:\/\/127\.0\.0\.1:(\d+)\//);
    const { code, stdout } = await handfast(['stack', '--listen', `127.0.0.1:${port}`]);
    expect(stdout).toContain(`port ${port} is taken`);
    expect(code).toBe(2);
    await taken.stop('SIGTERM');
  });
});

describe('handfast stack', () => {
  it('says that NATS_SERVER_BIN is wrong', async () => {
    const { code, stderr } = await handfast(['stack'], { NATS_SERVER_BIN: '/nowhere/nats-server' });
    expect([code, stderr]).toEqual([
      2,
      'error: NATS_SERVER_BIN is /nowhere/nats-server, which is no executable file\n',
    ]);
  });

  it('finds wrong settings before it starts anything', async () => {
    const { code, stdout, stderr } = await handfast(['stack', '--client-auth', 'required']);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain('--client-auth required needs --client-ca');
  });
});
