import { type ConnectionOptions, connect } from 'node:tls';

/** The client of every measurement: node:tls, X25519, no verification, as cheap as it gets. */
export interface ClientOptions {
  readonly port: number;
  readonly version: 'TLSv1.2' | 'TLSv1.3';
  /** To be resumed; full handshakes without it. */
  readonly session?: Buffer;
}

function tlsOptions({ port, version, session }: ClientOptions): ConnectionOptions {
  return {
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    minVersion: version,
    maxVersion: version,
    // P-256 is there for the certificate: OpenSSL wants the curve of an ECDSA key among the groups of TLS 1.2.
    ecdhCurve: 'X25519:P-256',
    ...(session && { session }),
  };
}

/** One connection: handshake, close_notify from both sides. Resolves with the milliseconds to the end of the handshake. */
export function connectOnce(options: ClientOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let latency = 0;
    const socket = connect(tlsOptions(options), () => {
      latency = performance.now() - started;
      if (options.session !== undefined && !socket.isSessionReused()) reject(new Error('the session was not resumed'));
      socket.end();
    });
    socket.on('close', () => resolve(latency));
    socket.on('error', reject);
    socket.resume();
  });
}

/** A session with the server, made by a full handshake. */
export function sessionWith(options: ClientOptions): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const socket = connect(tlsOptions(options));
    socket.once('session', (session) => {
      resolve(session);
      socket.end();
    });
    socket.on('close', () => reject(new Error('the server gave no session')));
    socket.on('error', reject);
    socket.resume();
  });
}

export async function connectMany(options: ClientOptions, count: number, concurrency = 4): Promise<void> {
  let left = count;
  const worker = async () => {
    while (left > 0) {
      left -= 1;
      await connectOnce(options);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
}

/** Reads that many bytes of what the server sends, and goes. */
export function download(options: ClientOptions, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(tlsOptions(options));
    let left = bytes;
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) socket.destroy();
    });
    socket.on('close', () => (left <= 0 ? resolve() : reject(new Error('the server closed early'))));
    socket.on('error', reject);
  });
}
