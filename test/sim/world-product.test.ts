import { describe, expect, test } from 'vitest';
import { Stage } from '../../sim/stage.ts';
import { minutes, until, WORKERS, world } from './cluster-stage.ts';

const OUR_TAG = 'eks-ip-prewarmer/node';

/** 54 pods come at once and find no node; the group's autoscaler launches two. */
async function scaleOut(launchedBy: 'managed' | 'self-managed' | 'karpenter', prewarmer: boolean) {
  const shop = world({ seed: 11 });
  if (prewarmer) new Stage(shop, { mode: 'warm' });
  const group = shop.addNodeGroup({ ...WORKERS, launchedBy, autoscale: { afterMs: 10_000 } });
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 54, imagePullMs: 3_000 });
  await until(shop, () => web.done);
  await shop.kernel.run(shop.kernel.nowMs + minutes(3));
  const ours = group.nodes.map(
    ({ instance }) => instance.enis.filter(({ tags }) => tags.has(OUR_TAG)).length,
  );
  return { web, ours };
}

describe('the product in front of nodes an autoscaler launches', () => {
  test.each(['managed', 'self-managed', 'karpenter'] as const)(
    '%s: alone pods are refused, with us every node is full of addresses and none is',
    async (launchedBy) => {
      const alone = await scaleOut(launchedBy, false);
      const ours = await scaleOut(launchedBy, true);
      expect(alone.web.failedRequests).toBeGreaterThan(0);
      expect(ours.ours).toEqual([2, 2]);
      expect(ours.web.failedRequests).toBe(0);
    },
  );
});

test('a warm pool’s instance is warmed while it comes up for the pool, and starts full when it is wanted', async () => {
  const shop = world({ seed: 12 });
  const stage = new Stage(shop, { mode: 'warm' });
  const group = shop.addNodeGroup({ ...WORKERS, warmPool: { size: 1 } });
  await shop.kernel.run(minutes(10));
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 27 });
  group.scaleTo(1);
  await until(shop, () => web.done);
  expect(web.failedRequests).toBe(0);
  expect(group.nodes[0]?.instance.enis.map(({ secondaryIps }) => secondaryIps.length)).toEqual([9, 9, 9]);
  expect(stage.deadLetters.launches.depth.visible).toBe(0);
});

test('events doubled, lost and out of order: never too many interfaces, none left over', async () => {
  const shop = world({
    seed: 13,
    events: { duplicateShare: 0.5, lostShare: 0.2, reorderWithinMs: 10_000 },
  });
  const stage = new Stage(shop, { mode: 'warm' });
  const group = shop.addNodeGroup({ ...WORKERS, autoscale: { afterMs: 10_000 } });
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 200 });
  await until(shop, () => web.done);
  await shop.kernel.run(shop.kernel.nowMs + minutes(15));
  expect(group.nodes).toHaveLength(8);
  for (const { instance } of group.nodes) expect(instance.enis.length).toBeLessThanOrEqual(3);
  expect(shop.account.enis().filter(({ attachment }) => attachment === undefined)).toEqual([]);
  expect(stage.deadLetters.launches.depth.visible).toBe(0);
});
