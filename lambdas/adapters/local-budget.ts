/** What one environment allows itself while the table of the shared budget does not answer. Whatever the others do, all
 *  together stay within what the table would have granted from the outage on, if policy.budgetStacks is true. */
import { type Allowance, allowanceOf, type Rate } from '../core/budget/allowance.ts';
import {
  type Buckets,
  type BudgetState,
  filled,
  reported,
  spend,
  standingOf,
} from '../core/budget/budget.ts';
import type { RoomAsk } from '../core/budget/flight.ts';
import type { Asked } from '../core/budget/metered.ts';
import { EC2_BUCKETS, type MutatingAction } from '../core/limits.ts';
import type { Budget, BudgetStanding, CallClass, Clock, Granted, Seen } from '../core/ports.ts';

/** Environments of one stack that may run at once: five readers of launches, two of each other queue, the sweep, and
 *  somebody who asks by hand. */
export const ENVIRONMENTS = 11;

export class LocalBudget implements Budget {
  readonly #rate: () => Rate;
  readonly #clock: Clock;
  #state: BudgetState;

  /** `known` is what the table said last: its pace, debts and circuit still hold, its tokens may be anybody's. */
  constructor(rate: () => Rate, clock: Clock, known: BudgetState) {
    this.#rate = rate;
    this.#clock = clock;
    const allowance = allowanceOf(rate());
    const emptied = Object.keys(EC2_BUCKETS)
      .filter(isMutating)
      .map((action) => {
        const bucket = filled(known.buckets[action], action, allowance, clock());
        return [action, { ...bucket, tokens: Math.min(0, bucket.tokens) }];
      });
    this.#state = { buckets: Object.fromEntries(emptied) as Buckets, claims: [], circuit: known.circuit };
  }

  async spend(asks: readonly Asked[], as: CallClass, room?: RoomAsk): Promise<Granted> {
    const { granted, waitMs, next } = spend(this.#state, asks, as, this.#part(asks), this.#clock(), room);
    this.#state = next ?? this.#state;
    return { granted, waitMs, because: 'table unreachable' };
  }

  async report(seen: Seen): Promise<void> {
    this.#state = reported(this.#state, seen, this.#part([]), this.#clock());
  }

  async standing(): Promise<BudgetStanding> {
    return standingOf(this.#state, this.#part([]), this.#clock());
  }

  /** An equal part of our share. The bucket is as deep as the ask, if that is deeper: its calls are saved up first and not
   *  owed afterwards, or all environments could each owe a node's calls at the same moment. */
  #part(asks: readonly Asked[]): Allowance {
    const rate = this.#rate();
    const ours = allowanceOf(rate);
    const environments = ENVIRONMENTS * rate.budgetStacks;
    return (action) => {
      const { size, perSecond } = ours(action);
      const deepest = Math.max(size / environments, ...asks.map((calls) => calls[action] ?? 0));
      return { size: Math.min(size, deepest), perSecond: perSecond / environments };
    };
  }
}

const isMutating = (action: string): action is MutatingAction => !action.startsWith('Describe');
