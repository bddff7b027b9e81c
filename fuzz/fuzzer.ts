import type { Coverage } from './coverage.ts';
import { execute, type Outcome } from './execute.ts';
import { mutated } from './mutate.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { executeRecords, recordScenarios } from './records.ts';
import { makeScenarios } from './scenarios.ts';

/** Something that must not be, and the plan that shows it. */
export interface Finding {
  readonly what: string;
  readonly plan: Plan;
}

/** How many plans run between two looks at the coverage, which cost as much as one of them. */
const batchLength = 8;

/** Runs plans, changes those that led somewhere new, and runs them again. */
export class Fuzzer {
  readonly #run: ReadonlyMap<string, (plan: Plan) => Outcome>;
  readonly #random: Random;
  readonly #before: (plan: Plan) => void;
  /** Plans that led somewhere new. */
  readonly interesting: Plan[] = [];
  executions = 0;

  /** @param before told each plan before it runs, for whoever wants to know which one does not come back. */
  static async make(seed: number, before: (plan: Plan) => void = () => {}): Promise<Fuzzer> {
    const handshakes = await makeScenarios();
    return new Fuzzer(
      new Map([
        ...handshakes.map((each) => [each.name, (plan: Plan) => execute(each, plan)] as const),
        ...recordScenarios.map((each) => [each.name, (plan: Plan) => executeRecords(each, plan)] as const),
      ]),
      new Random(seed),
      before,
    );
  }

  private constructor(run: ReadonlyMap<string, (plan: Plan) => Outcome>, random: Random, before: (plan: Plan) => void) {
    this.#run = run;
    this.#random = random;
    this.#before = before;
  }

  /** A plan without misdeeds for each scenario. */
  get plainPlans(): readonly Plan[] {
    return [...this.#run.keys()].map((scenario) => ({ scenario, deeds: [], deliveries: [], chunk: 0 }));
  }

  execute(plan: Plan): Outcome {
    const run = this.#run.get(plan.scenario);
    if (run === undefined) throw new Error(`there is no scenario ${plan.scenario}`);
    this.executions += 1;
    this.#before(plan);
    return run(plan);
  }

  /** Runs plans as they are. Those that lead somewhere new are interesting. */
  *replay(plans: readonly Plan[], coverage: Coverage): Generator<Finding, void> {
    for (const plan of plans) {
      const { finding } = this.execute(plan);
      if (finding !== undefined) yield { what: finding, plan };
      if (coverage.grew()) this.interesting.push(plan);
    }
  }

  /** Runs one batch of plans that have not been run before. */
  *explore(coverage: Coverage): Generator<Finding, void> {
    const batch = Array.from({ length: batchLength }, () => this.variation());
    // The second time shows which of them it was.
    if (yield* this.#anyNew(batch, coverage)) yield* this.replay(batch, coverage);
  }

  /** A plan that is a little different from an interesting one. */
  variation(): Plan {
    const plans = this.interesting.length === 0 ? this.plainPlans : this.interesting;
    return mutated(this.#random.of(plans), plans, this.#random);
  }

  *#anyNew(batch: readonly Plan[], coverage: Coverage): Generator<Finding, boolean> {
    for (const plan of batch) {
      const { finding } = this.execute(plan);
      if (finding !== undefined) yield { what: finding, plan };
    }
    return coverage.wouldGrow();
  }
}
