import { type Socket, Server as TcpServer } from 'node:net';
import { type ServerConfiguration, serverConfiguration } from '@handfast/handshake';
import { TlsError } from '@handfast/wire';
import {
  type CommonOptions,
  commonConfiguration,
  decodeAnchors,
  loadCredentials,
  localPorts,
  transportOptions,
} from './options.ts';
import { TLSSocket } from './tls-socket.ts';
import type { TransportOptions } from './transport.ts';

export interface ServerOptions extends CommonOptions {
  /** Asks clients for a certificate. */
  readonly requestCert?: boolean | undefined;
  /** With `requestCert`: false serves a client without a certificate; one that presents a bad chain is refused all the same. */
  readonly rejectUnauthorized?: boolean | undefined;
  /** Takes early data, which by default is refused: see `EarlyDataOptions`. */
  readonly earlyData?: EarlyDataOptions | undefined;
}

/** Early data spares a client a round trip, and may be a replay: somebody may have sent the same before (RFC 8446 section 8). */
export interface EarlyDataOptions {
  /** Bytes in each connection. */
  readonly maximum: number;
  /** What has come as early data; it is no part of the stream. The socket can be written to, its client is not confirmed yet. */
  received(bytes: Uint8Array, socket: TLSSocket): void;
}

/**
 * A TLS server, in the shape of `tls.Server`: emits `secureConnection` with a TLSSocket when a handshake is done, and
 * `tlsClientError` with the error and the TLSSocket when one fails.
 */
export class Server extends TcpServer {
  constructor(configuration: ServerConfiguration, options: TransportOptions, earlyData?: EarlyDataOptions) {
    super();
    this.on('connection', (socket: Socket) => {
      const secure = new TLSSocket(socket, configuration, options, {
        received: (bytes) => earlyData?.received(bytes, secure),
      });
      const failed = (error: Error) => this.emit('tlsClientError', error, secure);
      secure.once('error', failed);
      secure.once('secureConnect', () => {
        secure.off('error', failed);
        this.emit('secureConnection', secure);
      });
    });
  }
}

/**
 * Makes a TLS server, in the shape of `tls.createServer`.
 * @throws TlsError `configuration-invalid` for certificates or keys that cannot be used.
 */
export function createServer(options: ServerOptions, listener?: (socket: TLSSocket) => void): Server {
  const credentials = loadCredentials(options);
  if (credentials.length === 0) throw new TlsError('configuration-invalid', 'there is no certificate to present');
  const ports = localPorts(credentials, decodeAnchors(options.ca ?? []), options.sessions);
  const configuration = serverConfiguration({
    ...commonConfiguration(options, credentials),
    clientAuthentication: clientAuthentication(options),
    authorities: ports.certificates.authorities(),
    maxEarlyData: options.earlyData?.maximum ?? 0,
  });
  const server = new Server(configuration, transportOptions(ports, options), options.earlyData);
  if (listener !== undefined) server.on('secureConnection', listener);
  return server;
}

function clientAuthentication({ requestCert, rejectUnauthorized }: ServerOptions) {
  if (requestCert !== true) return 'none';
  return rejectUnauthorized === false ? 'optional' : 'required';
}
