import type { ClientConfiguration, PeerCertificate, Ports, Timeline } from '@handfast/handshake';
import { TlsTransport } from '@handfast/tls';
import type { Connected } from './network.ts';

/** A handshake that is over, as far as a client can know. */
export interface TracedHandshake {
  readonly timeline: Timeline;
  /** The server's chain and the verdict on it, once the handshake was done. */
  readonly peer: PeerCertificate | undefined;
  /** What the server did after a handshake that was completed. */
  readonly afterwards: Afterwards;
}

/** `left` without, `silent` despite our close_notify. */
export type Afterwards = 'spoke' | 'left' | 'silent';

/** Milliseconds. */
const handshakeTimeout = 10_000;
const askTimeout = 5_000;
const judgementTimeout = 300;
const answerTimeout = 1_000;

/** Makes a handshake, closes the connection again, and learns meanwhile whether the server really accepted it. */
export function makeHandshake(
  { socket, connect: roundTrip }: Connected,
  configuration: ClientConfiguration,
  ports: Ports,
): Promise<TracedHandshake> {
  return new Promise((resolve) => {
    let peer: PeerCertificate | undefined;
    let saidGoodbye = false;
    let timer: NodeJS.Timeout | undefined;

    const finish = (afterwards: Afterwards): void => {
      clearTimeout(timer);
      const { timeline } = transport.connection;
      transport.destroy();
      resolve({ timeline: afterwards === 'left' ? judgeLeaving(timeline, saidGoodbye) : timeline, peer, afterwards });
    };

    const sayGoodbye = (): void => {
      saidGoodbye = true;
      timer = setTimeout(() => finish('silent'), Math.max(answerTimeout, 4 * roundTrip));
      transport.connection.close();
    };

    const transport = new TlsTransport(
      socket,
      configuration,
      { ports, handshakeTimeout, askTimeout },
      {
        open: (connection) => {
          peer = connection.peer;
          timer = setTimeout(sayGoodbye, quietTime(transport.connection.timeline, roundTrip, configuration));
        },
        data: () => finish('spoke'),
        peerClosed: () => finish('spoke'),
        drain: () => {},
        closed: () => finish('left'),
      },
    );
  });
}

/**
 * What it means that the server ended the connection without an alert once the handshake was complete: nothing where we
 * had said goodbye; where we had said nothing yet, that it wants nothing of us.
 */
function judgeLeaving(timeline: Timeline, saidGoodbye: boolean): Timeline {
  const { completedAt, endedAt, failure } = timeline;
  if (completedAt === undefined || endedAt === undefined || failure?.alert !== undefined) return timeline;
  if (saidGoodbye) return { ...timeline, state: 'completed', failure: undefined };
  return {
    ...timeline,
    state: 'failed',
    failure: failure ?? {
      reason: 'peer-closed',
      by: 'peer',
      alert: undefined,
      step: undefined,
      detail: 'the peer left right after the handshake, without a word',
      at: endedAt,
      late: endedAt - completedAt,
    },
  };
}

/**
 * How long to wait for a server that refuses our certificate without an alert, before our close_notify gives it another
 * reason to leave. A TLS 1.3 server judges the client when the client is done already.
 */
function quietTime({ negotiated }: Timeline, roundTrip: number, { resumption }: ClientConfiguration): number {
  const isTls13 = negotiated.protocol === 'TLS 1.3';
  const judged = isTls13 && negotiated.clientCertificate !== 'not-requested';
  // TLS 1.3 tickets come after the handshake, too.
  return judged || (isTls13 && resumption === 'on')
    ? Math.min(Math.max(judgementTimeout, 4 * roundTrip), answerTimeout)
    : 0;
}
