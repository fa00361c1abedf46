/** The size of a wave against the world: as many pods as are said to be addressable, at one instant, on nodes as EC2 shows them. */
import { EC2Client } from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { Ec2Vpc } from '../../lambdas/adapters/ec2-vpc.ts';
import type { Node, NodeId } from '../../lambdas/core/model.ts';
import { lookAt } from '../../lambdas/core/plan/standing.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import { addressable, type PoolsSeen, poolOf } from '../../lambdas/core/rollouts/addressable.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { World } from '../../sim/world.ts';
import { replayable } from '../replay.ts';
import { CLUSTER, failedRequests, inWorld, minutes, SUBNET, seconds } from './stage.ts';

interface Case {
  readonly cniEnv: Readonly<Record<string, string>>;
  readonly maxPods?: number;
  readonly seed: number;
  readonly counted: boolean;
}

/** Three quiet nodes of two sizes with some pods, one with up to four more than the scheduler put there. */
async function settled({ cniEnv, maxPods, seed }: Case): Promise<World> {
  replayable(seed);
  const world = new World({ seed, cluster: CLUSTER, cniEnv, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] });
  for (const [type, nodes] of [
    ['m5.large', 2],
    ['m5.xlarge', 1],
  ] as const)
    world.addNodeGroup({
      name: type,
      type,
      launchedBy: 'managed',
      ...(maxPods !== undefined && { maxPods }),
      established: { nodes, addresses: [] },
    });
  await world.kernel.run(minutes(2));
  world.deploy({ kind: 'Deployment', name: 'old', replicas: 24 + (seed % 7) });
  await world.kernel.run(minutes(3));
  const [first] = world.nodes;
  for (let pod = 0; pod < seed % 5; pod++) first?.bind(world.createPod(`apart-${pod}`, first));
  await world.kernel.run(world.kernel.nowMs + minutes(3));
  return world;
}

async function waveOn(world: World, { maxPods, counted }: Case): Promise<number> {
  const { region } = world;
  const ec2 = new EC2Client(
    virtualClient({ door: inProcessDoor(world), service: 'ec2', region, callerName: 'prewarmer' }),
  );
  const vpc = new Ec2Vpc(ec2, () => world.clockMs);
  const read = async (): Promise<readonly Node[]> => {
    const answer = await inWorld(world, () =>
      vpc.read({ nodes: { ofCluster: CLUSTER }, vpcIds: [SUBNET.vpcId] }),
    );
    if (!answer.ok) throw new Error(answer.failure.message);
    return answer.value.nodes;
  };
  const sights = lookAt(await read(), new Map(), world.clockMs);
  await world.kernel.run(world.kernel.nowMs + seconds(61));
  const { name, vpcId, ipFamily, autoMode, addon } = world.cluster();
  const { version, configurationValues } = addon;
  const vpcCni = { version, ...(configurationValues !== undefined && { configurationValues }) };
  const podsOn = new Map(world.nodes.map((node) => [node.instanceId as NodeId, node.pods.length]));
  const seen: PoolsSeen = { nowMs: world.clockMs, sights, ...(counted && { podsOn }) };
  const { policy } = readPolicy(maxPods === undefined ? {} : { maxPods });
  const nodes = (await read()).flatMap(
    (node) => poolOf(node, { name, vpcId, ipFamily, autoMode, vpcCni }, policy, seen) ?? [],
  );
  expect(nodes).toHaveLength(3);
  return addressable({ nodes }).pods;
}

async function failedAfter(world: World, pods: number): Promise<number> {
  const before = failedRequests(world);
  for (let pod = 0; pod < pods; pod++) world.createPod(`new-${pod}`);
  await world.kernel.run(world.kernel.nowMs + minutes(2));
  return failedRequests(world) - before;
}

const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true' };
const MODES = [
  ['WARM_ENI_TARGET 1', {}, undefined],
  ['WARM_ENI_TARGET 0', { WARM_ENI_TARGET: '0' }, undefined],
  ['IP targets', { WARM_IP_TARGET: '5', MINIMUM_IP_TARGET: '10' }, undefined],
  ['WARM_PREFIX_TARGET 1', { ...PREFIXES, WARM_PREFIX_TARGET: '1' }, 110],
  ['WARM_PREFIX_TARGET 2', { ...PREFIXES, WARM_PREFIX_TARGET: '2' }, 110],
  ['prefixes with an IP target', { ...PREFIXES, WARM_IP_TARGET: '20' }, 110],
] as const;

test.each(MODES)(
  '%s: of so many pods at once none is refused, of one more for each node some are',
  async (...row) => {
    const [, cniEnv, maxPods] = row;
    for (let seed = 1; seed <= 15; seed++) {
      const now: Case = { cniEnv, seed, counted: true, ...(maxPods !== undefined && { maxPods }) };
      const world = await settled(now);
      const pods = await waveOn(world, now);
      expect(await failedAfter(world, Number.isFinite(pods) ? pods : 200)).toBe(0);
      if (!Number.isFinite(pods)) continue;
      const other = await settled(now);
      await waveOn(other, now);
      expect(await failedAfter(other, pods + 3)).toBeGreaterThan(0);
    }
  },
);

test.each(MODES)('%s, pods not counted: no more than that, and none of them is refused', async (...row) => {
  const [, cniEnv, maxPods] = row;
  for (let seed = 1; seed <= 15; seed++) {
    const now: Case = { cniEnv, seed, counted: false, ...(maxPods !== undefined && { maxPods }) };
    const world = await settled(now);
    const pods = await waveOn(world, now);
    expect(pods).toBeLessThanOrEqual(await waveOn(world, { ...now, counted: true }));
    expect(await failedAfter(world, Number.isFinite(pods) ? pods : 200)).toBe(0);
  }
});
