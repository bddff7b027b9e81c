import type { CryptoProvider } from '@handfast/crypto';
import type { CipherSuiteParameters } from '@handfast/key-exchange';
import { type TrafficProtection, trafficProtection } from '@handfast/record';

export function protection12(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  keys: { readonly key: Uint8Array; readonly iv: Uint8Array },
): TrafficProtection {
  return trafficProtection(crypto, 'tls12', suite.aead, keys.key, keys.iv);
}
