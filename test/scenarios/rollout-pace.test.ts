/** How soon one wave follows another: no sooner than its addresses are sure, and hardly later. */
import { describe, expect, test } from 'vitest';
import type { StageOptions } from '../../sim/stage.ts';
import type { WorldSetup } from '../../sim/world.ts';
import { announceWaves, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, minutes, SUBNET, seconds } from './stage.ts';

interface Told {
  readonly seed: number;
  readonly nodes?: number;
  readonly type?: string;
  readonly kind?: 'Deployment' | 'StatefulSet';
  readonly to: number;
  /** From hearing of a wave until the tool makes its pods. */
  readonly toolMs?: number;
  readonly announced?: Readonly<Record<string, unknown>>;
  readonly replaced?: { readonly exitMs: number };
}

interface Went {
  readonly failed: number;
  readonly pods: number;
  /** Between the releases of waves; the first since the announcement. */
  readonly gapsMs: readonly number[];
}

/** Nodes that have stood for long, and a deploy tool that takes its time; to the rollout's end and two minutes more. */
async function paced(
  { seed, nodes = 4, type = 'm5.large', to, toolMs = 0, announced = {}, replaced, kind = 'Deployment' }: Told,
  { lens, ...setup }: Partial<WorldSetup> & Pick<Partial<StageOptions>, 'lens'> = {},
): Promise<Went> {
  const rollout: Rolling = rolling(
    { seed, subnets: [{ ...SUBNET, cidr: '10.0.0.0/18' }], ...setup },
    lens === undefined ? {} : { lens },
  );
  const { world, toEnd, waves } = rollout;
  const { kernel } = world;
  const addresses = replaced === undefined ? [] : [9, 9, 9];
  world.addNodeGroup({ name: 'workers', type, launchedBy: 'managed', established: { nodes, addresses } });
  const pods = { kind: 'Deployment', readyAfterMs: seconds(2), ...replaced } as const;
  const old = replaced && world.deploy({ ...pods, name: 'old', replicas: to });
  const fresh = world.deploy({ ...pods, name: NAME, replicas: 0 });
  await kernel.run(minutes(12));
  world.bus.addRule({
    matches: ({ 'detail-type': name }) => name === 'Wave Advanced',
    deliver: ({ detail }) =>
      kernel.after(toolMs, () => {
        const { replicas } = detail as { readonly replicas: number };
        fresh.scaleTo(Math.max(fresh.replicas, replicas));
        old?.scaleTo(Math.min(old.replicas, to - replicas));
      }),
  });
  const beginMs = world.clockMs;
  announceWaves(world, {
    from: replaced === undefined ? 0 : to,
    to,
    workload: { kind, namespace: 'default', name: NAME },
    ...announced,
  });
  expect((await toEnd()).status).toBe('SUCCEEDED');
  await kernel.run(kernel.nowMs + minutes(2));
  const releasedMs = [beginMs, ...(await waves()).map(({ releasedAtMs = 0 }) => releasedAtMs)];
  return {
    failed: failedRequests(world),
    pods: fresh.readyPods,
    gapsMs: releasedMs.slice(1).map((atMs, index) => atMs - (releasedMs[index] ?? 0)),
  };
}

describe('pods are counted', () => {
  test.each([61, 62, 63])(
    'pools at rest are not looked at twice, and those that grow are waited for until their youngest ENI counts (seed %i)',
    async (seed) => {
      const { failed, pods, gapsMs } = await paced({ seed, to: 90, announced: { podsPerNode: 0 } });
      expect([pods, failed]).toEqual([90, 0]);
      const [first = 0, ...others] = gapsMs;
      expect(first).toBeLessThan(seconds(12));
      expect(others.length).toBeGreaterThan(0);
      // A step of the CNI's takes up to 14 s, and an ENI counts 18 s after it was attached.
      for (const gapMs of others) expect(gapMs).toBeLessThan(seconds(14 + 18 + 8));
    },
  );

  test.each([64, 65])(
    'by the lens, which does not see the pods that a slow tool is still to make: the next wave does not take their addresses (seed %i)',
    async (seed) => {
      const told = { seed, to: 60, kind: 'StatefulSet', toolMs: seconds(20) } as const;
      const { failed, pods, gapsMs } = await paced(told, { lens: 'lens' });
      expect([pods, failed]).toEqual([60, 0]);
      expect(gapsMs.length).toBeGreaterThan(1);
    },
  );
});

describe('nobody counts pods', () => {
  test.each([66, 67])(
    'a slow tool makes them 45 s after it heard: until then the nodes look as quiet as before, and no wave goes (seed %i)',
    async (seed) => {
      const { failed, pods, gapsMs } = await paced({ seed, to: 80, toolMs: seconds(45) });
      expect([pods, failed]).toEqual([80, 0]);
      expect(gapsMs.length).toBeGreaterThan(1);
      for (const gapMs of gapsMs.slice(1)) expect(gapMs).toBeGreaterThanOrEqual(seconds(74));
    },
  );

  test('a tool that is quick: a wave follows the last one after one wait, not two', async () => {
    const { failed, pods, gapsMs } = await paced({ seed: 68, to: 80 });
    expect([pods, failed]).toEqual([80, 0]);
    expect(gapsMs.length).toBeGreaterThan(1);
    for (const gapMs of gapsMs.slice(1)) expect(gapMs).toBeLessThan(seconds(74 + 15));
  });
});

test.each([71, 72, 73])(
  'old pods take all the time they have to end: a wave goes once their addresses have cooled, also the last one (seed %i)',
  async (seed) => {
    const { failed, pods, gapsMs } = await paced({
      ...{ seed, nodes: 2, to: 44, toolMs: seconds(3), replaced: { exitMs: seconds(30) } },
      announced: { podsPerNode: 22, newVersion: true, terminationGracePeriodSeconds: 30 },
    });
    expect([pods, failed]).toEqual([44, 0]);
    expect(gapsMs.length).toBeGreaterThan(1);
    for (const gapMs of gapsMs.slice(1)) expect(gapMs).toBeLessThan(seconds(80));
  },
);
