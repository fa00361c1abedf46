/** Two clusters of one account and Region, with node groups and workloads of the same names: what is said of one is nothing to the other. */
import { expect, test } from 'vitest';
import { rolloutTemplate } from '../../infra/rollout-template.ts';
import type { OpenDemand } from '../../lambdas/core/plan/open-demand.ts';
import { followWaves } from '../../sim/pipeline.ts';
import { Stage, type StageOptions } from '../../sim/stage.ts';
import { World } from '../../sim/world.ts';
import { replayable } from '../replay.ts';
import { failedRequests, minutes, notesOf, SUBNET, seconds } from './stage.ts';

const CLUSTERS = ['shop', 'bank'] as const;

async function both(seed: number, addresses: readonly number[], options: Partial<StageOptions> = {}) {
  replayable(seed);
  const world = new World({ seed, cluster: 'shop', subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] });
  world.addCluster({ name: 'bank' });
  const stage = new Stage(world, { mode: 'warm', sweep: false, ...options });
  const groups = CLUSTERS.map((cluster) =>
    world.addNodeGroup({
      ...{ cluster, name: 'workers', type: 'm5.large', launchedBy: 'managed' },
      established: { nodes: 2, addresses },
    }),
  );
  const open = (): Promise<(readonly OpenDemand[])[]> =>
    Promise.all(CLUSTERS.map((cluster) => stage.stores.ledger.openDemand(cluster, world.clockMs)));
  return { world, stage, groups, open };
}

test('pods of a node that is taken back are expected on nodes of its own cluster', async () => {
  const { world, stage, groups, open } = await both(91, [9, 9, 9], { policy: { launchDemand: 'none' } });
  for (const cluster of CLUSTERS) world.deploy({ kind: 'Deployment', name: 'web', replicas: 50, cluster });
  await world.kernel.run(minutes(3));
  const leaving = groups[1]?.nodes[0]?.instanceId;
  world.bus.put('aws.ec2', 'EC2 Spot Instance Interruption Warning', {
    'instance-id': leaving,
    'instance-action': 'terminate',
  });
  await world.kernel.run(minutes(3) + seconds(30));
  const [shop, bank] = await open();
  expect(shop).toEqual([]);
  expect(bank).toMatchObject([{ id: `displaced/${leaving}`, cluster: 'bank' }]);
  const looked = notesOf(stage, 'plan')
    .filter(({ facts }) => facts['cluster'] === 'bank' && facts['announcementId'] !== undefined)
    .flatMap(({ facts }) => facts['steps'] as { nodeId: string }[]);
  expect([...new Set(looked.map(({ nodeId }) => nodeId))]).toEqual([groups[1]?.nodes[1]?.instanceId]);
});

test('nodes that are asked for are demand of the cluster whose group it is', async () => {
  const { world, open } = await both(92, [9], {
    policy: { launchDemand: 'none' },
    signals: { cloudTrail: true },
  });
  world.bus.put('aws.eks', 'AWS API Call via CloudTrail', {
    eventName: 'UpdateNodegroupConfig',
    requestID: 'r1',
    requestParameters: { name: 'bank', nodegroupName: 'workers', scalingConfig: { desiredSize: 4 } },
  });
  await world.kernel.run(seconds(40));
  const [shop, bank] = await open();
  expect(shop).toEqual([]);
  expect(bank).toMatchObject([{ id: 'scale-out/workers/desired-4', podsLeft: 2 * 27 }]);
});

test('two rollouts in waves under one announcement id are two, each on its own nodes', async () => {
  const { world, stage } = await both(93, [9, 9], { sweep: true, rollouts: rolloutTemplate() });
  const loads = CLUSTERS.map((cluster) =>
    world.deploy({ kind: 'Deployment', name: 'web', replicas: 0, cluster, readyAfterMs: seconds(2) }),
  );
  await world.kernel.run(minutes(12));
  for (const [index, cluster] of CLUSTERS.entries()) {
    const fresh = loads[index];
    if (fresh === undefined) throw new Error('each cluster has one');
    followWaves(world.bus, { announcementId: 'release-7', fresh, replicas: 40, cluster });
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster,
      workload: { kind: 'Deployment', namespace: 'default', name: 'web' },
      replicas: { from: 0, to: 40 },
      announcementId: 'release-7',
      podsPerNode: 0,
      waves: {},
    });
  }
  await world.kernel.run(world.kernel.nowMs + minutes(20));
  expect(loads.map(({ readyPods }) => readyPods)).toEqual([40, 40]);
  expect(failedRequests(world)).toBe(0);
  const finished = notesOf(stage, 'rollout finished').map(({ facts }) => facts);
  expect(finished.map(({ rolloutId, outcome }) => [rolloutId, outcome]).sort()).toEqual([
    ['bank/release-7', 'completed'],
    ['shop/release-7', 'completed'],
  ]);
});
