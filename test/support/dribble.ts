import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP proxy that passes on every byte by itself. */
export async function startDribble(to: number): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: to, allowHalfOpen: true });
    dribble(client, upstream);
    dribble(upstream, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

function dribble(from: Socket, to: Socket): void {
  to.setNoDelay(true);
  from.on('error', () => to.destroy());
  const queue: (number | 'end')[] = [];
  let writing = false;
  const next = (): void => {
    const byte = queue.shift();
    writing = byte !== undefined;
    if (byte === undefined) return;
    if (byte === 'end') to.end();
    // The next byte follows in another turn of the event loop, and so in a packet of its own.
    else to.write(Uint8Array.of(byte), () => setImmediate(next));
  };
  const add = (...more: readonly (number | 'end')[]): void => {
    queue.push(...more);
    if (!writing) next();
  };
  from.on('data', (chunk: Buffer) => add(...chunk));
  from.on('end', () => add('end'));
}
