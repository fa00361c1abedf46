/** Pods of a wave that find no slot wait for nodes: each is announced to those once, in the moment it may come. */
import { describe, expect, test } from 'vitest';
import type { OpenDemand } from '../../lambdas/core/plan/open-demand.ts';
import { Invocations } from '../../sim/chaos/invocations.ts';
import type { Node } from '../../sim/cluster/node.ts';
import { followWaves } from '../../sim/pipeline.ts';
import type { StageOptions } from '../../sim/stage.ts';
import type { WorldSetup } from '../../sim/world.ts';
import { announceWaves, detailsOf, grownByPipeline, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { CLUSTER, failedRequests, minutes, SUBNET, seconds } from './stage.ts';

interface Nodes {
  readonly seed: number;
  readonly type?: string;
  /** Pods that are there already. */
  readonly pods?: number;
  /** An autoscaler launches nodes for pods that find none. */
  readonly autoscaled?: boolean;
  readonly cniEnv?: WorldSetup['cniEnv'];
}

/** Of 27: with as many pods as two of its ENIs hold, the node keeps an address for each slot that is left. */
const TAKEN = 18;
const SLOTS = 9;

/** One node, at rest. */
async function oneNode(
  { seed, type = 'm5.large', pods = TAKEN, autoscaled = false, cniEnv = {} }: Nodes,
  options: Partial<StageOptions> = {},
): Promise<Rolling> {
  const subnets = [{ ...SUBNET, cidr: '10.0.0.0/18' }];
  const rollout = rolling({ seed, subnets, cniEnv }, options);
  rollout.world.addNodeGroup({
    ...{ name: 'workers', type, launchedBy: 'managed' },
    established: { nodes: 1, addresses: [] },
    ...(autoscaled && { autoscale: { afterMs: seconds(15) } }),
  });
  rollout.world.deploy({ kind: 'Deployment', name: 'others', replicas: pods });
  await rollout.world.kernel.run(minutes(12));
  return rollout;
}

const run = ({ world: { kernel } }: Rolling, forMs: number): Promise<unknown> =>
  kernel.run(kernel.nowMs + forMs);

const openNow = ({ world, stage }: Rolling): Promise<readonly OpenDemand[]> =>
  stage.stores.ledger.openDemand(CLUSTER, world.clockMs);

/** Pods announced to nodes to come, by wave, claimed or not. */
const announcedPods = async (rollout: Rolling): Promise<Record<string, number>> =>
  Object.fromEntries(
    (await openNow(rollout)).map(({ id, podsLeft, claims }) => [
      id,
      Object.values(claims).reduce((sum, pods) => sum + pods, podsLeft),
    ]),
  );

const advanced = ({ heard }: Rolling) => detailsOf(heard, 'Wave Advanced');

describe('IP targets, and an autoscaler', () => {
  const IP_TARGETS = { WARM_IP_TARGET: '3', MINIMUM_IP_TARGET: '8' };

  /** The most addresses each node had before it was Ready. */
  function addressesAtReady({ world }: Rolling): ReadonlyMap<Node, number> {
    const most = new Map<Node, number>();
    const look = (): void => {
      for (const node of world.nodes) {
        if (node.ready) continue;
        const addresses = node.instance.enis.reduce((sum, eni) => sum + eni.secondaryIps.length, 0);
        most.set(node, Math.max(most.get(node) ?? 0, addresses));
      }
      world.kernel.after(seconds(1), look);
    };
    look();
    return most;
  }

  test.each([1, 2, 3])(
    '120 pods in waves of at most 40: every node that is launched for them is filled before it is Ready, also for the last waves (seed %i)',
    async (seed) => {
      const rollout = await oneNode({ seed, pods: 0, autoscaled: true, cniEnv: IP_TARGETS });
      const { world, toEnd } = rollout;
      const most = addressesAtReady(rollout);
      const load = grownByPipeline(world, { to: 120 });
      announceWaves(world, { to: 120, podsPerNode: 0, waves: { size: 40, longestPauseSeconds: 600 } });
      expect((await toEnd()).status).toBe('SUCCEEDED');
      await run(rollout, minutes(5));
      expect(load.readyPods).toBe(120);
      expect([...most.values()]).toEqual([27, 27, 27, 27]);
      // 141, 102 and 122 where only the first wave's pods were announced. What is left the CNI trims before they come.
      expect(failedRequests(world)).toBeLessThan(100);
    },
  );
});

describe('what is announced', () => {
  test('of each wave its own pods, margin included, for which no slot is left; nothing of one that fits', async () => {
    const rollout = await oneNode({ seed: 4 });
    grownByPipeline(rollout.world, { to: 21 });
    announceWaves(rollout.world, { to: 21, podsPerNode: TAKEN, waves: { size: 7 } });
    await rollout.toEnd();
    await run(rollout, seconds(30));
    expect(advanced(rollout).map(({ wavePods }) => wavePods)).toEqual([7, 7, 7]);
    // Nine with the margin: the first wave fits, and leaves two slots.
    expect(await announcedPods(rollout)).toEqual({ 'release-7:w2': 9 - 2, 'release-7:w3': 9 });
  });

  test('where nobody makes nodes, they wait as long as the policy says, and no longer', async () => {
    const rollout = await oneNode({ seed: 5 });
    grownByPipeline(rollout.world, { to: 60 });
    announceWaves(rollout.world, { to: 60, podsPerNode: TAKEN, waves: { size: 20 } });
    await rollout.toEnd();
    expect(await openNow(rollout)).toHaveLength(3);
    await run(rollout, minutes(15) + seconds(1));
    expect(await openNow(rollout)).toEqual([]);
  });

  test('a wave that is held: nothing until it is let go, half an hour later', async () => {
    const rollout = await oneNode({ seed: 6 });
    const { world } = rollout;
    grownByPipeline(world, { to: 40 });
    announceWaves(world, { to: 40, podsPerNode: TAKEN, waves: { size: 40, gate: 'approve' } });
    await run(rollout, minutes(30));
    expect(detailsOf(rollout.heard, 'Wave Ready')).toHaveLength(1);
    expect(await openNow(rollout)).toEqual([]);
    world.bus.put('eks-ip-prewarmer', 'Wave Approved', { cluster: CLUSTER, announcementId: 'release-7' });
    await rollout.toEnd();
    expect(await announcedPods(rollout)).toEqual({ 'release-7:w1': 50 - SLOTS });
  });

  test('pods that take the places of old ones, on a node with addresses to spare and no slot: nothing', async () => {
    const [type, replicas] = ['m5.4xlarge', 108];
    const rollout = await oneNode({ seed: 7, type, pods: 0 });
    const { world, toEnd } = rollout;
    const pods = { kind: 'Deployment', exitMs: seconds(10), readyAfterMs: seconds(5) } as const;
    const old = world.deploy({ ...pods, name: NAME, replicas });
    await run(rollout, minutes(5));
    const fresh = world.deploy({ ...pods, name: `${NAME}-canary`, replicas: 0 });
    followWaves(world.bus, { announcementId: 'release-7', fresh, old, replicas });
    const seen: number[] = [];
    const look = (): void => {
      world.kernel.activity(
        () => openNow(rollout),
        (settled) => seen.push(settled.status === 'fulfilled' ? settled.value.length : Number.NaN),
      );
      world.kernel.after(seconds(10), look);
    };
    look();
    const placed = { podsPerNode: replicas, newVersion: true };
    announceWaves(world, { from: replicas, to: replicas, ...placed });
    expect((await toEnd()).status).toBe('SUCCEEDED');
    expect(Math.max(...seen)).toBe(0);
    await run(rollout, minutes(1));
    expect([fresh.readyPods, fresh.failedRequests]).toEqual([replicas, 0]);
  });
});

describe('scaled by us', () => {
  const scaling = { size: 'auto', advance: 'scale', longestPauseSeconds: 120 } as const;

  test.each([
    ['at once', 0, 1],
    ['an hour later', 60, 0],
  ])(
    'it may not scale, and is redriven %s: pods that come are announced then, and once',
    async (_when, afterMinutes, open) => {
      const rollout = await oneNode({ seed: 8 }, { lens: 'lens' });
      const { world, machine } = rollout;
      world.deploy({ kind: 'Deployment', name: NAME, replicas: 0 });
      const { denied } = world.cluster().kubernetes;
      denied.add('patch deployments/scale');
      announceWaves(world, { to: 40, waves: scaling });
      const { status, name } = await rollout.toEnd();
      expect(status).toBe('FAILED');
      await run(rollout, minutes(afterMinutes));
      expect(await openNow(rollout)).toHaveLength(open);
      denied.clear();
      machine.redrive(name);
      await run(rollout, minutes(1));
      expect(await announcedPods(rollout)).toEqual({ 'release-7:w1': 50 - SLOTS });
    },
  );
});

describe('a function dies', () => {
  const DEATHS: readonly (readonly [name: string, call: string])[] = [
    ['advance-wave', 'ledger.announce'],
    ['advance-wave', 'bus.put'],
    ['advance-wave', 'rolloutBook.keep'],
    ['verify-wave', 'rolloutBook.keep'],
  ];

  async function withDeath(death: (typeof DEATHS)[number]): Promise<object> {
    const invocations = new Invocations();
    let deaths = 0;
    const rollout = await oneNode(
      { seed: 9 },
      {
        invoke: (name, work) => invocations.run(name, work),
        wrap: (ports) =>
          invocations.around(ports, async ({ port, method, invocation }, send) => {
            if (invocation?.dead) return new Promise(() => {});
            const answer = await send();
            const [name, call] = death;
            if (invocation?.name !== name || `${port}.${method}` !== call || deaths > 0) return answer;
            deaths++;
            invocation?.die();
            return new Promise(() => {});
          }),
      },
    );
    grownByPipeline(rollout.world, { to: 60 });
    announceWaves(rollout.world, { to: 60, podsPerNode: TAKEN, waves: { size: 30 } });
    const { status } = await rollout.toEnd();
    return { status, deaths, announced: await announcedPods(rollout) };
  }

  test.each(DEATHS)('%s, after %s: every pod is announced once', async (...death) => {
    expect(await withDeath(death)).toEqual({
      ...{ status: 'SUCCEEDED', deaths: 1 },
      announced: { 'release-7:w1': 38 - SLOTS, 'release-7:w2': 38 },
    });
  });
});
