import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Identity } from '../certificates.ts';
import { findProgram, Program } from '../processes.ts';

export const openssl = findProgram('openssl');

export type Version = '1.2' | '1.3';

/** What both of OpenSSL's test programs are told alike. Lists are in OpenSSL's notation, with colons. */
interface CommonOptions {
  /** Only this version. */
  readonly version?: Version | '1.1' | undefined;
  /** Only these cipher suites, by their IANA names in TLS 1.3 and OpenSSL's in TLS 1.2. */
  readonly suites?: string | undefined;
  readonly groups?: string | undefined;
  readonly sigalgs?: string | undefined;
  readonly identity?: Identity | undefined;
  /** PEM file of the intermediates that go with `identity`. */
  readonly intermediate?: string | undefined;
  /** PEM file of what to trust. */
  readonly ca?: string | undefined;
  readonly alpn?: string | undefined;
}

export interface ClientOptions extends CommonOptions {
  readonly port: number;
  readonly serverName?: string | undefined;
  /** What to send, one after the other; by default a line that is to come back. */
  readonly lines?: readonly Line[] | undefined;
  /** More arguments of `openssl s_client`. */
  readonly more?: readonly string[] | undefined;
}

/** A line for the server, or a command of one letter for `s_client` (`K`, `k`, `R`). */
export interface Line {
  readonly text: string;
  /** What must be printed before the next line is sent; undefined for nothing. */
  readonly answer: string | undefined;
}

/** A line that is to come back. */
export function echo(text: string): Line {
  return { text, answer: `${text}\n` };
}

/** What `openssl s_client` reported of a connection. */
export interface ClientReport {
  readonly exitCode: number | NodeJS.Signals | null;
  readonly output: string;
  readonly protocol: string | undefined;
  readonly cipher: string | undefined;
  /** As OpenSSL words it: `X25519, 253 bits`, `ECDH, prime256v1, 256 bits`. */
  readonly group: string | undefined;
  readonly signature: string | undefined;
  readonly verification: string | undefined;
  readonly alpn: string | undefined;
  /** PEM, as the server sent it. */
  readonly certificate: string | undefined;
  /** Whether the handshake came to its end, and all answers came. */
  readonly answered: boolean;
  /** Hexadecimal; undefined where the handshake got to no secrets. */
  readonly clientRandom: string | undefined;
  /** The NSS key log. */
  readonly keyLog: string;
}

/** Makes a connection with `openssl s_client`, sends lines, and says goodbye once they have come back. */
export async function openSslClient(options: ClientOptions): Promise<ClientReport> {
  const { port, serverName = 'localhost', lines = [echo('ping')], more = [] } = options;
  const folder = mkdtempSync(join(tmpdir(), 'handfast-openssl-'));
  const keyLogFile = join(folder, 'keys.log');
  const program = new Program(openssl ?? 'openssl', [
    's_client',
    ...['-connect', `127.0.0.1:${port}`, '-servername', serverName, '-verify_hostname', serverName],
    ...['-verify_return_error', '-keylogfile', keyLogFile],
    ...commonFlags(options),
    ...more,
  ]);
  let answered = await isConnected(program);
  for (const { text, answer } of lines) {
    if (!answered) break;
    const seen = lengthsOf(program);
    program.child.stdin?.write(`${text}\n`);
    if (answer !== undefined) answered = await isPrinted(program, answer, seen);
  }
  program.child.stdin?.end();
  const exitCode = await program.ended;
  const keyLog = readIfThere(keyLogFile);
  rmSync(folder, { recursive: true, force: true });
  return { ...reportOf(program), exitCode, answered, keyLog, clientRandom: /^\w+ ([0-9a-f]{64}) /m.exec(keyLog)?.[1] };
}

interface Lengths {
  readonly stdout: number;
  readonly stderr: number;
}

function lengthsOf({ stdout, stderr }: Program): Lengths {
  return { stdout: stdout.length, stderr: stderr.length };
}

async function isPrinted(program: Program, answer: string, seen: Lengths): Promise<boolean> {
  const found = () =>
    program.stdout.slice(seen.stdout).includes(answer) || program.stderr.slice(seen.stderr).includes(answer);
  return (await program.until(() => found() || undefined)) === true;
}

/** The summary ends with a line of dashes after the session, or after the verification in TLS 1.3. */
async function isConnected(program: Program): Promise<boolean> {
  const summary = /Verify return code: |Verification: OK[\s\S]*?\n---\n/;
  return (await program.until(() => summary.test(program.stdout) || undefined)) === true;
}

function reportOf({ stdout, stderr }: Program) {
  const find = (pattern: RegExp): string | undefined => pattern.exec(stdout)?.[1];
  return {
    output: `${stdout}\n${stderr}`,
    protocol: find(/^New, (TLSv[\d.]+)/m),
    cipher: find(/^New, .*Cipher is (\S+)/m),
    group: find(/^Server Temp Key: (.*)$/m),
    signature: find(/^Peer signature type: (.*)$/m),
    verification: find(/^Verification: (.*)$/m),
    alpn: find(/^ALPN protocol: (.*)$/m),
    certificate: find(/^Server certificate\n(-----BEGIN [\s\S]*?END CERTIFICATE-----)/m),
  };
}

export interface ServerOptions extends CommonOptions {
  readonly identity: Identity;
  /** Prints what it gets and sends what it is told to by `say`, instead of sending each line back in reverse. */
  readonly interactive?: boolean | undefined;
  /** More arguments of `openssl s_server`. */
  readonly more?: readonly string[] | undefined;
}

/** An `openssl s_server`. */
export class OpenSslServer {
  readonly port: number;
  readonly program: Program;
  #seen = { stdout: 0, stderr: 0 };

  constructor(port: number, program: Program) {
    this.port = port;
    this.program = program;
  }

  /** Forgets what was printed so far. */
  forget(): void {
    this.#seen = lengthsOf(this.program);
  }

  /** Resolves once that text is printed; with false where the process ends before. */
  prints(text: string): Promise<boolean> {
    return isPrinted(this.program, text, this.#seen);
  }

  /** Types a line, which is sent to the client, or does something if it is a letter that is a command. */
  say(line: string): void {
    this.forget();
    this.program.child.stdin?.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    await this.program.stop('SIGKILL');
  }
}

export async function openSslServer(options: ServerOptions): Promise<OpenSslServer> {
  const program = new Program(openssl ?? 'openssl', [
    ...['s_server', '-accept', '127.0.0.1:0', ...(options.interactive === true ? [] : ['-rev'])],
    ...commonFlags(options),
    ...(options.more ?? []),
  ]);
  const [, port] = await program.untilPrinted(/^ACCEPT .*:(\d+)$/m);
  return new OpenSslServer(Number(port), program);
}

function commonFlags(options: CommonOptions): readonly string[] {
  const { version, suites, groups, sigalgs, identity, intermediate, ca, alpn } = options;
  return [
    ...(version === undefined ? [] : [`-tls${version.replace('.', '_')}`]),
    ...flag(version === '1.3' ? '-ciphersuites' : '-cipher', suites),
    ...flag('-groups', groups),
    ...flag('-sigalgs', sigalgs),
    ...flag('-cert', identity?.leaf),
    ...flag('-key', identity?.key),
    ...flag('-cert_chain', identity && intermediate),
    ...flag('-CAfile', ca),
    ...flag('-alpn', alpn),
  ];
}

function flag(name: string, value: string | undefined): readonly string[] {
  return value === undefined ? [] : [name, value];
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
