/**
 * The reported case, in a /22 of m5.large nodes with the CNI's defaults: a hundred pods within minutes, and some fail with
 * `failed to assign an IP address to container`. Part one is a scale-out, which warming cures; part two is a rolling
 * update on full nodes, which only pacing cures.
 */
import type { Pacing } from '../../lambdas/core/plan/waves.ts';
import type { Node, Pod } from '../cluster/node.ts';
import { Stage } from '../stage.ts';
import { World } from '../world.ts';
import { type Measured, ourCalls, Watch } from './measure.ts';
import { SUBNET } from './subnets.ts';

export const CLUSTER = 'shop';
const TYPE = 'm5.large';
/** max-pods of m5.large is 29: 27 addresses' worth of pods, and two on the host's network. */
const ADDRESSES_PER_NODE = 27;
const FULL_NODE = [9, 9, 9];
const OLD_NODES = 5;

/** Time for the established nodes to come up and go quiet before the story begins. */
const WARM_UP_MS = 120_000;
/** Nothing of interest happens later than this after the start. */
const LONGEST_MS = 1_200_000;

export interface Run extends Measured {
  readonly seed: number;
}

function establishedCluster(options: {
  readonly seed: number;
  readonly warmEniTarget: number;
  readonly podsPerNode: number;
  readonly eventsLateByMs?: number;
}): World {
  const { seed, warmEniTarget, eventsLateByMs } = options;
  const world = new World({
    seed,
    cluster: CLUSTER,
    subnets: [SUBNET],
    ...(warmEniTarget !== 1 && { cniEnv: { WARM_ENI_TARGET: String(warmEniTarget) } }),
    ...(eventsLateByMs !== undefined && { eventsLateByMs }),
  });
  for (let index = 0; index < OLD_NODES; index++) world.established(TYPE, FULL_NODE);
  world.kernel.at(WARM_UP_MS / 2, () => {
    for (const node of world.nodes)
      for (let pod = 0; pod < options.podsPerNode; pod++)
        node.bind(world.createPod(`${node.name}-old-${pod}`, node));
  });
  return world;
}

// ------------------------------------------------------------------------------------------------ part one

const NEW_REPLICAS = 100;
const GROWTH_MS = 180_000;
const AUTOSCALER_AFTER_MS = 30_000;
const NEW_NODES = 4;

export interface ScaleOutPolicy {
  readonly warmEniTarget: 1 | 2;
  readonly prewarmer: boolean;
  readonly eventsLateByMs?: number;
}

/** A Deployment grows by 100 replicas in 3 minutes; the nodes it needs are asked for after 30 s. */
export async function scaleOut(seed: number, policy: ScaleOutPolicy): Promise<Run> {
  const world = establishedCluster({ seed, podsPerNode: ADDRESSES_PER_NODE, ...policy });
  const { kernel } = world;
  await kernel.run(WARM_UP_MS);
  const stage = policy.prewarmer ? new Stage(world, { mode: 'warm' }) : undefined;
  const watch = new Watch(world);
  const startMs = kernel.nowMs;
  const pods: Pod[] = [];
  const old = OLD_NODES * ADDRESSES_PER_NODE;
  if (stage !== undefined)
    world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
      cluster: CLUSTER,
      workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
      replicas: { from: old, to: old + NEW_REPLICAS },
      overSeconds: GROWTH_MS / 1000,
    });
  for (let index = 0; index < NEW_REPLICAS; index++) {
    kernel.at(startMs + Math.round((index * GROWTH_MS) / NEW_REPLICAS), () => {
      pods.push(world.createPod(`checkout-${index}`));
    });
  }
  kernel.at(startMs + AUTOSCALER_AFTER_MS, () => {
    for (let index = 0; index < NEW_NODES; index++) world.launch(TYPE);
  });
  await kernel.run(startMs + GROWTH_MS);
  await kernel.run(startMs + LONGEST_MS, () =>
    pods.every(({ gotAddressAtMs }) => gotAddressAtMs !== undefined),
  );
  // Verification looks 45 s after an attach; give it and the tags that time.
  await kernel.run(kernel.nowMs + WARM_UP_MS);
  return { seed, ...watch.measure(pods, stage) };
}

// ------------------------------------------------------------------------------------------------ part two

