import { type Reason, TlsError } from '@handfast/wire';
import type { Subject } from './subjects.ts';
import type { TestCase, TestGroup, VectorFile } from './vectors.ts';

/** What an implementation made of a case: `wrong` is an output that is not the one of the vector. */
export type Verdict = 'accepted' | 'refused' | 'wrong';

/** Why a case says nothing about TLS, or about this implementation. */
export interface Skipped {
  readonly skipped: string;
}

/** What to do with each case of a group; or why nothing is done with any of them. */
export type Check = Skipped | ((test: TestCase) => Verdict | Skipped);

/** Prepares the check of one group for one implementation. */
export type PrepareCheck = (file: VectorFile, group: TestGroup, subject: Subject) => Check;

export function skip(reason: string): Skipped {
  return { skipped: reason };
}

export function equalTo(expected: Uint8Array, actual: Uint8Array): Verdict {
  return Buffer.compare(expected, actual) === 0 ? 'accepted' : 'wrong';
}

export function acceptedIf(condition: boolean): Verdict {
  return condition ? 'accepted' : 'refused';
}

/** The verdict of `run`, or `refused` where it ends with the TlsError of this reason; other errors come through. */
export function refusedBy(reason: Reason, run: () => Verdict): Verdict {
  try {
    return run();
  } catch (error) {
    if (error instanceof TlsError && error.reason === reason) return 'refused';
    throw error;
  }
}
