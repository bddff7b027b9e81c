import type { Socket } from 'node:net';
import { type Configuration, Connection, type OpenConnection, type Ports, type Timeline } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';

/** What happens on a connection, for whoever uses it. */
export interface TransportHandlers {
  /** The handshake is done: data may be written. */
  open(connection: OpenConnection): void;
  data(bytes: Uint8Array): void;
  /** What was written has left for the most part: more may be written (see `write`). */
  drain(): void;
  /** The peer sent close_notify and will send no more data. */
  peerClosed(): void;
  /** The socket is gone. With an error, if the connection failed. Comes once, last. */
  closed(error: TlsError | undefined): void;
  /** The handshake began, was completed, confirmed, failed, or ended without a confirmation. */
  progress?(timeline: Timeline): void;
}

export interface TransportOptions {
  readonly ports: Ports;
  /** Milliseconds until a handshake that is not done is given up. */
  readonly handshakeTimeout: number;
  /** Milliseconds that a port may take to answer. */
  readonly askTimeout: number;
}

export const defaultTimeouts = { handshakeTimeout: 30_000, askTimeout: 5_000 } as const;

/** Milliseconds that the peer gets to read our last words before the socket goes away. */
const lingerTimeout = 1_000;

/** Milliseconds since the Unix epoch, with fractions, on a clock that never runs backwards. */
export function now(): number {
  return performance.timeOrigin + performance.now();
}

/** A TLS connection on a socket: carries bytes between the two, keeps the handshake's deadline, ends them together. */
export class TlsTransport {
  readonly connection: Connection;
  readonly #socket: Socket;
  readonly #handlers: TransportHandlers;
  readonly #deadline: NodeJS.Timeout;
  #linger: NodeJS.Timeout | undefined;
  #error: TlsError | undefined;
  #socketError: string | undefined;
  #paused = false;

  /** @param socket connected; this object owns it from now on. */
  constructor(socket: Socket, configuration: Configuration, options: TransportOptions, handlers: TransportHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.connection = new Connection(
      configuration,
      { ports: options.ports, now, askTimeout: options.askTimeout },
      {
        output: (bytes) => this.#socket.write(bytes),
        open: (connection) => {
          clearTimeout(this.#deadline);
          handlers.open(connection);
        },
        data: (bytes) => handlers.data(bytes),
        peerClosed: () => handlers.peerClosed(),
        failed: (error) => this.#failed(error),
        ready: () => this.#flow(),
        ...(handlers.progress === undefined ? {} : { progress: (timeline) => handlers.progress?.(timeline) }),
      },
    );
    this.#deadline = setTimeout(() => this.#timeOut(options.handshakeTimeout), options.handshakeTimeout);
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.connection.receive(chunk);
      if (this.connection.congested) this.#socket.pause();
    });
    socket.on('drain', () => handlers.drain());
    socket.on('end', () => this.#ended());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#socketError = error.code ?? error.message;
    });
    socket.on('close', () => this.#closed());
    this.connection.start();
  }

  /** Sends data. False asks the caller to wait for `drain`, as a socket does. */
  write(data: Uint8Array): boolean {
    this.connection.write(data);
    return !this.#socket.writableNeedDrain;
  }

  /** Sends close_notify and ends our side. */
  end(): void {
    this.connection.close();
    this.#socket.end();
  }

  /** Sends close_notify and lets go of the socket once all is sent, whether or not the peer closes too. */
  close(): void {
    this.end();
    this.#leave();
  }

  /** Gives up: tells the peer with an alert, and goes. */
  abort(error: TlsError): void {
    this.connection.abort(error);
  }

  /** Goes without a word to the peer. */
  destroy(): void {
    this.#socket.destroy();
  }

  pause(): void {
    this.#paused = true;
    this.#socket.pause();
  }

  resume(): void {
    this.#paused = false;
    this.#flow();
  }

  #flow(): void {
    if (!this.#paused && !this.connection.congested) this.#socket.resume();
  }

  #timeOut(milliseconds: number): void {
    this.connection.abort(
      new TlsError('handshake-timeout', `the handshake was not done after ${milliseconds / 1000} seconds`),
    );
  }

  /** The peer has ended its side of the TCP connection. */
  #ended(): void {
    this.connection.transportEnded();
    if (this.#error !== undefined) this.#socket.destroy();
  }

  /** Half-closes and drains: to close with unread bytes would send a reset, which overtakes the alert. */
  #failed(error: TlsError): void {
    this.#error = error;
    clearTimeout(this.#deadline);
    this.#paused = false;
    this.#socket.end();
    this.#leave();
  }

  /** Reads on for a moment, to no end but that the peer can read what we sent last. */
  #leave(): void {
    const wait = () => {
      this.#linger ??= setTimeout(() => this.#socket.destroy(), lingerTimeout);
    };
    this.#socket.resume();
    if (this.#socket.writableFinished) wait();
    else this.#socket.once('finish', wait);
  }

  #closed(): void {
    clearTimeout(this.#deadline);
    this.connection.transportEnded(this.#socketError);
    clearTimeout(this.#linger);
    this.#handlers.closed(this.#error);
  }
}
