import { type AddressInfo, createServer } from 'node:net';
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { type Ports, type ServerConfiguration, serverConfiguration, type Timeline } from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { defaultTimeouts, TlsTransport } from '@handfast/tls';
import type { TlsError } from '@handfast/wire';
import type { Certificates, Identity } from './certificates.ts';

/** What became of a connection to our server. */
export interface Served {
  readonly timeline: Timeline;
  readonly error: TlsError | undefined;
}

/** Our server, in this process: it sends back what it gets, up to an empty line. */
export class EchoServer {
  readonly port: number;
  readonly #next: () => Promise<Served>;
  readonly #stop: () => void;

  private constructor(port: number, next: () => Promise<Served>, stop: () => void) {
    this.port = port;
    this.#next = next;
    this.#stop = stop;
  }

  static async start(ports: Ports, configuration: ServerConfiguration): Promise<EchoServer> {
    const done: Served[] = [];
    const waiting: ((served: Served) => void)[] = [];
    const sessions = new PendingAnswers(ports.sessions);
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      let early: Uint8Array = new Uint8Array(0);
      const answer = (bytes: Uint8Array) => {
        transport.write(bytes);
        // The end of a request. Not every client says goodbye by itself.
        if (!Buffer.from(bytes).toString('latin1').endsWith('\r\n\r\n')) return;
        // No ticket can follow our goodbye.
        sessions.settled(() => transport.end());
      };
      const transport = new TlsTransport(
        socket,
        configuration,
        { ports: { ...ports, sessions: sessions.port }, ...defaultTimeouts },
        {
          // What came early may have come before: it waits for a client that has proved itself.
          open: () => {
            if (early.length > 0) answer(early);
          },
          earlyData: (bytes) => {
            early = Buffer.concat([early, bytes]);
          },
          data: answer,
          drain: () => {},
          peerClosed: () => sessions.settled(() => transport.close()),
          closed: (error) => {
            const served = { timeline: transport.connection.timeline, error };
            const waiter = waiting.shift();
            if (waiter === undefined) done.push(served);
            else waiter(served);
          },
        },
      );
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return new EchoServer(
      (server.address() as AddressInfo).port,
      () => {
        const served = done.shift();
        return served === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(served);
      },
      () => server.close(),
    );
  }

  /** The next connection that is over. */
  next(): Promise<Served> {
    return this.#next();
  }

  stop(): void {
    this.#stop();
  }
}

/** A port, and the questions to it that are not answered yet. */
class PendingAnswers<Port extends object> {
  readonly port: Port;
  readonly #pending = new Set<Promise<unknown>>();

  constructor(port: Port) {
    this.port = new Proxy(port, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        return (...given: readonly unknown[]) => {
          const answer: unknown = Reflect.apply(value, target, given);
          if (answer instanceof Promise) {
            this.#pending.add(answer);
            const done = () => void this.#pending.delete(answer);
            answer.then(done, done);
          }
          return answer;
        };
      },
    });
  }

  /** Calls `then` when there are none: at once, where there are none now. */
  settled(then: () => void): void {
    if (this.#pending.size === 0) then();
    // One turn later, whoever asked has done what it wanted with the answers.
    else void Promise.allSettled(this.#pending).then(() => setImmediate(() => this.settled(then)));
  }
}

/** Configuration and ports of a server with that one certificate, which trusts the clients of the same CA. */
export function serverParty(
  { rootDer }: Certificates,
  { issued }: Identity,
  options: Partial<Omit<ServerConfiguration, 'role' | 'crypto' | 'credentials'>>,
): { readonly ports: Ports; readonly configuration: ServerConfiguration } {
  const credentials = [credentialFromChain(nativeCrypto, issued.chain)];
  const certificates = new LocalCertificateValidator({ crypto: nativeCrypto, anchors: [rootDer], credentials });
  const keys = [nativeCrypto.importPrivateKey(issued.pkcs8)];
  return {
    ports: {
      keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys }),
      certificates,
      sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }),
    },
    configuration: serverConfiguration({
      crypto: nativeCrypto,
      credentials,
      authorities: certificates.authorities(),
      ...options,
    }),
  };
}
