import { nativeCrypto } from '@handfast/crypto/native';
import type { Ports } from '@handfast/handshake';
import { type ContinuationStore, LocalKeyExchange } from '@handfast/key-exchange';
import { type EarlyDataClaims, LocalSessionManager } from '@handfast/sessions';
import type { Settings } from './arguments.ts';
import type { Clock } from './clock.ts';
import { keysOf, pskOf } from './credentials.ts';
import { trustingValidator } from './validator.ts';

/** What the ports keep elsewhere, where they are hosted on a bus. */
export interface Stores {
  readonly continuations?: ContinuationStore;
  readonly earlyDataClaims?: EarlyDataClaims | undefined;
}

/** The ports for all of the shim's connections, in this process. */
export function localPorts(all: readonly Settings[], clock: Clock, stores: Stores = {}): Ports {
  const { earlyDataClaims, ...continuations } = stores;
  // The runner gives the same ones to all connections.
  const externalPsks = all[0]?.psks.flatMap(pskOf);
  return {
    keyExchange: new LocalKeyExchange({ crypto: nativeCrypto, keys: keysOf(all), ...continuations }),
    certificates: trustingValidator,
    sessions: new LocalSessionManager({ crypto: nativeCrypto, now: clock.date, earlyDataClaims, externalPsks }),
  };
}
