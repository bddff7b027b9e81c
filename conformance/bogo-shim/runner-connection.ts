import { connect, type Socket } from 'node:net';
import { type Configuration, Connection, type OpenConnection, type Ports } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';
import type { Settings } from './arguments.ts';
import type { Clock } from './clock.ts';
import { Exchange } from './exchange.ts';
import { checkHandshake, checkSessions } from './expectations.ts';
import type { CountedSessions } from './sessions.ts';
import type { VerifyCallback } from './validator.ts';

/** What the runner wants of one connection. */
export interface Wanted {
  readonly settings: Settings;
  /** What it wants instead once a server has rejected early data. */
  readonly afterRetry: Settings;
  /** Whether it is not the first connection. */
  readonly resuming: boolean;
}

type ShimPorts = Ports & { readonly sessions: CountedSessions; readonly certificates: VerifyCallback };

/** One connection to the runner: from TCP connect until both sides have ended. */
export class RunnerConnection {
  readonly #wanted: Wanted;
  readonly #sessions: CountedSessions;
  readonly #certificates: VerifyCallback;
  readonly #socket: Socket;
  readonly #connection: Connection;
  #settings: Settings;
  #exchange: Exchange;
  #open: OpenConnection | undefined;
  #failure: unknown;
  #closing = false;

  /** Makes the connection, and resolves when it has ended as the runner expects. Throws TlsError or Error where not. */
  static run(wanted: Wanted, configuration: Configuration, ports: ShimPorts, clock: Clock): Promise<void> {
    const host = wanted.settings['-ipv6'] ? '::1' : '127.0.0.1';
    const port = wanted.settings['-port'] ?? 0;
    const socket = connect({ host, port, allowHalfOpen: true, noDelay: true });
    return new RunnerConnection(wanted, socket, configuration, ports, clock).#ended();
  }

  private constructor(wanted: Wanted, socket: Socket, configuration: Configuration, ports: ShimPorts, clock: Clock) {
    this.#wanted = wanted;
    this.#settings = wanted.settings;
    this.#sessions = ports.sessions;
    this.#certificates = ports.certificates;
    this.#socket = socket;
    this.#exchange = this.#newExchange(wanted.settings);
    const environment = { ports, now: clock.now, date: clock.date, askTimeout: 10_000 };
    this.#connection = new Connection(configuration, environment, {
      output: (bytes) => this.#send(bytes),
      open: (open) => {
        this.#open = open;
        this.#attempt(() => this.#opened(open));
      },
      data: (bytes) => this.#attempt(() => this.#exchange.data(bytes)),
      openEarly: () => this.#attempt(() => this.#exchange.beginEarly()),
      earlyData: (bytes) => this.#attempt(() => this.#exchange.data(bytes)),
      earlyDataEnded: (outcome) => {
        if (outcome === 'rejected') this.#tryAgain();
      },
      peerClosed: () => this.#close(),
      failed: (error) => this.#failed(error),
    });
  }

  #newExchange(settings: Settings): Exchange {
    return new Exchange(settings, {
      write: (data) => this.#connection.write(data),
      earlyDataLeft: () => this.#connection.earlyDataLeft,
      abort: (alert) => this.#connection.abort(new TlsError('cancelled', 'the runner wants an alert', { alert })),
      updateKeys: () => this.#connection.updateKeys(false),
      // The runner is given no close_notify unless it looks for one.
      shutDown: () => (settings['-check-close-notify'] ? this.#connection.close() : this.#close()),
    });
  }

  #ended(): Promise<void> {
    const socket = this.#socket;
    socket.once('connect', () => {
      const id = Buffer.alloc(8);
      id.writeBigUInt64LE(BigInt(this.#settings['-shim-id'] ?? 0));
      socket.write(id);
      this.#connection.start();
    });
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.once('end', () => {
      this.#connection.transportEnded();
      socket.end();
    });
    return new Promise((resolve, reject) => {
      let cause: string | undefined;
      socket.once('error', (error) => {
        cause = error.message;
      });
      socket.once('close', () => {
        if (cause !== undefined && !this.#closing) this.#connection.transportEnded(cause);
        this.#attempt(() => this.#checkSessions());
        if (this.#failure === undefined) resolve();
        else reject(this.#failure);
      });
    });
  }

  /** With -async, one byte at a time. */
  #receive(chunk: Uint8Array): void {
    if (!this.#settings['-async']) {
      this.#connection.receive(chunk);
      return;
    }
    for (let at = 0; at < chunk.length; at++) this.#connection.receive(chunk.subarray(at, at + 1));
  }

  #send(bytes: Uint8Array): void {
    if (this.#socket.writable) this.#socket.write(bytes);
  }

  #opened(open: OpenConnection): void {
    const { timeline } = this.#connection;
    if (this.#settings['-handshake-never-done']) throw new Error('the handshake was done');
    if (!this.#settings['-implicit-handshake']) {
      checkHandshake(this.#settings, this.#wanted.resuming, timeline, open);
    }
    this.#exchange.begin(open);
  }

  /** What was written as early data has to be written once more. */
  #tryAgain(): void {
    if (this.#settings['-expect-accept-early-data']) this.#failure ??= new Error('early data was rejected');
    this.#settings = this.#wanted.afterRetry;
    this.#certificates.settings = this.#settings;
    this.#exchange = this.#newExchange(this.#settings);
  }

  #checkSessions(): void {
    if (this.#failure === undefined && this.#open !== undefined) {
      checkSessions(this.#settings, this.#open, this.#sessions.kept);
    }
  }

  #close(): void {
    this.#closing = true;
    this.#connection.close();
    this.#socket.end();
  }

  #failed(error: TlsError): void {
    // As in the reference shim, an end of file will do for close_notify, unless the runner looks for that.
    const truncated = error.reason === 'peer-closed' && this.#open !== undefined;
    if (!truncated || this.#settings['-check-close-notify']) this.#failure ??= error;
    this.#socket.end();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#failure ??= error;
      this.#close();
    }
  }
}
