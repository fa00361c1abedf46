/** What launches teach, what is given back, and what is remembered of a node. */
import { describe, expect, test } from 'vitest';
import { adoptionMostMs, startP05Ms } from '../../lambdas/core/looks/lessons.ts';
import type { Node } from '../../sim/cluster/node.ts';
import type { World } from '../../sim/world.ts';
import {
  announceGrowth,
  CLUSTER,
  inWorld,
  launchFor,
  minutes,
  SUBNET,
  seconds,
  staged,
  stepsOf,
} from './stage.ts';

/** ipamd tags the primary ENI while it starts. */
const ipamdTagged = (node: Node): boolean =>
  node.instance.enis[0]?.tags.has('node.k8s.amazonaws.com/instance_id') ?? false;

describe('boot times', () => {
  test('forty nodes launch over ten minutes: the guard knows within two seconds how soon their ipamds may start', async () => {
    const { world, stage } = staged({ seed: 81, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] });
    const startsMs: number[] = [];
    const runningMs = new Map<string, number>();
    world.account.onStateChange(({ id }, state) => {
      if (state === 'running') runningMs.set(id, world.kernel.nowMs);
    });
    for (let index = 0; index < 40; index++)
      world.kernel.after(seconds(15 * index), () => {
        const node = launchFor(world, 1);
        const look = (): void => {
          const ranAtMs = runningMs.get(node.instanceId);
          if (ranAtMs !== undefined && ipamdTagged(node)) startsMs.push(world.kernel.nowMs - ranAtMs);
          else world.kernel.after(100, look);
        };
        look();
      });
    await world.kernel.run(minutes(14));
    expect(startsMs).toHaveLength(40);
    const truth = startsMs.sort((a, b) => a - b)[2] ?? 0;
    const lesson = (await stage.stores.ledger.lessons(CLUSTER)).get('workers');
    const known = startP05Ms(lesson) ?? 0;
    expect(lesson?.boots.length).toBeGreaterThanOrEqual(30);
    expect(Math.abs(known - truth)).toBeLessThan(seconds(2.5));
  });

  test('a group whose ipamds start at once after running: once that is known, its nodes are left alone', async () => {
    const { world, stage } = staged({ seed: 82, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] });
    const samples = Array.from({ length: 20 }, (_, index) => ({
      of: `i-${String(index).padStart(17, '0')}`,
      notBeforeMs: 3_000,
      byMs: 5_000,
    }));
    await stage.stores.ledger.learn(CLUSTER, new Map([['workers', { boots: samples }]]), world.clockMs);
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(3));
    expect(node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'))).toEqual([]);
    expect(stepsOf(stage).at(-1)).toMatchObject({ do: 'leave', reason: 'too late' });
  });
});

describe('adoption times', () => {
  const announced = (world: World, inSeconds: number, pods: number): void => {
    announceGrowth(world, pods, { inMs: seconds(inSeconds) });
  };

  test('24 nodes adopted what they were given within some 80 s: a rollout 95 s ahead is no longer too late', async () => {
    const { world, stage } = staged(
      { seed: 86, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] },
      { sweep: true },
    );
    for (let node = 0; node < 24; node++) world.established('m5.large', [9]);
    await world.kernel.run(minutes(11));
    announced(world, 600, 240);
    await world.kernel.run(world.kernel.nowMs + minutes(6));
    const lesson = (await stage.stores.ledger.lessons(CLUSTER)).get('workers');
    const mostMs = adoptionMostMs([lesson]) ?? 0;
    expect(mostMs).toBeGreaterThan(seconds(65));
    expect(mostMs).toBeLessThan(seconds(95));
    const late = stage.figures.filter(({ figures }) => figures.LateAttaches !== undefined);
    expect(late).toEqual([]);

    for (let node = 0; node < 2; node++) world.established('m5.large', [9]);
    await world.kernel.run(world.kernel.nowMs + minutes(11));
    announced(world, 97, 700);
    await world.kernel.run(world.kernel.nowMs + minutes(1));
    const reasons = stepsOf(stage)
      .slice(-26)
      .map(({ reason }) => reason);
    expect(reasons).not.toContain('too late');
  });
});

