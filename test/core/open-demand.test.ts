import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type OpenDemand, shareOut, type Taker } from '../../lambdas/core/plan/open-demand.ts';
import { NOW_MS } from './fixtures.ts';

const open = (id: string, podsLeft: number, changes: Partial<OpenDemand> = {}): OpenDemand => ({
  id,
  cluster: 'shop',
  podsLeft,
  selector: {},
  startsAtMs: NOW_MS,
  expiresAtMs: NOW_MS + 900_000,
  claims: {},
  version: 0,
  ...changes,
});
const taker = (index: number, changes: Partial<Taker> = {}): Taker => ({
  nodeId: `i-${index}`,
  nodeGroup: 'blue',
  zone: 'eu-central-1a',
  podCap: 27,
  ...changes,
});
const sharesOf = (shares: ReadonlyMap<string, number>): number[] => [...shares.values()];

describe('open demand is shared out among launching nodes', () => {
  test('60 pods, three nodes of 27: claimed full, full, and the rest; but whichever is Ready first may get 27', () => {
    const { shares, claimed } = shareOut([open('a', 60)], [taker(1), taker(2), taker(3)]);
    expect(sharesOf(shares)).toEqual([27, 27, 27]);
    expect(claimed).toEqual([open('a', 0, { claims: { 'i-1': 27, 'i-2': 27, 'i-3': 6 }, version: 1 })]);
  });
  test('12 pods, two nodes: the first claims them all, and nothing is expected on the second', () => {
    const { shares, claimed } = shareOut([open('a', 12)], [taker(1), taker(2)]);
    expect(sharesOf(shares)).toEqual([12, 0]);
    expect(claimed).toEqual([open('a', 0, { claims: { 'i-1': 12 }, version: 1 })]);
  });
  test('nobody announced anything: every share is 0, and nothing is written', () => {
    const { shares, claimed } = shareOut([], [taker(1)]);
    expect([sharesOf(shares), claimed]).toEqual([[0], []]);
  });
  test('the older demand is served first, then the next with what room is left', () => {
    const older = open('z', 20, { startsAtMs: NOW_MS - 1 });
    const { shares, claimed } = shareOut([open('a', 20), older], [taker(1)]);
    expect(sharesOf(shares)).toEqual([27]);
    expect(claimed.map(({ id, podsLeft }) => [id, podsLeft])).toEqual([
      ['z', 0],
      ['a', 13],
    ]);
  });
  test('a selector keeps other groups and zones out', () => {
    const demand = open('a', 50, { selector: { nodeGroups: ['green'], zones: ['eu-central-1b'] } });
    const there = { nodeGroup: 'green', zone: 'eu-central-1b' };
    const takers = [taker(1), taker(2, { nodeGroup: 'green' }), taker(3, there)];
    expect(sharesOf(shareOut([demand], takers).shares)).toEqual([0, 0, 27]);
  });
  test('the same launch asked about again gets the same share, and nothing is claimed twice', () => {
    const once = shareOut([open('a', 60)], [taker(1)]);
    const again = shareOut(once.claimed, [taker(1)]);
    expect([sharesOf(again.shares), again.claimed]).toEqual([[27], []]);
  });
  test('an older demand arrives after the node is full: the node stays full, not fuller', () => {
    const claimed = open('b', 0, { claims: { 'i-1': 27 } });
    const older = open('a', 40, { startsAtMs: NOW_MS - 60_000 });
    const answer = shareOut([claimed, older], [taker(1)]);
    expect([sharesOf(answer.shares), answer.claimed]).toEqual([[27], []]);
  });
  test('max-pods fell after the claim: the share is what the node can run, never negative', () => {
    const demands = [open('a', 0, { claims: { 'i-1': 27 } }), open('b', 9)];
    const answer = shareOut(demands, [taker(1, { podCap: 10 })]);
    expect([sharesOf(answer.shares), answer.claimed]).toEqual([[10], []]);
  });
});

describe('for any demands and takers', () => {
  const groups = fc.constantFrom('blue', 'green');
  const zones = fc.constantFrom('eu-central-1a', 'eu-central-1b');
  const takers = fc
    .array(fc.record({ nodeGroup: groups, zone: zones, podCap: fc.nat(60) }), { maxLength: 8 })
    .map((all) => all.map((one, index) => taker(index, one)));
  const selectors = fc.record(
    { nodeGroups: fc.array(groups, { maxLength: 2 }), zones: fc.array(zones, { maxLength: 2 }) },
    { requiredKeys: [] },
  );
  const claims = fc.dictionary(fc.nat(7).map(String), fc.integer({ min: 1, max: 20 }), { maxKeys: 2 });
  const demands = fc.array(fc.tuple(fc.nat(120), fc.nat(5), selectors, claims), { maxLength: 5 }).map((all) =>
    all.map(([podsLeft, ageMs, selector, earlier], index) =>
      open(`demand-${index}`, podsLeft, {
        selector,
        startsAtMs: NOW_MS - ageMs,
        claims: Object.fromEntries(Object.entries(earlier).map(([id, pods]) => [`i-${id}`, pods])),
      }),
    ),
  );

  test('no demand gives more than it has, no node gets more than it can run, each claim is counted once', () => {
    fc.assert(
      fc.property(demands, takers, (all, nodes) => {
        const { shares, claimed } = shareOut(all, nodes);
        for (const { nodeId, podCap } of nodes) {
          expect(shares.get(nodeId)).toBeGreaterThanOrEqual(0);
          expect(shares.get(nodeId)).toBeLessThanOrEqual(podCap);
        }
        for (const after of claimed) {
          const before = all.find(({ id }) => id === after.id);
          if (before === undefined) throw new Error(`${after.id} was never announced`);
          const total = (claims: Readonly<Record<string, number>>): number =>
            Object.values(claims).reduce((sum, pods) => sum + pods, 0);
          expect(after.podsLeft).toBeGreaterThanOrEqual(0);
          expect(total(after.claims) - total(before.claims)).toBe(before.podsLeft - after.podsLeft);
          expect(after.claims).toMatchObject(before.claims);
          expect(after.version).toBe(before.version + 1);
        }
      }),
    );
  });

  test('asked again after the claims were written, every node gets the same and nothing more is claimed', () => {
    fc.assert(
      fc.property(demands, takers, (all, nodes) => {
        const once = shareOut(all, nodes);
        const written = all.map((one) => once.claimed.find(({ id }) => id === one.id) ?? one);
        const again = shareOut(written, nodes);
        expect(again.claimed).toEqual([]);
        expect(again.shares).toEqual(once.shares);
      }),
    );
  });

  test('the order in which the ledger lists demands makes no difference', () => {
    fc.assert(
      fc.property(demands, takers, (all, nodes) => {
        expect(shareOut([...all].reverse(), nodes)).toEqual(shareOut(all, nodes));
      }),
    );
  });

  test('one pod more announced never shrinks the sum of shares', () => {
    fc.assert(
      fc.property(demands, takers, fc.nat(4), (all, nodes, which) => {
        const more = all.map((one, index) =>
          index === which ? { ...one, podsLeft: one.podsLeft + 1 } : one,
        );
        const total = (open: readonly OpenDemand[]): number =>
          sharesOf(shareOut(open, nodes).shares).reduce((sum, share) => sum + share, 0);
        expect(total(more)).toBeGreaterThanOrEqual(total(all));
      }),
    );
  });
});
