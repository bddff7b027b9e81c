import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CipherSuite } from '@handfast/wire';
import { type Certificates, type Identity, kinds } from '../certificates.ts';
import { findProgram, Program } from '../processes.ts';
import { freePort } from './free-port.ts';
import {
  type ClientReport,
  offeredGroups,
  type Peer,
  type PeerServer,
  ping,
  type RunningPeer,
  ServerPool,
  type Wanted,
} from './peer.ts';

// OpenSSL makes the PKCS #12 files in which NSS takes private keys.
const programs = ['tstclnt', 'selfserv', 'certutil', 'pk12util', 'modutil', 'openssl'] as const;

const groups: Readonly<Record<string, string>> = {
  x25519: 'x25519',
  secp256r1: 'P256',
  secp384r1: 'P384',
  secp521r1: 'P521',
  ffdhe2048: 'FF2048',
  ffdhe3072: 'FF3072',
};

export const nss: Peer = {
  name: 'NSS',
  missing: programs.find((program) => findProgram(program) === undefined),
  lacks: ({ group, kind, clientKind, protocol, suite, resumption }, side) => {
    if (suite.includes('CCM')) return 'no CCM';
    // What it has seen before it began, it cannot know (RFC 8446 section 8.2).
    if (resumption === 'early data' && side === 'server') return 'refuses early data in its first seconds';
    if (!(group in groups)) return `no ${group}`;
    if ([kind, clientKind].includes('ed25519')) return 'no Ed25519';
    if (protocol !== undefined && (side === 'client' || protocol !== 'http/1.1')) return 'no such option of ALPN';
    return undefined;
  },
  start: async (certificates) => {
    const trusting = await databaseIn(join(certificates.folder, 'nss-trusting'), certificates);
    const database = await databaseIn(join(certificates.folder, 'nss'), certificates);
    for (const kind of kinds) {
      if (kind === 'ed25519') continue;
      await importIdentity(database, `server-${kind}`, certificates.servers[kind]);
      await importIdentity(database, `client-${kind}`, certificates.clients[kind]);
    }
    const request = join(certificates.folder, 'request');
    writeFileSync(request, ping);
    return new Nss(await versionIn(database), database, trusting, request);
  },
};

/** A database that trusts the root. */
async function databaseIn(folder: string, { root }: Certificates): Promise<string> {
  mkdirSync(folder);
  const database = `sql:${folder}`;
  await run('certutil', '-N', '-d', database, '--empty-password');
  await run('certutil', '-A', '-d', database, '-n', 'root', '-t', 'CT,,', '-i', root);
  return database;
}

async function versionIn(database: string): Promise<string> {
  const asked = new Program('modutil', ['-dbdir', database, '-list']);
  await asked.ended;
  return /library-version=([\d.]+)/.exec(asked.stdout)?.[1] ?? 'of unknown version';
}

async function importIdentity(database: string, nickname: string, { chain, key }: Identity): Promise<void> {
  const file = `${chain}.p12`;
  const password = 'password';
  await run(
    'openssl',
    ...['pkcs12', '-export', '-in', chain, '-inkey', key, '-name', nickname, '-out', file],
    ...['-passout', `pass:${password}`, '-iter', '1'],
  );
  await run('pk12util', '-i', file, '-d', database, '-K', '', '-W', password);
}

async function run(command: string, ...args: readonly string[]): Promise<void> {
  const program = new Program(command, args);
  if ((await program.ended) !== 0) throw new Error(`${command} ${args[0]} failed: ${program.stderr}`);
}

class Nss implements RunningPeer {
  readonly version: string;
  readonly #database: string;
  /** Has no certificates of its own: `tstclnt` presents any that fits where it is not told which. */
  readonly #trusting: string;
  /** A file with what is sent: `tstclnt` does not see that a pipe has ended. */
  readonly #request: string;
  readonly #programs: Program[] = [];
  readonly #pool = new ServerPool((options: ServerOptions) => this.#startServer(options));

