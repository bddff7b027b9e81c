import { NatsBus, RemoteKeyExchange } from '@handfast/bus';
import { nativeCrypto } from '@handfast/crypto/native';
import { now } from '@handfast/tls';
import { TlsError, toHex } from '@handfast/wire';

/** Milliseconds between two tries, and tries between two complaints. */
const retryDelay = 500;
const complainEvery = 10;

/** Services start in any order: tries until what is to be reached is there, and says what it waits for. */
export async function patiently<T>(what: string, attempt: () => Promise<T>, warn: (text: string) => void): Promise<T> {
  for (let tries = 0; ; tries += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TlsError) || !absent.has(error.reason)) throw error;
      if (tries % complainEvery === 0) warn(`waiting for ${what}: ${error.detail}`);
      await new Promise((resolve) => setTimeout(resolve, retryDelay));
    }
  }
}

const absent: ReadonlySet<string> = new Set(['service-unavailable', 'service-timeout', 'service-busy']);

/** The bus of a NATS server, when it is there. */
export function connectBus(servers: string, name: string, warn: (text: string) => void): Promise<NatsBus> {
  return patiently('NATS', () => NatsBus.connect({ servers, name, crypto: nativeCrypto }), warn);
}

/** Resolves when a key exchange service answers, so that the first handshakes do not fail for want of one. */
export async function keyExchangeIsThere(bus: NatsBus, warn: (text: string) => void): Promise<void> {
  const keyExchange = new RemoteKeyExchange(bus);
  await patiently(
    'the key exchange service',
    async () => keyExchange.offer({ groups: [] }, outsideOfHandshakes()),
    warn,
  );
}

function outsideOfHandshakes() {
  const traceId = nativeCrypto.randomBytes(16);
  return {
    id: toHex(traceId),
    deadline: now() + 2_000,
    traceId,
    spanId: nativeCrypto.randomBytes(8),
    report: () => {},
    onCancel: () => {},
  };
}
