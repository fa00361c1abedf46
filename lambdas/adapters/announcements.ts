/** Announcements in, signals out: what is left unsaid is what Kubernetes would do. */
import { ignored } from '../core/ignored.ts';
import type { Ignored, RolloutAnnounced, RolloutStrategy, Unsaid, WaveOptions } from '../core/signals.ts';
import { ANNOUNCEMENT, type Announcement } from './announcement-shape.ts';
import { check, given } from './expectations.ts';

/** Kubernetes' defaults. Source: Kubernetes API reference, Deployment and StatefulSet strategy, Pod. */
const DEFAULT_SURGE = '25%';
const DEFAULT_SET_UNAVAILABLE = 1;
const DEFAULT_GRACE_SECONDS = 30;

/** `id` and `atMs` are the event's; `field` is where the announcement stands in it. */
export function readAnnouncement(
  detail: unknown,
  { id, atMs, field }: { readonly id: string; readonly atMs: number; readonly field: string },
): RolloutAnnounced | Ignored {
  const checked = check(ANNOUNCEMENT, detail, field);
  if (!checked.ok) return ignored('malformed', ...checked.complaints);
  const {
    cluster,
    workload,
    replicas,
    strategy,
    nodeSelection,
    podsPerNode,
    hostNetwork,
    newVersion,
    waves,
    ...said
  } = checked.value;
  if (waves === undefined && newVersion !== true && needsNone(replicas, strategy))
    return ignored('no address needed', {
      field: `${field}.replicas`,
      expected: 'as many pods as before, or more: fewer need no address, unless newVersion is true',
      got: replicas,
    });
  const unsaid: Unsaid[] = [
    ...(strategy === undefined ? (['strategy'] as const) : []),
    ...(said.terminationGracePeriodSeconds === undefined ? (['terminationGrace'] as const) : []),
  ];
  const startsAtMs =
    said.startsAt === undefined ? atMs + 1000 * (said.startsInSeconds ?? 0) : Date.parse(said.startsAt);
  return {
    kind: 'rollout-announced',
    announcementId: said.announcementId ?? id,
    cluster,
    workload,
    replicas,
    strategy: strategyOf(strategy),
    startsAtMs,
    overMs: (said.overSeconds ?? 0) * 1000,
    terminationGraceMs: (said.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS) * 1000,
    selector: given(nodeSelection ?? {}),
    ...given({
      podsPerNode,
      hostNetwork,
      newVersion,
      waves: waves && wavesOf(waves, atMs, startsAtMs),
      podReadyMs: inMs(said.podReadySeconds),
      podExitMs: inMs(said.podExitSeconds),
    }),
    ...(unsaid.length > 0 && { unsaid }),
    attempt: 0,
  };
}

/** Where nothing is said: as large as it can be, nobody asked, four hours from its start and a quarter of one for each wave. */
const DEADLINE_SECONDS = 14_400;
const LONGEST_PAUSE_SECONDS = 900;

function wavesOf(said: NonNullable<Announcement['waves']>, atMs: number, startsAtMs: number): WaveOptions {
  const { size = 'auto', gate = 'none', advance = 'announce', smallest = 1 } = said;
  const { deadline, deadlineSeconds } = said;
  return {
    ...{ size, gate, advance, smallestPods: smallest },
    deadlineMs:
      deadline !== undefined
        ? Date.parse(deadline)
        : deadlineSeconds !== undefined
          ? atMs + 1000 * deadlineSeconds
          : Math.max(atMs, startsAtMs) + 1000 * DEADLINE_SECONDS,
    longestPauseMs: 1000 * (said.longestPauseSeconds ?? LONGEST_PAUSE_SECONDS),
  };
}

const inMs = (seconds: number | undefined): number | undefined =>
  seconds === undefined ? undefined : seconds * 1000;

/** A scale-down gives addresses back. Of a blue/green switch all new pods come beside the old ones, however few; a job's
 *  pods come whatever ran before. */
const needsNone = ({ from, to }: Announcement['replicas'], strategy: Announcement['strategy']): boolean =>
  to < from && strategy?.type !== 'BlueGreen' && strategy?.type !== 'Job';

function strategyOf(said: Announcement['strategy'] = { type: 'RollingUpdate' }): RolloutStrategy {
  switch (said.type) {
    case 'RollingUpdate': {
      const { maxSurge = DEFAULT_SURGE, maxUnavailable = DEFAULT_SURGE } = said;
      return { type: 'rolling-update', maxSurge, maxUnavailable };
    }
    case 'Recreate':
      return { type: 'recreate' };
    case 'BlueGreen':
      return { type: 'blue-green' };
    case 'StatefulSet': {
      const { podManagementPolicy, maxUnavailable = DEFAULT_SET_UNAVAILABLE } = said;
      const podManagement = podManagementPolicy === 'Parallel' ? 'parallel' : 'ordered';
      return { type: 'stateful-set', podManagement, maxUnavailable };
    }
    case 'Job': {
      const { completions, podSeconds, everySeconds } = said;
      return {
        type: 'job',
        completions,
        ...(podSeconds !== undefined && { podRunMs: 1000 * podSeconds }),
        ...(everySeconds !== undefined && { everyMs: 1000 * everySeconds }),
      };
    }
  }
}
