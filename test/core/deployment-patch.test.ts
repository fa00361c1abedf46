import fc from 'fast-check';
import { expect, test } from 'vitest';
import { demandOf } from '../../lambdas/core/plan/demand.ts';
import { selfPaced } from '../../lambdas/core/plan/deployment-patch.ts';
import type { RolloutAnnounced } from '../../lambdas/core/signals.ts';
import { anAnnouncement as announced } from './fixtures.ts';

const COOLDOWN_MS = 30_000;

const rollingUpdate = (maxSurge: number, maxUnavailable: number): RolloutAnnounced['strategy'] => ({
  type: 'rolling-update',
  maxSurge,
  maxUnavailable,
});
const patched = (rollout: RolloutAnnounced, free: number): [number, number, number] | undefined => {
  const spec = selfPaced(rollout, free, COOLDOWN_MS)?.patch.spec;
  const { maxSurge, maxUnavailable } = spec?.strategy.rollingUpdate ?? {};
  return spec && [maxSurge ?? -1, maxUnavailable ?? -1, spec.minReadySeconds];
};

test('15 addresses are free, 25 pods may be missing: 15 at a time, each ready for longer than an address is held', () => {
  expect(patched(announced(), 15)).toEqual([0, 15, 61]);
});

test('no pod may be missing: half of the free addresses for the first pods, half for those that follow', () => {
  expect(patched(announced({ strategy: rollingUpdate(25, 0) }), 15)).toEqual([7, 0, 61]);
});

test('some may be missing: they come first, and what is left over is surge', () => {
  expect(patched(announced({ strategy: rollingUpdate(25, 4) }), 15)).toEqual([5, 4, 61]);
});

test('one address is free and none may be missing: one is, or nothing would move', () => {
  expect(patched(announced({ strategy: rollingUpdate(1, 0) }), 1)).toEqual([0, 1, 61]);
});

test('pods end sooner than their grace: held for less, so the pace is faster', () => {
  expect(patched(announced({ podExitMs: 4_500 }), 15)).toEqual([0, 15, 35]);
});

test('a grace of ten minutes: the deadline for progress lies behind it', () => {
  const { patch } = selfPaced(announced({ terminationGraceMs: 600_000 }), 15, COOLDOWN_MS) ?? {};
  expect(patch?.spec).toMatchObject({ minReadySeconds: 631, progressDeadlineSeconds: 1_231 });
  expect(selfPaced(announced(), 15, COOLDOWN_MS)?.patch.spec).not.toHaveProperty('progressDeadlineSeconds');
});

test('nothing to say: as it is it fits, nothing is free, or it is no rolling update', () => {
  const slow = announced({ strategy: rollingUpdate(1, 0), podReadyMs: 90_000 });
  const others = [
    announced({ strategy: { type: 'recreate' } }),
    announced({ strategy: { type: 'blue-green' } }),
    announced({ replicas: { from: 0, to: 0 } }),
  ];
  expect([patched(slow, 2), patched(announced(), 0)]).toEqual([undefined, undefined]);
  expect(others.map((rollout) => patched(rollout, 15))).toEqual([undefined, undefined, undefined]);
});

test('whatever the figures: the demand of the patched Deployment fits into what is free, and no more pods are missing than before', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 400 }),
      fc.nat(100),
      fc.nat(100),
      fc.integer({ min: 1, max: 200 }),
      fc.nat(300_000),
      (replicas, surge, missing, free, terminationGraceMs) => {
        const strategy = rollingUpdate(surge, missing);
        const rollout = announced({
          replicas: { from: replicas, to: replicas },
          strategy,
          terminationGraceMs,
        });
        const advice = selfPaced(rollout, free, COOLDOWN_MS);
        if (advice === undefined) {
          expect(demandOf(rollout, COOLDOWN_MS).addresses).toBeLessThanOrEqual(free);
          return;
        }
        const { minReadySeconds, strategy: advised } = advice.patch.spec;
        const { maxSurge, maxUnavailable } = advised.rollingUpdate;
        const paced = { ...rollout, strategy: rollingUpdate(maxSurge, maxUnavailable) };
        const podReadyMs = minReadySeconds * 1000;
        expect(demandOf({ ...paced, podReadyMs }, COOLDOWN_MS).addresses).toBeLessThanOrEqual(free);
        expect(maxUnavailable).toBeLessThanOrEqual(Math.max(1, missing));
      },
    ),
  );
});
