import type { Plan } from './plan.ts';

/** The plan with all left out that `fails` does without. */
export function minimised(plan: Plan, fails: (plan: Plan) => boolean): Plan {
  const smaller = [
    ...(plan.chunk === 0 ? [] : [{ ...plan, chunk: 0 }]),
    ...plan.deeds.map((_, at) => ({ ...plan, deeds: plan.deeds.filter((_, index) => index !== at) })),
    ...plan.deliveries.map((_, at) => ({ ...plan, deliveries: plan.deliveries.filter((_, index) => index !== at) })),
  ].find(fails);
  return smaller === undefined ? plan : minimised(smaller, fails);
}
