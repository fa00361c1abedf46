/**
 * Each demand formula against pods of the embedded world: its scheduler, kubelets and ipamds, in a cluster with room for
 * everything. The peak is read from the ipamds: addresses with pods and addresses that cool, less those at the start.
 */
import { describe, expect, test } from 'vitest';
import { demandOf } from '../../lambdas/core/plan/demand.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import { announcementOf, playRandom } from '../../sim/scenarios/address-use.ts';
import type { Formula } from '../../sim/scenarios/random-workloads.ts';

const WORKLOADS: Readonly<Record<Formula, number>> = {
  'scale-out': 80,
  'rolling-update': 400,
  recreate: 80,
  'blue-green': 80,
  'stateful-set growth': 80,
  'stateful-set update': 300,
  job: 150,
  'cron-job': 150,
};

describe.each(Object.entries(WORKLOADS) as [Formula, number][])(
  '%s, %i random workloads',
  (formula, count) => {
    test('at least the peak; at most 1.3 times it, or 2 above it, where enough is announced and pods are alike', async () => {
      let near = 0;
      const unlike = { near: 0, far: 0 };
      for (let seed = 1; seed <= count; seed++) {
        const played = await playRandom(formula, seed);
        const { workload, peak } = played;
        const { addresses } = demandOf(announcementOf(played));
        const story = `seed ${seed}, peak ${peak}, demand ${addresses}: ${JSON.stringify(workload)}`;
        // A pace that is not even is not quite what was announced; the margin is for that.
        const uneven = workload.tellsPace && !workload.alike;
        expect(
          uneven ? Math.ceil(addresses * DEFAULT_POLICY.margin) : addresses,
          story,
        ).toBeGreaterThanOrEqual(peak);
        if (!workload.tellsEnough) continue;
        const most = Math.max(1.3 * peak, peak + 2);
        if (workload.alike) {
          near++;
          expect(addresses, story).toBeLessThanOrEqual(most);
        } else unlike[addresses <= most ? 'near' : 'far']++;
      }
      expect(near).toBeGreaterThan(count / 5);
      // Taken at their fastest: those that are slower never all cool at once.
      expect(unlike.near).toBeGreaterThan(3 * unlike.far);
    });
  },
);
