import { expect, test } from 'vitest';
import { subnetsIn } from '../../sim/scenarios/subnets.ts';
import type { World } from '../../sim/world.ts';
import { fullNodes, minutes, seconds, until, WORKERS, world } from './cluster-stage.ts';

test('two clusters in one account: pods and nodes are apart, subnets and request buckets are shared', async () => {
  const both = world();
  both.addCluster({ name: 'bank', cniEnv: { WARM_ENI_TARGET: '2' } });
  const shop = both.addNodeGroup(fullNodes(1));
  const bank = both.addNodeGroup({ ...fullNodes(1), cluster: 'bank' });
  await both.kernel.run(minutes(2));
  const web = both.deploy({ kind: 'Deployment', name: 'web', replicas: 30, cluster: 'bank' });
  expect([shop.nodes[0]?.pods.length, bank.nodes[0]?.pods.length]).toEqual([0, 27]);
  expect(both.cluster('bank').scheduler.pendingPods).toBe(3);
  expect(both.cluster().scheduler.pendingPods).toBe(0);
  expect(web.pods).toHaveLength(30);
  expect(both.pods).toHaveLength(30);
  expect(bank.nodes[0]?.instance.tags.get('eks:cluster-name')).toBe('bank');
  expect(both.nodes.map(({ name }) => name)).toEqual(['workers-1', 'bank-workers-1']);
  expect(both.clusters.map(({ name, addon }) => [name, addon.configurationValues])).toEqual([
    ['shop', undefined],
    ['bank', '{"env":{"WARM_ENI_TARGET":"2"}}'],
  ]);
});

/** Everything of note that happened, as one text. */
const story = ({ clusters, nodes, account }: World): string =>
  JSON.stringify([
    clusters.map(({ workloads }) => workloads.map(({ events, times }) => [events, times])),
    nodes.map(({ name, instanceId, zone, readyAtMs }) => [name, instanceId, zone, readyAtMs]),
    [...account.calls.of('*')],
  ]);

async function busyWorld(seed: number): Promise<World> {
  const shop = world({
    seed,
    events: { duplicateShare: 0.1, lostShare: 0.1, reorderWithinMs: 5_000 },
    readLag: { callers: (name) => name.startsWith('ipamd'), lagMs: 500 },
  });
  shop.addNodeGroup({
    ...WORKERS,
    established: { nodes: 3, addresses: [9] },
    autoscale: { afterMs: 20_000 },
    lifecycleHook: { heartbeatMs: 30_000, defaultResult: 'CONTINUE' },
    warmPool: { size: 1 },
  });
  await shop.kernel.run(seconds(10));
  const web = shop.deploy({
    kind: 'Deployment',
    name: 'web',
    replicas: 20,
    exitMs: 3_000,
    imagePullMs: 2_000,
  });
  shop.deploy({ kind: 'CronJob', name: 'report', replicas: 5, everyMs: 45_000, runMs: 20_000 });
  shop.deploy({ kind: 'StatefulSet', name: 'db', replicas: 4, readyAfterMs: 2_000 });
  web.scaleTo(120, minutes(2));
  shop.kernel.at(minutes(5), () => web.rollOut());
  await shop.kernel.run(minutes(10));
  return shop;
}

test('the same seed gives the same world, byte for byte; another seed another one', async () => {
  const [once, again, other] = [await busyWorld(3), await busyWorld(3), await busyWorld(4)];
  expect(story(again)).toBe(story(once));
  expect(story(other)).not.toBe(story(once));
  expect(once.pods.some(({ failedRequests }) => failedRequests > 0)).toBe(true);
});

test('150 nodes and 6,000 pods: every pod ends up Running, none twice, no slot taken twice', async () => {
  const shop = world({ subnets: subnetsIn(3, 16) });
  const group = shop.addNodeGroup({
    ...WORKERS,
    type: 'm5.xlarge',
    established: { nodes: 150, addresses: [14, 14, 14] },
  });
  await shop.kernel.run(seconds(30));
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 6_000 });
  await until(shop, () => web.done, minutes(30));
  expect(new Set(group.nodes.flatMap(({ pods }) => pods)).size).toBe(6_000);
  expect(new Set(group.nodes.map(({ pods }) => pods.length))).toEqual(new Set([40]));
});
