/** Figures that charts and alarms go by, held against the world they are about. */
import { describe, expect, test } from 'vitest';
import type { Figure } from '../../lambdas/core/figures.ts';
import type { Stage } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import {
  announceGrowth,
  CLUSTER,
  changes,
  inWorld,
  launchFor,
  minutes,
  SUBNET,
  seconds,
  staged,
} from './stage.ts';

/** All that was published under the name, with what it is of, added up. */
function sums(stage: Stage, name: Figure): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { figures, of } of stage.figures) {
    const value = figures[name];
    const what = Object.values(of).join(' ');
    if (value !== undefined) found[what] = (found[what] ?? 0) + value;
  }
  return found;
}

const freeIn = (world: World): number =>
  world.account.subnets().reduce((sum, { freeAddresses }) => sum + freeAddresses, 0);
const ours = (world: World) => world.account.enis().filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));
const addressesOf = (enis: ReturnType<typeof ours>): number =>
  enis.reduce((sum, { secondaryIps }) => sum + 1 + secondaryIps.length, 0);

describe('what runs gave and left', () => {
  test('a node is warmed once, however many runs it took', async () => {
    const { world, stage } = staged({ seed: 711 });
    launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(sums(stage, 'NodesWarmed')).toEqual({ [CLUSTER]: 1 });
    expect(sums(stage, 'NodesLeft')).toEqual({});
    expect(sums(stage, 'WouldWarmNodes')).toEqual({});
  });

  test('nodes that launched too long ago are left, and counted under that reason', async () => {
    const { world, stage } = staged({ seed: 712, eventsLateByMs: 60_000 });
    launchFor(world, 27);
    launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(sums(stage, 'NodesLeft')).toEqual({ [`${CLUSTER} too late`]: expect.any(Number) });
    expect(sums(stage, 'NodesWarmed')).toEqual({});
  });

  test('a node that needs nothing is no shortfall', async () => {
    const { world, stage } = staged({ seed: 713 });
    announceGrowth(world, 5);
    await world.kernel.run(seconds(20));
    launchFor(world, 5);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(sums(stage, 'NodesLeft')).toEqual({});
  });
});

describe('what observing alone kept from being done', () => {
  test('a launch: as much as the same launch is given in a warm cluster', async () => {
    const [seen, done] = [staged({ seed: 714 }, { mode: 'observe' }), staged({ seed: 714 })];
    for (const { world } of [seen, done]) {
      launchFor(world, 27);
      await world.kernel.run(minutes(3));
    }
    const given = ours(done.world);
    expect(given).toHaveLength(2);
    expect(changes(seen.world)).toEqual({});
    expect(sums(seen.stage, 'WouldWarmNodes')).toEqual({ [CLUSTER]: 1 });
    expect(sums(seen.stage, 'WouldAttachInterfaces')).toEqual({ [CLUSTER]: given.length });
    // The addresses that its primary interface would have been filled with are among them.
    const [would = 0] = Object.values(sums(seen.stage, 'WouldTakeAddresses'));
    const filled = changes(done.world)['AssignPrivateIpAddresses'] === 1 ? 9 : 0;
    expect(would).toBe(addressesOf(given) + filled);
  });

  test('a rollout on a node group that is only observed; what the other group is given is not among it', async () => {
    const policy = { clusters: { [CLUSTER]: { nodeGroups: { workers: { mode: 'observe' } } } } };
    const { world, stage } = staged({ seed: 715 }, { policy, sweep: true });
    world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    announceGrowth(world, 12, { inMs: minutes(30) });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(changes(world)).toEqual({});
    expect(sums(stage, 'WouldWarmNodes')).toEqual({ [CLUSTER]: 1 });
    expect(sums(stage, 'WouldAttachInterfaces')).toEqual({ [CLUSTER]: 1 });
  });
});

describe('room, as a sweep tells it', () => {
  const announce = (replicas: object, more: object = {}) => ({
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'shop', name: 'cart' },
    replicas,
    ...more,
  });
  const swept = async (
    setup: Parameters<typeof staged>[0],
    policy: Readonly<Record<string, unknown>> = {},
  ): Promise<{ world: World; stage: Stage }> => {
    const made = staged(setup, { policy });
    made.world.established('m5.large', [9]);
    await inWorld(made.world, () => made.stage.sweepNow());
    return made;
  };

  test('interfaces of the VPC, and their share of what the policy says the Region may have', async () => {
    const { world, stage } = await swept({ seed: 721 }, { interfaceQuota: 20 });
    const there = world.account.enis().length;
    expect(there).toBeGreaterThan(0);
    expect(sums(stage, 'VpcInterfaces')).toEqual({ [CLUSTER]: there });
    expect(sums(stage, 'InterfaceQuotaUsed')).toEqual({ [CLUSTER]: (100 * there) / 20 });
    expect(sums(stage, 'NodesSwept')).toEqual({ [CLUSTER]: 1 });
  });

  test('the largest burst a route or a schedule means, with the margin, beside the free addresses above the reserve', async () => {
    const schedules = {
      morning: { at: 'rate(1 day)', leadSeconds: 60, announce: announce({ from: 20, to: 1_020 }) },
      night: { at: 'rate(1 day)', leadSeconds: 60, announce: announce({ from: 0, to: 10 }) },
    };
    const { world, stage } = await swept({ seed: 722 }, { schedules, margin: 1.5 });
    expect(sums(stage, 'PlannedBurst')).toEqual({ [CLUSTER]: 1_500 });
    expect(sums(stage, 'BurstLacks')).toEqual({ [CLUSTER]: 1_500 - (freeIn(world) - 16) });
  });

  test.each([
    ['another cluster’s', announce({ from: 0, to: 2_000 }, { cluster: 'other' }), 0],
    ['as many pods as before', announce({ from: 500, to: 500 }), 0],
    [
      'blue/green, beside the old ones',
      announce({ from: 80, to: 80 }, { strategy: { type: 'BlueGreen' } }),
      100,
    ],
    ['on the host’s network', announce({ from: 0, to: 80 }, { hostNetwork: true }), 0],
  ])('a burst that is %s', async (_, announced, addresses) => {
    const routes = [{ when: { codepipeline: 'cart' }, announce: announced }];
    const { stage } = await swept({ seed: 723 }, { routes });
    expect(sums(stage, 'PlannedBurst')).toEqual({ [CLUSTER]: addresses });
    expect(sums(stage, 'BurstLacks')).toEqual({ [CLUSTER]: 0 });
  });

  // Of a /27 neither block is ever wholly free: AWS keeps the first four addresses and the last one.
  test.each([
    [
      'no block is free, in prefix mode',
      { ENABLE_PREFIX_DELEGATION: 'true' },
      '10.0.0.0/27',
      { [CLUSTER]: 1 },
    ],
    [
      'blocks are free, in prefix mode',
      { ENABLE_PREFIX_DELEGATION: 'true' },
      '10.0.0.0/22',
      { [CLUSTER]: 0 },
    ],
    ['no block is free, and nobody needs one', {}, '10.0.0.0/27', {}],
  ])('subnets without a block: %s', async (_, cniEnv, cidr, told) => {
    const { world, stage } = staged({ seed: 724, subnets: [{ ...SUBNET, cidr }], cniEnv });
    launchFor(world, 1);
    await world.kernel.run(minutes(2));
    await inWorld(world, () => stage.sweepNow());
    expect(sums(stage, 'SubnetsWithoutBlock')).toEqual(told);
  });
});
