/** A rollout played in its scenario: in waves by the product, and for comparison all at once, with the same seed. */
import { readPolicy } from '../lambdas/core/policy.ts';
import { replicasAt, type Stop } from '../lambdas/core/rollouts/record.ts';
import { followWaves } from '../sim/pipeline.ts';
import { build } from '../sim/scenario/build.ts';
import { type Figures, Watch } from '../sim/scenario/figures.ts';
import type { Column } from '../sim/scenario/format.ts';
import { begin, settle } from '../sim/scenario/play.ts';
import { ROLLOUT_MACHINE, Stage, type StageOptions } from '../sim/stage.ts';
import type { World } from '../sim/world.ts';
import { epochOf, needsLens, type Rollout } from './rollout-input.ts';
import { RolloutWatch, type WaveSeen } from './rollout-watch.ts';

/** Between two looks, virtual ms. */
const STEP_MS = 1_000;
/** An announcement that has started nothing by then was lost, virtual ms. */
const STARTED_WITHIN_MS = 600_000;
/** The machine ends itself soon after its deadline, virtual ms. */
const ENDED_AFTER_DEADLINE_MS = 3_600_000;

export interface Frame {
  /** Virtual ms since the announcement. */
  readonly atMs: number;
  readonly watch: RolloutWatch;
  readonly failedRequests: number;
}

export interface Audience {
  /** Something changed, at this virtual time since the announcement. */
  change(what: string, atMs: number, failedRequests: number): void;
  /** A second of virtual time has passed. */
  tick(frame: Frame): Promise<void> | void;
  /** Whether this wave, which is held, may go; time stands still meanwhile. */
  letGo(wave: number): Promise<{ readonly go: true } | { readonly go: false; readonly because: string }>;
}

export interface WavesPlayed {
  readonly outcome: 'completed' | 'stopped';
  readonly stop?: Stop;
  readonly releasedPods: number;
  readonly waves: readonly WaveSeen[];
  /** From the announcement to the end of the execution. */
  readonly seconds: number;
  /** State transitions that Step Functions bills. */
  readonly transitions: number;
  /** Events in the execution's history. */
  readonly historyEvents: number;
  readonly figures: Figures;
}

const DETAIL_TYPE = ['eks-ip-prewarmer', 'Deployment Announced'] as const;

/** The scenario at the beginning of its story. */
async function open(
  rollout: Rollout,
  seed: number,
  options: Omit<StageOptions, 'mode' | 'policy'> | undefined,
) {
  const { scenario, fresh, old } = rollout;
  const { policy = {} } = scenario;
  const column: Column = { name: 'rollout', prewarmer: 'off' };
  const built = build(scenario, column, seed, epochOf(rollout));
  const { world, replicated } = built;
  const stage = options && new Stage(world, { ...options, mode: 'warm', policy });
  await settle(scenario, built);
  const { kernel } = world;
  const startMs = kernel.nowMs;
  const watch = new Watch(world, stage);
  begin(scenario, column, built);
  const next = replicated.get(fresh);
  const last = old === undefined ? undefined : replicated.get(old);
  if (next === undefined) throw new Error(`no workload ${fresh}`);
  const { budgetShare } = readPolicy(policy).policy;
  return {
    ...{ world, startMs, next, last },
    measure: () => watch.measure(world.pods, budgetShare),
    failedRequests: () =>
      world.pods.reduce((sum, pod) => sum + (pod.createdAtMs >= startMs ? pod.failedRequests : 0), 0),
    /** Until all is as wanted and every pod is ready; not longer than the scenario's story. */
    settleDown: (there: () => boolean) =>
      kernel.run(
        kernel.nowMs + scenario.minutes * 60_000,
        () => there() && next.done && (last?.done ?? true),
      ),
  };
}

