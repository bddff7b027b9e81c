import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import type { ChannelBindingType, Configuration, OpenConnection, PeerCertificate, Timeline } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';
import { TlsTransport, type TransportOptions } from './transport.ts';

/**
 * Events beside those of a stream: `secureConnect` when the handshake is done, `timeline` whenever it has moved on,
 * `clientAuthenticated` when a client has answered `requestClientCertificate`.
 */
export interface TLSSocketEvents {
  secureConnect: [];
  timeline: [Timeline];
  clientAuthenticated: [PeerCertificate | undefined];
}

/** A client's early data to send, or what to do with a server's. */
interface EarlyData {
  readonly sent?: Uint8Array | undefined;
  readonly received?: (bytes: Uint8Array) => void;
}

/**
 * A TLS connection as a stream of its plaintext, in the shape of node:tls. It errors with `TlsError`, also for a peer that
 * closes without close_notify, because data may then be missing (RFC 8446 section 6.1).
 */
export class TLSSocket extends Duplex {
  readonly encrypted = true;
  readonly #socket: Socket;
  readonly #transport: TlsTransport;
  #open: OpenConnection | undefined;
  #peer: PeerCertificate | undefined;
  /** The write, or the end, that is under way. */
  #underWay: ((error?: Error) => void) | undefined;
  /** What it waits for the handshake with. */
  #waiting: (() => void) | undefined;
  /** A client's first bytes, until the server has them for sure. */
  #firstBytes: Uint8Array | undefined;
  #sentEarly = false;
  #sentNoneEarly = false;
  #writesEarly = false;
  #gone = false;

