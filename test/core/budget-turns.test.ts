/** Who is first when there is not enough for all. Half of AWS's rate: attach 25 deep, 2.5 a second, so 400 ms a call. */
import { describe, expect, test } from 'vitest';
import { allowanceOf } from '../../lambdas/core/budget/allowance.ts';
import { spend as spendFrom, UNTOUCHED } from '../../lambdas/core/budget/budget.ts';
import { MOST_CLAIMS } from '../../lambdas/core/budget/claims.ts';
import type { Calls } from '../../lambdas/core/budget/metered.ts';
import type { CallClass } from '../../lambdas/core/ports.ts';
import { NOW_MS } from './fixtures.ts';

const SECOND = 1_000;
const attaches = (count: number): Calls => ({ AttachNetworkInterface: count });

/** A budget as a story: each ask at its second. */
function aBudget(rate = { budgetShare: 0.5, buckets: {} }) {
  let state = UNTOUCHED;
  return {
    at: (seconds: number, as: CallClass, ...asks: readonly Calls[]) => {
      const { next, ...answer } = spendFrom(state, asks, as, allowanceOf(rate), NOW_MS + seconds * SECOND);
      state = next ?? state;
      return { ...answer, wrote: next !== undefined };
    },
    claims: () => state.claims,
  };
}
/** One whose attaches are used up at second 0. */
function anEmptyBudget() {
  const budget = aBudget();
  budget.at(0, 'launch', attaches(25));
  return budget;
}
const granted = { granted: 1, waitMs: 0, wrote: true };

describe('what is not urgent', () => {
  test.each(['refill', 'sweep'] as const)('%s leaves half of a bucket to what is', (as) => {
    const budget = aBudget();
    const single = Array.from({ length: 20 }, () => attaches(1));
    expect(budget.at(0, as, ...single)).toMatchObject({ granted: 12 });
    // Those that wait for the rest hold nobody up: their turn has not come.
    expect(budget.at(0, 'launch', attaches(13))).toEqual(granted);
  });

  test.each(['launch', 'rollout'] as const)('%s may use all of it', (as) => {
    expect(aBudget().at(0, as, attaches(25))).toEqual(granted);
  });

  test('it leaves nothing once its turn has come: a tenth of the refill would have brought its calls', () => {
    const budget = anEmptyBudget();
    // 5 calls at 0.25 a second take 20 s; they and half a bucket at 2.5 a second take 7 s.
    expect(budget.at(0, 'sweep', attaches(5))).toMatchObject({ granted: 0, waitMs: 7 * SECOND });
    for (const second of [2, 4, 6, 8, 10, 12, 14, 16, 18])
      expect(budget.at(second, 'launch', attaches(5))).toEqual(granted);
    expect(budget.at(19, 'sweep', attaches(5))).toMatchObject({ granted: 0, waitMs: SECOND });
    expect(budget.at(20, 'launch', attaches(5))).toMatchObject({ granted: 0, waitMs: 2 * SECOND });
    expect(budget.at(20, 'sweep', attaches(5))).toEqual(granted);
    expect(budget.at(22, 'launch', attaches(5))).toEqual(granted);
  });
});

