/** Random workloads, what is announced of them, and how their rollouts go: made from one stream of chance. */
import type { IntOrPercent, RolloutAnnounced, RolloutStrategy } from '../../lambdas/core/signals.ts';
import type { Stream } from '../chance.ts';
import type { WorkloadOptions } from '../cluster/cluster.ts';

export const FORMULAS = [
  'scale-out',
  'rolling-update',
  'recreate',
  'blue-green',
  'stateful-set growth',
  'stateful-set update',
  'job',
  'cron-job',
] as const;
export type Formula = (typeof FORMULAS)[number];

export interface RandomWorkload {
  readonly formula: Formula;
  readonly from: number;
  readonly to: number;
  /** What runs before the story, with `from` replicas; a job is not there yet. */
  readonly options: WorkloadOptions;
  /** A scale-out goes in steps over so long. */
  readonly rampMs: number;
  readonly announced: Pick<
    RolloutAnnounced,
    'strategy' | 'terminationGraceMs' | 'podExitMs' | 'podReadyMs' | 'newVersion'
  >;
  /** The announcement says over how long new pods were asked for, as one who has seen the rollout before can. */
  readonly tellsPace: boolean;
  /** All pods take the same time, with no image to pull first on some nodes, and end as slowly as they may. */
  readonly alike: boolean;
  /** Enough is announced for the demand to be near the peak of pods that are alike. */
  readonly tellsEnough: boolean;
  /** Addresses in use at one time, at most: the world has as many on its nodes. */
  readonly mostUse: number;
}

const SECOND = 1_000;
/** No rollout takes longer, or the world would be at it for hours. */
const LONGEST_MS = 3_600_000;

