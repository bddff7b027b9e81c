import type { Certificates, Identity } from '../certificates.ts';
import { Program } from '../processes.ts';
import {
  type ClientReport,
  clientIdentity,
  offeredGroups,
  type PeerServer,
  ping,
  type RunningPeer,
  serverIdentity,
  type Wanted,
} from './peer.ts';

type Fields = Readonly<Record<string, string | readonly string[] | undefined>>;

/**
 * A peer that is a program of ours for another language's stack: each line that it reads is a query string that asks for
 * a connection or a server, each that it prints the answer to one, by its `id`.
 */
export class AskedPeer implements RunningPeer {
  readonly version: string;
  readonly #program: Program;
  readonly #certificates: Certificates;
  #asked = 0;

  private constructor(program: Program, certificates: Certificates, version: string) {
    this.#program = program;
    this.#certificates = certificates;
    this.version = version;
  }

  static async start(command: string, args: readonly string[], certificates: Certificates): Promise<AskedPeer> {
    const program = new Program(command, args);
    program.child.stdin?.write('id=version&do=version\n');
    const [, version] = await program.untilPrinted(/^(?=.*id=version\b).*?\bversion=([\d.]+)/m);
    return new AskedPeer(program, certificates, version ?? '');
  }

  async connect(port: number, wanted: Wanted): Promise<ClientReport> {
    const answer = await this.#ask({
      do: 'connect',
      port: String(port),
      serverName: 'localhost',
      payload: ping,
      connection: wanted.resumption === 'none' ? ['first'] : ['first', 'second'],
      version: wanted.version,
      group: offeredGroups(wanted),
      ...this.#common(wanted, clientIdentity(this.#certificates, wanted), wanted.clientKind),
    });
    const agreed = (answer.get('protocol') ?? '') === (wanted.protocol ?? '');
    const resumed = answer.get('resumed') === 'yes';
    return { answered: answer.get('answered') === 'yes' && agreed, resumed, output: String(answer) };
  }

  async listen(wanted: Wanted): Promise<PeerServer> {
    const answer = await this.#ask({
      do: 'listen',
      clientAuth: wanted.clientAuth,
      group: wanted.retried ? [wanted.group] : [],
      ...this.#common(wanted, serverIdentity(this.#certificates, wanted), wanted.kind),
    });
    const port = answer.get('port');
    if (port === null) throw new Error(`it does not listen: ${answer}`);
    return { port: Number(port), request: ping, response: 'GET / HTTP/1.0' };
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }

  #common({ suite, protocol, resumption }: Wanted, identity: Identity | undefined, kind: string | undefined): Fields {
    const tickets = resumption === 'session ID' ? 'no' : 'yes';
    return { ca: this.#certificates.root, chain: identity?.chain, key: identity?.key, kind, suite, protocol, tickets };
  }

  async #ask(request: Fields): Promise<URLSearchParams> {
    this.#asked += 1;
    const id = String(this.#asked);
    const query = new URLSearchParams({ id });
    for (const [name, values] of Object.entries(request)) {
      for (const value of [values].flat()) if (value !== undefined) query.append(name, value);
    }
    this.#program.child.stdin?.write(`${query}\n`);
    const [line] = await this.#program.untilPrinted(new RegExp(`^(?:.*&)?id=${id}(?:&.*)?$`, 'm'));
    return new URLSearchParams(line);
  }
}
