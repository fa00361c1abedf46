/** A rollout of a hundred pods that grow a Deployment from nothing, and small deviations from it. */
import type { BatchedRollout, RolloutRecord, WaveRecord } from '../../lambdas/core/rollouts/record.ts';
import type { WaveOptions } from '../../lambdas/core/signals.ts';
import { anAnnouncement, NOW_MS } from './fixtures.ts';

export const HOUR_MS = 3_600_000;

export function aBatch({
  waves,
  ...changes
}: Partial<Omit<BatchedRollout, 'waves'>> & { readonly waves?: Partial<WaveOptions> } = {}): BatchedRollout {
  return {
    ...anAnnouncement({ replicas: { from: 0, to: 100 } }),
    ...changes,
    waves: {
      size: 'auto',
      gate: 'none',
      advance: 'announce',
      deadlineMs: NOW_MS + 4 * HOUR_MS,
      longestPauseMs: 900_000,
      smallestPods: 1,
      ...waves,
    },
  };
}

export function aRecord(
  announced: BatchedRollout = aBatch(),
  changes: Partial<RolloutRecord> = {},
): RolloutRecord {
  return {
    rolloutId: 'shop/build-7',
    announced,
    startedAtMs: NOW_MS,
    deadlineMs: announced.waves.deadlineMs,
    releasedPods: 0,
    waves: [],
    rounds: 0,
    state: 'running',
    version: 1,
    expiresAtMs: NOW_MS + 100 * HOUR_MS,
    ...changes,
  };
}

/** The first wave, of twenty pods, planned a while ago and looked at since. */
export const aWave = (changes: Partial<WaveRecord> = {}): WaveRecord => ({
  wave: 1,
  wantedPods: 20,
  sinceMs: NOW_MS,
  ...changes,
});
