import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ServerKind, ServerMessage } from './messages.ts';

const serverFile = fileURLToPath(new URL('./server.ts', import.meta.url));

/** A server in a process of its own, whose CPU time can be read. */
export class MeasuredServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(
    kind: ServerKind,
    mode: 'handshake' | 'bulk',
    credential: { readonly chainPem: string; readonly keyPem: string },
    bus = '',
  ): Promise<MeasuredServer> {
    const child = fork(serverFile, [kind, mode, credential.chainPem, credential.keyPem, bus]);
    const message = await nextMessage(child);
    if (!('port' in message)) throw new Error('the server did not say its port');
    return new MeasuredServer(child, message.port);
  }

  /** CPU time of the process so far, user and system, in microseconds. */
  async cpu(): Promise<number> {
    const answer = nextMessage(this.#process);
    this.#process.send('cpu');
    const message = await answer;
    if (!('cpu' in message)) throw new Error('the server did not say its CPU time');
    return message.cpu.user + message.cpu.system;
  }

  stop(): void {
    this.#process.disconnect();
  }
}

function nextMessage(child: ChildProcess): Promise<ServerMessage> {
  return new Promise((resolve, reject) => {
    child.once('exit', () => reject(new Error('the server under measurement has ended')));
    child.once('message', (message) => resolve(message as ServerMessage));
  });
}