/** All at once, when and over as long as the announcement says; where pods are replaced, as the workload's own strategy does. */
export async function playAtOnce(rollout: Rollout, seed: number, told: boolean): Promise<Figures> {
  const { announced, detail, nowMs, old } = rollout;
  const { replicas, startsAtMs, overMs } = announced;
  const { world, next, last, startMs, settleDown, measure } = await open(
    rollout,
    seed,
    told ? {} : undefined,
  );
  if (told) {
    const { waves: _, ...plain } = detail;
    world.bus.put(...DETAIL_TYPE, plain);
  }
  await world.kernel.run(startMs + Math.max(0, startsAtMs - nowMs));
  const grown = old === undefined ? next : last;
  if (grown === undefined) throw new Error(`no workload ${old}`);
  grown.scaleTo(replicas.to, overMs);
  if (old !== undefined) grown.rollOut();
  await settleDown(() => grown.replicas === replicas.to);
  return measure();
}

/** `lens`: whether we may count pods; where we scale we have to. */
export async function playWaves(
  rollout: Rollout,
  seed: number,
  template: unknown,
  audience: Audience,
  lens = needsLens(rollout.announced),
): Promise<WavesPlayed> {
  const { announced, detail, nowMs } = rollout;
  const { cluster, announcementId, replicas, waves } = announced;
  const watch = new RolloutWatch(nowMs, (what) =>
    audience.change(what, kernel.nowMs - startMs, failedRequests()),
  );
  const { world, next, last, startMs, settleDown, measure, failedRequests } = await open(rollout, seed, {
    rollouts: template,
    wrap: (ports) => watch.over(ports),
    ...(lens && { lens: 'lens' }),
  });
  const { kernel, stepFunctions, bus } = world;
  const machine = stepFunctions.machine(stepFunctions.arnOf(ROLLOUT_MACHINE));
  const execution = () => machine?.executions[0];
  const ended = (): boolean => execution()?.status !== undefined && execution()?.status !== 'RUNNING';
  const held = heldIn(world);
  let answered: string | undefined;
  if (waves.advance === 'announce')
    followWaves(bus, { announcementId, fresh: next, replicas: replicas.to, ...(last && { old: last }) });
  bus.put(...DETAIL_TYPE, detail);

  const untilMs = startMs + waves.deadlineMs - nowMs + ENDED_AFTER_DEADLINE_MS;
  const startedByMs = startMs + STARTED_WITHIN_MS;
  while (!ended() && kernel.nowMs < (execution() === undefined ? startedByMs : untilMs)) {
    await kernel.run(kernel.nowMs + STEP_MS, () => ended() || held.length > 0);
    await audience.tick({ atMs: kernel.nowMs - startMs, watch, failedRequests: failedRequests() });
    for (const wave of held.splice(0)) {
      const token = watch.record?.gate?.token;
      if (token === undefined || token === answered) continue;
      answered = token;
      const answer = await audience.letGo(wave);
      if (!answer.go)
        stepFunctions.tokens.sendTaskFailure(token, { error: 'Refused', cause: answer.because });
      else if (waves.gate === 'approve')
        bus.put('eks-ip-prewarmer', 'Wave Approved', { cluster, announcementId, wave });
      else stepFunctions.tokens.sendTaskSuccess(token, '{}');
    }
  }
  const seconds = (kernel.nowMs - startMs) / 1000;
  const { record } = watch;
  const { releasedPods = 0, stopped } = record ?? {};
  await settleDown(() => next.replicas === replicasAt(announced, releasedPods));
  const done = record?.state === 'completed';
  return {
    outcome: done ? 'completed' : 'stopped',
    ...(!done && { stop: stopped ?? unstarted(execution()?.cause) }),
    ...{ releasedPods, waves: watch.waves, seconds },
    transitions: execution()?.transitions ?? 0,
    historyEvents: execution()?.history.length ?? 0,
    figures: measure(),
  };
}

/** Waves that are said to wait for somebody, as often as it is said. */
function heldIn({ bus }: World): number[] {
  const waves: number[] = [];
  bus.addRule({
    matches: ({ 'detail-type': type, detail }) =>
      type === 'Wave Ready' && ['approve', 'callback'].includes((detail as { gate: string }).gate),
    deliver: ({ detail }) => waves.push((detail as { wave: number }).wave),
  });
  return waves;
}

const unstarted = (cause: string | undefined): Stop =>
  cause === undefined
    ? {
        cause: 'the announcement started nothing within ten minutes',
        remedy: 'See whether the scenario loses events or keeps them back ("events").',
      }
    : { cause, remedy: 'This is a defect of the prewarmer: please report it.' };
