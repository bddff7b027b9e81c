import type { Identity } from '../certificates.ts';
import { findProgram, Program } from '../processes.ts';

export const curl = findProgram('curl');

export interface CurlReport {
  /** 0, or what went wrong in curl's counting. */
  readonly exitCode: number | NodeJS.Signals | null;
  /** The response's body, latin1. */
  readonly body: string;
  /** What `-v` tells. */
  readonly log: string;
}

export interface CurlOptions {
  readonly port: number;
  /** `localhost` by default. */
  readonly serverName?: string | undefined;
  /** PEM file of what to trust. */
  readonly ca: string;
  readonly identity?: Identity | undefined;
  /** The request's body, if it is to be a POST. */
  readonly post?: Uint8Array | undefined;
  /** More arguments. */
  readonly more?: readonly string[] | undefined;
}

/** A request by HTTP/1.1. */
export async function curlGet(options: CurlOptions): Promise<CurlReport> {
  const { port, serverName = 'localhost', ca, identity, post, more = [] } = options;
  const program = new Program(curl ?? 'curl', [
    ...['--silent', '--show-error', '--verbose', '--max-time', '30', '--http1.1', '--noproxy', '*'],
    ...['--resolve', `${serverName}:${port}:127.0.0.1`, '--cacert', ca],
    ...(identity === undefined ? [] : ['--cert', identity.chain, '--key', identity.key]),
    ...(post === undefined ? [] : ['--data-binary', '@-', '--header', 'Expect:']),
    ...more,
    `https://${serverName}:${port}/`,
  ]);
  program.child.stdin?.end(post);
  return { exitCode: await program.ended, body: program.stdout, log: program.stderr };
}
