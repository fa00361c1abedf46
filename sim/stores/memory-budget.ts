/** The shared request allowance in memory. Nothing here waits, so nobody overtakes anybody. */

import { allowanceOf, type Rate } from '../../lambdas/core/budget/allowance.ts';
import {
  type BudgetState,
  reported,
  spend,
  standingOf,
  UNTOUCHED,
} from '../../lambdas/core/budget/budget.ts';
import type { RoomAsk } from '../../lambdas/core/budget/flight.ts';
import type { Asked } from '../../lambdas/core/budget/metered.ts';
import type { Budget, BudgetStanding, CallClass, Clock, Granted, Seen } from '../../lambdas/core/ports.ts';

/** What the functions of one account and Region share. */
export class MemoryBudgetTable {
  state: BudgetState = UNTOUCHED;
}

export class MemoryBudget implements Budget {
  readonly #rate: () => Rate;
  readonly #clock: Clock;
  readonly #table: MemoryBudgetTable;

  /** `rate` is read at each call, as the deployed budget reads the policy. */
  constructor(rate: () => Rate, clock: Clock, table = new MemoryBudgetTable()) {
    this.#rate = rate;
    this.#clock = clock;
    this.#table = table;
  }

  async spend(asks: readonly Asked[], as: CallClass, room?: RoomAsk): Promise<Granted> {
    const allowance = allowanceOf(this.#rate());
    const { next, ...answer } = spend(this.#table.state, asks, as, allowance, this.#clock(), room);
    this.#table.state = next ?? this.#table.state;
    return answer;
  }

  async report(seen: Seen): Promise<void> {
    this.#table.state = reported(this.#table.state, seen, allowanceOf(this.#rate()), this.#clock());
  }

  async standing(): Promise<BudgetStanding> {
    return standingOf(this.#table.state, allowanceOf(this.#rate()), this.#clock());
  }
}