  /** @param socket connected; the TLSSocket owns it from now on. */
  constructor(
    socket: Socket,
    configuration: Configuration,
    options: TransportOptions,
    { sent, received }: EarlyData = {},
  ) {
    super({ allowHalfOpen: false, emitClose: true, autoDestroy: true });
    this.#socket = socket;
    this.#firstBytes = sent;
    this.#transport = new TlsTransport(socket, configuration, options, {
      open: (connection) => this.#opened(connection),
      data: (bytes) => {
        if (!this.push(bytes)) this.#transport.pause();
      },
      drain: () => {
        if (this.#waiting === undefined) this.#done();
      },
      peerClosed: () => this.push(null),
      closed: (error) => this.#closed(error),
      openEarly: () => this.#openedEarly(configuration.role),
      earlyData: (bytes) => received?.(bytes),
      earlyDataEnded: (outcome) => {
        this.#sentEarly &&= outcome === 'accepted';
      },
      clientAuthenticated: (peer) => {
        this.#peer = peer;
        this.emit('clientAuthenticated', peer);
      },
      progress: (timeline) => this.emit('timeline', timeline),
    });
  }

  /** The ends of the TCP connection, as in `net.Socket`: undefined while it is not connected. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get remotePort(): number | undefined {
    return this.#socket.remotePort;
  }

  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  get localPort(): number | undefined {
    return this.#socket.localPort;
  }

  /** What happened in the handshake so far. */
  get timeline(): Timeline {
    return this.#transport.connection.timeline;
  }

  /** `TLSv1.3` or `TLSv1.2`, as node:tls has it; null before the handshake is done. */
  getProtocol(): 'TLSv1.2' | 'TLSv1.3' | null {
    if (this.#open === undefined) return null;
    return this.#open.version === 'tls13' ? 'TLSv1.3' : 'TLSv1.2';
  }

  /** The cipher suite by its IANA name; undefined before it is chosen. */
  get cipherSuite(): string | undefined {
    return this.timeline.negotiated.cipherSuite;
  }

  /** The ALPN protocol, or false where none was agreed on. */
  get alpnProtocol(): string | false {
    return this.timeline.negotiated.applicationProtocol ?? false;
  }

  /** The name that the client asked for, or false. */
  get servername(): string | false {
    return this.timeline.negotiated.serverName ?? false;
  }

  /** The peer's chain and what was found of it; undefined where it presented none. */
  get peer(): PeerCertificate | undefined {
    return this.#peer;
  }

  /** Whether this connection goes on from an earlier one, as in node:tls. */
  isSessionReused(): boolean {
    return this.#open?.resumed === true;
  }

  /** What became of the early data; undefined where there was none, also because there was more than the session allows. */
  get earlyData(): 'accepted' | 'rejected' | undefined {
    return this.#sentNoneEarly ? undefined : this.timeline.negotiated.earlyData;
  }

  /** Whether the peer presented a certificate and it was found trusted. */
  get authorized(): boolean {
    return this.#peer?.verdict.trusted === true;
  }

  /**
   * Keying material for a protocol above TLS (RFC 8446 section 7.5, RFC 5705).
   * @param length in bytes.
   * @throws TlsError `configuration-invalid` before the handshake is done; `extended-master-secret-missing` in a connection
   * of TLS 1.2 without it (RFC 7627 section 5.4).
   */
  exportKeyingMaterial(length: number, label: string, context?: Uint8Array): Uint8Array {
    if (this.#open === undefined) throw new TlsError('configuration-invalid', 'there are no keys to export from yet');
    return this.#open.exportKeyingMaterial(label, context, length);
  }

  /**
   * What binds an authentication above TLS to this connection (RFC 5929, RFC 9266).
   * @returns undefined before the handshake is done, and where this connection has none of that type.
   */
  channelBinding(type: ChannelBindingType): Uint8Array | undefined {
    return this.#open?.channelBinding(type);
  }

  /** TLS 1.3: new keys for what we send, and with `ofPeer` for what the peer sends. @throws RangeError in TLS 1.2. */
  updateKeys(ofPeer = false): void {
    this.#transport.connection.updateKeys(ofPeer);
  }

  /**
   * TLS 1.3 server: asks the client for a certificate now; `clientAuthenticated` is emitted with it, or with undefined.
   * @throws RangeError for a client that has not offered this.
   */
  requestClientCertificate(): void {
    this.#transport.connection.requestClientCertificate();
  }

  override _read(): void {
    this.#transport.resume();
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    if (this.#gone) {
      callback(connectionLost());
      return;
    }
    this.#underWay = callback;
    this.#afterHandshake(() => {
      if (this.#transport.write(chunk)) this.#done();
    });
  }

  override _final(callback: (error?: Error | null) => void): void {
    if (this.#gone) {
      callback();
      return;
    }
    this.#underWay = callback;
    this.#afterHandshake(() => this.#transport.end(() => this.#done()));
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (error === null && this.writableFinished) this.#transport.close();
    else this.#transport.destroy();
    this.#waiting = undefined;
    if (this.#underWay !== undefined) this.#done(error ?? connectionLost());
    callback(error);
  }

  /** The constructor may still be running: a client's first flight leaves from within it. */
  #openedEarly(role: 'client' | 'server'): void {
    if (role === 'server') {
      this.#writesEarly = true;
      this.#goOn();
      return;
    }
    queueMicrotask(() => this.#sendEarly());
  }

  #sendEarly(): void {
    const { connection } = this.#transport;
    const bytes = this.#firstBytes;
    if (bytes === undefined || this.#open !== undefined) return;
    if (bytes.length > connection.earlyDataLeft) {
      this.#sentNoneEarly = true;
      return;
    }
    this.#transport.write(bytes);
    this.#sentEarly = true;
  }

  #afterHandshake(work: () => void): void {
    if (this.#open === undefined && !this.#writesEarly) this.#waiting = work;
    else work();
  }

  #opened(connection: OpenConnection): void {
    this.#open = connection;
    this.#peer = connection.peer;
    if (this.#firstBytes !== undefined && !this.#sentEarly) this.#transport.write(this.#firstBytes);
    this.#firstBytes = undefined;
    this.emit('secureConnect');
    this.#goOn();
  }

  #goOn(): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.();
  }

  #done(error?: Error): void {
    const done = this.#underWay;
    this.#underWay = undefined;
    done?.(error);
  }

  /** What has arrived can still be read, so that only what was lost is a reason to end at once. */
  #closed(error: TlsError | undefined): void {
    this.#gone = true;
    if (error !== undefined) this.destroy(error);
    else if (this.#underWay !== undefined) this.destroy(connectionLost());
  }
}

function connectionLost(): TlsError {
  return new TlsError('connection-lost', 'the connection was gone before all data was sent');
}
