/** Clusters whose CNI is set in one of the less usual ways: the world plays them with us and without us. */
import { describe, expect, test } from 'vitest';
import type { Node } from '../../sim/cluster/node.ts';
import type { Eni } from '../../sim/ec2/api.ts';
import type { StageOptions } from '../../sim/stage.ts';
import type { World, WorldSetup } from '../../sim/world.ts';
import {
  announceGrowth,
  staged as anyStage,
  changes,
  failedRequests,
  inWorld,
  launchFor,
  minutes,
  notesOf,
  SUBNET,
  seconds,
  stepsOf,
} from './stage.ts';

const running = (world: World): number =>
  world.pods.filter(({ runningAtMs }) => runningAtMs !== undefined).length;
const ours = (node: Node): Eni[] =>
  node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));
const addresses = (node: Node): number[] => node.instance.enis.map(({ secondaryIps }) => secondaryIps.length);
const cardsOf = (enis: readonly Eni[]): (number | undefined)[] =>
  enis.map(({ attachment }) => attachment?.networkCardIndex);

describe('the CNI’s own provisioning is disabled: pods have the addresses we give, or none', () => {
  const DISABLED = { DISABLE_NETWORK_RESOURCE_PROVISIONING: 'true' };
  const SOLE = { soleAllocator: true };
  const staged = (
    setup: Partial<WorldSetup> & { readonly seed: number },
    options: Partial<StageOptions> = { policy: SOLE },
  ) => anyStage({ cniEnv: DISABLED, ...setup }, options);

  test.each([71, 72, 73])('27 pods wait for a node: every one starts, none fails (seed %i)', async (seed) => {
    const { world } = staged({ seed });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect([running(world), failedRequests(world)]).toEqual([27, 0]);
    expect(addresses(node)).toEqual([9, 9, 9]);
    expect(ours(node)).toMatchObject([
      { attachment: { deleteOnTermination: true } },
      { attachment: { deleteOnTermination: true } },
    ]);
    expect(changes(world)).toEqual({
      CreateNetworkInterface: 2,
      AttachNetworkInterface: 2,
      ModifyNetworkInterfaceAttribute: 2,
      AssignPrivateIpAddresses: 1,
    });
  });

  test('attaches are refused for a quarter of an hour: what was made is deleted, and made anew when the right is back', async () => {
    const { world, stage } = staged({ seed: 77 }, { policy: SOLE, sweep: true });
    world.account.addFault({
      kind: 'refuse',
      action: 'AttachNetworkInterface',
      caller: 'prewarmer',
      code: 'UnauthorizedOperation',
      httpStatus: 403,
      fromMs: 0,
      toMs: minutes(15),
    });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(30));
    expect(addresses(node)).toEqual([9, 9, 9]);
    expect(world.account.enis().filter(({ attachment }) => attachment === undefined)).toEqual([]);
    // There is nothing to look for: ipamd writes no tag here.
    expect(notesOf(stage, 'verified')).toEqual([]);
    const attaches = changes(world)['AttachNetworkInterface'] ?? 0;
    await world.kernel.run(minutes(60));
    expect(changes(world)['AttachNetworkInterface']).toBe(attaches);
  });

  test('somebody deletes what was made for a node before it is attached: new ones are made, and the node is warm', async () => {
    const { world } = staged({ seed: 78 }, { policy: SOLE, sweep: true });
    world.account.addFault({
      kind: 'throttle',
      action: 'AttachNetworkInterface',
      caller: 'prewarmer',
      fromMs: 0,
      toMs: minutes(2),
    });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(1));
    const parked = world.account.enis().filter(({ attachment }) => attachment === undefined);
    expect(parked).toHaveLength(2);
    for (const { id } of parked) world.account.perform('DeleteNetworkInterface', { networkInterfaceId: id });
    await world.kernel.run(minutes(8));
    expect(addresses(node)).toEqual([9, 9, 9]);
  });

  test('the policy does not say that we are the only one: the node is left, and told which setting says so', async () => {
    const { world, stage } = staged({ seed: 74 }, {});
    launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(running(world)).toBe(0);
    expect(stepsOf(stage)[0]).toMatchObject({ do: 'leave', reason: 'provisioning disabled' });
    expect(stepsOf(stage)[0]?.because).toContain('policy.soleAllocator');
  });

  test('no pod comes for half an hour: nothing is given back', async () => {
    const { world } = staged({ seed: 75 });
    const node = launchFor(world, 0);
    await world.kernel.run(minutes(30));
    expect(addresses(node)).toEqual([9, 9, 9]);
    expect(node.ipamd.snapshot()).toMatchObject({ enis: 3, totalIps: 27 });
  });

  test('every event is lost: the sweep finds the node, its pods start a minute later, and another sweep adds nothing', async () => {
    const { world, stage } = staged({ seed: 76, events: { lostShare: 1 } });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect([node.ready, running(world)]).toEqual([true, 0]);
    await inWorld(world, () => stage.sweepNow());
    const givenAtMs = world.kernel.nowMs;
    await world.kernel.run(givenAtMs + seconds(65 + 8));
    expect(node.ipamd.snapshot()).toMatchObject({ enis: 3, totalIps: 27 });
    await world.kernel.run(givenAtMs + minutes(2));
    expect(running(world)).toBe(27);
    const once = changes(world);
    await inWorld(world, () => stage.sweepNow());
    expect(changes(world)).toEqual(once);
  });

  test('the subnet has twelve addresses above the reserve: all are given, and the rest when there is room', async () => {
    // A /26 has 59 addresses; somebody else holds 30 of them, and the node's primary ENI has one.
    const { world, stage } = staged({ seed: 77, subnets: [{ ...SUBNET, cidr: '10.0.0.0/26' }] });
    const { networkInterface: theirs } = world.account.perform('CreateNetworkInterface', {
      subnetId: SUBNET.id,
      secondaryPrivateIpAddressCount: 29,
    });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    // Nine for the primary, and an ENI with two beside its own.
    expect(addresses(node)).toEqual([9, 2]);
    expect([running(world), world.account.subnet(SUBNET.id).freeAddresses]).toEqual([11, 16]);
    world.account.perform('DeleteNetworkInterface', { networkInterfaceId: theirs.id });
    await world.kernel.run(world.kernel.nowMs + minutes(10));
    await inWorld(world, () => stage.sweepNow());
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    await inWorld(world, () => stage.sweepNow());
    expect(addresses(node)).toEqual([9, 9, 9]);
    expect(running(world)).toBe(27);
    const short = stage.figures.flatMap(({ figures: { NodesShort } }) => NodesShort ?? []);
    expect(short).toEqual([1, 0]);
  });

  test('nodes have one ENI’s worth, and pods are announced for them: what they need comes before the pods', async () => {
    const policy = { ...SOLE, launchDemand: 'none' };
    const { world, stage } = staged({ seed: 78 }, { policy });
    const node = launchFor(world, 0);
    await world.kernel.run(minutes(3));
    expect(addresses(node)).toEqual([9]);
    announceGrowth(world, 12);
    await world.kernel.run(minutes(5));
    for (let index = 0; index < 15; index++) world.createPod(`announced-${index}`);
    await world.kernel.run(minutes(7));
    expect([running(world), failedRequests(world)]).toEqual([15, 0]);
    expect(stage.journal.filter(({ level }) => level === 'warn')).toEqual([]);
  });
});

