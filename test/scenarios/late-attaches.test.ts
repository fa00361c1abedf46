/** A node group on which attaches come too late is only observed, until an operator switches it back. */
import { expect, test } from 'vitest';
import { lateOf } from '../../lambdas/core/looks/lessons.ts';
import { METADATA_LAGS } from '../../sim/latencies.ts';
import { CLUSTER, changes, inWorld, minutes, notesOf, SUBNET, seconds, staged, stepsOf } from './stage.ts';

const BOOTS_LEARNT = 50;

test('nodes start much sooner than was learnt: after the second late attach in fifty nothing is changed, until somebody says so', async () => {
  let policy: Record<string, unknown> = {};
  const { world, stage } = staged(
    {
      seed: 611,
      subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }],
      // What is attached shows so late that many ipamds have started by then.
      metadataLags: {
        ...METADATA_LAGS,
        eniToImds: [
          [0, seconds(18)],
          [1, seconds(30)],
        ],
      },
    },
    { policyNow: () => policy },
  );
  const { ledger } = stage.stores;
  const boots = Array.from({ length: BOOTS_LEARNT }, (_, index) => ({
    of: `i-${String(index).padStart(17, '0')}`,
    notBeforeMs: seconds(60),
    byMs: seconds(65),
  }));
  const races = Array.from({ length: 48 }, (_, index) => ({
    of: `i-${index}`,
    atMs: world.clockMs - seconds(1),
    late: false,
  }));
  await ledger.learn(CLUSTER, new Map([['workers', { boots, races }]]), world.clockMs);

  /** Launches a node, waits until its attach is judged, and tells whether it got one. */
  const launch = async (): Promise<boolean> => {
    const before = changes(world)['AttachNetworkInterface'] ?? 0;
    world.launch('m5.large');
    await world.kernel.run(world.kernel.nowMs + minutes(4));
    return (changes(world)['AttachNetworkInterface'] ?? 0) > before;
  };
  const late = async (): Promise<number> =>
    lateOf((await ledger.lessons(CLUSTER)).get('workers'), Number.NEGATIVE_INFINITY).late;
  const told = () => notesOf(stage, 'node group observed').map(({ facts }) => facts['why']);

  for (let launches = 0; (await late()) < 2; launches++) {
    expect(launches).toBeLessThan(20);
    expect(told()).toEqual([]);
    expect(await launch()).toBe(true);
  }
  const why = '2 of its last 50 attaches came too late; resumedAt in the policy switches it back';
  expect(told()).toEqual([why]);
  expect(stage.figures).toContainEqual({
    atMs: expect.any(Number),
    figures: { NodeGroupsObserved: 1 },
    of: { cluster: CLUSTER, nodeGroup: 'workers' },
  });

  // From now on: decided as before, recorded with the reason, and nothing done.
  const atThatTime = changes(world);
  for (let launches = 0; launches < 3; launches++) expect(await launch()).toBe(false);
  expect(changes(world)).toEqual(atThatTime);
  expect(stepsOf(stage).at(-1)?.do).toBe('attach');
  expect(notesOf(stage, 'plan').at(-1)?.facts).toMatchObject({ observed: { workers: why } });
  const last = world.nodes.at(-1)?.instanceId as `i-${string}`;
  expect((await ledger.nodes([last])).get(last)?.outcome).toEqual({ state: 'would attach' });

  // The alarm's figure is there at every sweep; switching the group to warm is not what is asked for.
  policy = { clusters: { [CLUSTER]: { nodeGroups: { workers: { mode: 'warm' } } } } };
  await inWorld(world, () => stage.sweepNow());
  expect(told()).toHaveLength(2);
  expect(await launch()).toBe(false);

  // The operator's act.
  const resumedAt = new Date(world.clockMs).toISOString().replace(/\.\d+/, '');
  policy = { clusters: { [CLUSTER]: { nodeGroups: { workers: { resumedAt } } } } };
  await inWorld(world, () => stage.sweepNow());
  expect(told()).toHaveLength(2);
  expect(await launch()).toBe(true);
});
