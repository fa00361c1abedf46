/**
 * What the ledger keeps of one batched rollout, from its start to a while after its end. The machine's own state holds an index
 * into it and no more.
 *
 * It is `running` from the plan of its first wave on. It is `completed` when all pods were released, and `stopped` by trouble
 * that does not pass, by its deadline, or by hand; a stopped one runs on when somebody redrives its execution. If nobody does
 * anything it stays as it is and is forgotten at `expiresAtMs`.
 */
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
  readonly state: 'running' | 'completed' | 'stopped';
  /** Why it was stopped, and what can be done. */
  readonly stopped?: Stop;
  /** How often its execution had been redriven when it was stopped: more means that somebody wants it to go on. */
  readonly stoppedAtRedrive?: number;
  /** Whoever holds the wave back answers with this (Step Functions, task token). */
  readonly gate?: { readonly wave: number; readonly token: string; readonly askedAtMs: number };
  /** Counted up by each write. */
  readonly version: number;
  readonly expiresAtMs: number;
}

export interface WaveRecord {
  /** From 1. */
  readonly wave: number;
  /** Pods it was planned for. */
  readonly wantedPods: number;
  readonly plannedAtMs: number;
  /** Pods that have addresses, once that is known: those that are released. */
  readonly readyPods?: number;
  readonly readyAtMs?: number;
  readonly openedAtMs?: number;
  readonly releasedAtMs?: number;
  /** With the lens: all of its pods were seen ready. */
  readonly steadyAtMs?: number;
  readonly settledAtMs?: number;
  /** What it waits for now, or waited for last, in a few words. */
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
