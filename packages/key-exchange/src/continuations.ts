import type { EphemeralKey } from '@handfast/crypto';
import type { AskContext } from '@handfast/wire';
import type { Continuation } from './port.ts';

/** An ask as its host knows it. */
export interface HostedAskContext extends AskContext {
  /** Public key of the instance that asks; undefined where it is in this process. */
  readonly caller?: Uint8Array | undefined;
}

/** Where ephemeral keys wait between the two round trips of an exchange. */
export interface ContinuationStore {
  put(keys: readonly EphemeralKey[], context: HostedAskContext): Continuation;
  /** @throws TlsError `service-failed` for one that was altered, taken before, is too old or belongs to another caller. */
  take(continuation: Continuation, context: HostedAskContext): readonly EphemeralKey[];
}
