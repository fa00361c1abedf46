import fc from 'fast-check';
import { expect, test } from 'vitest';
import { paceReplacement } from '../../lambdas/core/plan/waves.ts';

const GRACE_MS = 30_000;
const COOLDOWN_MS = 30_000;
const pace = (pods: number, freeAddresses: number): ReturnType<typeof paceReplacement> =>
  paceReplacement({ pods, freeAddresses, terminationGraceMs: GRACE_MS, ipCooldownMs: COOLDOWN_MS });

test('100 pods on nodes with 15 free addresses: seven waves a minute apart, the last after six minutes', () => {
  expect(pace(100, 15)).toMatchObject({
    podsPerWave: 15,
    waves: 7,
    everyMs: 60_000,
    totalMs: 360_000,
  });
});

test('more free addresses than pods: one wave, at once', () => {
  expect(pace(10, 15)).toMatchObject({ podsPerWave: 10, waves: 1, totalMs: 0 });
});

test('no free address, or no pod: pacing cannot help, and says nothing', () => {
  expect([pace(10, 0), pace(10, -3), pace(0, 10)]).toEqual([undefined, undefined, undefined]);
});

test('whatever the figures, no pod finds the pool empty: an address is free, or back and cooled', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 500 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(120_000),
      fc.nat(60_000),
      (pods, freeAddresses, terminationGraceMs, ipCooldownMs) => {
        const paced = paceReplacement({ pods, freeAddresses, terminationGraceMs, ipCooldownMs });
        if (paced === undefined) throw new Error('one pod would have fitted');
        // A world of its own: each wave takes addresses and gives as many back once its old pods ended and cooled.
        const back: { atMs: number; addresses: number }[] = [];
        let free = freeAddresses;
        let left = pods;
        for (let wave = 0; wave < paced.waves; wave++) {
          const nowMs = wave * paced.everyMs;
          for (const one of back.splice(0))
            if (one.atMs <= nowMs) free += one.addresses;
            else back.push(one);
          const now = Math.min(left, paced.podsPerWave);
          expect(now).toBeLessThanOrEqual(free);
          free -= now;
          left -= now;
          back.push({ atMs: nowMs + terminationGraceMs + ipCooldownMs, addresses: now });
        }
        expect(left).toBe(0);
        expect(paced.totalMs).toBe((paced.waves - 1) * paced.everyMs);
      },
    ),
  );
});
