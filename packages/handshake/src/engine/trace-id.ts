import type { CryptoProvider } from '@handfast/crypto';

const label = new TextEncoder().encode('handfast trace id');

/**
 * The trace ID of a handshake: the first 16 bytes of SHA-256 over the ASCII text `handfast trace id` and the 32 bytes of
 * ClientHello.random. Both peers, and whoever holds a capture of the handshake, compute the same one.
 */
export function traceIdOf(crypto: CryptoProvider, clientRandom: Uint8Array): Uint8Array {
  const input = new Uint8Array(label.length + clientRandom.length);
  input.set(label);
  input.set(clientRandom, label.length);
  return crypto.hash('sha256', input).slice(0, 16);
}