const REPLACED_PODS = 100;
const OTHER_PODS_PER_NODE = 4;
const PODS_PER_NODE = OTHER_PODS_PER_NODE + REPLACED_PODS / OLD_NODES;
const UNPACED_PER_NODE = 6;
const UNPACED_EVERY_MS = 20_000;
/** Kubernetes' default. The old pods here end at once, which is the kindest case for an unpaced rollout. */
const GRACE_SECONDS = 30;

export interface RollingUpdateRun extends Run {
  readonly reasons: readonly string[];
  readonly mutatingCalls: number;
  readonly pacing: Pacing | undefined;
}

/** The 100 pods of a Deployment are replaced on nodes whose interfaces are all full, 24 of 27 addresses in use. */
export async function rollingUpdate(seed: number, paced: boolean): Promise<RollingUpdateRun> {
  const world = establishedCluster({ seed, warmEniTarget: 1, podsPerNode: PODS_PER_NODE });
  const { kernel } = world;
  await kernel.run(WARM_UP_MS);
  const stage = new Stage(world, { mode: 'warm' });
  const watch = new Watch(world);

  const announced = world.bus.event('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: REPLACED_PODS, to: REPLACED_PODS },
    strategy: { type: 'RollingUpdate', maxSurge: 0, maxUnavailable: UNPACED_PER_NODE * OLD_NODES },
    terminationGracePeriodSeconds: GRACE_SECONDS,
    podsPerNode: PODS_PER_NODE,
  });
  const answer = await ask(world, stage, announced);
  const startMs = kernel.nowMs;
  const waves = paced
    ? {
        perNode: Math.floor((answer.pacing?.podsPerWave ?? 0) / OLD_NODES),
        everyMs: answer.pacing?.everyMs ?? 0,
      }
    : { perNode: UNPACED_PER_NODE, everyMs: UNPACED_EVERY_MS };
  const fresh: Pod[] = [];
  const perNode = REPLACED_PODS / OLD_NODES;
  for (let from = 0, wave = 0; from < perNode && waves.perNode > 0; from += waves.perNode, wave++) {
    kernel.at(startMs + wave * waves.everyMs, () => {
      for (const node of world.nodes.slice(0, OLD_NODES))
        fresh.push(...replace(world, node, from, Math.min(waves.perNode, perNode - from)));
    });
  }
  const done = (): boolean =>
    fresh.length === REPLACED_PODS && fresh.every(({ gotAddressAtMs }) => gotAddressAtMs !== undefined);
  await kernel.run(startMs + LONGEST_MS, done);
  const ours = ourCalls(world);
  return {
    seed,
    ...watch.measure(fresh, stage),
    reasons: answer.reasons,
    mutatingCalls: [...ours]
      .filter(([action]) => !action.startsWith('Describe'))
      .reduce((sum, [, n]) => sum + n, 0),
    pacing: answer.pacing,
  };
}

function replace(world: World, node: Node, from: number, count: number): Pod[] {
  const fresh: Pod[] = [];
  for (let index = from; index < from + count; index++) {
    const old = node.pods.find(({ name }) => name === `${node.name}-old-${index}`);
    if (old !== undefined) node.remove(old);
  }
  for (let index = from; index < from + count; index++) {
    const pod = world.createPod(`${node.name}-new-${index}`, node);
    node.bind(pod);
    fresh.push(pod);
  }
  return fresh;
}

/** Invokes on-signal by hand with the announcement, as a pipeline would before it begins. */
async function ask(
  world: World,
  stage: Stage,
  event: unknown,
): Promise<{ readonly pacing: Pacing | undefined; readonly reasons: readonly string[] }> {
  const { kernel } = world;
  let answer: Awaited<ReturnType<Stage['ask']>> | undefined;
  kernel.activity(
    () => stage.ask(event),
    (result) => {
      if (result.status === 'rejected') throw result.reason;
      answer = result.value;
    },
  );
  await kernel.run(kernel.nowMs + 30_000, () => answer !== undefined);
  if (answer === undefined || !('reports' in answer)) throw new Error(`no plan: ${JSON.stringify(answer)}`);
  const [report] = answer.reports;
  if (report === undefined || !('demand' in report)) throw new Error('the answer holds no rollout');
  const reasons = new Set(report.steps.flatMap((step) => (step.do === 'leave' ? [step.reason] : [step.do])));
  return { pacing: report.pacing, reasons: [...reasons].sort() };
}
