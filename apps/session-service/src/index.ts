import { hostSessions, NatsBus, type RunningService } from '@handfast/bus';
import type { CryptoProvider } from '@handfast/crypto';
import { nativeCrypto } from '@handfast/crypto/native';
import { type EarlyDataClaims, LocalSessionManager, type LocalSessionManagerOptions } from '@handfast/sessions';

export interface SessionServiceOptions
  extends Pick<LocalSessionManagerOptions, 'ticketSecret' | 'ticketLifetime' | 'externalPsks'> {
  /** Of the NATS server, such as `nats://127.0.0.1:4222`. */
  readonly bus: string;
  /** What all ends of the bus share; see NatsBus. */
  readonly busSecret?: Uint8Array | undefined;
  readonly crypto?: CryptoProvider | undefined;
  /** Gets a line for each fault of the service, and for what it cannot do here. */
  readonly log?: ((line: string) => void) | undefined;
}

/**
 * Starts an instance of the session service: it makes and opens tickets, keeps sessions, tells early data that is replayed,
 * and has the registry of live handshakes. Every instance hears every note, so any of them can be asked.
 * @throws TlsError `service-unavailable` where no NATS server answers, `configuration-invalid` for a secret that is too
 * short or a lifetime out of its bounds.
 */
export async function startSessionService(options: SessionServiceOptions): Promise<RunningService> {
  const { bus: servers, busSecret: secret, crypto = nativeCrypto, log } = options;
  const bus = await NatsBus.connect({ servers, crypto, secret, name: 'handfast session service' });
  try {
    const earlyDataClaims = await claimsOn(bus, options);
    const { ticketSecret, ticketLifetime, externalPsks } = options;
    const settings = { crypto, now: Date.now, ticketSecret, ticketLifetime, externalPsks, earlyDataClaims };
    await hostSessions(bus, new LocalSessionManager(settings), {
      onError: (error) => log?.(`session: ${String(error)}`),
    });
  } catch (error) {
    await bus.close();
    throw error;
  }
  return { instance: bus.instance, stop: () => bus.close() };
}

/** Nobody knows what other instances with the same tickets have seen: so nothing is granted. */
const noClaims: EarlyDataClaims = { since: 0, claim: () => false };

/** Those that all instances share; undefined where an instance needs none but its own, as it alone opens its tickets. */
async function claimsOn(
  bus: NatsBus,
  { ticketSecret, log }: SessionServiceOptions,
): Promise<EarlyDataClaims | undefined> {
  const claims = await bus.earlyDataClaims();
  if (claims !== undefined || ticketSecret === undefined) return claims;
  log?.(
    'session: the NATS server has no JetStream, where instances with the same ticket secret would remember which early ' +
      'data they have seen: early data is refused',
  );
  return noClaims;
}
