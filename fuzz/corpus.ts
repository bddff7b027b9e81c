import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from './plan.ts';

const path = join(import.meta.dirname, 'corpus.jsonl');

/** The plans that earlier runs found to lead somewhere, one a line. They hold no keys: those are made for each run. */
export function readCorpus(): readonly Plan[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Plan);
}

export function writeCorpus(plans: readonly Plan[]): void {
  const lines = new Set(plans.map((plan) => JSON.stringify(plan)));
  writeFileSync(
    path,
    [...lines]
      .sort()
      .map((line) => `${line}\n`)
      .join(''),
  );
}
