/** What exact pods, read from the API server, change in the plan of a rollout; and that nothing rests on them. */
import { describe, expect, test } from 'vitest';
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import type { NodeId } from '../../lambdas/core/model.ts';
import type { Stage, StageOptions } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import { CLUSTER, inWorld, launchFor, minutes, notesOf, seconds, staged } from './stage.ts';

/** Two m5.large whose three ENIs are full; ten pods of a Deployment run on each. EC2 shows 27 addresses, and no pod. */
async function fullNodes(
  seed: number,
  options: Partial<StageOptions> = {},
): Promise<{ world: World; stage: Stage }> {
  const { world, stage } = staged({ seed }, { sweep: true, ...options });
  for (let node = 0; node < 2; node++) world.established('m5.large', [9, 9, 9]);
  await world.kernel.run(seconds(10));
  world.deploy({ kind: 'Deployment', name: 'checkout', replicas: 20 });
  await world.kernel.run(seconds(40));
  return { world, stage };
}

async function planned(world: World, stage: Stage): Promise<RolloutReport> {
  const plan = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 20, to: 20 },
    strategy: { type: 'RollingUpdate' },
    terminationGracePeriodSeconds: 30,
    announcementId: 'release-7',
  });
  const answer = await inWorld(world, () => stage.ask({ plan }));
  const [report] = 'reports' in answer ? (answer.reports as RolloutReport[]) : [];
  if (report === undefined) throw new Error('no plan');
  return report;
}

test('full nodes: with the lens it is known that 17 addresses of each are free, and the rollout needs no pace', async () => {
  const { world, stage } = await fullNodes(1, { lens: 'lens' });
  expect(world.nodes.map(({ pods }) => pods.length)).toEqual([10, 10]);
  const { pacing, pacingUnknown, steps } = await planned(world, stage);
  expect(pacingUnknown).toBeUndefined();
  expect(pacing).toMatchObject({ pods: 20, podsPerWave: 20, waves: 1 });
  expect(steps).toMatchObject([
    { do: 'leave', reason: 'already warm', because: '17 of its 27 addresses are free, 13 pods expected' },
    { do: 'leave', reason: 'already warm', because: '17 of its 27 addresses are free, 12 pods expected' },
  ]);
});

test('the same without the lens: nothing is surely free, and the answer says what would tell', async () => {
  const { world, stage } = await fullNodes(1);
  const { pacing, pacingUnknown } = await planned(world, stage);
  expect(pacing).toBeUndefined();
  expect(pacingUnknown).toMatch(/say podsPerNode in the announcement, or allow the lens/);
});

test('nodes that are not alike: each is planned by its own pods', async () => {
  const { world, stage } = await fullNodes(2, { lens: 'lens' });
  const [first] = world.nodes;
  for (let pod = 0; pod < 17; pod++) world.createPod(`more-${pod}`, first);
  for (const pod of world.pods.filter(({ name }) => name.startsWith('more'))) first?.bind(pod);
  await world.kernel.run(world.kernel.nowMs + seconds(10));
  const { steps } = await planned(world, stage);
  const because = new Map(
    steps.map((step) => [step.do === 'leave' ? step.nodeId : '', step.do === 'leave' && step.because]),
  );
  expect(because.get(first?.instanceId as never)).toMatch(/^all 3 ENIs are full, 0 addresses surely free/);
  expect(because.get(world.nodes[1]?.instanceId as never)).toMatch(
    /17 addresses surely free|17 of its 27 addresses are free/,
  );
});

test.each([
  ['is not reached', { access: 'private' }],
  ['refuses the list of pods', { denied: new Set(['list pods']) }],
  ['does not know our role', { access: 'stranger' }],
])(
  'the API server %s: the plan is the one without the lens, and one warning says why',
  async (_how, change) => {
    const { world, stage } = await fullNodes(3, { lens: 'lens' });
    Object.assign(world.cluster().kubernetes, change);
    const { steps, ...rest } = await planned(world, stage);
    const without = await fullNodes(3);
    const { steps: stepsWithout, ...restWithout } = await planned(without.world, without.stage);
    expect(steps).toEqual(stepsWithout);
    expect(rest).toEqual(restWithout);
    expect(notesOf(stage, 'lens: not seen')).toHaveLength(1);
    expect(notesOf(stage, 'lens: not seen')[0]?.facts).toMatchObject({
      cluster: CLUSTER,
      goingOn: 'pods are told from addresses, as without the lens',
    });
  },
);

