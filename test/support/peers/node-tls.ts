import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import type {
  ConnectOptions,
  ConnectReport,
  Job,
  ListenOptions,
  Request,
  Response,
  Results,
  ServedReport,
} from './node-tls-messages.ts';

export type { ConnectReport, ServedReport } from './node-tls-messages.ts';

/** Node's own TLS, in a process of its own, as a client and as a server. */
export class NodeTls {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (response: Response) => void>();
  #jobs = 0;

  constructor() {
    this.#child = fork(join(import.meta.dirname, 'node-tls-process.ts'), { execArgv: [] });
    this.#child.on('message', (response: Response) => {
      this.#waiting.get(response.id)?.(response);
      this.#waiting.delete(response.id);
    });
    this.#child.on('exit', () => {
      for (const [id, answer] of this.#waiting) answer({ id, error: 'the process with node:tls has ended' });
    });
  }

  /** Makes a connection, and resolves when it is over, however it went. */
  connect(options: ConnectOptions): Promise<ConnectReport> {
    return this.#ask({ kind: 'connect', options });
  }

  /** Starts a server that sends back what it gets. It stops with the process. */
  listen(options: ListenOptions): Promise<number> {
    return this.#ask({ kind: 'listen', options });
  }

  /** The connections that the server on this port has had since the last call. */
  served(port: number): Promise<readonly ServedReport[]> {
    return this.#ask({ kind: 'served', port });
  }

  stop(): void {
    this.#child.disconnect();
  }

  #ask<J extends Job>(job: J): Promise<Results[J['kind']]> {
    this.#jobs += 1;
    const request: Request = { ...job, id: this.#jobs };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, ({ result, error }) => {
        if (error === undefined) resolve(result as Results[J['kind']]);
        else reject(new Error(error));
      });
      this.#child.send(request);
    });
  }
}
