import type { Result } from './run.ts';

const columns = ['provider', 'valid', 'invalid', 'acceptable', 'passed', 'failed', 'skipped'] as const;

/** The results as a table for a terminal: a line for each file and provider, and below it what did not run or failed. */
export function formatResults(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ file }) => file.length));
  return [
    `${'file'.padEnd(width)}  ${columns.map((name) => name.padStart(10)).join('')}`,
    ...results.flatMap((result) => formatResult(result, width)),
    '',
    formatTotal(results),
  ].join('\n');
}

function formatResult({ file, provider, cases, passed, acceptable, failures, skipped }: Result, width: number) {
  const cells = [provider, cases.valid, cases.invalid, cases.acceptable, passed, failures.length, total(skipped)];
  return [
    `${file.padEnd(width)}  ${cells.map((cell) => String(cell).padStart(10)).join('')}`,
    ...(acceptable.accepted + acceptable.refused === 0
      ? []
      : [`    acceptable: ${acceptable.accepted} accepted, ${acceptable.refused} refused`]),
    ...[...skipped].map(([reason, count]) => `    skipped ${count}: ${reason}`),
    ...failures.map((failure) => `    FAILED ${failure}`),
  ];
}

function formatTotal(results: readonly Result[]): string {
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failures.length, 0);
  const skipped = results.reduce((sum, result) => sum + total(result.skipped), 0);
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function total(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}
