/** The shared request allowance in memory. Nothing here waits, so nobody overtakes anybody. */
import { type Buckets, type Calls, slowDown, spend } from '../../lambdas/core/budget.ts';
import type { MutatingAction } from '../../lambdas/core/limits.ts';
import type { Budget, Clock } from '../../lambdas/core/ports.ts';

export class MemoryBudget implements Budget {
  readonly #share: number;
  readonly #clock: Clock;
  #buckets: Buckets = {};

  /** `share` of AWS's documented rate, as policy.budgetShare. */
  constructor(share: number, clock: Clock) {
    this.#share = share;
    this.#clock = clock;
  }

  async spend(asks: readonly Calls[], keep = 0): Promise<{ granted: number; waitMs: number }> {
    const { granted, waitMs, buckets } = spend(this.#buckets, asks, this.#share, this.#clock(), keep);
    this.#buckets = buckets;
    return { granted, waitMs };
  }

  async throttled(action: MutatingAction): Promise<void> {
    this.#buckets = slowDown(this.#buckets, action, this.#share, this.#clock());
  }
}
