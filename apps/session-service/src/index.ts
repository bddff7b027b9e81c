import { hostSessions, NatsBus, type RunningService } from '@handfast/bus';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalSessionManager } from '@handfast/sessions';

export interface SessionServiceOptions {
  /** Of the NATS server, such as `nats://127.0.0.1:4222`. */
  readonly bus: string;
  /** What all ends of the bus share; see NatsBus. */
  readonly busSecret?: Uint8Array | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service. */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Starts an instance of the session service: it keeps the registry of live handshakes. Every instance hears every note, so
 * any of them can be asked.
 * @throws TlsError `service-unavailable` where no NATS server answers.
 */
export async function startSessionService(options: SessionServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret: secret, crypto = nativeCrypto, log } = options;
  const bus = await NatsBus.connect({ servers, crypto, secret, name: 'handfast session service' });
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }), {
    onError: (error) => log?.(`session: ${String(error)}`),
  });
  return { instance: bus.instance, stop: () => bus.close() };
}
