import { connect, type Socket } from 'node:net';
import type { Endpoint } from '@handfast/record-service';
import { endpointText } from '../flags/endpoint.ts';

/** A TCP connection, and what it took to get it; durations in milliseconds. */
export interface Connected {
  readonly socket: Socket;
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** 0 for an address that needs no look-up. */
  readonly lookup: number;
  readonly connect: number;
}

/** There is no TCP connection to be had. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  readonly reason: UnreachableReason;

  constructor(reason: UnreachableReason, message: string) {
    super(message);
    this.reason = reason;
  }
}

export type UnreachableReason =
  | 'name-not-found'
  | 'connection-refused'
  | 'connection-timeout'
  | 'network-unreachable'
  | 'connection-failed';

/**
 * Connects, to the first of the host's addresses that answers.
 * @param timeout milliseconds.
 * @throws Unreachable
 */
export function connectTo(server: Endpoint, timeout: number): Promise<Connected> {
  const startedAt = performance.now();
  let lookedUpAt = startedAt;
  return new Promise((resolve, reject) => {
    const socket = connect({ ...server, noDelay: true });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(unreachable({ code: 'ETIMEDOUT' }, server, timeout));
    }, timeout);
    const failed = (error: unknown): void => {
      clearTimeout(timer);
      reject(unreachable(error, server, timeout));
    };
    socket.once('lookup', () => {
      lookedUpAt = performance.now();
    });
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve({
        socket,
        address: socket.remoteAddress ?? server.host,
        port: socket.remotePort ?? server.port,
        localAddress: socket.localAddress ?? '',
        localPort: socket.localPort ?? 0,
        lookup: lookedUpAt - startedAt,
        connect: performance.now() - lookedUpAt,
      });
    });
  });
}

function unreachable(error: unknown, server: Endpoint, timeout: number): Unreachable {
  const where = endpointText(server);
  const code = codeOf(error);
  switch (code) {
    case 'ENOTFOUND':
      return new Unreachable('name-not-found', `There is no address for the name ${server.host}: is it spelled right?`);
    case 'EAI_AGAIN':
      return new Unreachable('name-not-found', `The name ${server.host} cannot be looked up: no name server answers.`);
    case 'ECONNREFUSED':
      return new Unreachable(
        'connection-refused',
        `${where} refused the TCP connection: nothing listens on port ${server.port} there, or a firewall rejects it.`,
      );
    case 'ETIMEDOUT':
      return new Unreachable(
        'connection-timeout',
        `${where} did not answer within ${timeout / 1000} seconds: the host is down, or a firewall drops what is sent to it.`,
      );
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return new Unreachable('network-unreachable', `There is no route to ${server.host} from this machine (${code}).`);
    default:
      return new Unreachable('connection-failed', `The TCP connection to ${where} failed: ${code ?? String(error)}.`);
  }
}

/** Of several addresses that were tried, the last one speaks for all. */
function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return codeOf(error.errors.at(-1));
  if (typeof error === 'object' && error !== null && 'code' in error) return String(error.code);
  return undefined;
}
