import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Certificates } from '../certificates.ts';
import { Program } from '../processes.ts';
import { openssl } from './openssl.ts';
import { openSslGroup, openSslSuite } from './openssl-names.ts';
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

/** `openssl s_client` and `openssl s_server`. */
export const openSslPeer: Peer = {
  name: 'OpenSSL',
  missing: openssl === undefined ? 'openssl' : undefined,
  lacks: ({ group, resumption }, side) => {
    // Since OpenSSL 3.5, which no Debian has yet.
    if (group === 'X25519MLKEM768') return `no ${group}`;
    if (resumption === 'early data' && side === 'server') return 'no answer to early data';
    return undefined;
  },
  start: async (certificates) => {
    const asked = new Program('openssl', ['version']);
    await asked.ended;
    // By itself it chooses among groups of RFC 3526.
    const parameters = new Program('openssl', [
      ...['genpkey', '-genparam', '-algorithm', 'DH', '-pkeyopt', 'group:ffdhe2048'],
      ...['-out', join(certificates.folder, dhParameters)],
    ]);
    await parameters.ended;
    return new OpenSsl(/^OpenSSL (\S+)/.exec(asked.stdout)?.[1] ?? 'of unknown version', certificates);
  },
};

class OpenSsl implements RunningPeer {
  readonly version: string;
  readonly #certificates: Certificates;
  readonly #programs: Program[] = [];
  readonly #pool = new ServerPool((options: ServerOptions) => this.#startServer(options));

  constructor(version: string, certificates: Certificates) {
    this.version = version;
    this.#certificates = certificates;
  }

  async connect(port: number, wanted: Wanted): Promise<ClientReport> {
    const session = join(this.#certificates.folder, `session-${port}`);
    const first = await this.#connectOnce(port, wanted, ['-sess_out', session]);
    if (wanted.resumption === 'none' || !first.answered || !existsSync(session)) return first;
    if (wanted.resumption !== 'early data') return this.#connectOnce(port, wanted, ['-sess_in', session]);
    const early = join(this.#certificates.folder, 'openssl-early-data');
    writeFileSync(early, ping);
    return this.#connectOnce(port, wanted, ['-sess_in', session, '-early_data', early]);
  }

  async #connectOnce(port: number, wanted: Wanted, more: readonly string[]): Promise<ClientReport> {
    const { version, suite, protocol } = wanted;
    const identity = clientIdentity(this.#certificates, wanted);
    const { root, intermediate } = this.#certificates;
    const program = new Program('openssl', [
      ...['s_client', '-connect', `127.0.0.1:${port}`, '-servername', 'localhost', '-verify_hostname', 'localhost'],
      ...['-verify_return_error', '-CAfile', root, '-crlf', `-tls${version.replace('.', '_')}`],
      ...[version === '1.3' ? '-ciphersuites' : '-cipher', `${openSslSuite(suite)}${version === '1.3' ? '' : lowered}`],
      ...['-groups', offeredGroups(wanted).map(openSslGroup).join(':')],
      ...(identity === undefined ? [] : ['-cert', identity.leaf, '-key', identity.key, '-cert_chain', intermediate]),
      ...(protocol === undefined ? [] : ['-alpn', protocol]),
      ...(wanted.resumption === 'session ID' ? ['-no_ticket'] : []),
      ...more,
    ]);
    program.child.stdin?.write(ping.replaceAll('\r', ''));
    const exitCode = await program.ended;
    const { stdout } = program;
    const agreed = protocol === undefined || stdout.includes(`ALPN protocol: ${protocol}`);
    const answered = exitCode === 0 && stdout.includes('GET / HTTP/1.0') && agreed;
    return { answered, resumed: /^Reused, /m.test(stdout), output: `${stdout}\n${program.stderr}` };
  }

  async listen({ kind, clientAuth, retried, group, protocol, resumption }: Wanted): Promise<PeerServer> {
    const tickets = resumption === 'session ID' ? 'no' : 'yes';
    return this.#pool.get({ kind, clientAuth, protocol, tickets, group: retried ? group : undefined });
  }

  async #startServer({ kind, clientAuth, protocol, tickets, group }: ServerOptions): Promise<PeerServer> {
    const { folder, servers, root, intermediate } = this.#certificates;
    const { leaf, key } = servers[kind];
    const program = new Program('openssl', [
      ...['s_server', '-accept', '127.0.0.1:0', '-www', '-cert', leaf, '-key', key, '-cert_chain', intermediate],
      ...['-CAfile', root, '-cipher', `ALL${lowered}`, '-ciphersuites', suites13],
      ...['-dhparam', join(folder, dhParameters)],
      ...(group === undefined ? [] : ['-groups', openSslGroup(group)]),
      ...{ none: [], optional: ['-verify', '2'], required: ['-Verify', '2', '-verify_return_error'] }[clientAuth],
      ...(protocol === undefined ? [] : ['-alpn', protocol]),
      ...(tickets === 'no' ? ['-no_ticket'] : []),
    ]);
    this.#programs.push(program);
    const [, port] = await program.untilPrinted(/^ACCEPT .*:(\d+)$/m);
    return { port: Number(port), request: ping, response: 'HTTP/1.0 200 ok' };
  }

  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.stop('SIGKILL')));
  }
}

type ServerOptions = Pick<Wanted, 'kind' | 'clientAuth' | 'protocol'> & {
  /** The only one it has; undefined for all of them. */
  readonly group: string | undefined;
  readonly tickets: 'yes' | 'no';
};

/** A file. */
const dhParameters = 'dh-parameters.pem';

/** CCM with the short tag is below OpenSSL's own idea of security. */
const lowered = ':@SECLEVEL=0';

const suites13 = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_CCM_SHA256',
].join(':');
