import { createHash } from 'node:crypto';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';

export interface Upstream {
  readonly port: number;
  stop(): Promise<void>;
}

/** What `handleHttp` answers a GET with. */
export const greeting = 'hello from the upstream\n';

/** The first bytes by which the upstream answers not as it reads, but at the end, with the digest of what it got. */
export const digestCommand = 'DIGEST\n';

/**
 * The server behind the gateway: speaks HTTP to who begins with HTTP, and otherwise sends back what it gets. A POST gets
 * its own body back.
 */
export async function startUpstream(): Promise<Upstream> {
  const http = createHttpServer((request, response) => void handleHttp(request, response));
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    const leave = () => socket.end();
    socket.once('end', leave);
    socket.once('data', (first: Buffer) => {
      socket.off('end', leave);
      socket.pause();
      const beginning = first.toString('latin1', 0, 7);
      if (/^(GET|POST) /.test(beginning)) http.emit('connection', socket);
      else if (beginning === digestCommand) answerWithDigest(socket);
      else socket.pipe(socket);
      socket.unshift(first);
      socket.resume();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

async function handleHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method === 'POST') request.pipe(response);
  else response.end(greeting);
}

function answerWithDigest(socket: Socket): void {
  const hash = createHash('sha256');
  socket.on('data', (chunk: Buffer) => hash.update(chunk));
  socket.on('end', () => socket.end(hash.digest('hex')));
}
