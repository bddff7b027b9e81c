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
      // A server that leaves without a word of its own when told goodbye has refused nothing.
      const left =
        saidGoodbye && afterwards === 'left' && timeline.failure?.by === 'peer' && timeline.failure.alert === undefined;
      transport.destroy();
      resolve({
        timeline: left ? { ...timeline, state: 'completed', failure: undefined } : timeline,
        peer,
        afterwards,
      });
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
          timer = setTimeout(sayGoodbye, quietTime(transport.connection.timeline, roundTrip));
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
 * How long to wait for a server that refuses our certificate without an alert, before our close_notify gives it another
 * reason to leave. A TLS 1.3 server judges the client when the client is done already.
 */
function quietTime({ negotiated }: Timeline, roundTrip: number): number {
  const judged = negotiated.protocol === 'TLS 1.3' && negotiated.clientCertificate !== 'not-requested';
  return judged ? Math.min(Math.max(50, 3 * roundTrip), answerTimeout) : 0;
}