describe('the CNI reads instance metadata alone, and may not ask EC2 anything', () => {
  const IMDS_ONLY = { ENABLE_IMDS_ONLY_MODE: 'true', ENABLE_SUBNET_DISCOVERY: 'false' };
  const staged = (seed: number, setup: Partial<WorldSetup> = {}) => {
    const made = anyStage({ seed, cniEnv: IMDS_ONLY, ...setup }, { policy: { soleAllocator: true } });
    made.world.account.addFault({
      kind: 'refuse',
      action: '*',
      caller: 'ipamd/*',
      code: 'UnauthorizedOperation',
      httpStatus: 403,
      fromMs: 0,
      toMs: minutes(60),
    });
    return made;
  };

  test.each([61, 62, 63])(
    '27 pods wait for a node: all is there before ipamd looks (seed %i)',
    async (seed) => {
      const { world } = staged(seed);
      const node = launchFor(world, 27);
      await world.kernel.run(minutes(3));
      expect([running(world), failedRequests(world)]).toEqual([27, 0]);
      expect(addresses(node)).toEqual([9, 9, 9]);
    },
  );

  test('every event is lost: new ENIs are taken in; the primary, which ipamd knows, is not filled in vain', async () => {
    const { world, stage } = staged(64, { events: { lostShare: 1 } });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    await inWorld(world, () => stage.sweepNow());
    await world.kernel.run(world.kernel.nowMs + minutes(3));
    expect(addresses(node)).toEqual([0, 9, 9]);
    expect([running(world), node.ipamd.snapshot()?.totalIps]).toEqual([18, 18]);
  });
});