  constructor(version: string, database: string, trusting: string, request: string) {
    this.version = version;
    this.#database = database;
    this.#trusting = trusting;
    this.#request = request;
  }

  async connect(port: number, wanted: Wanted): Promise<ClientReport> {
    const program = new Program('tstclnt', [
      ...['-h', '127.0.0.1', '-p', String(port), '-a', 'localhost', '-v'],
      ...['-V', `tls${wanted.version}:tls${wanted.version}`],
      ...[
        '-I',
        offeredGroups(wanted)
          .map((name) => groups[name])
          .join(),
      ],
      ...['-J', signatureSchemes, '-A', this.#request],
      // Both at once, and it frees what it has not allocated.
      ...(wanted.resumption === 'none' ? ['-c', cipher(wanted.suite)] : ['-L', '2']),
      ...(wanted.resumption === 'session ID' ? [] : ['-u']),
      ...(wanted.resumption === 'early data' ? ['-Z'] : []),
      ...(wanted.clientKind === undefined
        ? ['-d', this.#trusting]
        : ['-d', this.#database, '-n', `client-${wanted.clientKind}`]),
    ]);
    const exitCode = await program.ended;
    const answered = program.stdout.split('GET / HTTP/1.0').length - 1 === (wanted.resumption === 'none' ? 1 : 2);
    const resumed = /^[1-9]\d* (cache hits|stateless resumes)/m.test(program.stderr);
    return { answered: answered && exitCode === 0, resumed, output: `${program.stdout}\n${program.stderr}` };
  }

  async listen({ kind, clientAuth, retried, group, protocol, resumption, suite }: Wanted): Promise<PeerServer> {
    const tickets = resumption === 'session ID' ? 'no' : 'yes';
    return this.#pool.get({ kind, clientAuth, protocol, tickets, group: retried ? group : undefined, suite });
  }

  async #startServer({ kind, clientAuth, group, protocol, tickets, suite }: ServerOptions): Promise<PeerServer> {
    const port = await freePort();
    const program = new Program('selfserv', [
      ...[
        '-d',
        this.#database,
        '-p',
        String(port),
        '-v',
        '-V',
        'tls1.2:tls1.3',
        '-J',
        signatureSchemes,
        '-c',
        cipher(suite),
      ],
      ...(tickets === 'yes' ? ['-u', '-Z'] : []),
      ...[kind.startsWith('ecdsa') ? '-e' : '-n', `server-${kind}`],
      ...{ none: [], optional: ['-r'], required: ['-r', '-r'] }[clientAuth],
      ...(group === undefined ? [] : ['-I', groups[group] ?? '']),
      ...(protocol === undefined ? [] : ['-Q']),
    ]);
    this.#programs.push(program);
    await program.until(() => program.stderr.includes('About to call accept') || undefined);
    return { port, request: ping, response: 'GET / HTTP/1.0' };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop('SIGKILL')));
  }
}

type ServerOptions = Pick<Wanted, 'kind' | 'clientAuth' | 'protocol' | 'suite'> & {
  /** The only one it has; undefined for all of them. */
  readonly group: string | undefined;
  readonly tickets: 'yes' | 'no';
};

/** In the notation of NSS. It has suites that it does not use unless it is told to. */
function cipher(suite: string): string {
  const code = CipherSuite[suite as keyof typeof CipherSuite];
  return `:${code.toString(16).padStart(4, '0').toUpperCase()}`;
}

/** By default, those for certificates of RSA-PSS are not among them. */
const signatureSchemes = [
  'ecdsa_secp256r1_sha256',
  'ecdsa_secp384r1_sha384',
  'ecdsa_secp521r1_sha512',
  'rsa_pss_rsae_sha256',
  'rsa_pss_rsae_sha384',
  'rsa_pss_rsae_sha512',
  'rsa_pss_pss_sha256',
  'rsa_pss_pss_sha384',
  'rsa_pss_pss_sha512',
  'rsa_pkcs1_sha256',
  'rsa_pkcs1_sha384',
  'rsa_pkcs1_sha512',
].join();
