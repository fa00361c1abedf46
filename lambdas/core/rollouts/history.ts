/** How long an execution may become: Step Functions ends one whose history is full, so waves and waits have an end. */

/** Events one Standard execution may record. Source: Step Functions quotas. */
export const EXECUTION_HISTORY_EVENTS = 25_000;

/** Waves of one rollout at most: a percent each. */
export const MOST_WAVES = 100;
/** Waits of one rollout at most, all waves together. */
export const MOST_ROUNDS = 400;
/** Of those, the ones that may follow each other as soon as they like. */
const QUICK_ROUNDS = 250;

/** The shortest wait that leaves enough rounds until the deadline. The first ones are free; the rest are spread evenly. */
export function shortestWaitMs(rounds: number, nowMs: number, deadlineMs: number): number {
  if (rounds < QUICK_ROUNDS) return 0;
  const left = Math.max(1, MOST_ROUNDS - rounds);
  return Math.max(0, Math.ceil((deadlineMs - nowMs) / left));
}
