/** Whole rollouts, from the announcement to the last pod, beside the same pods all at once. */
import { describe, expect, test } from 'vitest';
import type { Deployment } from '../../sim/cluster/deployment.ts';
import { followWaves } from '../../sim/pipeline.ts';
import { announceWaves, detailsOf, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, minutes, SUBNET, seconds } from './stage.ts';

const TIMES = { readyAfterMs: seconds(2), exitMs: seconds(5), terminationGraceMs: seconds(30) };
/** By then nodes have joined, pools are at rest and two sweeps have seen them. */
const SETTLED_MS = minutes(12);

/** Characters of JSON that a function answered with, at most: the machine's states carry nothing else. */
let largestAnswer = 0;

interface Setup {
  readonly seed: number;
  readonly nodes: number;
  readonly type: string;
  readonly cniEnv?: Readonly<Record<string, string>>;
  readonly maxPods?: number;
}

/** Nodes that have been there for long, and a Deployment that has no pods yet. */
async function cluster({
  seed,
  nodes,
  type,
  cniEnv,
  maxPods,
}: Setup): Promise<Rolling & { load: Deployment }> {
  const all = rolling(
    { seed, subnets: [{ ...SUBNET, cidr: '10.0.0.0/17' }], ...(cniEnv && { cniEnv }) },
    {
      policy: maxPods === undefined ? {} : { maxPods },
      invoke: async (_name, run) => {
        const answer = await run();
        largestAnswer = Math.max(largestAnswer, JSON.stringify(answer ?? null).length);
        return answer;
      },
    },
  );
  const { world } = all;
  world.addNodeGroup({
    ...{ name: 'workers', type, launchedBy: 'managed' },
    established: { nodes, addresses: [] },
    ...(maxPods !== undefined && { maxPods }),
  });
  const load = world.deploy({ kind: 'Deployment', name: NAME, replicas: 0, ...TIMES });
  await world.kernel.run(SETTLED_MS);
  return { ...all, load };
}

async function inWaves(
  setup: Setup,
  pods: number,
): Promise<{ failed: number; seconds: number; waves: number }> {
  const { world, load, toEnd, waves } = await cluster(setup);
  const startMs = world.kernel.nowMs;
  followWaves(world.bus, { announcementId: 'release-7', fresh: load, replicas: pods });
  announceWaves(world, { to: pods, podsPerNode: 0 });
  const { status } = await toEnd();
  expect(status).toBe('SUCCEEDED');
  await world.kernel.run(world.kernel.nowMs + minutes(5), () => load.done && load.replicas === pods);
  expect(load.readyPods).toBe(pods);
  return {
    failed: failedRequests(world),
    seconds: (world.kernel.nowMs - startMs) / 1000,
    waves: (await waves()).length,
  };
}

async function atOnce(setup: Setup, pods: number): Promise<{ failed: number }> {
  const { world, load } = await cluster(setup);
  load.scaleTo(pods);
  await world.kernel.run(world.kernel.nowMs + minutes(30), () => load.done);
  return { failed: failedRequests(world) };
}

const PREFIXES = { ENABLE_PREFIX_DELEGATION: 'true' };

describe('1,000 pods on 100 nodes', () => {
  const setup = { seed: 11, nodes: 100, type: 'm5.large' };

  test('at once some fail; in waves none does, and all are there within two minutes', async () => {
    const { failed } = await atOnce(setup, 1_000);
    const paced = await inWaves(setup, 1_000);
    expect(failed).toBeGreaterThan(50);
    expect(paced.failed).toBe(0);
    expect(paced.waves).toBeGreaterThan(1);
    expect(paced.seconds).toBeLessThan(120);
  });
});

describe('5,000 pods on 99 nodes with prefixes', () => {
  test('one prefix kept: thousands fail at once; in waves of what each node has none does', async () => {
    const setup = {
      ...{ seed: 12, nodes: 99, type: 'm5.xlarge', maxPods: 110 },
      cniEnv: { ...PREFIXES, WARM_PREFIX_TARGET: '1' },
    };
    const { failed } = await atOnce(setup, 5_000);
    const paced = await inWaves(setup, 5_000);
    expect(failed).toBeGreaterThan(1_000);
    expect(paced.failed).toBe(0);
    expect(paced.waves).toBeGreaterThanOrEqual(4);
    expect(paced.seconds).toBeLessThan(180);
  });

  test('four kept: nothing fails either way, and one wave is enough', async () => {
    const setup = {
      ...{ seed: 13, nodes: 99, type: 'm5.xlarge', maxPods: 110 },
      cniEnv: { ...PREFIXES, WARM_PREFIX_TARGET: '4' },
    };
    const { failed } = await atOnce(setup, 5_000);
    const paced = await inWaves(setup, 5_000);
    expect(failed).toBe(0);
    expect(paced).toMatchObject({ failed: 0, waves: 1 });
  });
});

