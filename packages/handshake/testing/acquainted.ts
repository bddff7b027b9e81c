// Two ends that have met before.
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';
import { Loopback, type LoopbackOptions } from './loopback.ts';

/** The same options, for ends that remember their sessions from one connection to the next. */
export function remembering(options: LoopbackOptions): LoopbackOptions {
  const [client, server] = [makeSessions(), makeSessions()];
  return {
    ...options,
    clientPorts: (ports) => {
      const remembered = { ...ports, sessions: client };
      return options.clientPorts?.(remembered) ?? remembered;
    },
    serverPorts: (ports) => {
      const remembered = { ...ports, sessions: server };
      return options.serverPorts?.(remembered) ?? remembered;
    },
  };
}

/**
 * The same options, after a first connection.
 * @param before options in which that one differed.
 */
export function acquainted(options: LoopbackOptions, before: Partial<LoopbackOptions> = {}): LoopbackOptions {
  const again = remembering(options);
  const { client, server } = new Loopback({ ...again, ...before }).run();
  const error = client.error ?? server.error;
  if (error !== undefined) throw error;
  return again;
}

function makeSessions(): LocalSessionManager {
  return new LocalSessionManager({ crypto: nativeCrypto, now: Date.now });
}
