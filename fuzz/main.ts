// npm run fuzz -- --seconds N [--seed S] [--keep] | --replay FILE
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { writeCorpus } from './corpus.ts';
import { type Finding, Fuzzer } from './fuzzer.ts';
import type { Plan } from './plan.ts';
import { SharedPlan } from './shared-plan.ts';
import type { News, Order } from './worker.ts';

/** Seconds that one plan may take: a hundred times what the slowest of them needs. */
const patience = 20;
const memory = { maxOldGenerationSizeMb: 512 } as const;

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    replay: { type: 'string' },
  },
});

process.exitCode = values.replay === undefined ? await fuzz() : await replay(values.replay);

async function fuzz(): Promise<number> {
  const order = { seconds: numberOf('seconds'), seed: numberOf('seed') };
  const current = new SharedPlan();
  const workerData: Order = { ...order, shared: current.buffer };
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData, resourceLimits: memory });
  let last: { readonly executions: number; readonly interesting: readonly Plan[] } = { executions: 0, interesting: [] };
  const finding = await new Promise<Finding | undefined>((resolve, reject) => {
    const at = (what: string) => resolve({ what, plan: JSON.parse(current.text) as Plan });
    const stopWatching = watch(current, () => at(`it did not come to an end in ${patience} seconds`));
    worker.on('message', (news: News) => {
      if (news.kind === 'finding') resolve(news);
      else {
        last = news;
        console.error(`${news.executions} executions, ${news.interesting.length} led to code that had not run before`);
      }
    });
    worker.on('error', (error) => {
      if (current.count === 0) reject(error);
      else at(`the thread ended with ${error instanceof Error ? error.stack : error}`);
    });
    worker.on('exit', () => {
      stopWatching();
      resolve(undefined);
    });
  });
  await worker.terminate();
  if (values.keep) writeCorpus(last.interesting);
  console.log(`seed ${order.seed}: ${last.executions} executions, ${last.interesting.length} interesting plans`);
  if (finding === undefined) return 0;
  const file = `fuzz-finding-${order.seed}.json`;
  writeFileSync(file, `${JSON.stringify(finding.plan, undefined, 2)}\n`);
  console.log(`found: ${finding.what}\nin ${finding.plan.scenario}; to see it again: npm run fuzz -- --replay ${file}`);
  return 1;
}

/** Runs one plan again. */
async function replay(file: string): Promise<number> {
  const fuzzer = await Fuzzer.make(0);
  const { finding, ending } = fuzzer.execute(JSON.parse(readFileSync(file, 'utf8')) as Plan);
  console.log(finding === undefined ? `all is well: ${ending}` : `found: ${finding}\n${ending}`);
  return finding === undefined ? 0 : 1;
}

/** Calls `stuck` once the same plan has been at work for too long. Returns what stops it. */
function watch(current: SharedPlan, stuck: () => void): () => void {
  let seen = 0;
  let since = Date.now();
  const timer = setInterval(() => {
    if (current.count !== seen || seen === 0) since = Date.now();
    else if (Date.now() - since > patience * 1000) stuck();
    seen = current.count;
  }, 1000);
  return () => clearInterval(timer);
}

function numberOf(name: 'seconds' | 'seed'): number {
  const value = Number(values[name]);
  if (!Number.isInteger(value) || value < 0) throw new Error(`--${name} takes a whole number`);
  return value;
}
