// One server under measurement, in a process of its own: prints nothing, talks to its parent by IPC.
import { type AddressInfo, connect as connectTcp, createServer as createTcpServer, type Server } from 'node:net';
import { createServer as createNodeTls } from 'node:tls';
import { type Bus, EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions, NatsBus } from '@handfast/bus';
import { decodePem, LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { startRecordService } from '@handfast/record-service';
import { LocalSessionManager } from '@handfast/sessions';
import { createServer as createHandfast, loadCredential } from '@handfast/tls';
import type { ServerKind, ServerMessage } from './messages.ts';

const [kind = 'handfast', mode = 'handshake', cert = '', key = '', nats = ''] = process.argv.slice(2) as [
  ServerKind,
  'handshake' | 'bulk',
  string,
  string,
  string,
];
const bulk = new Uint8Array(64 * 1024);

/** What the server does on a connection: nothing but to wait for its end, or to send as much as the client takes. */
function serve(socket: NodeJS.ReadWriteStream & { destroy(): unknown }): void {
  socket.on('error', () => socket.destroy());
  socket.resume();
  if (mode === 'handshake') return;
  const pump = () => {
    while (socket.writable && socket.write(bulk));
  };
  socket.on('drain', pump);
  pump();
}

async function start(): Promise<number> {
  switch (kind) {
    case 'handfast':
      return listen(createHandfast({ cert, key }, serve));
    case 'node':
      return listen(createNodeTls({ cert, key }, serve));
    case 'node-proxy': {
      const upstream = await startUpstream();
      const server = createNodeTls({ cert, key }, (client) => {
        const socket = connectTcp({ port: upstream, host: '127.0.0.1', noDelay: true });
        client.pipe(socket).pipe(client);
        client.on('error', () => socket.destroy());
        socket.on('error', () => client.destroy());
      });
      return listen(server);
    }
    case 'handfast-gateway':
      return startGateway(await embeddedServices(), await startUpstream());
    case 'handfast-gateway-nats':
      return startGateway(await NatsBus.connect({ servers: nats, crypto: nativeCrypto }), await startUpstream());
  }
}

async function embeddedServices(): Promise<Bus> {
  const { credential, key: privateKey } = loadCredential({ cert, key });
  const bus = new EmbeddedBus();
  await hostKeyExchange(bus, new LocalKeyExchange({ crypto: nativeCrypto, keys: [privateKey] }));
  const anchors = decodePem(cert, 'CERTIFICATE');
  await hostCertificates(
    bus,
    new LocalCertificateValidator({ crypto: nativeCrypto, anchors, credentials: [credential] }),
  );
  await hostSessions(bus, new LocalSessionManager({ crypto: nativeCrypto, now: Date.now }));
  return bus;
}

async function startGateway(bus: Bus, upstream: number): Promise<number> {
  const gateway = await startRecordService({
    bus,
    listen: { host: '127.0.0.1', port: 0 },
    upstream: { host: '127.0.0.1', port: upstream },
    clientAuthentication: 'none',
    applicationProtocols: [],
    minVersion: 'tls12',
    maxVersion: 'tls13',
    onTimeline: () => {},
    onTrouble: () => {},
  });
  return gateway.address.port;
}

/** In the same process for both proxies, so that it costs both the same. */
function startUpstream(): Promise<number> {
  return listen(createTcpServer({ allowHalfOpen: false }, serve));
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

const say = (message: ServerMessage) => process.send?.(message);
process.on('message', () => say({ cpu: process.cpuUsage() }));
process.on('disconnect', () => process.exit());
say({ port: await start() });