describe('custom networking: pods live in another subnet than their node', () => {
  const PODS = { ...SUBNET, id: 'subnet-0b2c3d4e5f6071829', cidr: '10.0.8.0/22' };
  const POD_GROUP = 'sg-0b2c3d4e5f6071829';
  const CUSTOM = { AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: 'true' };
  const config = { subnetId: PODS.id, securityGroups: [POD_GROUP] };
  const POLICY = {
    eniConfigs: { [SUBNET.zone]: { subnetId: PODS.id, securityGroupIds: [POD_GROUP] } },
  };
  const staged = (seed: number, options: Partial<StageOptions> = { policy: POLICY }) =>
    anyStage(
      { seed, cniEnv: CUSTOM, subnets: [SUBNET, PODS], eniConfigs: { [SUBNET.zone]: config } },
      options,
    );

  test.each([81, 82, 83])(
    '18 pods wait for a node: some fail without us, none with us (seed %i)',
    async (seed) => {
      const alone = staged(seed, { mode: 'observe', policy: POLICY });
      launchFor(alone.world, 18);
      await alone.world.kernel.run(minutes(3));
      const { world } = staged(seed);
      const node = launchFor(world, 18);
      await world.kernel.run(minutes(3));
      expect(failedRequests(alone.world)).toBeGreaterThan(0);
      expect([running(world), failedRequests(world)]).toEqual([18, 0]);
      // The primary gives no pod an address and is not filled; both others are where, and as, the ENIConfig says.
      expect(addresses(node)).toEqual([0, 9, 9]);
      expect(ours(node)).toMatchObject([
        { subnetId: PODS.id, groups: [POD_GROUP] },
        { subnetId: PODS.id, groups: [POD_GROUP] },
      ]);
      expect(changes(world)).not.toHaveProperty('AssignPrivateIpAddresses');
    },
  );

  test('the policy has no entry for the zone: the node is left, and told where the entry belongs', async () => {
    const { world, stage } = staged(84, {});
    launchFor(world, 18);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage)[0]).toMatchObject({ do: 'leave', reason: 'custom networking' });
    expect(stepsOf(stage)[0]?.because).toContain(`policy.eniConfigs.${SUBNET.zone}`);
  });

  test('the policy names a subnet that is not there: the node is left with that reason', async () => {
    const eniConfigs = { [SUBNET.zone]: { subnetId: 'subnet-0ffffffffffffffff', securityGroupIds: [] } };
    const { world, stage } = staged(85, { policy: { eniConfigs } });
    launchFor(world, 18);
    await world.kernel.run(minutes(3));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage)[0]).toMatchObject({ do: 'leave', reason: 'custom networking' });
    expect(stepsOf(stage)[0]?.because).toContain('EC2 shows no subnet-0ffffffffffffffff');
  });

  test('the ENIConfig names no groups: new ENIs get those of the primary', async () => {
    const eniConfigs = { [SUBNET.zone]: { subnetId: PODS.id, securityGroupIds: [] } };
    const { world } = staged(86, { policy: { eniConfigs } });
    const node = launchFor(world, 18);
    await world.kernel.run(minutes(3));
    const [primary] = node.instance.enis;
    expect(ours(node).map(({ groups }) => groups)).toEqual([primary?.groups, primary?.groups]);
  });
});

