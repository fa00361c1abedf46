/**
 * What the book keeps of one batched rollout, from its start until a while after its end. The machine's own state holds the
 * number of a wave and no more: nodes and steps are read and planned anew for each wave (docs/decisions/0011).
 *
 * It is `running` from the plan of its first wave on. It is `completed` when all pods were released, and `stopped` by trouble
 * that does not pass, by its deadline, or by hand; a stopped one runs on when somebody redrives its execution. If nobody does
 * anything it stays as it is and is forgotten at `expiresAtMs`.
 */
import { pods as podsOf } from '../plan/demand.ts';
import type { LeaveReason } from '../plan/steps.ts';
import type { RolloutAnnounced } from '../signals.ts';

/** An announcement that is to go out in waves. */
export type BatchedRollout = RolloutAnnounced & Required<Pick<RolloutAnnounced, 'waves'>>;

export interface RolloutRecord {
  /** `<cluster>/<announcement id>`. */
  readonly rolloutId: string;
  readonly announced: BatchedRollout;
  readonly startedAtMs: number;
  /** From then on no wave is begun. */
  readonly deadlineMs: number;
  /** Pods whose waves were released. */
  readonly releasedPods: number;
  /** In order; the last one is under way unless it has `settledAtMs`. */
  readonly waves: readonly WaveRecord[];
  /** Times the machine was told to wait and look again: an execution's history has an end (history.ts). */
  readonly rounds: number;
  readonly state: 'running' | 'completed' | 'stopped';
  /** Why it was stopped, and what can be done. */
  readonly stopped?: Stop;
  /** How often its execution had been redriven when it was stopped: more means that somebody wants it to go on. */
  readonly stoppedAtRedrive?: number;
  /** Whoever holds the wave back answers with this (Step Functions, task token). */
  readonly gate?: { readonly wave: number; readonly token: string };
  /** Counted up by each write. */
  readonly version: number;
  readonly expiresAtMs: number;
}

/** Planned, ready, released, settled, in that order. */
export interface WaveRecord {
  /** From 1. */
  readonly wave: number;
  /** Pods it was planned for. */
  readonly wantedPods: number;
  /** Since when it has been in its present stage: how long it may wait counts from here. */
  readonly sinceMs: number;
  /** How often it was begun anew because somebody resumed the rollout: what failed before counts no more. */
  readonly resumed?: number;
  /** Nodes that were not warmed for it, by reason, at the last try. */
  readonly shortfalls?: Partial<Readonly<Record<LeaveReason, number>>>;
  /** At the last look: addresses that no pod had, and since when there have been enough. */
  readonly freeAddresses?: number;
  readonly enoughSinceMs?: number;
  /** Pods that have addresses: those that are released. */
  readonly readyPods?: number;
  /** Of those, margin included, the ones for which no present node has a slot: they wait for nodes to launch. None when absent. */
  readonly openPods?: number;
  readonly readyAtMs?: number;
  /** How long what it takes needs to come back, before the next one. */
  readonly settlesMs?: number;
  readonly releasedAtMs?: number;
  readonly settledAtMs?: number;
  /** What it waits for now, or waited for last. */
  readonly waitsFor?: string;
}

/** One sentence on what happened, one on what to change. */
export interface Stop {
  readonly cause: string;
  readonly remedy: string;
}

export const rolloutIdOf = ({
  cluster,
  announcementId,
}: Pick<RolloutAnnounced, 'cluster' | 'announcementId'>): string => `${cluster}/${announcementId}`;

/** What the ledger knows those pods of a wave by that wait for nodes: they are the same ones however often it is resumed. */
export const openDemandIdOf = ({ announced }: RolloutRecord, { wave }: WaveRecord): string =>
  `${announced.announcementId}:w${wave}`;

/** What the ledger knows a wave's demand by: one of its own once resumed, so that nodes that were given up are tried again. */
export const demandIdOf = (record: RolloutRecord, wave: WaveRecord): string =>
  `${openDemandIdOf(record, wave)}${wave.resumed === undefined ? '' : `.${wave.resumed}`}`;

/** Whether its pods come beside those that are there, and make a workload larger. Otherwise they take the place of old ones. */
export const grows = ({ replicas, strategy, newVersion }: RolloutAnnounced): boolean =>
  strategy.type !== 'blue-green' &&
  (replicas.from === 0 || (replicas.to > replicas.from && newVersion !== true));

/** Whether old pods end as new ones come, so that their addresses come back after they cooled. */
export const replaces = (announced: RolloutAnnounced): boolean =>
  !grows(announced) && announced.strategy.type !== 'blue-green';

/** Pods that go out in waves. */
export const podsInAll = (announced: RolloutAnnounced): number =>
  grows(announced) ? announced.replicas.to - announced.replicas.from : announced.replicas.to;

/** Pods of each wave where that is said; `undefined`: as many as can be addressed. */
export function waveSize(announced: BatchedRollout): number | undefined {
  const { size } = announced.waves;
  return size === 'auto' ? undefined : Math.max(1, podsOf(size, podsInAll(announced), 'up'));
}

/** Replicas a workload has once `pods` were released: the old ones count where it grows. */
export const replicasAt = (announced: RolloutAnnounced, pods: number): number =>
  grows(announced) ? announced.replicas.from + pods : pods;

/** Pods on each of so many nodes now, at most: those announced and what it got of those released, unless they take the places of
 *  old ones. `undefined` where nobody said how many there were. */
export function podsPerNodeNow(
  announced: RolloutAnnounced,
  releasedPods: number,
  nodes: number,
): number | undefined {
  const { podsPerNode } = announced;
  if (podsPerNode === undefined || replaces(announced) || nodes === 0) return podsPerNode;
  return podsPerNode + Math.ceil(releasedPods / nodes);
}
