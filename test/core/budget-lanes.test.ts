/** A budget share of a cluster's or a node group's own, within the document's. Numbers of AWS: 50 attaches deep, 5 a second. */
import { describe, expect, test } from 'vitest';
import { allowanceOf } from '../../lambdas/core/budget/allowance.ts';
import { type BudgetState, spend, standingOf, UNTOUCHED } from '../../lambdas/core/budget/budget.ts';
import { inLanes, lanesOf } from '../../lambdas/core/budget/lanes.ts';
import { type Asked, partsOf, sumOf } from '../../lambdas/core/budget/metered.ts';
import { aPolicy, NOW_MS } from './fixtures.ts';

const policy = aPolicy({
  clusters: {
    shop: { nodeGroups: { batch: { budgetShare: 0.1 }, 'a/b@c': { budgetShare: 0.9 } } },
    games: { budgetShare: 0.2, nodeGroups: { lobby: { budgetShare: 0.1 } } },
  },
});
const allowance = allowanceOf(policy);
const ATTACH = { AttachNetworkInterface: 1 };
const of = (cluster: string, group: string): Asked => inLanes(ATTACH, lanesOf(policy, cluster, group));

/** How many of `count` attaches are granted at once, one after the other's state. */
function granted(
  state: BudgetState,
  ask: Asked,
  count = 60,
): { readonly granted: number; readonly next: BudgetState } {
  const asks = Array.from({ length: count }, () => ask);
  const { granted: got, next } = spend(state, asks, 'launch', allowance, NOW_MS);
  return { granted: got, next: next ?? state };
}

test('most node groups are in no lane', () => {
  expect(lanesOf(policy, 'shop', 'web')).toEqual([]);
  expect(lanesOf(policy, 'constructor', 'toString')).toEqual([]);
  expect(of('shop', 'web')).toEqual(ATTACH);
});

test('a lane grants its share, and what it takes is taken from the account’s bucket too', () => {
  const batch = granted(UNTOUCHED, of('shop', 'batch'));
  expect(batch.granted).toBe(5);
  // Of the 25 that half of the bucket has. Who waits for his lane keeps nothing from others.
  expect(granted(batch.next, of('shop', 'web')).granted).toBe(20);
});

test('a lane refills at its own rate', () => {
  const { next } = granted(UNTOUCHED, of('shop', 'batch'));
  const later = (ms: number): number =>
    spend(next, [of('shop', 'batch')], 'launch', allowance, NOW_MS + ms).granted;
  // A tenth of 5 a second: one in two seconds.
  expect([later(1_999), later(2_000)]).toEqual([0, 1]);
});

test('a group is in its cluster’s lane and in its own', () => {
  const lobby = granted(UNTOUCHED, of('games', 'lobby'));
  expect(lobby.granted).toBe(5);
  expect(granted(lobby.next, of('games', 'arena')).granted).toBe(10 - 5);
});

describe('names', () => {
  test('are taken apart as they were put together, whatever a node group is called', () => {
    const [, lane = ''] = Object.keys(of('shop', 'a/b@c'));
    expect(lane).toBe('AttachNetworkInterface@shop/a/b@c');
    expect(partsOf('AttachNetworkInterface@shop/a/b@c')).toEqual({
      action: 'AttachNetworkInterface',
      lane: 'shop/a/b@c',
    });
  });
  test('a lane is never wider than the document’s share', () => {
    expect(allowance('AttachNetworkInterface@shop/a/b@c')).toEqual(allowance('AttachNetworkInterface'));
  });
  test('a lane the policy no longer knows is as wide as the document’s share', () => {
    expect(allowance('AttachNetworkInterface@shop/gone')).toEqual(allowance('AttachNetworkInterface'));
  });
});

test('requests are counted once, and published by action alone', () => {
  expect(sumOf(of('games', 'lobby'))).toBe(1);
  const { next } = granted(UNTOUCHED, of('games', 'lobby'));
  expect(Object.keys(standingOf(next, allowance, NOW_MS).actions)).toEqual(['AttachNetworkInterface']);
});
