import { generateKeyPairSync } from 'node:crypto';

/** Whether node:crypto reads and writes keys as raw bytes (Node 26): a tenth of the cost of writing DER. */
export const hasRawKeys = supports(() =>
  generateKeyPairSync('x25519', { publicKeyEncoding: { format: 'raw-public' } }),
);

/** Whether it has ML-KEM as well. */
export const hasRawMlKem = supports(() =>
  generateKeyPairSync('ml-kem-768', { publicKeyEncoding: { format: 'raw-public' } }),
);

function supports(use: () => unknown): boolean {
  try {
    use();
    return true;
  } catch {
    return false;
  }
}
