/** Warm wave: the nodes that can be warmed for a wave's pods are, within the budget that all share. */
import { carryOutRollout } from '../calls/rollout-calls.ts';
import { adoptionWorstMs } from '../cni.ts';
import { decideRollout } from '../decide-rollout.ts';
import { waitAfter } from '../failures.ts';
import { notePlan } from '../noting.ts';
import type { LeaveReason } from '../plan/steps.ts';
import type { Ports } from '../ports.ts';
import { type PresentNodes, seePresent, type Unseen } from '../present-nodes.ts';
import type { RolloutAnnounced } from '../signals.ts';
import { keepWave, type Next, type Phase, readRollout, stopFor, waitFor, waveOf } from './phase.ts';
import { tooLate } from './plan-wave.ts';
import { demandIdOf, podsPerNodeNow, type RolloutRecord, type WaveRecord } from './record.ts';
import { addressableNow, podsThatFit, restsForMs } from './room-now.ts';

export async function warmWave(phase: Phase, ports: Ports): Promise<Next> {
  const { clock, ledger } = ports;
  const record = await readRollout(phase, ports);
  const wave = waveOf(record);
  if (wave === undefined) return { go: 'plan' };
  if (clock() >= record.deadlineMs) return tooLate(record);
  const { announced } = record;
  const present = await presentFor(record, wave, ports);
  if ('go' in present) return present;
  const signal = waveSignal(record, wave, present);
  const { report, warmPart } = decideRollout(signal, present);
  const worth = worthIt(record, wave, present);
  if (worth) notePlan(report, ports);
  const carried = worth ? await carryOutRollout(signal, { ...present, plan: warmPart }, ports) : undefined;
  const waitMs = carried?.waitMs;
  const ended = await endedFor(demandIdOf(record, wave), present, ledger);
  const shortfalls = { ...report.totals.nodesLeft, ...ended };
  const warmed = { ...wave, shortfalls };
  const longMs = clock() - wave.sinceMs;
  if (waitMs !== undefined && longMs < announced.waves.longestPauseMs)
    return waitFor('requests to EC2, or room in a subnet', waitMs, record, warmed, ports);
  await keepWave(record, warmed, ports);
  return { go: 'verify' };
}

/**
 * A wave as large as it can be at once needs nothing of us where the CNI grows by itself: an interface that we attach is adopted
 * within 65 s, and in that time its own growth brings as much or more (docs/rollouts.md has the figures). It is another matter
 * when there is that much time before the first pod, when somebody wants a wave that is larger than what is free, or when nothing
 * grows by itself.
 */
function worthIt(record: RolloutRecord, { wantedPods }: WaveRecord, present: PresentNodes): boolean {
  const { announced } = record;
  const { candidates, policy, nowMs } = present;
  if (candidates.some(({ soleAllocator }) => soleAllocator)) return true;
  if (announced.startsAtMs - nowMs >= adoptionWorstMs(policy)) return true;
  return (
    announced.waves.size !== 'auto' &&
    podsThatFit(addressableNow(announced, record.releasedPods, present), policy.margin) < wantedPods
  );
}

/** Nodes that were given up for this wave, by what stood in the way: a failure that does not pass by itself. */
async function endedFor(
  demandId: string,
  { candidates }: PresentNodes,
  ledger: Ports['ledger'],
): Promise<Partial<Record<LeaveReason, number>>> {
  const records = await ledger.nodes(candidates.map(({ node }) => node.id));
  const ended: Partial<Record<LeaveReason, number>> = {};
  for (const { failures, outcome } of records.values())
    if (failures?.of === demandId && outcome.state === 'left')
      ended[outcome.reason] = (ended[outcome.reason] ?? 0) + 1;
  return ended;
}

/** The demand of one wave: its pods, all at once, as soon as what they need was taken in. */
function waveSignal(
  record: RolloutRecord,
  wave: WaveRecord,
  { nodes, policy, nowMs }: PresentNodes,
): RolloutAnnounced {
  const { announced, releasedPods } = record;
  const { waves: _, newVersion: __, ...rest } = announced;
  const podsPerNode = podsPerNodeNow(announced, releasedPods, nodes.length);
  return {
    ...rest,
    announcementId: demandIdOf(record, wave),
    replicas: { from: 0, to: wave.wantedPods },
    strategy: { type: 'rolling-update', maxSurge: 0, maxUnavailable: 0 },
    startsAtMs: Math.max(announced.startsAtMs, nowMs + adoptionWorstMs(policy)),
    overMs: 0,
    ...(podsPerNode !== undefined && { podsPerNode }),
  };
}

/** The nodes as a wave may be judged by them; or what is done instead, for now. */
export async function presentFor(
  record: RolloutRecord,
  wave: WaveRecord,
  ports: Ports,
): Promise<PresentNodes | Next> {
  const present = await seePresent(record.announced, ports);
  return 'unread' in present || 'unknown' in present
    ? lookLater(present, record, wave, ports)
    : ((await rest(present, record, wave, ports)) ?? present);
}

/** A wave that may not follow the last one yet. How long it may wait for addresses counts from the end of that. */
function rest(
  present: PresentNodes,
  record: RolloutRecord,
  wave: WaveRecord,
  ports: Ports,
): Promise<Next> | undefined {
  const waitMs = restsForMs(record, present);
  if (waitMs === 0) return undefined;
  return waitFor(
    'nodes whose pods nobody counts to be quiet again',
    waitMs,
    record,
    { ...wave, sinceMs: present.nowMs + waitMs },
    ports,
  );
}

/** EC2 or EKS did not answer: that passes. A cluster that is gone does not come back. */
function lookLater(
  unseen: Unseen,
  record: RolloutRecord,
  wave: WaveRecord,
  ports: Ports,
): Promise<Next> | Next {
  if ('unknown' in unseen)
    return stopFor(
      `EKS knows no cluster ${record.announced.cluster} in this account and Region any more`,
      'Nothing can be resumed unless it comes back.',
    );
  const { kind, code } = unseen.unread;
  if (kind === 'not-allowed')
    return stopFor(
      `the functions may not read EC2 or EKS (${code})`,
      'Deploy the stack again, or find what denies it (a service control policy, a permissions boundary), then redrive the execution.',
    );
  return waitFor(
    `an answer of EC2 or EKS (${code})`,
    waitAfter(kind, 3, ports.random) ?? UNREAD_AGAIN_MS,
    record,
    wave,
    ports,
  );
}

const UNREAD_AGAIN_MS = 15_000;