describe('pods with security groups of their own: a trunk comes once the node has started', () => {
  const POD_ENI = { ENABLE_POD_ENI: 'true' };
  const kinds = (node: Node): string[] => node.instance.enis.map(({ interfaceType }) => interfaceType);

  test.each([91, 92, 93])(
    '18 pods wait: none fails, and the trunk finds its slot (seed %i)',
    async (seed) => {
      const { world } = anyStage({ seed, cniEnv: POD_ENI });
      const node = launchFor(world, 18);
      await world.kernel.run(minutes(5));
      expect([running(world), failedRequests(world)]).toEqual([18, 0]);
      expect(kinds(node).toSorted()).toEqual(['interface', 'interface', 'trunk']);
      expect(ours(node).map(({ secondaryIps }) => secondaryIps.length)).toEqual([9]);
      // The trunk gives no addresses and is not given any.
      expect(node.instance.enis.find(({ interfaceType }) => interfaceType === 'trunk')?.secondaryIps).toEqual(
        [],
      );
      expect(node.ipamd.snapshot()).toMatchObject({ enis: 3, totalIps: 18 });
    },
  );

  test('pods are announced for a full node that has its trunk: no slot is left, and none is taken', async () => {
    const { world, stage } = anyStage({ seed: 94, cniEnv: POD_ENI });
    const node = world.established('m5.large', [9, 9]);
    for (let index = 0; index < 5; index++) node.bind(world.createPod(`present-${index}`, node));
    await world.kernel.run(minutes(3));
    expect(kinds(node)).toEqual(['interface', 'interface', 'trunk']);
    announceGrowth(world, 20, { inMs: minutes(4) });
    await world.kernel.run(minutes(5));
    expect(changes(world)).toEqual({});
    expect(stepsOf(stage).at(-1)).toMatchObject({ nodeId: node.instanceId, reason: 'no slots' });
  });

  test('a type that takes no trunk: every slot is used', async () => {
    const { world } = anyStage({ seed: 95, cniEnv: POD_ENI });
    for (let index = 0; index < 15; index++) world.createPod(`waiting-${index}`);
    const node = world.launch('t3.medium');
    await world.kernel.run(minutes(3));
    expect(addresses(node)).toEqual([5, 5, 5]);
    expect([running(world), failedRequests(world)]).toEqual([15, 0]);
  });
});

describe('a type with two network cards: only the default card is used', () => {
  test.each([96, 97])(
    '200 pods wait for a c6in.32xlarge with an EFA on its second card (seed %i)',
    async (seed) => {
      const { world } = anyStage({ seed });
      for (let index = 0; index < 200; index++) world.createPod(`waiting-${index}`);
      const node = world.launch('c6in.32xlarge');
      world.account.attachedAtStart(node.instanceId, {
        networkCardIndex: 1,
        deviceIndex: 1,
        interfaceType: 'efa',
      });
      await world.kernel.run(minutes(3));
      expect([running(world), failedRequests(world)]).toEqual([200, 0]);
      // 248 pods at most on a managed node group's node: six ENIs of 49 addresses.
      expect(cardsOf(ours(node))).toEqual([0, 0, 0, 0, 0]);
      expect(addresses(node)).toEqual([49, 49, 49, 49, 49, 49, 0]);
      expect(cardsOf(node.instance.enis).at(-1)).toBe(1);
    },
  );
});
