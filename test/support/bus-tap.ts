import { connect, type Socket } from 'node:net';

/** A subscriber to everything that crosses a NATS server. */
export class BusTap {
  readonly #socket: Socket;
  #heard = Buffer.alloc(0);

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.#heard = Buffer.concat([this.#heard, chunk]);
      if (chunk.includes('PING\r\n')) socket.write('PONG\r\n');
    });
  }

  /** Listens from the moment on when this resolves. */
  static async to(url: string): Promise<BusTap> {
    const { hostname, port } = new URL(url);
    const tap = new BusTap(connect({ host: hostname, port: Number(port) }));
    tap.#socket.write('CONNECT {"verbose":false}\r\nSUB > 1\r\nPING\r\n');
    await new Promise<void>((resolve, reject) => {
      tap.#socket.on('data', () => {
        if (tap.#heard.includes('PONG\r\n')) resolve();
      });
      tap.#socket.on('error', reject);
    });
    return tap;
  }

  /** All that it heard. */
  get heard(): Buffer {
    return this.#heard;
  }

  close(): void {
    this.#socket.destroy();
  }
}
