/** One way played on a snapshot's cluster: it stands for a while, then the pods come. Same snapshot, burst, way and seed: the same
 *  figures. */
import type { RolloutReport } from '../../lambdas/core/decide-rollout.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import type { Answer } from '../../lambdas/handlers/on-signal.ts';
import { followWaves } from '../../sim/pipeline.ts';
import { type Figures, Watch } from '../../sim/scenario/figures.ts';
import { ROLLOUT_MACHINE, Stage } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import type { Snapshot } from '../snapshot/format.ts';
import { announcementOf, type Burst } from './burst.ts';
import { pass } from './pass.ts';
import { type Sample, sampling } from './series.ts';
import type { Way } from './ways.ts';
import { deploymentOf, FRESH, groupKey, openWorld, type Played } from './world.ts';

export interface Outcome {
  readonly way: Way;
  readonly figures: Figures;
  /** From when the first pod was due to the last pod's address, s; `undefined` when one never came. */
  readonly lastPodSeconds: number | undefined;
  readonly samples: readonly Sample[];
  /** What we would have said, when we were asked right before. */
  readonly report?: RolloutReport;
  /** Of a rollout in waves that came to no end: it is no answer to how its pods would have fared. */
  readonly stopped?: Stopped;
}

export interface Stopped {
  /** The words of whoever stopped it. */
  readonly because: string;
  readonly releasedPods: number;
  readonly pods: number;
}

export interface PlayOptions {
  readonly seed: number;
  /** The template with the rollout machine; needed for waves. */
  readonly template?: unknown;
  /** The stack's policy document. */
  readonly policy: Readonly<Record<string, unknown>>;
}

/** After the last pod is due: nodes launch in three minutes, and then addresses come in one more. */
const AFTERWARDS_MS = 600_000;
/** A rollout in waves takes what it takes; one that takes longer is shown as it is then. */
const WAVES_AT_MOST_MS = 7_200_000;
const SAID_WITHIN_MS = 10_000;
/** Longer than any function may run, virtual ms. */
const ANSWERED_WITHIN_MS = 60_000;

export async function playWay(
  snapshot: Snapshot,
  asked: Burst,
  way: Way,
  { seed, template, policy }: PlayOptions,
): Promise<Outcome> {
  const burst = patched(asked, way);
  let stage: Stage | undefined;
  const played = await openWorld(snapshot, burst, way.env, seed, (world) => {
    if (way.us === 'nothing') return;
    stage = new Stage(world, {
      mode: 'warm',
      policy,
      ...(way.us === 'waves' && { rollouts: template }),
    });
  });
  const { world, workload } = played;
  const { kernel } = world;
  const report =
    stage === undefined || way.us !== 'warm' ? undefined : await askFor(stage, world, snapshot, burst);
  const watch = new Watch(world, stage);
  const dueMs = kernel.nowMs + burst.startsInMs;
  const samples = sampling(world, dueMs);
  const startMs = kernel.nowMs;
  const endMs = dueMs + burst.overMs + (way.selfPaced?.takesMs ?? 0) + AFTERWARDS_MS;
  let stopped: Stopped | undefined;
  if (way.us === 'waves') {
    stopped = await inWaves(played, snapshot, burst, dueMs);
  } else {
    if (way.us === 'warm') announce(world, snapshot, burst);
    await pass(kernel, dueMs);
    if (burst.rolls) workload.rollOut();
    else workload.scaleTo(burst.replicas.to, burst.overMs);
  }
  await pass(kernel, endMs);
  const figures = watch.measure(world.pods, readPolicy(policy).policy.budgetShare);
  const missing = figures.rolloutSeconds === undefined || figures.pods < burst.replicas.to;
  return {
    ...{ way, figures, samples },
    lastPodSeconds: missing ? undefined : (figures.rolloutSeconds ?? 0) - (dueMs - startMs) / 1000,
    ...(report !== undefined && { report }),
    ...(stopped !== undefined && { stopped }),
  };
}

const patched = (burst: Burst, { selfPaced }: Way): Burst => {
  if (selfPaced === undefined) return burst;
  const { strategy, minReadySeconds } = selfPaced.patch.spec;
  return { ...burst, strategy: strategy.rollingUpdate, minReadySeconds };
};

const groupsIn = (snapshot: Snapshot, burst: Burst) =>
  burst.nodeGroups === undefined
    ? {}
    : { nodeGroups: [...new Set(snapshot.nodes.filter(burst.takes).map(groupKey))] };

const detailOf = (world: World, snapshot: Snapshot, burst: Burst): Readonly<Record<string, unknown>> =>
  announcementOf(burst, {
    cluster: snapshot.cluster.name,
    startsAtMs: world.clockMs + burst.startsInMs,
    ...groupsIn(snapshot, burst),
  });

function announce(world: World, snapshot: Snapshot, burst: Burst): void {
  world.bus.put('eks-ip-prewarmer', 'Deployment Announced', detailOf(world, snapshot, burst));
}

/** What the stack plans for it, node by node; it changes nothing. */
async function askFor(
  stage: Stage,
  world: World,
  snapshot: Snapshot,
  burst: Burst,
): Promise<RolloutReport | undefined> {
  const { kernel } = world;
  const plan = {
    version: '0',
    id: 'plan',
    source: 'eks-ip-prewarmer',
    'detail-type': 'Deployment Announced',
    account: world.accountId,
    region: world.region,
    time: new Date(world.clockMs).toISOString(),
    resources: [],
    detail: detailOf(world, snapshot, burst),
  };
  let result: PromiseSettledResult<Answer> | undefined;
  kernel.activity(
    () => stage.ask({ plan }),
    (settled) => {
      result = settled;
    },
  );
  await kernel.run(kernel.nowMs + ANSWERED_WITHIN_MS, () => result !== undefined);
  if (result?.status === 'rejected') throw result.reason;
  const answer = result?.value;
  const [report] = answer !== undefined && 'reports' in answer ? answer.reports : [];
  return report !== undefined && 'openDemand' in report ? report : undefined;
}

/** The pods come as waves are released; where it stands, if somebody stopped it. */
async function inWaves(
  { world, workload }: Played,
  snapshot: Snapshot,
  burst: Burst,
  dueMs: number,
): Promise<Stopped | undefined> {
  const { kernel, bus, stepFunctions } = world;
  const announcementId = 'burst';
  const fresh = burst.rolls ? world.deploy(deploymentOf(burst, snapshot, FRESH, 0)) : workload;
  let because: string | undefined;
  bus.addRule({
    matches: ({ 'detail-type': type }) => type === 'Rollout Finished',
    deliver: ({ detail }) => {
      because = (detail as { readonly cause?: string }).cause;
    },
  });
  followWaves(bus, {
    ...{ announcementId, fresh, replicas: burst.replicas.to },
    ...(burst.rolls && { old: workload }),
  });
  bus.put('eks-ip-prewarmer', 'Deployment Announced', {
    ...detailOf(world, snapshot, burst),
    announcementId,
    waves: { size: 'auto' },
  });
  const machine = stepFunctions.machine(stepFunctions.arnOf(ROLLOUT_MACHINE));
  const ended = (): boolean => {
    const status = machine?.executions[0]?.status;
    return status !== undefined && status !== 'RUNNING';
  };
  await pass(kernel, dueMs + WAVES_AT_MOST_MS, ended);
  // What was said of its end is on its way.
  await kernel.run(kernel.nowMs + SAID_WITHIN_MS);
  because ??= ended() ? undefined : 'it was not done after two hours';
  if (because === undefined) return undefined;
  return { because, releasedPods: fresh.replicas, pods: burst.replicas.to };
}
