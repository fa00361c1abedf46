/** What must hold for any history of functions that share one budget. The seed is fixed; a failure prints it with the
 *  history, which is not shrunken: to starve takes long. test/adapters/budget.contract.test.ts plays a smaller crowd against
 *  the deployed budget. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CallClass } from '../../lambdas/core/ports.ts';
import { MemoryBudget, MemoryBudgetTable } from '../../sim/stores/memory-budget.ts';
import { deepest, launchesWithoutEnd, play, type Spender, spenders } from './crowd.ts';

const SEED = 20261130;
const MINUTE = 60_000;
/** Half of what AWS documents: size and refill per second; and 2 s of refill more, because clocks are 2 s apart. */
const DEPTHS = [
  ['AttachNetworkInterface', 2.5, 25 + 2 * 2.5],
  ['CreateNetworkInterface', 2.5, 50 + 2 * 2.5],
  ['AssignPrivateIpAddresses', 2.5, 50 + 2 * 2.5],
] as const;

const half = { budgetShare: 0.5, buckets: {}, budgetStacks: 1 };
function inMemory(count: number, clock: (index: number) => number): MemoryBudget[] {
  const table = new MemoryBudgetTable();
  return Array.from(
    { length: count },
    (_, index) =>
      new MemoryBudget(
        () => half,
        () => clock(index),
        table,
      ),
  );
}

describe.each([
  { throttles: false, minutes: 10 },
  // Throttles slow everybody down, to a sixteenth at worst.
  { throttles: true, minutes: 40 },
])('50 functions, clocks up to 2 s apart, throttles: $throttles', ({ throttles, minutes }) => {
  const crowds = spenders(50, { asks: 3, throttles });

  test.each([
    ['alone', fc.constant<Spender[]>([])],
    ['beside launches without end', launchesWithoutEnd],
  ])(
    `%s: no window sees more than the bucket and its refill, and nobody waits ${minutes} minutes`,
    async (_, besides) => {
      await fc.assert(
        fc.asyncProperty(crowds, besides, async (crowd, more) => {
          const { grants, longestWaitMs, starved } = await play(crowd, inMemory, 2 * minutes * MINUTE, more);
          for (const [action, perSecond, depth] of DEPTHS)
            expect(deepest(grants, action, perSecond), action).toBeLessThanOrEqual(depth + 1e-6);
          expect(starved).toBe(0);
          expect(Math.max(...longestWaitMs.slice(0, crowd.length))).toBeLessThan(minutes * MINUTE);
        }),
        { seed: SEED, numRuns: 100, endOnFailure: true },
      );
    },
  );
});

test('all classes want more than there is: nodes that start get most, and every class its part', async () => {
  const classes: readonly CallClass[] = ['launch', 'rollout', 'refill', 'sweep'];
  const attaches = Array.from({ length: 10_000 }, () => ({ AttachNetworkInterface: 3 }));
  const crowd = [...classes, ...classes, ...classes].map(
    (as, index): Spender => ({
      as,
      aheadMs: 150 * index,
      startsMs: 10 * index,
      asks: attaches,
      lateMs: [0, 40 * index],
    }),
  );
  const { granted } = await play(crowd, inMemory, 60 * MINUTE);
  const total = granted.reduce((sum, count) => sum + count, 0);
  const parts = classes.map((_, at) => {
    const theirs = granted.filter((__, index) => index % classes.length === at);
    return theirs.reduce((sum, count) => sum + count, 0) / total;
  });
  for (const [at, part] of [0.5, 0.25, 0.15, 0.1].entries()) expect(parts[at]).toBeCloseTo(part, 1);
  // Nothing of the refill is lost meanwhile: 2.5 calls a second, and the bucket once.
  expect(total * 3).toBeGreaterThan(2.5 * 3_600);
});
