import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
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
  lacks: ({ group, kind, clientKind, protocol }, side) => {
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
    return new Nss(await versionIn(database), database, trusting);
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
  readonly #programs: Program[] = [];
  readonly #pool = new ServerPool((options: ServerOptions) => this.#startServer(options));

  constructor(version: string, database: string, trusting: string) {
    this.version = version;
    this.#database = database;
    this.#trusting = trusting;
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
      ...['-J', signatureSchemes],
      ...(wanted.clientKind === undefined
        ? ['-d', this.#trusting]
        : ['-d', this.#database, '-n', `client-${wanted.clientKind}`]),
    ]);
    program.child.stdin?.write(ping);
    const answered = (await program.until(() => program.stdout.includes('GET / HTTP/1.0') || undefined)) === true;
    program.child.stdin?.end();
    const exitCode = await program.ended;
    return { answered: answered && exitCode === 0, output: `${program.stdout}\n${program.stderr}` };
  }

  async listen({ kind, clientAuth, retried, group, protocol }: Wanted): Promise<PeerServer> {
    return this.#pool.get({ kind, clientAuth, protocol, group: retried ? group : undefined });
  }

  async #startServer({ kind, clientAuth, group, protocol }: ServerOptions): Promise<PeerServer> {
    const port = await freePort();
    const program = new Program('selfserv', [
      ...['-d', this.#database, '-p', String(port), '-v', '-V', 'tls1.2:tls1.3', '-u', '-J', signatureSchemes],
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

type ServerOptions = Pick<Wanted, 'kind' | 'clientAuth' | 'protocol'> & { readonly group: string | undefined };

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
