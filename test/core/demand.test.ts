import { describe, expect, test } from 'vitest';
import { demandOf, pods, replacesPods } from '../../lambdas/core/plan/demand.ts';
import type { RolloutAnnounced } from '../../lambdas/core/signals.ts';
import { NOW_MS } from './fixtures.ts';

function announced(changes: Partial<RolloutAnnounced> = {}): RolloutAnnounced {
  return {
    kind: 'rollout-announced',
    announcementId: 'build-7',
    cluster: 'shop',
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 100, to: 100 },
    strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: '25%' },
    startsAtMs: NOW_MS,
    overMs: 0,
    terminationGraceMs: 30_000,
    selector: {},
    attempt: 0,
    ...changes,
  };
}

test('a demand keeps what was announced: id, cluster, place and time', () => {
  const selector = { nodeGroups: ['blue'], zones: ['eu-central-1a'] };
  expect(demandOf(announced({ selector, overMs: 5_000 }))).toMatchObject({
    id: 'build-7',
    cluster: 'shop',
    startsAtMs: NOW_MS,
    overMs: 5_000,
    selector,
  });
});

describe('a scale-out needs its new replicas, and no more', () => {
  test.each([
    [0, 40, 40],
    [10, 50, 40],
    [0, 0, 0],
  ])('from %i to %i', (from, to, addresses) => {
    const demand = demandOf(announced({ replicas: { from, to } }));
    expect(demand).toMatchObject({ addresses, atOnce: addresses });
    expect(demand.because).toContain(`${addresses} new replicas`);
  });

  test('spread over time, a second brings its part', () => {
    const demand = demandOf(announced({ replicas: { from: 0, to: 100 }, overMs: 180_000 }));
    expect(demand).toMatchObject({ addresses: 100, atOnce: 1 });
  });
});

describe('a rolling update needs its surge and what terminating and cooling pods still hold', () => {
  test('at an unknown pace all replicas may be replaced before the first address comes back', () => {
    expect(demandOf(announced())).toMatchObject({ addresses: 100, atOnce: 50 });
  });
  test('over ten minutes: 25 of surge, and 100 in 600 s held for 30 + 30 s each are 10 more', () => {
    expect(demandOf(announced({ overMs: 600_000 })).addresses).toBe(35);
  });
  test('they are asked for while nothing has come back yet: within the time each is held', () => {
    expect(demandOf(announced({ overMs: 600_000 })).overMs).toBe(60_000);
    expect(demandOf(announced({ overMs: 20_000 })).overMs).toBe(20_000);
  });
  test('a longer grace holds more', () => {
    expect(demandOf(announced({ overMs: 600_000, terminationGraceMs: 270_000 })).addresses).toBe(75);
  });
  test('never more than the replicas there are', () => {
    expect(demandOf(announced({ overMs: 30_000 })).addresses).toBe(100);
    const strategy = { type: 'rolling-update', maxSurge: '100%', maxUnavailable: 0 } as const;
    expect(demandOf(announced({ overMs: 600_000, strategy })).addresses).toBe(100);
  });
  test('surge and unavailability of nothing still replace one pod at a time', () => {
    const strategy = { type: 'rolling-update', maxSurge: 0, maxUnavailable: 0 } as const;
    expect(demandOf(announced({ strategy })).atOnce).toBe(1);
  });
  test('a scale-in replaces those that stay', () => {
    expect(demandOf(announced({ replicas: { from: 100, to: 60 } })).addresses).toBe(60);
  });
});

describe('all replicas at one instant', () => {
  test.each(['recreate', 'blue-green'] as const)('%s', (type) => {
    expect(demandOf(announced({ strategy: { type } }))).toMatchObject({ addresses: 100, atOnce: 100 });
  });
});

describe('whether old pods make way, so that pacing can work', () => {
  test.each([
    [announced(), true],
    [announced({ strategy: { type: 'recreate' } }), true],
    [announced({ strategy: { type: 'blue-green' } }), false],
    [announced({ replicas: { from: 100, to: 140 } }), false],
    [announced({ replicas: { from: 0, to: 10 } }), false],
  ])('case %#', (rollout, expected) => {
    expect(replacesPods(rollout)).toBe(expected);
  });
});

describe("Kubernetes' rounding: maxSurge up, maxUnavailable down", () => {
  test.each([
    [3, 10, 3, 3],
    ['25%', 10, 3, 2],
    ['25%', 100, 25, 25],
    ['0%', 10, 0, 0],
    ['100%', 7, 7, 7],
    // 7 % of 100 is 7 exactly, although 0.07 × 100 is a little more in binary fractions.
    ['7%', 100, 7, 7],
    ['29%', 100, 29, 29],
  ] as const)('%s of %i is %i up, %i down', (value, replicas, up, down) => {
    expect([pods(value, replicas, 'up'), pods(value, replicas, 'down')]).toEqual([up, down]);
  });
});
