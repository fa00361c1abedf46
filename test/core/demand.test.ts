import { describe, expect, test } from 'vitest';
import {
  demandOf,
  demandOfDisplaced,
  demandOfLaunching,
  pods,
  replacesPods,
} from '../../lambdas/core/plan/demand.ts';
import type { RolloutAnnounced } from '../../lambdas/core/signals.ts';
import { anAnnouncement as announced, NOW_MS } from './fixtures.ts';

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
  const rolling = (changes: Partial<RolloutAnnounced> = {}) => demandOf(announced(changes));

  test('at an unknown pace all replicas may be replaced before the first address comes back', () => {
    expect(rolling()).toMatchObject({ addresses: 100, atOnce: 50, overMs: 0 });
  });
  test('two rounds, ten minutes apart: in the second 75 old pods still run or cool, and 25 are forgotten', () => {
    expect(rolling({ overMs: 600_000 })).toMatchObject({ addresses: 75, overMs: 0 });
  });
  test('ten at a time, ready after 25 s: 5 of surge, and the 30 replaced in the 60 s an address is held', () => {
    const strategy = { type: 'rolling-update', maxSurge: 5, maxUnavailable: 5 } as const;
    const demand = rolling({ strategy, podReadyMs: 25_000 });
    expect(demand).toMatchObject({ addresses: 35, atOnce: 10, overMs: 50_000 });
    expect(demand.because).toContain('replaced 10 at a time, every 25 s; each old address is held for 60 s');
  });
  test('the same told by how long it takes: nine rounds after the first', () => {
    const strategy = { type: 'rolling-update', maxSurge: 5, maxUnavailable: 5 } as const;
    expect(rolling({ strategy, overMs: 9 * 25_000 }).addresses).toBe(35);
  });
  test.each([
    ['on the edge of the cooldown an address is still held', { podReadyMs: 30_000 }, 35],
    ['a moment later it is not', { podReadyMs: 30_001 }, 25],
    ['a longer grace holds more', { podReadyMs: 25_000, terminationGraceMs: 120_000 }, 75],
    ['pods that end sooner than they must hold less', { podReadyMs: 25_000, podExitMs: 0 }, 25],
    ['pods that are ready at once may all be there before anything comes back', { podReadyMs: 1 }, 100],
    ['those of a scale-in come back too', { podReadyMs: 25_000, replicas: { from: 110, to: 100 } }, 30],
  ])('%s', (_, changes, addresses) => {
    const strategy = { type: 'rolling-update', maxSurge: 5, maxUnavailable: 5 } as const;
    expect(rolling({ strategy, ...changes }).addresses).toBe(addresses);
  });
  test('never more than the replicas there are', () => {
    const strategy = { type: 'rolling-update', maxSurge: '200%', maxUnavailable: 0 } as const;
    expect(rolling({ overMs: 600_000, strategy })).toMatchObject({ addresses: 100, atOnce: 100 });
  });
  test('surge and unavailability of nothing still replace one pod at a time', () => {
    const strategy = { type: 'rolling-update', maxSurge: 0, maxUnavailable: 0 } as const;
    expect(rolling({ strategy, podReadyMs: 100_000 })).toMatchObject({ addresses: 1, atOnce: 1 });
  });
  test('a CNI whose addresses cool for longer', () => {
    expect(demandOf(announced({ podReadyMs: 65_000 })).addresses).toBe(75);
    expect(demandOf(announced({ podReadyMs: 65_000 }), 120_000).addresses).toBe(100);
  });
});

describe('all replicas at one instant', () => {
  test.each(['recreate', 'blue-green'] as const)('%s', (type) => {
    expect(demandOf(announced({ strategy: { type } }))).toMatchObject({ addresses: 100, atOnce: 100 });
  });
  test('a blue/green switch to more replicas than before', () => {
    const replicas = { from: 60, to: 100 };
    expect(demandOf(announced({ replicas, strategy: { type: 'blue-green' } })).addresses).toBe(100);
  });
});

describe('more replicas than before, and a new version', () => {
  const replicas = { from: 60, to: 100 };

  test.each([
    ['recreated', { type: 'recreate' }, 40, 140],
    ['rolled out', { type: 'rolling-update', maxSurge: 5, maxUnavailable: 5 }, 40, 75],
    ['a StatefulSet', { type: 'stateful-set', podManagement: 'ordered', maxUnavailable: 1 }, 40, 42],
  ] as const)(
    '%s: those that stay need their growth, those that are replaced need more',
    (_, strategy, stay, replaced) => {
      const rollout = announced({ replicas, strategy, podReadyMs: 25_000 });
      expect(demandOf(rollout).addresses).toBe(stay);
      expect(demandOf({ ...rollout, newVersion: true }).addresses).toBe(replaced);
    },
  );
});

