/** The shared request allowance in memory. Nothing here waits, so nobody overtakes anybody. */
import { type Buckets, type Calls, KEPT, slowDown, spend, standingOf } from '../../lambdas/core/budget.ts';
import type { Budget, BudgetStanding, CallClass, Clock, Granted, Seen } from '../../lambdas/core/ports.ts';

export class MemoryBudget implements Budget {
  readonly #share: number;
  readonly #clock: Clock;
  #buckets: Buckets = {};

  /** `share` of AWS's documented rate, as policy.budgetShare. */
  constructor(share: number, clock: Clock) {
    this.#share = share;
    this.#clock = clock;
  }

  async spend(asks: readonly Calls[], as: CallClass): Promise<Granted> {
    const { granted, waitMs, buckets } = spend(this.#buckets, asks, this.#share, this.#clock(), KEPT[as]);
    this.#buckets = buckets;
    return { granted, waitMs };
  }

  async report({ throttled }: Seen): Promise<void> {
    for (const action of throttled)
      this.#buckets = slowDown(this.#buckets, action, this.#share, this.#clock());
  }

  async standing(): Promise<BudgetStanding> {
    return standingOf(this.#buckets, this.#share, this.#clock());
  }
}
