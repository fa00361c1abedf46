/** One policy document for clusters whose node groups differ, and what a running function makes of its changes. */
import { describe, expect, test } from 'vitest';
import type { NodeGroup } from '../../sim/cluster/node-group.ts';
import type { World } from '../../sim/world.ts';
import { CLUSTER, changes, inWorld, minutes, notesOf, SUBNET, staged, stepsOf } from './stage.ts';

const groupOf = (world: World, name: string): NodeGroup =>
  world.addNodeGroup({ name, type: 'm5.large', launchedBy: 'managed' });
const ours = (world: World): string[] =>
  world.nodes
    .filter(({ instance }) => instance.enis.some(({ tags }) => tags.has('eks-ip-prewarmer/node')))
    .map(({ instanceId }) => instanceId);

describe('node groups', () => {
  test('one is only observed: what it would get is decided and recorded, with the reason; the other is warmed', async () => {
    const policy = { clusters: { [CLUSTER]: { nodeGroups: { batch: { mode: 'observe' } } } } };
    const { world, stage } = staged({ seed: 601 }, { policy });
    const [batch, web] = [groupOf(world, 'batch'), groupOf(world, 'web')];
    batch.scaleTo(1);
    web.scaleTo(1);
    await world.kernel.run(minutes(1));
    expect(ours(world)).toHaveLength(1);
    expect(changes(world)).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 2 });
    // Both nodes were planned for alike.
    const planned = stepsOf(stage).filter((step) => step.do === 'attach');
    expect(new Set(planned.map(({ nodeId }) => nodeId)).size).toBe(2);
    expect(notesOf(stage, 'plan').at(0)?.facts).toMatchObject({ observed: { batch: 'the policy says so' } });
    const observed = world.nodes.find(({ instanceId }) => !ours(world).includes(instanceId));
    const id = observed?.instanceId as `i-${string}`;
    const record = (await stage.stores.ledger.nodes([id])).get(id);
    expect(record).toMatchObject({ nodeGroup: 'batch', outcome: { state: 'would attach' } });
  });

  test('a rollout on running nodes: those of the observed group get no step that is carried out', async () => {
    const policy = { clusters: { [CLUSTER]: { nodeGroups: { workers: { mode: 'observe' } } } } };
    const { world, stage } = staged({ seed: 602 }, { policy, sweep: true });
    world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
      replicas: { from: 0, to: 12 },
      startsAt: new Date(world.clockMs + minutes(30)).toISOString(),
    });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(stepsOf(stage).some((step) => step.do === 'attach')).toBe(true);
    expect(changes(world)).toEqual({});
  });

  test('a burst of a group with a small budget share: the other group is warmed as though it were alone', async () => {
    const subnets = [{ ...SUBNET, cidr: '10.0.0.0/19' }];
    const burst = async (batchShare: number | undefined): Promise<Record<string, number>> => {
      const nodeGroups = batchShare === undefined ? {} : { batch: { budgetShare: batchShare } };
      const { world } = staged(
        { seed: 604, subnets },
        { policy: { clusters: { [CLUSTER]: { nodeGroups } } } },
      );
      const [batch, web] = [groupOf(world, 'batch'), groupOf(world, 'web')];
      batch.scaleTo(45);
      web.scaleTo(6);
      await world.kernel.run(minutes(1));
      const warm = new Set(ours(world));
      const warmIn = (group: NodeGroup): number =>
        group.nodes.filter(({ instanceId }) => warm.has(instanceId)).length;
      return { batch: warmIn(batch), web: warmIn(web) };
    };
    expect((await burst(undefined))['web']).toBeLessThan(6);
    // A twentieth of the bucket of attaches, 50 deep and 5 a second: two at once, one every four seconds.
    const narrow = await burst(0.05);
    expect(narrow['web']).toBe(6);
    expect(narrow['batch']).toBeLessThan(10);
  });

  test('a name that no node group has is told by the sweep: field, expectation, value', async () => {
    const policy = { clusters: { [CLUSTER]: { nodeGroups: { wrokers: { launchDemand: 'none' } } } } };
    const { world, stage } = staged({ seed: 603 }, { policy });
    world.established('m5.large', [9]);
    await inWorld(world, () => stage.sweepNow());
    expect(notesOf(stage, 'policy does not fit').map(({ facts }) => facts['why'])).toEqual([
      'policy.clusters.shop.nodeGroups.wrokers: expected a node group of shop (workers), got "wrokers"',
    ]);
    expect(stage.figures.find(({ figures }) => figures.PolicyMisfits !== undefined)?.figures).toEqual({
      PolicyMisfits: 1,
    });
  });
});
