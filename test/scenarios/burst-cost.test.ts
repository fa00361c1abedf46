/** What a burst of launches costs in reads of EC2, which all of the account shares: it must not grow with the launches. */
import { describe, expect, test } from 'vitest';
import { PREWARMER } from '../../sim/stage.ts';
import { minutes, SUBNET, seconds, staged } from './stage.ts';

/** 200 nodes in ten seconds, and almost every third event delivered twice. */
function burst(seed: number) {
  const { world, stage } = staged({
    seed,
    subnets: [{ ...SUBNET, cidr: '10.0.0.0/18' }],
    events: { duplicateShare: 0.3, reorderWithinMs: 1_000 },
  });
  for (let nth = 0; nth < 200; nth++) world.kernel.after(nth * 50, () => world.launch('m5.large'));
  const reads = (action: 'DescribeInstances' | 'DescribeNetworkInterfaces' | 'DescribeSubnets'): number =>
    world.account.calls.of(PREWARMER).get(action) ?? 0;
  const seen = (): number => stage.figures.reduce((sum, { figures }) => sum + (figures.NodesSeen ?? 0), 0);
  return { world, stage, reads, seen };
}

describe('200 launches within ten seconds, five readers, events doubled and reordered', () => {
  test.each([91, 92, 93])(
    'seed %i: they are read at most 25 times while anything can be given to them',
    async (seed) => {
      const { world, stage, reads, seen } = burst(seed);
      // Ten seconds of launches, up to twenty until they run, ten in which an attach comes in time.
      await world.kernel.run(seconds(40));
      expect(reads('DescribeInstances')).toBeLessThanOrEqual(25);
      expect(reads('DescribeNetworkInterfaces')).toBeLessThanOrEqual(25);
      expect(reads('DescribeSubnets')).toBeLessThanOrEqual(25);
      // Looks at what became of them go on for some minutes.
      await world.kernel.run(minutes(5));
      expect(reads('DescribeInstances')).toBeLessThanOrEqual(60);
      // It is the budget that bounds how many are warmed, not the turns: without turns it is forty, give or take.
      expect(seen()).toBeGreaterThan(28);
      expect(stage.figures.filter(({ figures }) => (figures.LateAttaches ?? 0) > 0)).toEqual([]);
      expect(stage.queues.launches.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
      expect(stage.deadLetters.launches.depth.visible).toBe(0);
    },
  );
});
