import { describe, expect, it } from 'vitest';
import { handfast } from '../testing/program.ts';

const commands = ['demo', 'trace', 'serve', 'service', 'stack', 'verify', 'trace-id'];
const services = ['service key-exchange', 'service certificate', 'service session'];

describe.concurrent('handfast', () => {
  it('lists its commands, the variables and the exit codes', async () => {
    const { code, stdout } = await handfast(['--help']);
    expect(code).toBe(0);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command} .*\\w`, 'm'));
    expect(stdout).toContain('--min-version as HANDFAST_MIN_VERSION');
    expect(stdout).toContain('Exit codes: 0 success, 1 the handshake failed, 2 wrong usage or configuration.');
  });

  it.each([...commands, ...services])('%s --help ends with an example', async (command) => {
    const { code, stdout } = await handfast([...command.split(' '), '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\nExamples?:\n( {2}handfast .*\n?|.* \\\n|\s+--.*\n?)+$/);
  });

  it('serve has the flags that others rely on', async () => {
    const { stdout } = await handfast(['serve', '--help']);
    const flags = [...stdout.matchAll(/^ {2}(--[\w-]+)/gm)].map(([, flag]) => flag);
    expect(flags).toEqual([
      '--listen',
      '--upstream',
      '--cert',
      '--key',
      '--client-auth',
      '--client-ca',
      '--early-data',
      '--alpn',
      '--min-version',
      '--max-version',
      '--ciphers',
      '--groups',
      '--otlp',
      '--trace-file',
      '--bus',
      '--bus-secret',
    ]);
  });

  it('prints its version', async () => {
    expect((await handfast(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe.concurrent('exit code 2, with one line that says why, for', () => {
  it.each([
    ['no command at all', [], /Usage: handfast/],
    ['an unknown command', ['sevre'], /unknown command 'sevre'/],
    [
      'an unknown flag',
      ['trace', 'example.org', '--insecur'],
      /unknown option '--insecur'.*\n.*Did you mean --insecure/,
    ],
    [
      'a flag that is missing',
      ['serve', '--listen', '127.0.0.1:0'],
      /required option '--upstream <HOST:PORT>' not specified/,
    ],
    ['an argument too many', ['trace', 'example.org', 'example.com'], /too many arguments/],
    ['an address without a port', ['demo', '--listen', 'localhost'], /'localhost' is invalid. It needs HOST:PORT/],
    ['a version that is none', ['trace', 'a', '--min-version', '1.1'], /Allowed choices are 1.2, 1.3/],
    [
      'versions in the wrong order',
      ['trace', 'a', '--min-version', '1.3', '--max-version', '1.2'],
      /above the highest/,
    ],
    ['a cipher suite that is none', ['trace', 'a', '--ciphers', 'RC4-MD5'], /--ciphers: 'RC4-MD5' is no cipher suite/],
    ['a group that is none', ['trace', 'a', '--groups', 'P-255'], /--groups: 'P-255' is no group/],
    ['a bus that is none', ['service', 'session', '--bus', 'embedded'], /needs the URL of a NATS server/],
    [
      'a file that is not there',
      ['trace', 'a', '--ca', '/nowhere/ca.pem'],
      /--ca \/nowhere\/ca.pem: there is no such file/,
    ],
    [
      'a bus secret that is none',
      ['service', 'session', '--bus', 'nats://127.0.0.1:1', '--bus-secret', '/dev/null'],
      /--bus-secret \/dev\/null: 0 characters are too few; make one with: openssl rand -hex 32/,
    ],
    [
      'a ticket secret that is none',
      ['service', 'session', '--bus', 'nats://127.0.0.1:1', '--ticket-secret', '/dev/null'],
      /--ticket-secret \/dev\/null: 0 characters are too few/,
    ],
    [
      'tickets that live too long',
      ['service', 'session', '--bus', 'nats://127.0.0.1:1', '--ticket-lifetime', '604801'],
      /'604801' is invalid. It must be 1 to 604800 seconds/,
    ],
    ['a chain without a key', ['trace', 'a', '--cert', 'a.pem'], /--cert is given once and --key not at all/],
    ['an OTLP address that is none', ['trace', '127.0.0.1:1', '--otlp', 'collector'], /OTLP needs a URL/],
  ] as const)('%s', async (_, args, told) => {
    const { code, stdout, stderr } = await handfast(args);
    expect(stderr).toMatch(told);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect([code, stdout]).toEqual([2, '']);
  });

  it('a variable with a wrong value, named as such', async () => {
    const { code, stderr } = await handfast(['demo'], { HANDFAST_LISTEN: 'here' });
    expect(code).toBe(2);
    expect(stderr).toContain("value 'here' from env 'HANDFAST_LISTEN' is invalid");
  });
});

describe.concurrent('handfast trace-id', () => {
  it('prints the first 16 bytes of SHA-256("handfast trace id" || client random)', async () => {
    // printf 'handfast trace id' | cat - <(head -c 32 /dev/zero) | sha256sum
    const { code, stdout } = await handfast(['trace-id', '00'.repeat(32)]);
    expect([code, stdout]).toEqual([0, '3ff906a7dd3ca1c6f20522dacd66f534\n']);
  });

  it('refuses what is no client random', async () => {
    const { code, stderr } = await handfast(['trace-id', 'abc']);
    expect(code).toBe(2);
    expect(stderr).toContain('It needs 64 hexadecimal digits (32 bytes), and has 3 characters');
  });
});
