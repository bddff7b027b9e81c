import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
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

async function nextMessage(child: ChildProcess): Promise<ServerMessage> {
  const done = new AbortController();
  const { signal } = done;
  const ended = once(child, 'exit', { signal }).then(() => {
    throw new Error('the server under measurement has ended');
  });
  try {
    const [message] = await Promise.race([once(child, 'message', { signal }), ended]);
    return message as ServerMessage;
  } finally {
    ended.catch(() => {});
    done.abort();
  }
}
