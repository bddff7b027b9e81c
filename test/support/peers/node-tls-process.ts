// A process with Node's own TLS in both roles, which does what its parent asks by IPC.
import { createHash, randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import type {
  ConnectOptions,
  ConnectReport,
  ListenOptions,
  Request,
  Response,
  ServedReport,
} from './node-tls-messages.ts';

const served = new Map<number, ServedReport[]>();

function work(request: Request): Promise<NonNullable<Response['result']>> {
  switch (request.kind) {
    case 'connect':
      return connectOnce(request.options);
    case 'listen':
      return listen(request.options);
    case 'served':
      return Promise.resolve(served.get(request.port)?.splice(0) ?? []);
  }
}

function connectOnce({ send = 'ping', manner = 'echo', ...options }: ConnectOptions): Promise<ConnectReport> {
  const payload = typeof send === 'string' ? Buffer.from(send) : randomBytes(send);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let received = 0;
    let localPort = 0;
    let clientRandom: string | undefined;
    let ended = false;
    let error: string | null = null;
    let secured: Pick<ConnectReport, 'protocol' | 'cipher' | 'group' | 'authorized' | 'fingerprint' | 'alpn'> = {
      protocol: null,
      cipher: undefined,
      group: undefined,
      authorized: false,
      fingerprint: undefined,
      alpn: false,
    };
    const socket = connect(withoutUndefined({ host: '127.0.0.1', allowHalfOpen: true, ...options }));
    socket.on('connect', () => {
      localPort = socket.localPort ?? 0;
    });
    socket.on('keylog', (line: Buffer) => {
      clientRandom ??= line.toString().split(' ')[1];
    });
    socket.on('secureConnect', () => {
      secured = {
        protocol: socket.getProtocol(),
        cipher: socket.getCipher().standardName,
        group: groupOf(socket),
        authorized: socket.authorized,
        fingerprint: socket.getPeerCertificate().fingerprint256,
        alpn: socket.alpnProtocol ?? false,
      };
      if (manner !== 'leave') socket.write(payload);
      if (manner !== 'echo') socket.end();
    });
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      received += chunk.length;
      if (manner === 'echo' && received >= payload.length) socket.end();
    });
    socket.on('end', () => {
      ended = true;
      socket.end();
    });
    socket.on('error', (cause: NodeJS.ErrnoException) => {
      error = cause.code ?? cause.message;
    });
    socket.on('close', () => {
      const bytes = Buffer.concat(chunks);
      resolve({
        ...secured,
        localPort,
        clientRandom,
        received,
        echoed: bytes.equals(payload),
        sentDigest: createHash('sha256').update(payload).digest('hex'),
        text: received <= 1000 ? bytes.toString('latin1') : undefined,
        ended,
        error,
      });
    });
  });
}

function groupOf(socket: TLSSocket): string | undefined {
  const info = socket.getEphemeralKeyInfo();
  return info !== null && 'name' in info && typeof info.name === 'string' ? info.name : undefined;
}

/** Sends everything back, and closes when the client does. */
function listen(options: ListenOptions): Promise<number> {
  const reports: ServedReport[] = [];
  const server = createServer(withoutUndefined({ allowHalfOpen: true, ...options }), (socket) => {
    reports.push({
      protocol: socket.getProtocol(),
      cipher: socket.getCipher().standardName,
      authorized: socket.authorized,
      client: commonName(socket),
      serverName: (socket as TLSSocket & { servername?: string | false }).servername ?? false,
      alpn: socket.alpnProtocol,
    });
    socket.on('error', () => socket.destroy());
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => {});
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      served.set(port, reports);
      resolve(port);
    });
  });
}

function commonName(socket: TLSSocket): string | undefined {
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

/** node:tls takes an option that is there, and undefined, for a wrong one. */
function withoutUndefined<T extends object>(options: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

process.on('message', (request: Request) => {
  const answer = (response: Response) => process.send?.(response);
  work(request).then(
    (result) => answer({ id: request.id, result }),
    (error: unknown) => answer({ id: request.id, error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());
