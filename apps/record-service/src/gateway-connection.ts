import { connect, type Socket } from 'node:net';
import type { ServerConfiguration, Timeline } from '@handfast/handshake';
import { TlsTransport, type TransportOptions } from '@handfast/tls';
import type { TlsError } from '@handfast/wire';
import type { Endpoint } from './options.ts';

export interface GatewayConnectionEvents {
  progress(timeline: Timeline): void;
  /** The upstream could not be reached, or broke off. */
  upstreamFailed(message: string): void;
  /** The client is gone, and the upstream let go of. Comes once, last. */
  closed(timeline: Timeline): void;
}

/**
 * One client's connection and the upstream's, the one's plaintext being the other's. Either side is read only as fast as
 * the other one takes it, and each end, however it comes, is passed on.
 */
export class GatewayConnection {
  readonly #client: TlsTransport;
  readonly #upstreamAt: Endpoint;
  readonly #events: GatewayConnectionEvents;
  #upstream: Socket | undefined;
  #openedEarly = false;
  #clientGone = false;

  constructor(
    socket: Socket,
    upstream: Endpoint,
    configuration: ServerConfiguration,
    options: TransportOptions,
    events: GatewayConnectionEvents,
  ) {
    this.#upstreamAt = upstream;
    this.#events = events;
    this.#client = new TlsTransport(socket, configuration, options, {
      open: () => {
        // After early data it has been there for a while, or is gone again.
        if (!this.#openedEarly) this.#connectUpstream();
      },
      openEarly: () => {
        this.#openedEarly = true;
        this.#connectUpstream();
      },
      data: (bytes) => this.#toUpstream(bytes),
      earlyData: (bytes) => this.#toUpstream(bytes),
      drain: () => this.#upstream?.resume(),
      peerClosed: () => this.#upstream?.end(),
      closed: () => this.#clientClosed(),
      progress: (timeline) => events.progress(timeline),
    });
  }

  /** Ends the connection with an alert; used when the gateway stops. */
  abort(error: TlsError): void {
    this.#client.abort(error);
  }

  #toUpstream(bytes: Uint8Array): void {
    if (this.#upstream?.write(bytes) === false) this.#client.pause();
  }

  #connectUpstream(): void {
    const upstream = connect({ ...this.#upstreamAt, allowHalfOpen: true, noDelay: true });
    this.#upstream = upstream;
    let reached = false;
    upstream.on('connect', () => {
      reached = true;
    });
    upstream.on('data', (bytes: Buffer) => {
      if (!this.#client.write(bytes)) upstream.pause();
    });
    upstream.on('drain', () => this.#client.resume());
    upstream.on('end', () => this.#client.end());
    upstream.on('error', (error: NodeJS.ErrnoException) => {
      const { host, port } = this.#upstreamAt;
      const problem = reached ? 'broke off' : 'cannot be reached';
      this.#events.upstreamFailed(`the upstream ${host}:${port} ${problem}: ${error.code ?? error.message}`);
    });
    upstream.on('close', (failed) => this.#upstreamClosed(reached && failed && !upstream.readableEnded));
  }

  /** @param isCutShort then no close_notify must tell the client that it has got everything (RFC 8446 section 6.1). */
  #upstreamClosed(isCutShort: boolean): void {
    this.#upstream = undefined;
    if (this.#clientGone) return;
    if (isCutShort) this.#client.destroy();
    else this.#client.close();
  }

  #clientClosed(): void {
    this.#clientGone = true;
    this.#upstream?.destroy();
    this.#events.closed(this.#client.connection.timeline);
  }
}
