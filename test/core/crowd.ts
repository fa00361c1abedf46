/** Many functions that want requests of one budget, each with a clock of its own, in virtual time. */
import fc from 'fast-check';
import { type Calls, entries } from '../../lambdas/core/budget/metered.ts';
import type { MutatingAction } from '../../lambdas/core/limits.ts';
import type { Budget, CallClass } from '../../lambdas/core/ports.ts';
import { NOW_MS } from './fixtures.ts';

/** Clocks are at most this far apart. */
export const APART_MS = 2_000;

export interface Spender {
  readonly as: CallClass;
  /** Its clock is this much ahead. */
  readonly aheadMs: number;
  readonly startsMs: number;
  /** Asked for one after the other, the next when the one before was granted. */
  readonly asks: readonly Calls[];
  /** How much later than told it comes back, one after the other and again from the first. */
  readonly lateMs: readonly number[];
  /** Which of its grants meet a throttle. */
  readonly throttledAt?: number;
}

const ACTIONS: readonly MutatingAction[] = [
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'AssignPrivateIpAddresses',
];

const late = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 7, maxLength: 13 });

const anAsk = fc
  .record({
    actions: fc.subarray([...ACTIONS], { minLength: 1 }),
    counts: fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 3, maxLength: 3 }),
  })
  .map(({ actions, counts }): Calls => Object.fromEntries(actions.map((action, at) => [action, counts[at]])));

export const spenders = (
  count: number,
  options: { readonly asks: number; readonly throttles: boolean },
): fc.Arbitrary<Spender[]> =>
  fc.array(
    fc.record({
      as: fc.constantFrom<CallClass>('launch', 'rollout', 'refill', 'sweep'),
      aheadMs: fc.integer({ min: 0, max: APART_MS }),
      startsMs: fc.integer({ min: 0, max: 60_000 }),
      asks: fc.array(anAsk, { minLength: 1, maxLength: options.asks }),
      lateMs: late,
      ...(options.throttles && { throttledAt: fc.integer({ min: 0, max: 9 }) }),
    }),
    { minLength: count, maxLength: count },
  );

/** Nodes that start and start and never stop: more than the refill brings, small ones and as big as any. Of asks that are
 *  alike nobody can tell who came first, so these come back as late as all the others do. */
export const launchesWithoutEnd: fc.Arbitrary<Spender[]> = fc
  .array(late, { minLength: 5, maxLength: 5 })
  .map((lates) =>
    [1, 1, 3, 3, 15].map((calls, index) => ({
      as: 'launch',
      aheadMs: index * 400,
      startsMs: index * 100,
      asks: Array.from({ length: 10_000 }, () =>
        Object.fromEntries(ACTIONS.map((action) => [action, calls])),
      ),
      lateMs: lates[index] ?? [],
    })),
  );

export interface Grant {
  /** True time, epoch ms. */
  readonly atMs: number;
  readonly calls: Calls;
}

export interface Story {
  readonly grants: readonly Grant[];
  /** From the first time it asked to the grant, the longest of each spender, ms. */
  readonly longestWaitMs: readonly number[];
  /** Spenders that did not get all they asked for. */
  readonly starved: number;
  /** Asks granted to each spender. */
  readonly granted: readonly number[];
}

/** Plays until all of `crowd` have what they wanted, or until `untilMs` from the start. `besides` ask on and on.
 *  `budgets` makes one for each spender, over one table, with its clock. */
export async function play(
  crowd: readonly Spender[],
  budgets: (count: number, clock: (index: number) => number) => Budget[],
  untilMs: number,
  besides: readonly Spender[] = [],
): Promise<Story> {
  let nowMs = NOW_MS;
  const all = [...crowd, ...besides];
  const theirs = budgets(all.length, (index) => nowMs + (all[index]?.aheadMs ?? 0));
  const grants: Grant[] = [];
  const running = all.map((spender, index) => ({
    ...spender,
    budget: theirs[index] as Budget,
    nextMs: NOW_MS + spender.startsMs,
    sinceMs: NOW_MS + spender.startsMs,
    longestMs: 0,
    done: 0,
    tries: 0,
  }));
  const mine = running.slice(0, crowd.length);
  const wanting = ({ asks, done }: (typeof running)[number]): boolean => done < asks.length;
  while (mine.some(wanting) && nowMs < NOW_MS + untilMs) {
    const next = running.filter(wanting).reduce((a, b) => (b.nextMs < a.nextMs ? b : a));
    nowMs = Math.max(nowMs, next.nextMs);
    const { as, budget, asks, done, lateMs, throttledAt } = next;
    const { granted, waitMs } = await budget.spend(asks.slice(done, done + 2), as);
    for (const calls of asks.slice(done, done + granted)) {
      grants.push({ atMs: nowMs, calls });
      if (next.done++ === throttledAt)
        await budget.report({ throttled: entries(calls).map(([action]) => action), troubles: 0 });
    }
    next.longestMs = Math.max(next.longestMs, nowMs - next.sinceMs);
    if (granted > 0) next.sinceMs = nowMs;
    next.nextMs = nowMs + Math.max(1, waitMs) + (lateMs[next.tries++ % lateMs.length] ?? 0);
  }
  return {
    grants,
    longestWaitMs: running.map(({ longestMs }) => longestMs),
    granted: running.map(({ done }) => done),
    starved: mine.filter(wanting).length,
  };
}

/** The most calls of an action that any window saw beyond what the refill brought in it, in calls: the depth that a bucket
 *  would have needed. */
export function deepest(grants: readonly Grant[], action: MutatingAction, perSecond: number): number {
  let level = 0;
  let most = 0;
  let lastMs = 0;
  for (const { atMs, calls } of grants) {
    level = Math.max(0, level - ((atMs - lastMs) / 1000) * perSecond) + (calls[action] ?? 0);
    most = Math.max(most, level);
    lastMs = atMs;
  }
  return most;
}
