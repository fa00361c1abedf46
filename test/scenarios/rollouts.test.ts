import { describe, expect, test } from 'vitest';
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import { Invocations, type OutsideCall } from '../../sim/chaos/invocations.ts';
import type { Stage } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import {
  CLUSTER,
  changes,
  failedRequests,
  inWorld,
  launchFor,
  minutes,
  notesOf,
  SUBNET,
  seconds,
  staged,
  stepsOf,
} from './stage.ts';

const announcement = {
  cluster: CLUSTER,
  workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
  replicas: { from: 0, to: 20 },
} as const;

/** Two quiet m5.large nodes without pods, seen twice by the sweep, five minutes apart. */
async function quietNodes(seed: number): Promise<{ world: World; stage: Stage }> {
  const { world, stage } = staged({ seed }, { sweep: true });
  world.established('m5.large', [9]);
  world.established('m5.large', [9]);
  await world.kernel.run(minutes(11));
  return { world, stage };
}

const announce = (world: World, more: object = {}): void => {
  world.bus.put('eks-ip-prewarmer', 'Deployment Announced', { ...announcement, ...more });
};
const inMinutes = (world: World, count: number): string =>
  new Date(world.clockMs + minutes(count)).toISOString();

describe('a rollout is announced five minutes ahead, on two quiet nodes with nine free addresses each', () => {
  test('20 pods at one instant: each node gets eight more addresses, all the CNI keeps, and they outlast it', async () => {
    const { world, stage } = await quietNodes(41);
    announce(world, { startsAt: inMinutes(world, 5) });
    await world.kernel.run(world.kernel.nowMs + minutes(4.5));
    for (const node of world.nodes) {
      expect(node.instance.enis.map((eni) => eni.secondaryIps.length)).toEqual([9, 8]);
      expect(node.ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 17 });
    }
    expect(notesOf(stage, 'verified').at(-1)?.facts['seen']).toHaveLength(2);
  });

  test('40 pods over 25 s: two empty ENIs each, which ipamd fills as fast as they come, and none fails', async () => {
    const { world } = await quietNodes(42);
    announce(world, { startsAt: inMinutes(world, 5), replicas: { from: 0, to: 40 }, overSeconds: 25 });
    await world.kernel.run(world.kernel.nowMs + minutes(4.5));
    expect(world.nodes.map(({ instance }) => instance.enis.map((eni) => eni.secondaryIps.length))).toEqual([
      [9, 0, 0],
      [9, 0, 0],
    ]);
    const start = world.kernel.nowMs + minutes(0.5);
    for (let index = 0; index < 40; index++)
      world.kernel.at(start + seconds(index * 0.625), () => world.createPod(`c-${index}`));
    await world.kernel.run(start + minutes(3));
    expect(world.pods).toHaveLength(40);
    expect(failedRequests(world)).toBe(0);
  });

  test('nobody has seen the nodes before: they are looked at again once they are known to be quiet, and given as much', async () => {
    const { world, stage } = staged({ seed: 48 });
    world.established('m5.large', [9]);
    world.established('m5.large', [9]);
    await world.kernel.run(minutes(1));
    announce(world, { startsAt: inMinutes(world, 5) });
    await world.kernel.run(world.kernel.nowMs + seconds(50));
    expect(stepsOf(stage).slice(-2)).toMatchObject([{ reason: 'not quiet' }, { reason: 'not quiet' }]);
    expect(changes(world)).toEqual({});
    await world.kernel.run(world.kernel.nowMs + minutes(3.8));
    for (const node of world.nodes) expect(node.ipamd.snapshot()).toMatchObject({ enis: 2, totalIps: 17 });
  });

  test('two hours ahead, and the nodes never come to rest: they are looked at a dozen times, and left in the end', async () => {
    const invocations = new Invocations();
    const { world, stage } = staged(
      { seed: 49 },
      {
        wrap: (ports) =>
          invocations.around(ports, async <T>({ method }: OutsideCall, send: () => Promise<T>) =>
            method === 'sights' ? (new Map() as T) : send(),
          ),
      },
    );
    world.established('m5.large', [9]);
    announce(world, { startsAt: inMinutes(world, 120) });
    await world.kernel.run(minutes(121));
    const looks = stepsOf(stage).filter(({ reason }) => reason === 'not quiet');
    expect(looks.length).toBeGreaterThan(5);
    expect(looks.length).toBeLessThan(20);
    expect(changes(world)).toEqual({});
  });

  test('announced twice: the same two ENIs, and the second plan adds nothing', async () => {
    const { world } = await quietNodes(43);
    const twice = { startsAt: inMinutes(world, 6), announcementId: 'release-7' };
    announce(world, twice);
    await world.kernel.run(world.kernel.nowMs + minutes(1));
    const once = changes(world);
    announce(world, twice);
    await world.kernel.run(world.kernel.nowMs + minutes(1));
    expect(once).toMatchObject({ CreateNetworkInterface: 2, AttachNetworkInterface: 2 });
    expect(changes(world)).toEqual(once);
  });

  test('75 nodes for a bucket of 25: requests are spent as they come back, and the cluster is looked at twice', async () => {
    const { world, stage } = staged(
      { seed: 46, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] },
      { sweep: true },
    );
    const established = { nodes: 75, addresses: [9] };
    world.addNodeGroup({ name: 'old', type: 'm5.large', launchedBy: 'managed', established });
    await world.kernel.run(minutes(11));
    announce(world, { startsAt: inMinutes(world, 10), replicas: { from: 0, to: 750 } });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    const attachedMs = world.account
      .enis()
      .flatMap(({ tags, attachment }) =>
        tags.has('eks-ip-prewarmer/demand') && attachment !== undefined ? [attachment.attachedAtMs] : [],
      );
    expect(attachedMs).toHaveLength(75);
    const lastMs = Math.max(...attachedMs);
    // 50 more at 2.5 a second, and an attach that takes up to 4 s.
    expect(lastMs - Math.min(...attachedMs)).toBeLessThan(seconds(20 + 4));
    const waits = notesOf(stage, 'announcement waits').filter(({ atMs }) => atMs < lastMs);
    expect(waits).toHaveLength(1);
  });

  test('announced only a minute ahead: adoption could come too late, so the nodes are left', async () => {
    const { world, stage } = await quietNodes(44);
    announce(world, { startsAt: inMinutes(world, 1) });
    await world.kernel.run(world.kernel.nowMs + minutes(1));
    expect(changes(world)).toEqual({});
    const [plan] = notesOf(stage, 'plan').filter(({ facts }) => facts['announcementId'] !== undefined);
    expect(plan?.facts['totals']).toMatchObject({ nodesLeft: { 'too late': 2 } });
  });

  test('asked for the plan only: the answer names every step, and nothing happens', async () => {
    const { world, stage } = await quietNodes(45);
    const event = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
      ...announcement,
      startsAt: inMinutes(world, 5),
    });
    const answer = await inWorld(world, () => stage.ask({ plan: event }));
    const [report] = 'reports' in answer ? (answer.reports as RolloutReport[]) : [];
    expect(report?.steps.map((step) => step.do)).toEqual(['attach', 'attach']);
    expect(report?.totals).toMatchObject({ nodesWarmed: 2, addresses: 18 });
    expect(report?.totals.calls).toEqual({
      CreateNetworkInterface: 2,
      AttachNetworkInterface: 2,
      ModifyNetworkInterfaceAttribute: 2,
    });
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(changes(world)).toEqual({});
  });

  test('asked for the plan where no node is there yet: the answer says how many pods would wait for launches', async () => {
    const { world, stage } = staged({ seed: 46 });
    const event = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', announcement);
    const answer = await inWorld(world, () => stage.ask({ plan: event }));
    const [report] = 'reports' in answer ? (answer.reports as RolloutReport[]) : [];
    // With the margin of a quarter.
    expect(report?.openDemand).toBe(Math.ceil(1.25 * announcement.replicas.to));
    expect(await stage.stores.ledger.openDemand(CLUSTER, world.clockMs)).toEqual([]);
  });
});

