import type { Side } from '../support/peers/peer.ts';
import type { Form } from '../support/stacks.ts';

/** What a test of the matrix tells the reporter that makes the table. */
export interface TableEntry {
  readonly peer: string;
  /** Undefined where the peer is not on this machine. */
  readonly version: string | undefined;
  readonly form: Form;
  readonly side: Side;
  readonly feature: string;
  /** Why the test is skipped. */
  readonly reason: string | undefined;
}

declare module 'vitest' {
  interface TaskMeta {
    interop?: TableEntry;
  }
}
