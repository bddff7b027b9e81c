import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { findProgram, Program } from '../processes.ts';
import { freePort } from './free-port.ts';
import {
  type ClientReport,
  clientIdentity,
  offeredGroups,
  type Peer,
  type PeerServer,
  ping,
  type RunningPeer,
  ServerPool,
  type Wanted,
} from './peer.ts';

const programs = ['gnutls-cli', 'gnutls-serv'] as const;

const groups: Readonly<Record<string, string>> = {
  x25519: 'GROUP-X25519',
  secp256r1: 'GROUP-SECP256R1',
  secp384r1: 'GROUP-SECP384R1',
  secp521r1: 'GROUP-SECP521R1',
  ffdhe2048: 'GROUP-FFDHE2048',
  ffdhe3072: 'GROUP-FFDHE3072',
};

export const gnutls: Peer = {
  name: 'GnuTLS',
  missing: programs.find((program) => findProgram(program) === undefined),
  lacks: ({ group }) => (group in groups ? undefined : `no ${group}`),
  start: async (certificates) => {
    const asked = new Program('gnutls-cli', ['--version']);
    await asked.ended;
    const version = /^gnutls-cli (\S+)/.exec(asked.stdout)?.[1] ?? 'of unknown version';
    return new GnuTls(version, certificates);
  },
};

class GnuTls implements RunningPeer {
  readonly version: string;
  readonly #certificates: Certificates;
  readonly #programs: Program[] = [];
  readonly #pool = new ServerPool((options: ServerOptions) => this.#startServer(options));

  constructor(version: string, certificates: Certificates) {
    this.version = version;
    this.#certificates = certificates;
  }

  async connect(port: number, wanted: Wanted): Promise<ClientReport> {
    const identity = clientIdentity(this.#certificates, wanted);
    const program = new Program('gnutls-cli', [
      ...['--port', String(port), '--x509cafile', this.#certificates.root],
      ...['--sni-hostname', 'localhost', '--verify-hostname', 'localhost'],
      ...['--priority', priority(wanted.version, offeredGroups(wanted))],
      // Otherwise it sends two shares, and guesses right more often than it is meant to.
      '--single-key-share',
      ...(identity === undefined ? [] : ['--x509certfile', identity.chain, '--x509keyfile', identity.key]),
      ...(wanted.protocol === undefined ? [] : ['--alpn', wanted.protocol]),
      ...(wanted.resumption === 'none' ? [] : ['--resume']),
      ...(wanted.resumption === 'none' || wanted.version === '1.2' ? [] : ['--waitresumption']),
      ...(wanted.resumption === 'session ID' ? ['--noticket'] : []),
      ...(wanted.resumption === 'early data' ? ['--earlydata', this.#earlyData()] : []),
      '127.0.0.1',
    ]);
    if (wanted.resumption !== 'early data') program.child.stdin?.write(ping);
    const echoed = () => program.stdout.split('Simple Client Mode:').at(1)?.includes('GET / HTTP/1.0') || undefined;
    const answered = (await program.until(echoed)) === true;
    program.child.stdin?.end();
    const exitCode = await program.ended;
    const agreed = wanted.protocol === undefined || program.stdout.includes(`Application protocol: ${wanted.protocol}`);
    const resumed = program.stdout.includes('This is a resumed session');
    return { answered: answered && agreed && exitCode === 0, resumed, output: `${program.stdout}\n${program.stderr}` };
  }

  async listen({ kind, clientAuth, retried, group, protocol, resumption }: Wanted): Promise<PeerServer> {
    const tickets = resumption === 'session ID' ? 'no' : 'yes';
    return this.#pool.get({ kind, clientAuth, protocol, tickets, group: retried ? group : undefined });
  }

  /** A file with what is sent early. */
  #earlyData(): string {
    const path = join(this.#certificates.folder, 'early-data');
    writeFileSync(path, ping);
    return path;
  }

  async #startServer(options: ServerOptions): Promise<PeerServer> {
    const { clientAuth, group, protocol } = options;
    const port = await freePort();
    const { chain, key } = this.#certificates.servers[options.kind];
    const program = new Program('gnutls-serv', [
      ...(options.tickets === 'no' ? ['--noticket'] : ['--earlydata']),
      ...['--echo', '--crlf', '--port', String(port), '--x509certfile', chain, '--x509keyfile', key],
      ...['--priority', priority(undefined, group === undefined ? Object.keys(groups) : [group])],
      ...['--x509cafile', this.#certificates.root],
      ...{ none: ['--disable-client-cert'], optional: ['--verify-client-cert'], required: ['--require-client-cert'] }[
        clientAuth
      ],
      ...(protocol === undefined ? [] : ['--alpn', protocol, '--alpn-fatal']),
    ]);
    this.#programs.push(program);
    await program.until(() => /listening on IPv4.*done/.test(program.stderr) || undefined);
    return { port, request: ping, response: 'GET / HTTP/1.0' };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop()));
  }
}

type ServerOptions = Pick<Wanted, 'kind' | 'clientAuth' | 'protocol'> & {
  /** The only one it has; undefined for all of them. */
  readonly group: string | undefined;
  readonly tickets: 'yes' | 'no';
};

/** A priority string. The suite is for us to choose: it has all that we have. */
function priority(version: string | undefined, names: readonly string[]): string {
  const versions = version === undefined ? [] : ['-VERS-ALL', `+VERS-TLS${version}`];
  return [
    'NORMAL',
    '+AES-128-CCM-8',
    '+SHA256',
    '+SHA384',
    ...versions,
    '-GROUP-ALL',
    ...names.map((name) => `+${groups[name]}`),
  ].join(':');
}
