import { TlsError } from '@handfast/wire';
import { type AeadName, aeadKeyLength, aeadNonceLength } from './provider.ts';

/** @throws TlsError `internal-error`: keys and nonces are ours, never the peer's. */
export function checkAeadKey(name: AeadName, key: Uint8Array): void {
  if (key.length !== aeadKeyLength[name]) throw new TlsError('internal-error', `${name} key of ${key.length} bytes`);
}

/** @throws TlsError `internal-error` */
export function checkNonce(nonce: Uint8Array): void {
  if (nonce.length !== aeadNonceLength) throw new TlsError('internal-error', `nonce of ${nonce.length} bytes`);
}
