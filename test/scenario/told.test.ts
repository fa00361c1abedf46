import { describe, expect, test } from 'vitest';
import { bound, readCniSettings } from '../../lambdas/core/cni.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import { launchWithKill } from '../../sim/scenarios/kills.ts';
import {
  RETENTION_MODES,
  RETENTION_PODS,
  RETENTION_SHAPES,
  RETENTION_TYPES,
  type RetentionMode,
  type RetentionType,
  retention,
} from '../../sim/scenarios/retention.ts';

describe('S7: what plans count on is what ipamd keeps', () => {
  const modes = Object.keys(RETENTION_MODES) as RetentionMode[];
  const cases = modes.flatMap((mode) => RETENTION_PODS.map((pods) => [mode, pods] as const));

  test.each(cases)(
    '%s, %i pods: everything up to the bound stays, and nothing above it',
    async (mode, pods) => {
      const env = RETENTION_MODES[mode];
      const read = readCniSettings(
        { version: 'v1.23.1', configurationValues: JSON.stringify({ env }) },
        DEFAULT_POLICY,
      );
      if ('complaint' in read) throw new Error(read.complaint.field);
      // Only WARM_ENI_TARGET keeps interfaces for their own sake; elsewhere it is the addresses that stay.
      const keepsEnis = mode.startsWith('W');
      // Pods sit where ipamd's map put them, so the number of used blocks, and with it the bound, can be one higher.
      const [unit, spare] = mode.startsWith('P') ? [16, 16] : [1, 0];
      let attached = 0;
      for (const type of Object.keys(RETENTION_TYPES) as RetentionType[]) {
        const most = bound(read.settings.mode, pods, RETENTION_TYPES[type].perEni);
        for (const shape of RETENTION_SHAPES) {
          const kept = await retention(1, mode, pods, shape, type);
          attached += kept.attached;
          const given = shape.slice(0, kept.attached).reduce((sum: number, count) => sum + count * unit, 0);
          const wanted = kept.before + given;
          const what = `${type} +${shape.join('+')}`;
          if (wanted <= most)
            expect(kept, what).toMatchObject({ after: wanted, ...(keepsEnis && { kept: kept.attached }) });
          else expect(kept.after, what).toBeLessThanOrEqual(most + spare);
        }
      }
      // Where the CNI fills every slot of the smaller type itself, the larger one has some left.
      expect(attached).toBeGreaterThan(0);
    },
  );
});

describe('S8: our functions die, events come twice and out of order', () => {
  test('after whichever call they die: nothing is left over, and no more requests fail than without us', async () => {
    const alone = await launchWithKill(2, { prewarmer: false, killAfter: 0 });
    const unharmed = await launchWithKill(2, { prewarmer: true, killAfter: 0 });
    expect(unharmed).toMatchObject({
      withoutAddress: 0,
      lateAttach: 0,
      orphans: 0,
      outliving: 0,
      tooMany: 0,
    });
    expect(unharmed.changes).toBeGreaterThan(0);
    for (let killAfter = 1; killAfter <= unharmed.changes; killAfter++) {
      const killed = await launchWithKill(2, { prewarmer: true, killAfter });
      const after = `after call ${killAfter}, ${killed.action}`;
      expect(killed.action, after).not.toBe('');
      expect(killed, after).toMatchObject({ withoutAddress: 0, orphans: 0, outliving: 0, tooMany: 0 });
      expect(killed.failedRequests, after).toBeLessThanOrEqual(alone.failedRequests);
      // Who dies while the instances are pending is made up for by whoever hears that they run.
      if (killed.action === 'CreateNetworkInterface') expect(killed.failedRequests, after).toBe(0);
    }
  });
});
