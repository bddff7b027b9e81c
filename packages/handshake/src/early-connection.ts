import type { CryptoProvider, HashName } from '@handfast/crypto';
import { exportKeyingMaterial13 } from '@handfast/key-exchange';
import type { EarlyConnection } from './effects.ts';
import type { SessionState } from './session-state.ts';

/**
 * What early data flows over.
 * @param exporterSecret early_exporter_master_secret (RFC 8446 section 7.1).
 * @param session that is being resumed.
 */
export function earlyConnection(
  crypto: CryptoProvider,
  hash: HashName,
  exporterSecret: Uint8Array,
  { applicationProtocol, peer }: SessionState,
): EarlyConnection {
  return {
    applicationProtocol,
    peer,
    exportKeyingMaterial: (label, context, length) =>
      exportKeyingMaterial13(crypto, hash, exporterSecret, label, context, length),
  };
}
