import { connect } from 'node:net';
import { nativeCrypto } from '@handfast/crypto/native';
import { type ClientConfiguration, Connection, clientConfiguration, type Ports } from '@handfast/handshake';
import { alertName } from '@handfast/wire';

/** How the sender goes on when it has sent what it had. */
export type Ending = 'listen' | 'fin' | 'reset';

export interface Exchange {
  /** From which the bytes were sent. */
  readonly port: number;
  /** All that came back until the connection was closed. */
  readonly received: Buffer;
  /** Whether it was closed with a reset. */
  readonly reset: boolean;
}

/** Sends bytes on a TCP connection, and collects what comes back until the server closes it. */
export function exchange(port: number, bytes: Uint8Array, ending: Ending = 'listen'): Promise<Exchange> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let reset = false;
    let local = 0;
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
    socket.on('connect', () => {
      local = socket.localPort ?? 0;
      socket.write(bytes, () => {
        if (ending === 'fin') socket.end();
        if (ending === 'reset') socket.resetAndDestroy();
      });
    });
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('end', () => socket.end());
    socket.on('error', () => {
      reset = true;
    });
    socket.on('close', () => resolve({ port: local, received: Buffer.concat(chunks), reset }));
  });
}

export interface RawRecord {
  readonly type: number;
  readonly fragment: Buffer;
}

/** Content types (RFC 8446 section 5.1). */
export const contentType = { changeCipherSpec: 20, alert: 21, handshake: 22, applicationData: 23 } as const;

/** The records of a stream. Throws for what is none. */
export function recordsIn(stream: Buffer): readonly RawRecord[] {
  const records: RawRecord[] = [];
  for (let at = 0; at < stream.length; ) {
    const length = stream.readUInt16BE(at + 3);
    const fragment = stream.subarray(at + 5, at + 5 + length);
    if (stream[at + 1] !== 3 || fragment.length < length) throw new Error(`no record at ${at}`);
    records.push({ type: stream[at] ?? 0, fragment });
    at += 5 + length;
  }
  return records;
}

/** The alerts of a stream that are not encrypted, as `fatal decode_error`. */
export function alertsIn(stream: Buffer): readonly string[] {
  return recordsIn(stream)
    .filter(({ type, fragment }) => type === contentType.alert && fragment.length === 2)
    .map(({ fragment: [level, description = -1] }) => `${level === 1 ? 'warning' : 'fatal'} ${alertName(description)}`);
}

export function record(type: number, fragment: Uint8Array): Buffer {
  const header = Buffer.from([type, 3, 3, 0, 0]);
  header.writeUInt16BE(fragment.length, 3);
  return Buffer.concat([header, fragment]);
}

/** The ClientHello that our own client sends, as a handshake message. */
export function clientHello(ports: Ports, options: Partial<Omit<ClientConfiguration, 'role' | 'crypto'>> = {}): Buffer {
  const flights: Uint8Array[] = [];
  const connection = new Connection(
    clientConfiguration({ crypto: nativeCrypto, serverName: 'localhost', ...options }),
    { ports, now: () => 0, date: Date.now, askTimeout: 1000 },
    { output: (bytes) => flights.push(bytes), open: () => {}, data: () => {}, peerClosed: () => {}, failed: () => {} },
  );
  connection.start();
  const [hello] = recordsIn(Buffer.concat(flights));
  if (hello === undefined) throw new Error('there is no ClientHello');
  return hello.fragment;
}
