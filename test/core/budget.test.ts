import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allowanceOf, floorMs } from '../../lambdas/core/budget/allowance.ts';
import {
  type Buckets,
  type BudgetState,
  slowDown as slow,
  spend as spendFrom,
  UNTOUCHED,
} from '../../lambdas/core/budget/budget.ts';
import type { Calls } from '../../lambdas/core/budget/metered.ts';
import { NOW_MS } from './fixtures.ts';

/** AWS: attach 50 deep, create, assign and modify 100 deep, 5 a second each (EC2 Developer Guide, request throttling). */
const SHARE = 0.5;
const ATTACH = { size: 25, perSecond: 2.5 };

const HALF = allowanceOf({ budgetShare: SHARE, buckets: {} });

/** Buckets alone: of what was refused before nobody knows. */
function spend(buckets: Buckets, asks: readonly Calls[], nowMs: number) {
  const state: BudgetState = { ...UNTOUCHED, buckets };
  const { granted, waitMs, next } = spendFrom(state, asks, 'launch', HALF, nowMs);
  return { granted, waitMs, buckets: (next ?? state).buckets };
}
const slowDown = (buckets: Buckets, nowMs: number): Buckets =>
  slow(buckets, 'AttachNetworkInterface', HALF, nowMs);

const attaches = (count: number): { AttachNetworkInterface: number } => ({ AttachNetworkInterface: count });
const ones = (count: number): { AttachNetworkInterface: number }[] =>
  Array.from({ length: count }, () => attaches(1));

describe('a budget of half of what AWS documents', () => {
  test('a fresh bucket grants its size at once, then says when the next request fits', () => {
    const grant = spend({}, ones(30), NOW_MS);
    expect([grant.granted, grant.waitMs]).toEqual([25, 400]);
    expect(spend(grant.buckets, ones(5), NOW_MS + 399).granted).toBe(0);
    expect(spend(grant.buckets, ones(5), NOW_MS + 400).granted).toBe(1);
  });

  test('a node is granted whole or not at all, in the order asked', () => {
    const asks = [attaches(10), attaches(10), attaches(10), attaches(1)];
    expect(spend({}, asks, NOW_MS)).toMatchObject({ granted: 2, waitMs: 2_000 });
  });

  test('the scarcest action decides how long to wait', () => {
    const spent = spend({}, [{ AttachNetworkInterface: 25, CreateNetworkInterface: 45 }], NOW_MS);
    const next = { AttachNetworkInterface: 2, CreateNetworkInterface: 10 };
    // Attach lacks 2 of 2, create 5 of 10, at 2.5 a second.
    expect(spend(spent.buckets, [next], NOW_MS)).toMatchObject({ granted: 0, waitMs: 2_000 });
  });

  test('actions do not borrow from each other, and what is refused costs nothing', () => {
    const spent = spend({}, [attaches(25)], NOW_MS).buckets;
    const mixed = { AttachNetworkInterface: 1, AssignPrivateIpAddresses: 50 };
    const refused = spend(spent, [mixed], NOW_MS);
    expect(refused.granted).toBe(0);
    const fills = [{ AssignPrivateIpAddresses: 50 }];
    expect(spend(refused.buckets, fills, NOW_MS).granted).toBe(1);
  });

  test('asking for nothing is granted, even from an empty bucket', () => {
    const spent = spend({}, [attaches(25)], NOW_MS).buckets;
    expect(spend(spent, [{}, attaches(0)], NOW_MS)).toMatchObject({ granted: 2, waitMs: 0 });
  });

  test('a node that needs more than the bucket ever holds waits for a full one, and the debt is paid back', () => {
    const spent = spend({}, [attaches(25)], NOW_MS).buckets;
    const asked = spend(spent, [attaches(30)], NOW_MS);
    expect(asked).toMatchObject({ granted: 0, waitMs: 10_000 });
    const granted = spend(spent, [attaches(30)], NOW_MS + 10_000);
    expect(granted.granted).toBe(1);
    expect(spend(granted.buckets, [attaches(1)], NOW_MS + 10_000).waitMs).toBe(2_400);
  });
});

interface Move {
  readonly afterMs: number;
  readonly asks: readonly number[];
  readonly throttled: boolean;
}
/** Histories whose clock may step back a little, as two functions' clocks differ. */
const histories = fc.array(
  fc.record<Move>({
    afterMs: fc.oneof(fc.integer({ min: -5_000, max: 20_000 }), fc.integer({ min: 0, max: 300_000 })),
    asks: fc.array(fc.integer({ min: 1, max: ATTACH.size }), { maxLength: 6 }),
    throttled: fc.boolean(),
  }),
  { maxLength: 25 },
);

