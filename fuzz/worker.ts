// The thread that runs plans: another one watches over it, because what is looked for may be that it never ends.
import { parentPort, workerData } from 'node:worker_threads';
import { readCorpus } from './corpus.ts';
import { Coverage } from './coverage.ts';
import { type Finding, Fuzzer } from './fuzzer.ts';
import { minimised } from './minimise.ts';
import type { Plan } from './plan.ts';
import { SharedPlan } from './shared-plan.ts';

export interface Order {
  readonly seconds: number;
  readonly seed: number;
  readonly shared: SharedArrayBuffer;
}

export type News =
  | { readonly kind: 'progress' | 'done'; readonly executions: number; readonly interesting: readonly Plan[] }
  | ({ readonly kind: 'finding' } & Finding);

const { seconds, seed, shared } = workerData as Order;
const current = new SharedPlan(shared);
const fuzzer = await Fuzzer.make(seed, (plan) => current.set(plan));
const coverage = new Coverage();

function tell(news: News): void {
  parentPort?.postMessage(news);
}

function progress(kind: 'progress' | 'done'): void {
  tell({ kind, executions: fuzzer.executions, interesting: fuzzer.interesting });
}

function firstOf(findings: Iterable<Finding>): boolean {
  for (const { what, plan } of findings) {
    const small = minimised(plan, (smaller) => fuzzer.execute(smaller).finding !== undefined);
    tell({ kind: 'finding', what, plan: small });
    return true;
  }
  return false;
}

function work(): void {
  const end = Date.now() + seconds * 1000;
  if (firstOf(fuzzer.replay([...fuzzer.plainPlans, ...readCorpus()], coverage))) return;
  progress('progress');
  for (let told = Date.now(); Date.now() < end; ) {
    if (firstOf(fuzzer.explore(coverage))) return;
    if (Date.now() - told < 5000) continue;
    told = Date.now();
    progress('progress');
  }
}

work();
progress('done');
coverage.stop();
