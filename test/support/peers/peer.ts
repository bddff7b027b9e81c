import type { Certificates, Identity, Kind } from '../certificates.ts';
import type { Version } from './openssl.ts';

/** The handshake that a peer is to make with us. Names of suites and groups are those of IANA. */
export interface Wanted {
  readonly version: Version;
  readonly suite: string;
  /** The group that the keys are exchanged in. */
  readonly group: string;
  /** The client has more than that group to offer, and guesses another one first. */
  readonly retried: boolean;
  /** The server's certificate. */
  readonly kind: Kind;
  /** What the server wants of the client. */
  readonly clientAuth: 'none' | 'optional' | 'required';
  /** The certificate that the client has. */
  readonly clientKind: Kind | undefined;
  /** The only one that both have, ALPN; undefined for no such extension. */
  readonly protocol: string | undefined;
  /** How the session is resumed in a second connection, which carries early data where that is wanted. */
  readonly resumption: 'none' | 'session ID' | 'ticket' | 'early data';
}

export type Side = 'client' | 'server';

/** Another TLS stack, in processes of its own. */
export interface Peer {
  readonly name: string;
  /** What of it is not on this machine's PATH; undefined where all is there. */
  readonly missing: string | undefined;
  /** What it, or its test program, has not that the handshake needs; undefined where it can be made. */
  lacks(wanted: Wanted, side: Side): string | undefined;
  start(certificates: Certificates): Promise<RunningPeer>;
}

export interface RunningPeer {
  /** As it tells it itself: `3.7.9`. */
  readonly version: string;
  /**
   * Makes a connection to our server, sends `ping` and waits until it comes back; and then another one, where a session
   * is to be resumed. Resolves when all is over, however it went.
   */
  connect(port: number, wanted: Wanted): Promise<ClientReport>;
  /** A server for that handshake. It stops with the peer. */
  listen(wanted: Wanted): Promise<PeerServer>;
  stop(): Promise<void>;
}

export interface ClientReport {
  /** The handshake came to its end as it was wanted, and the answer came. */
  readonly answered: boolean;
  /** The second connection resumed the session of the first, as the peer says. */
  readonly resumed: boolean;
  /** What it had to say, for the message of a test that failed. */
  readonly output: string;
}

export interface PeerServer {
  readonly port: number;
  /** What to send, and what is in the answer. */
  readonly request: string;
  readonly response: string;
}

/** What a client sends to our server, which sends it back. A line, and the kind of request that every server understands. */
export const ping = 'GET / HTTP/1.0\r\n\r\n';

/** The groups that a client offers: the one that it is to get, and before or beside it those that it has for other reasons. */
export function offeredGroups({ version, group, retried, kind, clientKind }: Wanted): readonly string[] {
  // In TLS 1.2 the groups also tell which curves of ECDSA the client has (RFC 8422 section 5.1.1).
  const certificates = version === '1.2' ? [kind, clientKind] : [];
  const curves = certificates.map((each) => each && curveOf[each]).filter((curve) => curve !== undefined);
  return [...new Set([...(retried ? ['x25519'] : []), group, ...curves])];
}

const curveOf: Partial<Record<Kind, string>> = {
  'ecdsa-p256': 'secp256r1',
  'ecdsa-p384': 'secp384r1',
  'ecdsa-p521': 'secp521r1',
};

export function serverIdentity({ servers }: Certificates, { kind }: Wanted): Identity {
  return servers[kind];
}

export function clientIdentity({ clients }: Certificates, { clientKind }: Wanted): Identity | undefined {
  return clientKind && clients[clientKind];
}

/** Servers that are told apart by what they are started with, each started when it is wanted first. */
export class ServerPool<Options extends object, Server> {
  readonly #start: (options: Options) => Promise<Server>;
  readonly #servers = new Map<string, Promise<Server>>();

  constructor(start: (options: Options) => Promise<Server>) {
    this.#start = start;
  }

  get(options: Options): Promise<Server> {
    const key = JSON.stringify(options);
    const server = this.#servers.get(key) ?? this.#start(options);
    this.#servers.set(key, server);
    return server;
  }
}