export function randomWorkload(formula: Formula, stream: Stream): RandomWorkload {
  const whole = (least: number, most: number): number => Math.floor(stream.between(least, most + 1));
  // As many small ones as large ones.
  const someOf = (most: number): number => Math.floor(most ** stream.next());
  const name = 'checkout';
  const to = someOf(300);
  const graceMs = stream.pick([0, 5, 30, 30, 30, 60, 120, whole(0, 120)]) * SECOND;
  // A pod that heeds SIGTERM is gone before its grace is over.
  const exitMs = stream.chance(0.4) ? graceMs : Math.round(stream.between(0, graceMs));
  const alike = stream.chance(0.7);
  const spreadMs = alike ? 0 : whole(1, 20_000);
  const imagePullMs = alike ? 0 : stream.pick([0, 5_000, 20_000]);
  const tells = stream.pick(['ready time', 'ready time', 'pace', 'nothing'] as const);
  const tellsExit = stream.chance(0.7);
  const pod = { terminationGraceMs: graceMs, exitMs, spreadMs, imagePullMs };
  const readyIn = (rounds: number): { readyAfterMs: number; minReadySeconds: number; readyMs: number } => {
    const most = Math.min(120 * SECOND, LONGEST_MS / Math.max(1, rounds));
    const readyMs = Math.round(stream.between(0.2 * SECOND, most));
    const minReadySeconds = stream.chance(0.3) ? Math.floor(readyMs / 2 / SECOND) : 0;
    return { readyAfterMs: readyMs - minReadySeconds * SECOND, minReadySeconds, readyMs };
  };
  const made = (
    strategy: RolloutStrategy,
    options: WorkloadOptions,
    more: Partial<RandomWorkload> & { readonly readyMs?: number } = {},
  ): RandomWorkload => {
    const { readyMs, ...rest } = more;
    // Drawn last, so that the other draws of a seed are those of pods that end alike.
    const exitSpreadMs = !alike && stream.chance(0.5) ? Math.round(stream.between(0, exitMs)) : 0;
    return {
      formula,
      from: to,
      to,
      options: { ...options, exitSpreadMs },
      rampMs: 0,
      announced: {
        strategy,
        terminationGraceMs: graceMs,
        ...(isReplaced(formula) && { newVersion: true }),
        ...(tellsExit && { podExitMs: exitMs }),
        ...(tells === 'ready time' && readyMs !== undefined && { podReadyMs: readyMs }),
      },
      tellsPace: tells === 'pace' && readyMs !== undefined,
      alike,
      tellsEnough: readyMs === undefined || (tells !== 'nothing' && (tellsExit || exitMs === graceMs)),
      mostUse: 3 * Math.max(to, rest.from ?? 0) + 20,
      ...rest,
    };
  };
  const rolling = { type: 'rolling-update', maxSurge: '25%', maxUnavailable: '25%' } as const;

  switch (formula) {
    case 'scale-out': {
      const { readyAfterMs } = readyIn(1);
      const from = stream.chance(0.3) ? 0 : whole(0, to - 1);
      const rampMs = stream.chance(0.5) ? whole(0, 600) * SECOND : 0;
      return made(
        rolling,
        { kind: 'Deployment', name, replicas: from, readyAfterMs, ...pod },
        { from, rampMs },
      );
    }
    case 'rolling-update': {
      const share = (): IntOrPercent =>
        stream.chance(0.5) ? (`${whole(0, 100)}%` as const) : whole(0, Math.min(to, 40));
      const [maxSurge, maxUnavailable] = stream.chance(0.3) ? (['25%', '25%'] as const) : [share(), share()];
      const seats = Math.max(1, countOf(maxSurge, to) + countOf(maxUnavailable, to));
      const { readyMs, ...ready } = readyIn(to / seats);
      const from = stream.chance(0.3) ? Math.max(1, to + whole(-40, 40)) : to;
      const strategy = { maxSurge, maxUnavailable };
      return made(
        { type: 'rolling-update', ...strategy },
        { kind: 'Deployment', name, replicas: from, strategy, ...ready, ...pod },
        { from, readyMs },
      );
    }
    case 'recreate': {
      const { readyAfterMs } = readyIn(1);
      const from = stream.chance(0.2) ? whole(0, 2 * to) : to;
      const options = {
        kind: 'Deployment',
        name,
        replicas: from,
        strategy: 'Recreate',
        readyAfterMs,
      } as const;
      // Pods it grows by that still pull their image end at once, and may have cooled when the others have ended.
      const tellsEnough = alike || from === 0 || from >= to;
      return made({ type: 'recreate' }, { ...options, ...pod }, { from, tellsEnough });
    }
    case 'blue-green': {
      const { readyAfterMs } = readyIn(1);
      const from = stream.chance(0.2) ? whole(1, 2 * to) : to;
      return made(
        { type: 'blue-green' },
        { kind: 'Deployment', name, replicas: from, readyAfterMs, ...pod },
        { from },
      );
    }
    case 'stateful-set growth': {
      const podManagement = stream.pick(['OrderedReady', 'Parallel'] as const);
      const { readyAfterMs } = readyIn(to);
      const from = whole(0, to - 1);
      return made(
        { type: 'stateful-set', podManagement: ANNOUNCED[podManagement], maxUnavailable: 1 },
        { kind: 'StatefulSet', name, replicas: from, podManagement, readyAfterMs, ...pod },
        { from },
      );
    }
    case 'stateful-set update': {
      const podManagement = stream.pick(['OrderedReady', 'Parallel'] as const);
      const maxUnavailable = stream.chance(0.5) ? 1 : whole(1, 12);
      const { readyMs } = readyIn(to / maxUnavailable);
      const enough =
        (tells === 'pace' || (tells === 'ready time' && tellsExit)) &&
        // Which of several an ordered set makes first nothing announced tells.
        (maxUnavailable === 1 || podManagement === 'Parallel');
      const from = tells !== 'pace' && stream.chance(0.2) ? whole(1, to) : to;
      return made(
        { type: 'stateful-set', podManagement: ANNOUNCED[podManagement], maxUnavailable },
        {
          kind: 'StatefulSet',
          name,
          replicas: from,
          podManagement,
          maxUnavailable,
          readyAfterMs: readyMs,
          ...pod,
        },
        { from, readyMs, tellsEnough: enough },
      );
    }
    case 'job': {
      const completions = someOf(400);
      const parallelism = someOf(100);
      const runMs = runTime(stream, Math.ceil(completions / parallelism));
      const tellsRun = stream.chance(0.7);
      return made(
        { type: 'job', completions, ...(tellsRun && { podRunMs: runMs }) },
        { kind: 'Job', name, completions, parallelism, runMs, ...pod },
        { from: 0, to: parallelism, tellsEnough: tellsRun, mostUse: completions + 20 },
      );
    }
    case 'cron-job': {
      const replicas = someOf(100);
      const everyMs = stream.pick([10, 20, 30, 45, 60, whole(10, 120)]) * SECOND;
      const runMs = Math.round(stream.between(SECOND, 1.5 * everyMs));
      const podRunMs = runMs + spreadMs + imagePullMs;
      return made(
        { type: 'job', completions: replicas, podRunMs, everyMs },
        { kind: 'CronJob', name, replicas, everyMs, firstAfterMs: 0, runMs, ...pod },
        { from: 0, to: replicas, mostUse: 12 * replicas + 20 },
      );
    }
  }
}

const isReplaced = (formula: Formula): boolean =>
  ['rolling-update', 'recreate', 'stateful-set update'].includes(formula);

const ANNOUNCED = { OrderedReady: 'ordered', Parallel: 'parallel' } as const;

const countOf = (value: IntOrPercent, replicas: number): number =>
  typeof value === 'number' ? value : (Number(value.slice(0, -1)) * replicas) / 100;

/** From a second to minutes, and often on the very edge of a cooldown. */
function runTime(stream: Stream, rounds: number): number {
  const most = Math.min(300 * SECOND, LONGEST_MS / Math.max(1, rounds));
  if (stream.chance(0.2)) return Math.min(most, stream.pick([10, 15, 30]) * SECOND);
  return Math.round(Math.max(SECOND, most ** stream.next()));
}