describe('what an announcement may get wrong', () => {
  test('another cluster: nothing is planned and nothing is said twice', async () => {
    const { world, stage } = staged({ seed: 51 });
    announce(world, { cluster: 'somebody-elses' });
    await world.kernel.run(minutes(1));
    expect(stepsOf(stage)).toEqual([]);
    expect(stage.deadLetters.signals.depth.visible).toBe(0);
  });

  test('asked by hand about another cluster, or one that EKS does not know: the answer is one clear line', async () => {
    const { world, stage } = staged({ seed: 53 });
    const about = (cluster: string): unknown =>
      world.bus.event('eks-ip-prewarmer', 'Deployment Announced', { ...announcement, cluster });
    expect(await inWorld(world, () => stage.ask(about('somebody-elses')))).toEqual({
      ignored: `detail.cluster: expected one of ${CLUSTER}, got "somebody-elses"`,
    });
    world.clusters.splice(0);
    expect(await inWorld(world, () => stage.ask({ plan: about(CLUSTER) }))).toEqual({
      ignored: `detail.cluster: expected a cluster that EKS knows in this account and Region, got "${CLUSTER}"`,
    });
  });

  test('every wrong field is named with what was expected and what came, in one line', async () => {
    const { world, stage } = staged({ seed: 52 });
    const event = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
      ...announcement,
      replicas: { from: '3', to: 20 },
      startsAt: 'tomorrow',
      clutser: 'x',
    });
    const answer = await inWorld(world, () => stage.ask(event));
    expect('ignored' in answer && answer.ignored).toContain('detail.replicas.from: expected a whole number');
    expect('ignored' in answer && answer.ignored).toContain('got "tomorrow"');
    expect('ignored' in answer && answer.ignored).toContain('detail.clutser');
  });
});

describe('the sweep', () => {
  test('no event ever came: sweeps in time find the launch, create while it is pending and attach when it runs', async () => {
    const { world, stage } = staged({ seed: 67, eventsLateByMs: minutes(60) });
    const node = launchFor(world, 27);
    // This seed's instance runs after 5 s; the sweep knows only when it was launched, so it must come early.
    for (const atMs of [500, 6_000])
      world.kernel.at(atMs, () =>
        world.kernel.activity(
          () => stage.sweepNow(),
          () => {},
        ),
      );
    await world.kernel.run(minutes(4));
    expect(node.instance.enis.filter(({ tags }) => tags.has('eks-ip-prewarmer/node'))).toHaveLength(2);
  });

  test('an ENI was created and its node died: it is deleted once sweeps have seen it so for five minutes', async () => {
    const { world } = staged({ seed: 62 }, { sweep: true });
    const node = launchFor(world, 0);
    world.kernel.after(seconds(4.5), () => node.terminate());
    await world.kernel.run(minutes(4));
    const parked = (): number => world.account.enis().filter((eni) => eni.attachment === undefined).length;
    expect(parked()).toBe(2);
    await world.kernel.run(minutes(9));
    expect(parked()).toBe(2);
    await world.kernel.run(minutes(16));
    expect(parked()).toBe(0);
    expect(changes(world)['DeleteNetworkInterface']).toBe(2);
  });
});
