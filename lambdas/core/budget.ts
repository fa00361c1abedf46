/**
 * Token buckets for EC2 requests, as arithmetic on values. AWS keeps one bucket per account, Region and action, shared by
 * every caller; ours is a share of it, so that ipamd, Karpenter and people are never starved. Where the state lives is an
 * adapter's business: one conditional write grants a whole wave's calls.
 */
import { EC2_BUCKETS, type MutatingAction } from './limits.ts';
import type { BudgetStanding, CallClass } from './ports.ts';

/** Requests by action. */
export type Calls = Partial<Readonly<Record<MutatingAction, number>>>;

export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was true, epoch ms. */
  readonly atMs: number;
  /** 1 in peace; halved by each throttle anybody saw, recovering additively. */
  readonly pace: number;
}

export type Buckets = Partial<Readonly<Record<MutatingAction, Bucket>>>;

/** Slowest pace: 1/16 of our share still sends a request every 6.4 s at 5 per second and a share of 50 %. */
export const SLOWEST_PACE = 1 / 16;
/** Pace won back per second: from one halving back to full in 50 s, as gently as AWS asks (additive increase). */
export const PACE_PER_SECOND = 0.01;

export interface Grant {
  /** How many of the asks, from the first on, may be carried out now. */
  readonly granted: number;
  /** When the next ask would fit, in ms from now; 0 when all were granted. */
  readonly waitMs: number;
  readonly buckets: Buckets;
}

/** Grants the longest run of `asks` (each the calls of one node) that fits. Running out is an answer, not an error. What is
 *  not urgent leaves a part `keep` (0 to 1) of each bucket to what is. */
export function spend(
  buckets: Buckets,
  asks: readonly Calls[],
  share: number,
  nowMs: number,
  keep = 0,
): Grant {
  const next: Partial<Record<MutatingAction, Bucket>> = { ...buckets };
  let granted = 0;
  for (const calls of asks) {
    const waitMs = longestWait(next, calls, share, nowMs, keep);
    if (waitMs > 0) return { granted, waitMs, buckets: next };
    for (const [action, count] of entries(calls)) {
      const bucket = filled(next[action], action, share, nowMs);
      next[action] = { ...bucket, tokens: bucket.tokens - count };
    }
    granted++;
  }
  return { granted, waitMs: 0, buckets: next };
}

/** After a throttle: half the pace, and nothing left to spend at once. */
export function slowDown(buckets: Buckets, action: MutatingAction, share: number, nowMs: number): Buckets {
  const bucket = filled(buckets[action], action, share, nowMs);
  const { tokens, atMs, pace } = bucket;
  const slowed = { tokens: Math.min(0, tokens), atMs, pace: Math.max(SLOWEST_PACE, pace / 2) };
  return { ...buckets, [action]: slowed };
}

/** The bucket as it is now: refilled since it was written, never above our share of AWS's size. A clock that went
 *  backwards refills nothing. */
export function filled(
  bucket: Bucket | undefined,
  action: MutatingAction,
  share: number,
  nowMs: number,
): Bucket {
  const { size, perSecond } = EC2_BUCKETS[action];
  if (bucket === undefined) return { tokens: size * share, atMs: nowMs, pace: 1 };
  const seconds = Math.max(0, nowMs - bucket.atMs) / 1000;
  const pace = Math.min(1, bucket.pace + seconds * PACE_PER_SECOND);
  const tokens = Math.min(size * share, bucket.tokens + seconds * perSecond * share * bucket.pace);
  return { tokens, atMs: Math.max(nowMs, bucket.atMs), pace };
}

function longestWait(buckets: Buckets, calls: Calls, share: number, nowMs: number, keep: number): number {
  let waitMs = 0;
  for (const [action, count] of entries(calls)) {
    const { tokens, atMs } = filled(buckets[action], action, share, nowMs);
    // Until somebody spends, the bucket fills at the pace it was written with, and not before the time it was written at.
    const pace = buckets[action]?.pace ?? 1;
    const size = EC2_BUCKETS[action].size * share;
    const missing = Math.min(count, size * (1 - keep)) + size * keep - tokens;
    // A hair of tolerance: sums of fractions refilled in several steps must not wait for the last millionth.
    if (missing > 1e-9) {
      const refillMs = (missing / (EC2_BUCKETS[action].perSecond * share * pace)) * 1000;
      waitMs = Math.max(waitMs, atMs - nowMs + Math.ceil(refillMs));
    }
  }
  return waitMs;
}

export const entries = (calls: Calls): [MutatingAction, number][] =>
  (Object.entries(calls) as [MutatingAction, number][]).filter(([, count]) => count > 0);

/** Part of each bucket that a class leaves to those in a hurry. */
export const KEPT: Readonly<Record<CallClass, number>> = { launch: 0, rollout: 0, refill: 0.5, sweep: 0.5 };

export function standingOf(buckets: Buckets, share: number, nowMs: number): BudgetStanding {
  const actions = Object.fromEntries(
    Object.entries(buckets).map(([action, bucket]) => {
      const { tokens, pace } = filled(bucket, action as MutatingAction, share, nowMs);
      return [action, { tokens, pace }];
    }),
  );
  return { circuitOpen: false, actions };
}

/** The time the buckets alone need for `calls`, from full, in ms: the floor of any plan. */
export function floorMs(calls: Calls, share: number): number {
  return Math.max(
    0,
    ...entries(calls).map(([action, count]) => {
      const { size, perSecond } = EC2_BUCKETS[action];
      return Math.max(0, (count - size * share) / (perSecond * share)) * 1000;
    }),
  );
}