test('a rollout that has begun is not counted anew: its own pods would pass for old ones', async () => {
  const { world, stage } = await fullNodes(4, { lens: 'lens' });
  const detail = {
    kind: 'rollout-announced',
    announcementId: 'release-7',
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 20, to: 20 },
    strategy: { type: 'recreate' },
    startsAtMs: world.clockMs - minutes(1),
    overMs: 0,
    terminationGraceMs: 30_000,
    selector: {},
    attempt: 1,
  };
  const again = world.bus.event('eks-ip-prewarmer', 'Prewarm Continuation', detail);
  const answer = await inWorld(world, () => stage.ask({ plan: again }));
  expect(JSON.stringify(answer)).toMatch(/no address is surely free/);
});

test('a launched node is warmed and its pods use it: the sweep publishes the share and closes the story as adopted', async () => {
  const { world, stage } = staged({ seed: 5 }, { sweep: true, lens: 'lens' });
  const node = launchFor(world, 27);
  await world.kernel.run(minutes(4));
  const recordOf = async () =>
    (await inWorld(world, () => stage.stores.ledger.nodes([node.instanceId as NodeId]))).get(
      node.instanceId as NodeId,
    );
  expect((await recordOf())?.outcome).toEqual({ state: 'seen' });
  await world.kernel.run(minutes(6));
  const shares = stage.figures.flatMap(({ figures }) => figures.PodsOnPrewarmed ?? []);
  // Two of its three interfaces are ours, and all 27 pods have an address.
  expect(shares.map((share) => Math.round(share))).toEqual([67]);
  expect((await recordOf())?.outcome).toEqual({ state: 'adopted' });
  expect(stage.figures.flatMap(({ figures }) => figures.PodsPending ?? [])).toEqual([0]);
});

test('pods that wait for a node are counted at each sweep', async () => {
  const { world, stage } = staged({ seed: 8 }, { sweep: true, lens: 'lens' });
  for (let pod = 0; pod < 40; pod++) world.createPod(`waits-${pod}`);
  await world.kernel.run(minutes(6));
  expect(stage.figures.flatMap(({ figures }) => figures.PodsPending ?? [])).toEqual([40]);
});

test('without the lens neither is said, and nobody is asked', async () => {
  const { world, stage } = staged({ seed: 6 }, { sweep: true });
  launchFor(world, 27);
  world.cluster().kubernetes.access = 'private';
  await world.kernel.run(minutes(6));
  const { figures } = stage;
  expect(figures.flatMap(({ figures: each }) => each.PodsOnPrewarmed ?? each.PodsPending ?? [])).toEqual([]);
  expect(notesOf(stage, 'lens: not seen')).toEqual([]);
});

describe('an announcement that says neither strategy nor grace', () => {
  const announced = (world: World, more: object = {}): unknown =>
    world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'paint' },
      replicas: { from: 20, to: 20 },
      ...more,
    });
  const demandIn = async (lens: 'lens' | undefined, more: object = {}): Promise<string> => {
    const { world, stage } = staged({ seed: 7 }, lens === undefined ? {} : { lens });
    world.established('m5.large', [9, 9, 9]);
    await world.kernel.run(seconds(10));
    world.deploy({
      kind: 'Deployment',
      name: 'paint',
      replicas: 20,
      strategy: { maxSurge: 1, maxUnavailable: 0 },
      terminationGraceMs: 90_000,
    });
    await world.kernel.run(seconds(40));
    const answer = await inWorld(world, () => stage.ask({ plan: announced(world, more) }));
    return 'reports' in answer ? ((answer.reports as RolloutReport[])[0]?.demand ?? '') : answer.ignored;
  };

  test("is planned by Kubernetes' defaults, or with the lens by the Deployment's own settings", async () => {
    expect(await demandIn(undefined)).toBe(
      '20 replicas replaced 10 at a time, at a pace not announced; each old address is held for 60 s',
    );
    expect(await demandIn('lens')).toBe(
      '20 replicas replaced 1 at a time, at a pace not announced; each old address is held for 120 s',
    );
  });

  test('what it does say counts', async () => {
    const said = { strategy: { type: 'RollingUpdate', maxSurge: 2, maxUnavailable: 0 } };
    expect(await demandIn('lens', said)).toBe(
      '20 replicas replaced 2 at a time, at a pace not announced; each old address is held for 120 s',
    );
  });
});
