import { TlsError } from '@handfast/wire';
import { type CbcName, cbcKeyLength } from './provider.ts';

/** @throws TlsError `internal-error`: keys are ours, never the peer's. */
export function checkCbcKey(name: CbcName, key: Uint8Array): void {
  if (key.length !== cbcKeyLength[name]) throw new TlsError('internal-error', `${name} key of ${key.length} bytes`);
}