describe('a refused ask keeps its place', () => {
  test('who asks later takes nothing of what it waits for, though there is some', () => {
    const budget = anEmptyBudget();
    expect(budget.at(0, 'launch', attaches(10))).toMatchObject({ granted: 0, waitMs: 4 * SECOND });
    // Its turn is at 8 s: half of 2.5 calls a second brings 10 calls by then.
    expect(budget.at(3, 'rollout', attaches(5))).toMatchObject({ granted: 0, waitMs: 3 * SECOND });
    expect(budget.at(4, 'launch', attaches(10))).toEqual(granted);
    expect(budget.at(6, 'rollout', attaches(5))).toEqual(granted);
  });

  test('small asks go first while they come in time, and stand behind it afterwards: neither starves the other', () => {
    const budget = anEmptyBudget();
    budget.at(0, 'launch', attaches(20));
    const small = Array.from({ length: 40 }, (_, half) => budget.at(half / 2 + 0.5, 'launch', attaches(1)));
    // The turn of 20 calls is at 16 s, that of a single one 0.8 s after it asks.
    expect(small.slice(0, 30).every((answer) => answer.granted === 1)).toBe(true);
    expect(small.slice(30, 38).every((answer) => answer.granted === 0)).toBe(true);
    expect(budget.at(24, 'launch', attaches(20))).toEqual(granted);
  });

  test('two that need two actions never wait for each other', () => {
    const budget = aBudget();
    budget.at(0, 'launch', { AttachNetworkInterface: 25, CreateNetworkInterface: 50 });
    const one = { AttachNetworkInterface: 25, CreateNetworkInterface: 50 };
    const other = { AttachNetworkInterface: 24, CreateNetworkInterface: 49 };
    expect(budget.at(0, 'rollout', one).waitMs).toBe(20 * SECOND);
    expect(budget.at(0, 'rollout', other).waitMs).toBe(19.6 * SECOND);
    expect(budget.at(19.6, 'rollout', one)).toMatchObject({ granted: 0 });
    expect(budget.at(19.6, 'rollout', other)).toEqual(granted);
    expect(budget.at(39.6, 'rollout', one)).toEqual(granted);
  });

  test('whoever does not come back, or is killed, blocks nobody for long', () => {
    const budget = anEmptyBudget();
    budget.at(0, 'launch', attaches(25));
    expect(budget.at(29, 'rollout', attaches(5))).toMatchObject({ granted: 0 });
    // Told 10 s, and 20 s late.
    expect(budget.at(31, 'rollout', attaches(5))).toEqual(granted);
  });

  test('asking again keeps the place, and is not worth a write each time', () => {
    const budget = anEmptyBudget();
    expect(budget.at(0, 'launch', attaches(25)).wrote).toBe(true);
    const [claim] = budget.claims();
    expect(budget.at(1, 'launch', attaches(25)).wrote).toBe(false);
    budget.at(5, 'launch', attaches(5));
    expect(budget.at(25, 'launch', { ...attaches(25), CreateNetworkInterface: 0 })).toEqual(granted);
    expect(claim?.turnMs).toBe(NOW_MS + 20 * SECOND);
    expect(budget.claims().map(({ calls }) => calls)).not.toContainEqual(attaches(25));
  });

  test('once its turn has come even an ask bigger than the bucket gets a full one, and its debt is paid by all', () => {
    const budget = anEmptyBudget();
    expect(budget.at(0, 'launch', attaches(40)).waitMs).toBe(10 * SECOND);
    for (let second = 1; second < 32; second++) {
      budget.at(second, 'launch', attaches(3));
      expect(budget.at(second, 'launch', attaches(40))).toMatchObject({ granted: 0 });
    }
    const { waitMs } = budget.at(32, 'launch', attaches(40));
    expect(budget.at(32 + waitMs / SECOND - 1, 'launch', attaches(3))).toMatchObject({ granted: 0 });
    expect(budget.at(32 + waitMs / SECOND, 'launch', attaches(40))).toEqual(granted);
    expect(budget.at(32 + waitMs / SECOND, 'launch', attaches(3)).waitMs).toBe((15 + 3) * 400);
  });

  test('of very many kinds of asks the first in turn are remembered', () => {
    const budget = anEmptyBudget();
    for (let calls = 100; calls > 0; calls--) budget.at(0, 'launch', attaches(calls));
    expect(budget.claims()).toHaveLength(MOST_CLAIMS);
    expect(budget.claims()[0]?.calls).toEqual(attaches(1));
    expect(budget.at(0, 'launch', attaches(100)).wrote).toBe(false);
  });
});

describe('the rate follows the policy', () => {
  test('buckets of an account that AWS raised, action by action', () => {
    const budget = aBudget({
      budgetShare: 0.5,
      buckets: { AttachNetworkInterface: { size: 200, perSecond: 20 } },
    });
    expect(budget.at(0, 'launch', attaches(100))).toEqual(granted);
    expect(budget.at(0, 'launch', attaches(1)).waitMs).toBe(100);
    expect(budget.at(0, 'launch', { CreateNetworkInterface: 51 }).waitMs).toBe(0);
    expect(budget.at(0, 'launch', { CreateNetworkInterface: 1 }).waitMs).toBe(2 * 400);
  });
});
