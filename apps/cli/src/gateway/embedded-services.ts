import { type Bus, EmbeddedBus, hostCertificates, hostKeyExchange, hostSessions } from '@handfast/bus';
import { LocalCertificateValidator } from '@handfast/certificates';
import { nativeCrypto } from '@handfast/crypto/native';
import { LocalKeyExchange } from '@handfast/key-exchange';
import { LocalSessionManager } from '@handfast/sessions';
import { keysOf, type LoadedCredential } from '@handfast/tls';

/**
 * A bus within this process that has all three services.
 * @param anchors DER, for the certificates of clients.
 */
export async function embeddedServices(
  credentials: readonly LoadedCredential[],
  anchors: readonly Uint8Array[],
): Promise<Bus> {
  const bus = new EmbeddedBus();
  const crypto = nativeCrypto;
  const chains = credentials.map(({ credential }) => credential);
  await hostKeyExchange(bus, new LocalKeyExchange({ crypto, keys: keysOf(credentials) }));
  await hostCertificates(bus, new LocalCertificateValidator({ crypto, anchors, credentials: chains }));
  await hostSessions(bus, new LocalSessionManager({ crypto, now: Date.now }));
  return bus;
}
