import type { CryptoProvider } from '@handfast/crypto';
import { keyBlock12 } from '@handfast/key-exchange';
import { type TrafficProtection, trafficProtection12 } from '@handfast/record';
import type { Terms12 } from './terms-12.ts';

/** What protects the records of each side once its ChangeCipherSpec is out (RFC 5246 section 6.3). */
export function traffic12(
  crypto: CryptoProvider,
  { suite, clientRandom, serverRandom, encryptThenMac }: Terms12,
  masterSecret: Uint8Array,
): { readonly client: TrafficProtection; readonly server: TrafficProtection } {
  const keys = keyBlock12(crypto, suite, masterSecret, clientRandom, serverRandom);
  return {
    client: trafficProtection12(crypto, suite.protection, keys.client, encryptThenMac),
    server: trafficProtection12(crypto, suite.protection, keys.server, encryptThenMac),
  };
}
