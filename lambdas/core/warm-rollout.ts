/**
 * An announced rollout: what present nodes can be given in time is given, what finds no node waits for launches, and what
 * neither can cure is paced.
 */

import { backAgain, type CarriedOut, carryOutRollout, comeBack } from './calls/rollout-calls.ts';
import { adoptionWorstMs } from './cni.ts';
import { countWould } from './counting.ts';
import { decideRollout, type RolloutReport } from './decide-rollout.ts';
import { ignored } from './ignored.ts';
import { asDeployed } from './lens.ts';
import { QUIET_MS } from './limits.ts';
import type { Step } from './plan/steps.ts';
import type { Policy } from './policy.ts';
import type { Ports } from './ports.ts';
import { type PresentNodes, seePresent } from './present-nodes.ts';
import type { Readiness } from './readiness.ts';
import { addressableNow } from './rollouts/room-now.ts';
import type { Ignored, RolloutAnnounced } from './signals.ts';
import { plannedIn } from './telling.ts';

/** Ignored: not a cluster of ours, or back on the queue because EC2 could not be read. */
export async function warmRollout(
  announced: RolloutAnnounced,
  ports: Ports,
  want: 'plan' | 'do' = 'do',
): Promise<RolloutReport | Ignored> {
  const { policy } = ports.settings;
  const ours = ports.settings.clusters.map(({ name }) => name);
  if (!ours.includes(announced.cluster)) return notACluster(`one of ${ours.join(', ')}`, announced);
  if (ports.clock() > demandEndsMs(announced, policy)) return overSince(announced, policy);
  const signal = await asDeployed(announced, ports);
  const present = await seePresent(signal, ports, want);
  if ('unread' in present) return backAgain(signal, present.unread, ports, want);
  if ('unknown' in present) return notACluster('a cluster that EKS knows in this account and Region', signal);
  const { report, warmPart } = decideRollout(signal, present);
  if (want === 'plan') return report;
  const carried = new Set(warmPart.steps);
  countWould(
    signal.cluster,
    report.steps.filter((step) => !carried.has(step)),
    ports,
  );

  const [, { told, waitMs: goesOnMs }] = await Promise.all([
    leaveOpen(signal, report.openDemand, ports),
    present.mode === 'warm'
      ? carryOutRollout(signal, { ...present, plan: warmPart }, ports)
      : ({ told: [ONLY_OBSERVED] } as CarriedOut),
  ]);
  const waitMs = soonest(goesOnMs, quietAgainMs(warmPart.steps, signal, present));
  await Promise.all([
    waitMs !== undefined && comeBack(signal, waitMs, ports),
    ports.rolloutBook.say(readinessOf(signal, report, present, waitMs)),
  ]);
  const done = [...told, ...(waitMs === undefined ? [] : [`again in ${waitMs / 1000} s`])];
  const nothing = report.observed === undefined ? 'nothing' : ONLY_OBSERVED;
  return { ...report, done: done.join(', ') || nothing };
}

const ONLY_OBSERVED = 'nothing: only observed';

/** A message takes a second or two to come back, and the cluster one to be read. */
const COMES_BACK_MS = 5_000;

/** When to look again at nodes that changed lately, or were never seen: they may be quiet long before the pods come. Not before
 *  each has been unchanged for long enough, nor before half of the time is over in which help is in time, so that restless nodes cost a
 *  handful of looks, and one a quarter of an hour (the longest that a message can wait) where a rollout is announced further ahead. */
function quietAgainMs(
  steps: readonly Step[],
  { startsAtMs }: RolloutAnnounced,
  { acting, sights, policy, nowMs }: PresentNodes,
): number | undefined {
  const leftMs = startsAtMs - adoptionWorstMs(policy) - COMES_BACK_MS - nowMs;
  const quietInMs = steps
    .flatMap((step) => (step.do === 'leave' && step.reason === 'not quiet' ? [step.nodeId] : []))
    .filter((nodeId) => acting.get(nodeId)?.mode === 'warm')
    .map((nodeId) => (sights.get(nodeId)?.sinceMs ?? nowMs) + QUIET_MS - nowMs)
    .filter((ms) => ms <= leftMs);
  return quietInMs.length === 0 ? undefined : Math.max(leftMs / 2, ...quietInMs);
}

const soonest = (...waits: readonly (number | undefined)[]): number | undefined => {
  const known = waits.filter((waitMs) => waitMs !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
};

/** For who asks at the gate endpoint: how many of the pods could come now, and from when on all of them, as far as that can be
 *  told. */
function readinessOf(
  signal: RolloutAnnounced,
  { pods, steps }: RolloutReport,
  present: PresentNodes,
  waitMs: number | undefined,
): Readiness {
  const { cluster, workload, announcementId } = signal;
  const { nowMs, policy } = present;
  const { shortfalls, nodesWarmed } = plannedIn(steps);
  const fit = addressableNow(signal, 0, present).pods;
  const short = Object.entries(shortfalls).map(([reason, nodes]) => `${nodes} nodes left: ${reason}`);
  const waits = waitMs === undefined ? [] : [`some nodes are worked on again in ${waitMs / 1000} s`];
  const coming = short.length === 0 && waitMs === undefined && present.mode === 'warm';
  return {
    ...{ cluster, namespace: workload.namespace, name: workload.name, announcementId, pods },
    readyPods: Math.min(pods, fit),
    ...(fit >= pods
      ? { readyFromMs: nowMs }
      : coming && { readyFromMs: nowMs + (nodesWarmed > 0 ? adoptionWorstMs(policy) : 0) }),
    reasons: [...short, ...waits],
    saidAtMs: nowMs,
    expiresAtMs: demandEndsMs(signal, policy),
  };
}

/** Pods that find no node wait for one to launch. Said again while some of that is open it changes nothing. */
export async function leaveOpen(signal: RolloutAnnounced, pods: number, ports: Ports): Promise<void> {
  if (pods === 0) return;
  const { clock, ledger, settings } = ports;
  const { announcementId: id, cluster, selector, startsAtMs } = signal;
  const nowMs = clock();
  const expiresAtMs = Math.max(
    nowMs + settings.policy.openDemandTtlMs,
    demandEndsMs(signal, settings.policy),
  );
  await ledger.announce(
    { id, cluster, podsLeft: pods, selector, startsAtMs, expiresAtMs, claims: {}, version: 0 },
    nowMs,
  );
}

const notACluster = (expected: string, { cluster: got }: RolloutAnnounced): Ignored =>
  ignored('not ours', { field: 'detail.cluster', expected, got });

/** Until then announced pods may wait for a node. */
const demandEndsMs = ({ startsAtMs, overMs }: RolloutAnnounced, { openDemandTtlMs }: Policy): number =>
  startsAtMs + overMs + openDemandTtlMs;

const overSince = (signal: RolloutAnnounced, policy: Policy): Ignored =>
  ignored('too late', {
    field: 'detail.startsAt',
    expected: `a rollout that ended at most ${policy.openDemandTtlMs / 1000} s ago`,
    got: new Date(signal.startsAtMs).toISOString(),
  });
