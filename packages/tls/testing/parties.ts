// Servers and clients on loopback for one test each, closed when it is over.
import { once } from 'node:events';
import {
  connect as connectTcp,
  createServer as createTcpServer,
  type Socket,
  type Server as TcpServer,
} from 'node:net';
import type { Duplex } from 'node:stream';
import { makePki, type Pki } from '@handfast/certificates/testing';
import { onTestFinished } from 'vitest';
import { type ConnectOptions, connect, createServer, type ServerOptions, type TLSSocket } from '../src/index.ts';

export const pki: Pki = await makePki();

/** What a server of `pki.server` presents, and what a client trusts. */
export const serverOptions = { cert: pki.server.chainPem, key: pki.server.keyPem } as const;
export const clientOptions = { host: '127.0.0.1', servername: 'localhost', ca: pki.root.pem } as const;

/** Lets it listen on a free port. Its connections are cut when the test is over. */
export async function listen(server: TcpServer): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(ignoringErrors(socket)));
  server.on('secureConnection', ignoringErrors);
  onTestFinished(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on TCP');
  return address.port;
}

/** A TCP server that does with each connection what it is told. */
export function listenTcp(handle: (socket: Socket) => void): Promise<number> {
  return listen(createTcpServer({ allowHalfOpen: true }, handle));
}

/** A client that does not outlive the test. */
export function dial(port: number, options: Partial<ConnectOptions> = {}): TLSSocket {
  return untilTheTestIsOver(connect({ ...clientOptions, port, ...options }));
}

/** A plain TCP connection that does not outlive the test, connected. */
export async function dialTcp(port: number): Promise<Socket> {
  const socket = untilTheTestIsOver(connectTcp({ host: '127.0.0.1', port }));
  await once(socket, 'connect');
  return socket;
}

function untilTheTestIsOver<Stream extends Duplex>(stream: Stream): Stream {
  onTestFinished(() => void stream.destroy());
  return ignoringErrors(stream);
}

/** An error that nobody listens for would end the process, also where it is not what a test is about. */
function ignoringErrors<Stream extends Duplex>(stream: Stream): Stream {
  return stream.on('error', () => {});
}

/** Both ends of a connection, and the TCP sockets under them. */
export interface Pair {
  readonly client: TLSSocket;
  readonly server: TLSSocket;
  readonly clientTcp: Socket;
  readonly serverTcp: Socket;
}

/** A connection whose handshake is done at both ends. */
export async function pair(options: Partial<ServerOptions> = {}): Promise<Pair> {
  const listener = createServer({ ...serverOptions, ...options });
  const port = await listen(listener);
  const accepted = once(listener, 'connection');
  const secured = once(listener, 'secureConnection');
  const clientTcp = await dialTcp(port);
  const client = dial(port, { socket: clientTcp });
  await once(client, 'secureConnect');
  const [serverTcp] = await accepted;
  const [server] = await secured;
  return { client, server, clientTcp, serverTcp };
}

/** Everything that a stream tells of its end: `error` with its reason, `end`, `finish`, `close`, in order. */
export function lastEvents(stream: TLSSocket): string[] {
  const events: string[] = [];
  stream.on('error', (error: Error) => events.push(`error ${'reason' in error ? error.reason : error.message}`));
  for (const event of ['end', 'finish', 'close']) stream.on(event, () => events.push(event));
  return events;
}

/** The error of a stream that fails, once it has closed. */
export async function failure(stream: TLSSocket): Promise<Error> {
  const errors: Error[] = [];
  stream.on('error', (error: Error) => errors.push(error));
  await closed(stream);
  const [error] = errors;
  if (error === undefined || errors.length > 1) throw new Error(`${errors.length} errors where one belongs`);
  return error;
}

/** Resolves when the stream or server has closed, with or without an error. */
export function closed(stream: { once(event: 'close', listener: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => stream.once('close', resolve));
}

/** All that can be read from it, as text. */
export function read(stream: TLSSocket): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    stream.on('data', (data: Buffer) => {
      text += data;
    });
    stream.once('end', () => resolve(text));
    stream.once('error', reject);
  });
}

/** Time for everything that is under way on loopback to arrive. */
export function aMoment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 100));
}
