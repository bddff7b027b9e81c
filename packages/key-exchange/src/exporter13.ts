import type { CryptoProvider, HashName } from '@handfast/crypto';
import { deriveSecret, hkdfExpandLabel } from './hkdf-label.ts';

/**
 * TLS-Exporter of TLS 1.3 (RFC 8446 section 7.5).
 * @param exporterSecret exporter_master_secret, or early_exporter_master_secret.
 * @param context no context and an empty one are the same.
 * @param length of the result, in bytes.
 * @throws TlsError `configuration-invalid` for a label of more than 249 bytes.
 */
export function exportKeyingMaterial13(
  crypto: CryptoProvider,
  hash: HashName,
  exporterSecret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
): Uint8Array {
  const emptyHash = crypto.hash(hash, new Uint8Array());
  const secret = deriveSecret(crypto, hash, exporterSecret, label, emptyHash);
  return hkdfExpandLabel(crypto, hash, secret, 'exporter', crypto.hash(hash, context), length);
}
