import type { Socket } from 'node:net';
import {
  type Configuration,
  Connection,
  type ConnectionEvents,
  type OpenConnection,
  type Ports,
  type Timeline,
} from '@handfast/handshake';
import { TlsError } from '@handfast/wire';

/** What happens on a connection, for whoever uses it; what has to do with early data as the connection itself tells it. */
export interface TransportHandlers
  extends Pick<ConnectionEvents, 'openEarly' | 'earlyData' | 'earlyDataEnded' | 'clientAuthenticated'> {
  /** The handshake is done: data may be written. */
  open(connection: OpenConnection): void;
  data(bytes: Uint8Array): void;
  /** What was written has left for the most part: more may be written (see `write`). */
  drain(): void;
  /** The peer sent close_notify and will send no more data. */
  peerClosed(): void;
  /** The socket is gone: with an error where the connection failed, without one where both or we ended it. Comes once, last. */
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

/** Whether somebody listens to these makes a difference to the connection. */
function passedOn(handlers: TransportHandlers): Partial<ConnectionEvents> {
  const { progress, openEarly, earlyData, earlyDataEnded, clientAuthenticated } = handlers;
  return {
    ...(progress && { progress: progress.bind(handlers) }),
    ...(openEarly && { openEarly: openEarly.bind(handlers) }),
    ...(earlyData && { earlyData: earlyData.bind(handlers) }),
    ...(earlyDataEnded && { earlyDataEnded: earlyDataEnded.bind(handlers) }),
    ...(clientAuthenticated && { clientAuthenticated: clientAuthenticated.bind(handlers) }),
  };
}

/** A TLS connection on a socket: carries bytes between the two, keeps the handshake's deadline, ends them together. */
export class TlsTransport {
  readonly connection: Connection;
  readonly #socket: Socket;
  readonly #handlers: TransportHandlers;
  readonly #deadline: NodeJS.Timeout;
  #lingering: NodeJS.Timeout | undefined;
  #error: TlsError | undefined;
  #socketError: string | undefined;
  #open = false;
  #paused = false;
  #destroyed = false;

  /** @param socket connected; this object owns it from now on. */
  constructor(socket: Socket, configuration: Configuration, options: TransportOptions, handlers: TransportHandlers) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.connection = new Connection(
      configuration,
      { ports: options.ports, now, date: Date.now, askTimeout: options.askTimeout },
      {
        output: (bytes) => this.#socket.write(bytes),
        open: (connection) => {
          clearTimeout(this.#deadline);
          this.#open = true;
          handlers.open(connection);
        },
        data: (bytes) => handlers.data(bytes),
        peerClosed: () => {
          // Who has paused us for want of room has nothing more to wait for; but that the socket ends must be seen.
          this.resume();
          handlers.peerClosed();
        },
        failed: (error) => this.#failed(error),
        ready: () => this.#flow(),
        ...passedOn(handlers),
      },
    );
    this.#deadline = setTimeout(() => this.#timeOut(options.handshakeTimeout), options.handshakeTimeout);
    // Each side ends its direction in its own time (RFC 8446 section 6.1), whatever the socket was made with.
    socket.allowHalfOpen = true;
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
    if (socket.closed) process.nextTick(() => this.#closed());
    else socket.on('close', () => this.#closed());
    this.connection.start();
  }

  /** Sends data. False asks the caller to wait for `drain`, as a socket does. */
  write(data: Uint8Array): boolean {
    this.connection.write(data);
    return !this.#socket.writableNeedDrain;
  }

  /**
   * Sends close_notify and ends our side.
   * @param sent called when all of it has left; never, where the connection breaks before.
   */
  end(sent?: () => void): void {
    if (sent !== undefined) this.#socket.once('finish', sent);
    this.connection.close();
    if (!this.#socket.writableEnded) this.#socket.end();
  }

  /** Sends close_notify and lets go of the socket once all is sent, whether or not the peer closes too. */
  close(): void {
    this.end();
    this.#socket.resume();
    if (this.#socket.writableFinished) this.#linger();
    else this.#socket.once('finish', () => this.#linger());
  }

  /** Gives up: tells the peer with an alert, and goes. */
  abort(error: TlsError): void {
    this.connection.abort(error);
  }

  /** Goes at once. A handshake is cancelled, and the peer told so; where data was written, the peer sees it cut off. */
  destroy(): void {
    if (!this.#open) this.connection.abort(new TlsError('cancelled', 'we closed before the handshake was done'));
    this.#destroyed = true;
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

  /** Half-closes and reads on: to close with unread bytes would send a reset, which overtakes the alert. */
  #failed(error: TlsError): void {
    if (!this.#destroyed) this.#error = error;
    clearTimeout(this.#deadline);
    this.#socket.end();
    this.#socket.resume();
    this.#linger();
  }

  /** Stays for a moment, to no end but that the peer can read what we sent last. */
  #linger(): void {
    if (this.#socket.destroyed) return;
    this.#lingering ??= setTimeout(() => this.destroy(), lingerTimeout);
  }

  #closed(): void {
    clearTimeout(this.#deadline);
    this.connection.transportEnded(this.#socketError);
    clearTimeout(this.#lingering);
    this.#handlers.closed(this.#error);
  }
}
