import { createServer, type Server, type Socket } from 'node:net';
import type { Timeline } from '@handfast/handshake';
import type { Endpoints } from '@handfast/telemetry';
import { defaultTimeouts, now } from '@handfast/tls';
import { TlsError } from '@handfast/wire';
import { Directory, portsOn } from './directory.ts';
import { GatewayConnection } from './gateway-connection.ts';
import type { Endpoint, RecordService, RecordServiceOptions } from './options.ts';
import { closedEntryOf, entryOf } from './session-notes.ts';

/**
 * Starts the gateway: accepts connections, terminates TLS with the services on the bus, and passes the plaintext to the
 * upstream. Resolves when it accepts.
 * @throws TlsError `configuration-invalid`; the error of `net.Server.listen`, such as EADDRINUSE.
 */
export async function startRecordService(options: RecordServiceOptions): Promise<RecordService> {
  const ports = portsOn(options);
  const directory = await Directory.open(options, ports);
  const transport = {
    ports,
    handshakeTimeout: options.handshakeTimeout ?? defaultTimeouts.handshakeTimeout,
    askTimeout: options.askTimeout ?? defaultTimeouts.askTimeout,
  };
  const gateway = options.bus.instance;
  const connections = new Set<GatewayConnection>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const endpoints = endpointsOf(socket);
    const connection = new GatewayConnection(socket, options.upstream, directory.configuration, transport, {
      progress: (timeline) => {
        ports.sessions.note(entryOf(timeline, gateway));
        tell(options, timeline, endpoints);
      },
      upstreamFailed: (message) => options.onTrouble(message),
      closed: (timeline) => {
        connections.delete(connection);
        if (timeline.state !== 'failed') ports.sessions.note(closedEntryOf(timeline, gateway, now()));
      },
    });
    connections.add(connection);
  });
  const address = await listen(server, options.listen).catch((error) => {
    directory.stop();
    throw error;
  });
  server.on('error', (error) => options.onTrouble(`the listening socket failed: ${error.message}`));
  return {
    address,
    stop: async (graceMilliseconds) => {
      directory.stop();
      await stop(server, connections, graceMilliseconds);
      ports.sessions.flush();
    },
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
  // A server has closed when it counts no more sockets, which is before the last of them says that it has.
  while (connections.size > 0) await new Promise((resolve) => setImmediate(resolve));
}

/** Whoever is told of a handshake must not be able to break it, and much less the gateway. */
function tell(options: RecordServiceOptions, timeline: Timeline, endpoints: Endpoints | undefined): void {
  try {
    options.onTimeline(timeline, endpoints);
  } catch (error) {
    options.onTrouble(`a handshake could not be told of: ${String(error)}`);
  }
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
