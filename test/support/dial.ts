import { connect } from 'node:net';
import { type Bus, NatsBus, RemoteCertificateValidator, RemoteKeyExchange, RemoteSessionManager } from '@handfast/bus';
import { credentialFromChain, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import {
  type ClientConfiguration,
  clientConfiguration,
  type OpenConnection,
  type Ports,
  type Timeline,
} from '@handfast/handshake';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { defaultTimeouts, TlsTransport } from '@handfast/tls';
import type { TlsError } from '@handfast/wire';
import { type Certificates, type Identity, kinds } from './certificates.ts';

/** Everybody whose certificate our client may present. */
export function clientIdentities({ clients, stranger, expired }: Certificates): readonly Identity[] {
  return [...kinds.map((kind) => clients[kind]), stranger, expired];
}

/** Ports that answer in this process. */
export function localPorts(certificates: Certificates): Ports {
  const keys = clientIdentities(certificates).map(({ issued }) => nativeCrypto.importPrivateKey(issued.pkcs8));
  const anchors = [certificates.rootDer];
  return {
    keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys }),
    certificates: new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials: [] }),
    sessions: new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }),
  };
}

/** Ports that are services on the bus of that URL. */
export async function remotePorts(url: string): Promise<{ readonly ports: Ports; readonly bus: Bus }> {
  const bus = await NatsBus.connect({ servers: url, crypto: nativeCrypto });
  const ports = {
    keyExchange: new RemoteKeyExchange(bus),
    certificates: new RemoteCertificateValidator(bus),
    sessions: new RemoteSessionManager(bus),
  };
  return { bus, ports };
}

export interface DialOptions extends Partial<Omit<ClientConfiguration, 'role' | 'crypto' | 'credentials'>> {
  readonly port: number;
  readonly ports: Ports;
  readonly identity?: Identity | undefined;
  /** What to send; a line by default. */
  readonly send?: Uint8Array | undefined;
  /** What to send when the first data has come, before it waits for more; nothing by default. */
  readonly sendLater?: Uint8Array | undefined;
}

/** What became of a connection of our client. */
export interface Dialed {
  readonly timeline: Timeline;
  /** Undefined where the handshake was not done. */
  readonly open: OpenConnection | undefined;
  readonly received: Buffer;
  /** The server's close_notify came. */
  readonly peerClosed: boolean;
  readonly error: TlsError | undefined;
}

/** Connects with our client, sends something, and says goodbye once as much has come back. */
export function dial({
  port,
  ports,
  identity,
  send = Buffer.from('ping\n'),
  sendLater,
  ...options
}: DialOptions): Promise<Dialed> {
  const configuration = clientConfiguration({
    crypto: nativeCrypto,
    serverName: 'localhost',
    credentials: identity === undefined ? [] : [credentialFromChain(nativeCrypto, identity.issued.chain)],
    ...options,
  });
  return new Promise((resolve) => {
    let open: OpenConnection | undefined;
    let peerClosed = false;
    let length = 0;
    const chunks: Uint8Array[] = [];
    const transport = new TlsTransport(
      connect({ host: '127.0.0.1', port, allowHalfOpen: true }),
      configuration,
      { ports, ...defaultTimeouts },
      {
        openEarly: () => {
          // The transport is still being made.
          queueMicrotask(() => transport.write(send));
        },
        open: (connection) => {
          open = connection;
          // Beside what went early: not every server answers that.
          transport.write(send);
        },
        data: (bytes) => {
          chunks.push(bytes);
          if (sendLater !== undefined && chunks.length === 1) {
            transport.write(sendLater);
            return;
          }
          length += bytes.length;
          if (length >= send.length) transport.end();
        },
        drain: () => {},
        peerClosed: () => {
          peerClosed = true;
          transport.close();
        },
        closed: (error) => {
          const { timeline } = transport.connection;
          resolve({ timeline, open, received: Buffer.concat(chunks), peerClosed, error });
        },
      },
    );
  });
}
