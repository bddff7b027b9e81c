// Two connections in one process, joined by nothing but arrays of bytes.
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import type { Issued, Pki } from '@handfast/certificates/testing';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import type { TlsError } from '@handfast/wire';
import {
  type ClientConfiguration,
  type Configuration,
  Connection,
  clientConfiguration,
  type EarlyConnection,
  type OpenConnection,
  type PeerCertificate,
  type Ports,
  type ServerConfiguration,
  serverConfiguration,
} from '../src/index.ts';

/** One end of a loopback, with all that its connection said. */
export interface End {
  readonly connection: Connection;
  /** Flights in the order in which they were put out and not yet delivered. */
  readonly outbox: Uint8Array[];
  /** How many times bytes were put out. */
  outputs: number;
  early: EarlyConnection | undefined;
  earlyOutcome: 'accepted' | 'rejected' | undefined;
  receivedEarly: string;
  opened: OpenConnection | undefined;
  received: string;
  /** What the client answered when it was asked later, in order. */
  readonly authenticated: (PeerCertificate | undefined)[];
  peerClosed: boolean;
  error: TlsError | undefined;
  /** The states that `progress` told, in order. */
  readonly states: string[];
}

/** What happens to bytes on their way; by default nothing. Each entry of the result is one chunk of the delivery. */
export type Carrier = (bytes: Uint8Array, from: 'client' | 'server') => readonly Uint8Array[];

export interface LoopbackOptions {
  readonly pki: Pki;
  readonly client?: Partial<ClientConfiguration>;
  readonly server?: Partial<ServerConfiguration>;
  /** The server's credentials; by default `pki.server`. */
  readonly serverCredentials?: readonly Issued[];
  readonly clientCredentials?: readonly Issued[];
  readonly clientPorts?: (ports: Ports) => Ports;
  readonly serverPorts?: (ports: Ports) => Ports;
  readonly carry?: Carrier;
  /** Today, for both ends. */
  readonly date?: () => number;
}

export class Loopback {
  readonly client: End;
  readonly server: End;
  readonly #carry: Carrier;

  constructor(options: LoopbackOptions) {
    this.#carry = options.carry ?? ((bytes) => [bytes]);
    const { client, server } = partiesOf(options);
    this.client = endOf(client.configuration, client.ports, options.date);
    this.server = endOf(server.configuration, server.ports, options.date);
  }

  /** Starts both ends and carries bytes between them until neither has any more to say. */
  run(): this {
    this.server.connection.start();
    this.client.connection.start();
    return this.deliver();
  }

  /** Carries what is waiting, and what comes of it. */
  deliver(): this {
    for (;;) {
      const flight = this.client.outbox.shift();
      if (flight !== undefined) {
        for (const chunk of this.#carry(flight, 'client')) this.server.connection.receive(chunk);
        continue;
      }
      const answer = this.server.outbox.shift();
      if (answer === undefined) return this;
      for (const chunk of this.#carry(answer, 'server')) this.client.connection.receive(chunk);
    }
  }

  /** As `run`, for ports that answer later: goes on until nothing happens for a few turns of the event loop. */
  async runLater(): Promise<this> {
    this.run();
    for (let idle = 0; idle < 10; idle += 1) {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.client.outbox.length + this.server.outbox.length > 0) {
        this.deliver();
        idle = 0;
      }
    }
    return this;
  }
}

/** One side of a connection, before there is one. */
export interface Party<C extends Configuration = Configuration> {
  readonly configuration: C;
  readonly ports: Ports;
}

export function partiesOf(options: LoopbackOptions): {
  readonly client: Party<ClientConfiguration>;
  readonly server: Party<ServerConfiguration>;
} {
  const { pki, serverCredentials = [pki.server], clientCredentials = [] } = options;
  const clientPorts = portsFor(clientCredentials, [pki.root.der]);
  const serverPorts = portsFor(serverCredentials, [pki.root.der]);
  const { role: _client, ...client } = { role: 'client', ...options.client };
  const { role: _server, ...server } = { role: 'server', ...options.server };
  return {
    client: {
      configuration: clientConfiguration({
        crypto: nativeCrypto,
        serverName: 'localhost',
        credentials: clientCredentials.map(credentialOf),
        ...client,
      }),
      ports: options.clientPorts?.(clientPorts) ?? clientPorts,
    },
    server: {
      configuration: serverConfiguration({
        crypto: nativeCrypto,
        credentials: serverCredentials.map(credentialOf),
        ...server,
      }),
      ports: options.serverPorts?.(serverPorts) ?? serverPorts,
    },
  };
}

export function credentialOf(issued: Issued) {
  return credentialFromChain(nativeCrypto, issued.chain);
}

export function portsFor(credentials: readonly Issued[], anchors: readonly Uint8Array[]): Ports {
  return {
    keyExchange: new LocalKeyExchange({
      crypto: nativeCrypto,
      keys: credentials.map(({ pkcs8 }) => nativeCrypto.importPrivateKey(pkcs8)),
    }),
    certificates: new LocalCertificateValidator({
      crypto: nativeCrypto,
      anchors,
      credentials: credentials.map(credentialOf),
    }),
    sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }),
  };
}

/** One end by itself; what it puts out stays in its outbox. */
export function endOf(configuration: Configuration, ports: Ports, date: () => number = Date.now): End {
  let clock = Date.now();
  const outbox: Uint8Array[] = [];
  const connection = new Connection(
    configuration,
    { ports, now: () => clock++, date, askTimeout: 1000 },
    {
      output: (bytes) => {
        end.outputs += 1;
        outbox.push(bytes);
      },
      open: (opened) => {
        end.opened = opened;
      },
      openEarly: (early) => {
        end.early = early;
      },
      earlyData: (bytes) => {
        end.receivedEarly += new TextDecoder().decode(bytes);
      },
      earlyDataEnded: (outcome) => {
        end.earlyOutcome = outcome;
      },
      clientAuthenticated: (peer) => end.authenticated.push(peer),
      data: (bytes) => {
        end.received += new TextDecoder().decode(bytes);
      },
      peerClosed: () => {
        end.peerClosed = true;
      },
      failed: (error) => {
        end.error = error;
      },
      progress: (timeline) => end.states.push(timeline.state),
    },
  );
  const end: End = {
    connection,
    outbox,
    outputs: 0,
    early: undefined,
    earlyOutcome: undefined,
    receivedEarly: '',
    opened: undefined,
    received: '',
    authenticated: [],
    peerClosed: false,
    error: undefined,
    states: [],
  };
  return end;
}