describe('a StatefulSet', () => {
  const strategy = { type: 'stateful-set', podManagement: 'ordered', maxUnavailable: 1 } as const;
  const set = (changes: Partial<RolloutAnnounced> = {}) => demandOf(announced({ strategy, ...changes }));

  test('grows one pod after the other, or all at once', () => {
    const replicas = { from: 3, to: 8 };
    expect(set({ replicas, podReadyMs: 20_000 })).toMatchObject({ addresses: 5, atOnce: 1, overMs: 80_000 });
    const parallel = { ...strategy, podManagement: 'parallel' } as const;
    expect(set({ replicas, strategy: parallel })).toMatchObject({ addresses: 5, atOnce: 5, overMs: 0 });
  });
  test('an update needs what cools: one address each 5 s to end and 10 s to be ready', () => {
    expect(set({ podReadyMs: 10_000, podExitMs: 5_000 })).toMatchObject({ addresses: 3, atOnce: 1 });
    expect(set({ overMs: 99 * 15_000 }).addresses).toBe(3);
  });
  test('several missing at a time free as many more', () => {
    const parallel = { ...strategy, podManagement: 'parallel', maxUnavailable: '10%' } as const;
    const paced = { podReadyMs: 10_000, podExitMs: 5_000 };
    expect(set({ ...paced, strategy: parallel })).toMatchObject({ addresses: 30, atOnce: 10 });
    // One after the other, 10 s apart, no more than four come within a cooldown.
    expect(set({ ...paced, strategy: { ...strategy, maxUnavailable: '10%' } }).addresses).toBe(4);
  });
  test('at an unknown pace, all of them', () => {
    expect(set().addresses).toBe(100);
  });
});

describe('a Job', () => {
  const replicas = { from: 0, to: 10 };
  const job = (podRunMs?: number, everyMs?: number, completions = 100) =>
    demandOf(
      announced({
        replicas,
        strategy: {
          type: 'job',
          completions,
          ...(podRunMs !== undefined && { podRunMs }),
          ...(everyMs !== undefined && { everyMs }),
        },
      }),
    );

  test('needs its pods, and what those that ended leave to cool', () => {
    expect(job(20_000)).toMatchObject({ addresses: 30, atOnce: 10 });
    expect(job(31_000).addresses).toBe(20);
  });
  test('needs an address for each completion at most, and that many when run times are unknown', () => {
    expect(job(1_000).addresses).toBe(100);
    expect(job().addresses).toBe(100);
    expect(job(20_000, undefined, 4)).toMatchObject({ addresses: 4, atOnce: 4 });
    expect(job(20_000, undefined, 0)).toMatchObject({ addresses: 0, atOnce: 0 });
  });
  test('of a CronJob meets the runs before it while they run or cool', () => {
    expect(job(20_000, 60_000, 10)).toMatchObject({ addresses: 10, overMs: 0 });
    expect(job(30_000, 60_000, 10)).toMatchObject({ addresses: 20, overMs: 60_000 });
    expect(job(50_000, 20_000, 10).addresses).toBe(50);
    // Run times unknown: over before the next one, all cooled but those of the last 30 s.
    expect(job(undefined, 20_000, 10).addresses).toBe(30);
  });
});

test("pods on the host's network need no address, whatever the strategy", () => {
  for (const type of ['recreate', 'blue-green'] as const)
    expect(demandOf(announced({ strategy: { type }, hostNetwork: true }))).toMatchObject({
      addresses: 0,
      atOnce: 0,
    });
});

describe('a node that goes away displaces its pods', () => {
  const node = { addresses: 27, podCap: 27, warmEniTarget: 1, perEni: 9, couldGrow: true };

  test.each([
    ['those announced', { pods: 5 }, 5],
    ['no more than it has addresses', { pods: 50, addresses: 9 }, 9],
    ['its addresses less those kept warm', {}, 18],
    ['every address, where nothing could grow', { couldGrow: false }, 27],
    ['no more than its max-pods', { podCap: 10 }, 10],
    ['nothing', { addresses: 0 }, 0],
  ])('%s', (_, changes, expected) => {
    expect(demandOfDisplaced({ ...node, ...changes })).toBe(expected);
  });
});

test('a node that launches takes the pods that wait, up to what it may run', () => {
  expect([demandOfLaunching(60, 27), demandOfLaunching(6, 27), demandOfLaunching(0, 27)]).toEqual([27, 6, 0]);
  expect(demandOfLaunching(60, -2)).toBe(0);
});

describe('whether old pods make way, so that pacing can work', () => {
  test.each([
    [announced(), true],
    [announced({ strategy: { type: 'recreate' } }), true],
    [announced({ strategy: { type: 'blue-green' } }), false],
    [announced({ replicas: { from: 100, to: 140 } }), false],
    [announced({ replicas: { from: 0, to: 10 } }), false],
    [announced({ strategy: { type: 'job', completions: 10 } }), false],
    [announced({ hostNetwork: true }), false],
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
