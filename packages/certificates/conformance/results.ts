/** What a harness makes of one case, in the format of x509-limbo. */
export interface Result {
  readonly id: string;
  readonly actual_result: 'SUCCESS' | 'FAILURE' | 'SKIPPED';
  /** For people: the reason of a refusal. */
  readonly context: string | null;
}

/** The results of a run as x509-limbo wants them. */
export function formatResults(results: readonly Result[]): string {
  return JSON.stringify({ version: 1, harness: 'handfast', results }, null, 2);
}