describe('open demand', () => {
  test('a node claims announced pods and dies: the sweep gives them back, and its successor is warmed for them', async () => {
    const { world, stage } = staged({ seed: 83 });
    announceGrowth(world, 14);
    await world.kernel.run(seconds(20));
    const first = launchFor(world, 14);
    await world.kernel.run(seconds(35));
    first.terminate();
    await world.kernel.run(minutes(4));
    await inWorld(world, () => stage.sweepNow());
    const [open] = await stage.stores.ledger.openDemand(CLUSTER, world.clockMs);
    // 14 pods and a margin of a quarter.
    expect(open).toMatchObject({ podsLeft: 18, claims: {} });
    const shown = stage.figures.filter(({ figures }) => figures.OpenDemandPods !== undefined);
    expect(shown.map(({ figures, of }) => [figures.OpenDemandPods, of])).toEqual([
      [18, { cluster: CLUSTER }],
    ]);
    const second = launchFor(world, 0);
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    const ours = second.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'));
    expect(ours.map(({ secondaryIps }) => secondaryIps.length)).toEqual([9]);
  });
});

test('a sweep meets a claim whose run is still at work: it is not given back', async () => {
  const { world, stage } = staged({ seed: 87 });
  const { ledger } = stage.stores;
  const node = { nodeId: 'i-00000000000000abc', cluster: CLUSTER, nodeGroup: 'workers' } as const;
  await ledger.lease([node], 'a run', world.clockMs + 90_000, world.clockMs);
  await ledger.announce(
    {
      id: 'release-7',
      cluster: CLUSTER,
      podsLeft: 0,
      selector: {},
      startsAtMs: world.clockMs,
      expiresAtMs: world.clockMs + minutes(15),
      claims: { [node.nodeId]: 20 },
      version: 1,
    },
    world.clockMs,
  );
  await inWorld(world, () => stage.sweepNow());
  expect(await ledger.openDemand(CLUSTER, world.clockMs)).toMatchObject([{ podsLeft: 0 }]);
});

test('the sweep writes down what it decides, step by step', async () => {
  const { world, stage } = staged({ seed: 88, eventsLateByMs: minutes(60) });
  const node = launchFor(world, 27);
  await world.kernel.run(seconds(1));
  await inWorld(world, () => stage.sweepNow());
  expect(stepsOf(stage).map(({ nodeId, do: what }) => [nodeId, what])).toEqual([
    [node.instanceId, 'attach'],
    [node.instanceId, 'attach'],
  ]);
});

describe('outcomes', () => {
  test('a warmed node: attached, seen, presumed usable, each with its time, and the figures that follow', async () => {
    const { world, stage } = staged({ seed: 84 });
    const node = launchFor(world, 27);
    await world.kernel.run(minutes(5));
    const record = (await stage.stores.ledger.nodes([node.instanceId as `i-${string}`])).get(
      node.instanceId as `i-${string}`,
    );
    expect(record).toMatchObject({ outcome: { state: 'seen' }, enis: [] });
    const {
      attachedAtMs = 0,
      startedByMs = 0,
      seenByMs = 0,
      usableFromMs = 0,
      keptUntilMs,
    } = record?.times ?? {};
    expect(attachedAtMs).toBeLessThan(startedByMs);
    expect(startedByMs).toBeLessThanOrEqual(seenByMs);
    expect(usableFromMs - seenByMs).toBe(seconds(10));
    // 27 addresses are more than the CNI keeps of a node without pods: an ENI no pod came to goes after a minute.
    expect(keptUntilMs).toBe(attachedAtMs + seconds(60));
    const figures = stage.figures.map((one) => one.figures);
    expect(figures).toContainEqual({ NodesSeen: 1 });
    expect(figures).toContainEqual({ LeadTime: seenByMs - attachedAtMs });
    const calls = stage.figures.filter((one) => one.figures.CallsSpent !== undefined);
    expect(calls.reduce((sum, one) => sum + (one.figures.CallsSpent ?? 0), 0)).toBe(7);
  });

  test('two sweeps later: subnet room, free blocks and the budget are published', async () => {
    const { world, stage } = staged({ seed: 85 }, { sweep: true });
    launchFor(world, 27);
    await world.kernel.run(minutes(11));
    const room = stage.figures.filter(({ of }) => of['subnet'] !== undefined).at(-1);
    expect(room?.figures).toEqual({
      SubnetFreeAddresses: world.account.subnet(SUBNET.id).freeAddresses,
      SubnetFreeBlocks: world.account.subnet(SUBNET.id).freePrefixes,
    });
    const last = Object.assign({}, ...stage.figures.map((one) => one.figures));
    expect(last).toMatchObject({ CircuitOpen: 0, KillSwitchOn: 0, BudgetPace: 100 });
  });
});
