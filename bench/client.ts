import { connect } from 'node:tls';

/** The client of every measurement: node:tls, full handshakes, X25519, no verification, as cheap as it gets. */
export interface ClientOptions {
  readonly port: number;
  readonly version: 'TLSv1.2' | 'TLSv1.3';
}

/** One connection: handshake, close_notify from both sides. Resolves with the milliseconds to the end of the handshake. */
export function connectOnce({ port, version }: ClientOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    let latency = 0;
    const socket = connect(
      {
        port,
        host: '127.0.0.1',
        rejectUnauthorized: false,
        minVersion: version,
        maxVersion: version,
        // P-256 is there for the certificate: OpenSSL wants the curve of an ECDSA key among the groups of TLS 1.2.
        ecdhCurve: 'X25519:P-256',
      },
      () => {
        latency = performance.now() - started;
        socket.end();
      },
    );
    socket.on('close', () => resolve(latency));
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
export function download({ port, version }: ClientOptions, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      minVersion: version,
      maxVersion: version,
      ecdhCurve: 'X25519:P-256',
    });
    let left = bytes;
    socket.on('data', (chunk: Buffer) => {
      left -= chunk.length;
      if (left <= 0) socket.destroy();
    });
    socket.on('close', () => (left <= 0 ? resolve() : reject(new Error('the server closed early'))));
    socket.on('error', reject);
  });
}
