import type { CryptoProvider } from '@handfast/crypto';
import type { CipherSuiteParameters, TrafficKeys } from '@handfast/key-exchange';
import { type TrafficProtection, trafficProtection12 } from '@handfast/record';

/** @param encryptThenMac whether that was negotiated (RFC 7366). */
export function protection12(
  crypto: CryptoProvider,
  suite: CipherSuiteParameters,
  keys: TrafficKeys,
  encryptThenMac: boolean,
): TrafficProtection {
  return trafficProtection12(crypto, suite.protection, keys, encryptThenMac);
}
