import { createServer, type Server, type Socket } from 'node:net';
import type { Endpoints } from '@handfast/telemetry';
import { defaultTimeouts } from '@handfast/tls';
import { TlsError } from '@handfast/wire';
import { configurationFrom, portsOn } from './directory.ts';
import { GatewayConnection } from './gateway-connection.ts';
import type { Endpoint, RecordService, RecordServiceOptions } from './options.ts';
import { entryOf } from './session-notes.ts';

/**
 * Starts the gateway: accepts connections, terminates TLS with the services on the bus, and passes the plaintext to the
 * upstream. Resolves when it accepts.
 * @throws TlsError `configuration-invalid`; the error of `net.Server.listen`, such as EADDRINUSE.
 */
export async function startRecordService(options: RecordServiceOptions): Promise<RecordService> {
  const ports = portsOn(options);
  const configuration = await configurationFrom(options, ports.certificates);
  const transport = {
    ports,
    handshakeTimeout: options.handshakeTimeout ?? defaultTimeouts.handshakeTimeout,
    askTimeout: options.askTimeout ?? defaultTimeouts.askTimeout,
  };
  const connections = new Set<GatewayConnection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const endpoints = endpointsOf(socket);
    const connection = new GatewayConnection(socket, options.upstream, configuration, transport, {
      progress: (timeline) => {
        ports.sessions.note(entryOf(timeline, options.bus.instance));
        options.onTimeline(timeline, endpoints);
      },
      upstreamFailed: (message) => options.onTrouble(message),
      closed: () => connections.delete(connection),
    });
    connections.add(connection);
  });
  const address = await listen(server, options.listen);
  server.on('error', (error) => options.onTrouble(`the listening socket failed: ${error.message}`));
  return {
    address,
    stop: (graceMilliseconds) => stop(server, connections, graceMilliseconds),
  };
}

function listen(server: Server, { host, port }: Endpoint): Promise<Endpoint> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      const address = server.address();
      resolve({ host, port: typeof address === 'object' && address !== null ? address.port : port });
    });
  });
}

async function stop(server: Server, connections: Set<GatewayConnection>, graceMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const cutOff = setTimeout(() => {
    for (const connection of connections) connection.abort(new TlsError('cancelled', 'the gateway stops'));
  }, graceMilliseconds);
  await closed;
  clearTimeout(cutOff);
}

function endpointsOf(socket: Socket): Endpoints | undefined {
  const { localAddress, localPort, remoteAddress, remotePort } = socket;
  if (localAddress === undefined || localPort === undefined) return undefined;
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return {
    local: { address: localAddress, port: localPort },
    peer: { address: remoteAddress, port: remotePort },
  };
}
