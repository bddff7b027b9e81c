import { connect as connectTcp, type Socket } from 'node:net';
import { rootCertificates } from 'node:tls';
import { clientConfiguration } from '@handfast/handshake';
import {
  type CommonOptions,
  commonConfiguration,
  decodeAnchors,
  loadCredentials,
  localPorts,
  transportOptions,
} from './options.ts';
import { TLSSocket } from './tls-socket.ts';

export interface ConnectOptions extends CommonOptions {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** A connected socket to use in place of `host` and `port`. */
  readonly socket?: Socket | undefined;
  /** The name that the server must prove; `host` by default. */
  readonly servername?: string | undefined;
  /**
   * The first bytes to send, as early data where a session allows it, and otherwise as soon as the handshake is done. As
   * early data they may be replayed by an attacker: only what does no harm when it comes twice (RFC 8446 section 8).
   */
  readonly earlyData?: Uint8Array | undefined;
  /** False goes on with a server whose chain is not trusted; `authorized` and `peer` then tell. True by default. */
  readonly rejectUnauthorized?: boolean | undefined;
}

/**
 * Connects to a TLS server, in the shape of `tls.connect`. Without `ca`, the trust anchors are those that Node ships.
 * @throws TlsError `configuration-invalid` for certificates or keys that cannot be used.
 */
export function connect(options: ConnectOptions, listener?: () => void): TLSSocket {
  const { host = 'localhost', port = 443, earlyData } = options;
  const credentials = loadCredentials(options);
  const anchors = options.ca === undefined ? shippedAnchors() : decodeAnchors(options.ca);
  const configuration = clientConfiguration({
    ...commonConfiguration(options, credentials),
    serverName: options.servername ?? host,
    resumption: options.sessions === undefined ? 'off' : 'on',
    sessionsWith: [
      `${options.servername ?? host}:${port}`,
      ...credentials.map(({ credential }) => credential.keyId),
    ].join(' '),
    earlyData: options.earlyData === undefined ? 'off' : 'offered',
    serverVerification: options.rejectUnauthorized === false ? 'reported' : 'required',
  });
  const socket = options.socket ?? connectTcp({ host, port });
  const ports = localPorts(credentials, anchors, options.sessions);
  const secure = new TLSSocket(socket, configuration, transportOptions(ports, options), { sent: earlyData });
  if (listener !== undefined) secure.once('secureConnect', listener);
  return secure;
}

let shipped: readonly Uint8Array[] | undefined;

/** More than a hundred, which cost more to decode than a handshake. */
function shippedAnchors(): readonly Uint8Array[] {
  shipped ??= decodeAnchors(rootCertificates);
  return shipped;
}