describe('the reported case', () => {
  test.each([21, 22, 23])(
    'part 1, seed %i: a hundred pods come to four full nodes and those an autoscaler adds',
    async (seed) => {
      const { world, toEnd } = rolling({ seed, placement: 'spread' });
      const group = world.addNodeGroup({
        ...{ name: 'workers', type: 'm5.large', launchedBy: 'managed' },
        established: { nodes: 4, addresses: [9, 9, 9] },
        autoscale: { afterMs: seconds(10), most: 10 },
      });
      const others = world.deploy({ kind: 'Deployment', name: 'others', replicas: 96, ...TIMES });
      const load = world.deploy({ kind: 'Deployment', name: NAME, replicas: 0, ...TIMES });
      await world.kernel.run(SETTLED_MS);
      expect(others.readyPods).toBe(96);
      followWaves(world.bus, { announcementId: 'release-7', fresh: load, replicas: 100 });
      announceWaves(world, { to: 100, podsPerNode: 24 });
      const { status } = await toEnd();
      await world.kernel.run(world.kernel.nowMs + minutes(15), () => load.done && load.replicas === 100);
      expect(status).toBe('SUCCEEDED');
      expect(load.readyPods).toBe(100);
      expect(group.nodes.length).toBeGreaterThan(4);
      expect(failedRequests(world)).toBe(0);
    },
  );

  test.each([31, 32, 33])(
    'part 2, seed %i: a hundred pods are replaced on nodes whose interfaces are all full',
    async (seed) => {
      const { world, toEnd, heard } = rolling({ seed });
      for (let node = 0; node < 5; node++) world.established('m5.large', [9, 9, 9]);
      const old = world.deploy({ kind: 'Deployment', name: 'old', replicas: 100, ...TIMES });
      const fresh = world.deploy({ kind: 'Deployment', name: NAME, replicas: 0, ...TIMES });
      world.deploy({ kind: 'Deployment', name: 'others', replicas: 20, ...TIMES });
      await world.kernel.run(SETTLED_MS);
      followWaves(world.bus, { announcementId: 'release-7', fresh, old, replicas: 100 });
      announceWaves(world, { from: 100, to: 100, podsPerNode: 24, terminationGracePeriodSeconds: 30 });
      const { status } = await toEnd();
      await world.kernel.run(world.kernel.nowMs + minutes(5), () => fresh.readyPods === 100 && old.done);
      expect(status).toBe('SUCCEEDED');
      expect([fresh.readyPods, old.readyPods]).toEqual([100, 0]);
      expect(failedRequests(world)).toBe(0);
      // Pods that were released replace others, so at most what was free came at a time, a minute apart.
      const waves = detailsOf(heard, 'Wave Advanced');
      expect(waves.length).toBeGreaterThan(5);
    },
  );
});

test('no state of any of them carries more than a thousandth of what a state may', () => {
  // 256 KiB. Source: Step Functions quotas.
  expect(largestAnswer).toBeGreaterThan(0);
  expect(largestAnswer).toBeLessThan(262_144 / 1_000);
});

/** Standard workflows, eu-central-1. Source: AWS Step Functions pricing. */
const USD_PER_MILLION_TRANSITIONS = 25;

test.each([
  ['announced', {}],
  ['each held until it is approved', { gate: 'approve' }],
])(
  'a rollout of a hundred waves costs less than five cents in transitions, counted: %s',
  async (_how, more) => {
    const { world, load, execution, toEnd, waves } = await cluster({ seed: 14, nodes: 4, type: 'm5.large' });
    followWaves(world.bus, { announcementId: 'release-7', fresh: load, replicas: 100 });
    world.bus.addRule({
      matches: ({ 'detail-type': type }) => type === 'Wave Ready',
      deliver: () =>
        world.bus.put('eks-ip-prewarmer', 'Wave Approved', { cluster: 'shop', announcementId: 'release-7' }),
    });
    announceWaves(world, { to: 100, podsPerNode: 0, waves: { size: '1%', ...more } });
    expect((await toEnd()).status).toBe('SUCCEEDED');
    expect(await waves()).toHaveLength(100);
    await world.kernel.run(world.kernel.nowMs + minutes(1), () => load.readyPods === 100);
    expect([load.readyPods, failedRequests(world)]).toEqual([100, 0]);
    const { transitions, history } = execution();
    // The bill counts what the history shows: states entered, and tries after the first.
    const entered = history.filter(({ type }) => type.endsWith('StateEntered')).length;
    expect(transitions).toBeGreaterThanOrEqual(entered);
    expect((transitions * USD_PER_MILLION_TRANSITIONS) / 1_000_000).toBeLessThan(0.05);
  },
);
