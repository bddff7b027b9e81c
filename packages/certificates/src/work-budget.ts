/** How much work one validation may cost, whatever the peer sends. */
export const limits = {
  /** Certificates between the end entity and the anchor. */
  intermediates: 10,
  /** Certificates of the peer's that are looked at, the first ones. */
  certificates: 100,
  /** Certificates tried as issuers, on all paths together. */
  candidates: 1000,
  /** Paths that reached an anchor, and were judged as a whole. */
  completePaths: 50,
  /** Signatures verified; those that were verified in an earlier validation are free. */
  signatures: 100,
  /** Pairs of a name and a constraint. */
  nameComparisons: 100_000,
} as const;

export type Work = 'candidates' | 'completePaths' | 'signatures' | 'nameComparisons';

/** What is left of the work that one validation may cost. */
export class WorkBudget {
  readonly #left: Record<Work, number>;
  #exhausted: Work | undefined;

  constructor() {
    const { candidates, completePaths, signatures, nameComparisons } = limits;
    this.#left = { candidates, completePaths, signatures, nameComparisons };
  }

  /** What there was too much of. Once it is defined, the validation is over. */
  get exhausted(): Work | undefined {
    return this.#exhausted;
  }

  /** Whether there is that much of the work left to do. */
  spend(work: Work, amount: number): boolean {
    this.#left[work] -= amount;
    if (this.#left[work] < 0) this.#exhausted ??= work;
    return this.#exhausted === undefined;
  }
}