/** Plays a history; answers with each grant's time and calls, and the buckets at the end. */
function play(moves: readonly Move[]): {
  grants: { atMs: number; calls: number }[];
  buckets: Buckets;
  atMs: number;
} {
  let buckets: Buckets = {};
  let atMs = NOW_MS;
  const grants: { atMs: number; calls: number }[] = [];
  for (const { afterMs, asks, throttled } of moves) {
    atMs += afterMs;
    const grant = spend(buckets, asks.map(attaches), atMs);
    buckets = grant.buckets;
    // Who asks for nothing writes nothing: no bucket has seen that clock.
    if (asks.length > 0)
      grants.push({ atMs, calls: asks.slice(0, grant.granted).reduce((sum, calls) => sum + calls, 0) });
    if (throttled) buckets = slowDown(buckets, atMs);
  }
  return { grants, buckets, atMs };
}

describe('for any history of asks and throttles, with clocks that differ', () => {
  test('no window sees more requests than the bucket holds and refills', () => {
    fc.assert(
      fc.property(histories, (moves) => {
        const { grants } = play(moves);
        for (let first = 0; first < grants.length; first++) {
          let calls = 0;
          let latestMs = 0;
          // Time in which a bucket can refill is what the furthest clock has shown since, never a step back counted twice.
          const startMs = Math.max(...grants.slice(0, first + 1).map(({ atMs }) => atMs));
          for (const grant of grants.slice(first)) {
            calls += grant.calls;
            latestMs = Math.max(latestMs, grant.atMs, startMs);
            const most = ATTACH.size + ((latestMs - startMs) / 1000) * ATTACH.perSecond;
            expect(calls).toBeLessThanOrEqual(most + 1e-6);
          }
        }
      }),
    );
  });

  test('the wait told is enough, and not longer than needed', () => {
    fc.assert(
      fc.property(histories, fc.integer({ min: 1, max: ATTACH.size }), (moves, calls) => {
        const { buckets, atMs } = play(moves);
        const { granted, waitMs } = spend(buckets, [attaches(calls)], atMs);
        expect(waitMs === 0).toBe(granted === 1);
        expect(spend(buckets, [attaches(calls)], atMs + waitMs).granted).toBe(1);
        if (waitMs > 1) expect(spend(buckets, [attaches(calls)], atMs + waitMs - 2).granted).toBe(0);
      }),
    );
  });
});

describe('a throttle slows everybody down, and peace brings the pace back', () => {
  const waitFor = (buckets: Buckets, atMs: number): number => spend(buckets, ones(1), atMs).waitMs;

  test('each one halves the pace, down to a sixteenth', () => {
    let buckets: Buckets = {};
    const waits = [0, 2_000, 4_000, 6_000, 8_000, 10_000].map((afterMs) => {
      buckets = slowDown(buckets, NOW_MS + afterMs);
      return waitFor(buckets, NOW_MS + afterMs);
    });
    // Paces of 0.5, then half of what 2 s made of it: 0.26, 0.14, 0.08, and never below 0.0625.
    expect(waits).toEqual([800, 1_539, 2_858, 5_000, 6_400, 6_400]);
  });

  test('throttles of calls that were under way when the pace was halved count once', () => {
    const once = slowDown({}, NOW_MS);
    for (const afterMs of [0, 500, 1_999]) expect(slowDown(once, NOW_MS + afterMs)).toBe(once);
    expect(slowDown(once, NOW_MS + 2_000)).not.toBe(once);
  });

  test('50 s after one halving requests flow at the full pace again', () => {
    const throttled = slowDown({}, NOW_MS);
    const drained = spend(throttled, ones(100), NOW_MS + 50_000).buckets;
    expect(waitFor(drained, NOW_MS + 50_000)).toBeLessThanOrEqual(400);
  });

  test('only the throttled action slows down', () => {
    expect(spend(slowDown({}, NOW_MS), [{ CreateNetworkInterface: 50 }], NOW_MS).granted).toBe(1);
  });

  test('a throttle never gives tokens: a debt stays', () => {
    const debt = spend({}, [attaches(40)], NOW_MS).buckets;
    expect(waitFor(slowDown(debt, NOW_MS), NOW_MS)).toBeGreaterThanOrEqual(waitFor(debt, NOW_MS));
  });
});

describe('the time the buckets alone need, from full', () => {
  test.each([
    [{}, 0],
    [attaches(25), 0],
    [attaches(50), 10_000],
    [{ AttachNetworkInterface: 50, CreateNetworkInterface: 200 }, 60_000],
  ])('%j takes %i ms', (calls, ms) => {
    expect(floorMs(calls, SHARE)).toBe(ms);
  });
});
