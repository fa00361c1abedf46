import { describe, expect, test } from 'vitest';
import { rollingUpdate, scaleOut } from '../../sim/scenarios/reported-case.ts';
import { replayable } from '../replay.ts';

const SEEDS = [1, 2, 3];

describe('the reported case, part 1: a hundred pods in three minutes on four new nodes', () => {
  test.each(SEEDS)(
    'seed %i: pods fail with the CNI alone, and none with us, who reach every node',
    async (seed) => {
      replayable(seed);
      const alone = await scaleOut(seed, { warmEniTarget: 1, prewarmer: false });
      const ours = await scaleOut(seed, { warmEniTarget: 1, prewarmer: true });
      expect(alone.failedRequests).toBeGreaterThan(0);
      expect(ours).toMatchObject({ nodesLeft: 0, failedRequests: 0, lateAttach: 0, throttled: 0 });
    },
  );

  test.each(SEEDS)(
    'seed %i: events a minute late leave every node as it would be without us',
    async (seed) => {
      replayable(seed);
      const alone = await scaleOut(seed, { warmEniTarget: 1, prewarmer: false });
      const late = await scaleOut(seed, { warmEniTarget: 1, prewarmer: true, eventsLateByMs: 60_000 });
      expect(late.nodesLeft).toBe(4);
      expect(late).toMatchObject({
        failedRequests: alone.failedRequests,
        worstWaitMs: alone.worstWaitMs,
        p99WaitMs: alone.p99WaitMs,
        rolloutSeconds: alone.rolloutSeconds,
        addressSecondsIdle: alone.addressSecondsIdle,
      });
    },
  );

  test('the same seed gives the same run, byte for byte', async () => {
    const [once, again] = [
      await scaleOut(7, { warmEniTarget: 1, prewarmer: true }),
      await scaleOut(7, { warmEniTarget: 1, prewarmer: true }),
    ];
    expect(JSON.stringify(again)).toBe(JSON.stringify(once));
  });
});

describe('the reported case, part 2: a hundred pods replaced on nodes whose interfaces are all full', () => {
  test.each(SEEDS)(
    'seed %i: unpaced they fail by the dozen, paced as planned none does, EC2 stays as it is',
    async (seed) => {
      replayable(seed);
      const unpaced = await rollingUpdate(seed, false);
      const paced = await rollingUpdate(seed, true);
      expect(unpaced.failedRequests).toBeGreaterThan(12);
      expect(paced.failedRequests).toBe(0);
      expect(paced.reasons).toEqual(['no slots']);
      expect(paced.pacing).toMatchObject({ podsPerWave: 15, everyMs: 60_000, waves: 7 });
      expect(paced.rolloutSeconds).toBeGreaterThan(unpaced.rolloutSeconds);
      expect([unpaced.mutatingCalls, paced.mutatingCalls]).toEqual([0, 0]);
    },
  );
});
