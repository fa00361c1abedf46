/**
 * Token buckets for EC2 requests, as arithmetic on values. AWS keeps one bucket per account, Region and action, shared by
 * every caller; ours is a share of it, so that ipamd, Karpenter and people are never starved. Who is first when it runs
 * low is told in claims.ts, what happens when EC2 fails in circuit.ts. Where the state lives is an adapter's business: one
 * conditional write grants a whole volley of calls.
 */

import type { MutatingAction } from '../limits.ts';
import type { BudgetStanding, CallClass, Granted, Seen } from '../ports.ts';
import type { Allowance } from './allowance.ts';
import { type Circuit, CLOSED, heldUpMs, letThrough, troubled } from './circuit.ts';
import { type Claim, claimed, KEPT, type Turn, turnOf } from './claims.ts';
import { hasRoom, type InFlight, landed, type RoomAsk, takenOff } from './flight.ts';
import { type Asked, entries, type Metered, partsOf, sumOf } from './metered.ts';

export interface Bucket {
  readonly tokens: number;
  /** When `tokens` was true, epoch ms. */
  readonly atMs: number;
  /** 1 in peace; halved when anybody saw a throttle, recovering additively. */
  readonly pace: number;
  /** When it was last halved, epoch ms. */
  readonly halvedAtMs?: number;
}

export type Buckets = Partial<Readonly<Record<Metered, Bucket>>>;

/** What all functions of an account and Region share. */
export interface BudgetState {
  readonly buckets: Buckets;
  /** In order of their turns. */
  readonly claims: readonly Claim[];
  readonly circuit: Circuit;
  /** Absent before anything was taken from a subnet that is nearly full. */
  readonly inFlight?: InFlight;
}

export const UNTOUCHED: BudgetState = { buckets: {}, claims: [], circuit: CLOSED };

/** Slowest pace: 1/16 of our share still sends a request every 6.4 s at 5 per second and a share of 50 %. */
export const SLOWEST_PACE = 1 / 16;
/** Pace won back per second: from one halving back to full in 50 s, as gently as AWS asks (additive increase). */
export const PACE_PER_SECOND = 0.01;
/** Throttles seen so soon after a halving count as the one that caused it: they met calls granted before. 95 of 100
 *  attaches, the slowest calls, are answered within 2 s (policy.attachP95Ms). */
export const HALVINGS_APART_MS = 2_000;

/** When to look again at a subnet whose last addresses others were granted: reads show them bit by bit. */
export const ROOM_AGAIN_MS = 2_000;

export interface Grant extends Granted {
  /** To be written; `undefined` when nothing has changed. */
  readonly next: BudgetState | undefined;
}

/** Grants the longest run of `asks` (each the calls of one node) that fits. Running out is an answer, not an error: the
 *  first ask that does not fit leaves a claim. */
export function spend(
  state: BudgetState,
  asks: readonly Asked[],
  as: CallClass,
  allowance: Allowance,
  nowMs: number,
  room?: RoomAsk,
): Grant {
  let { buckets, claims, circuit, inFlight } = state;
  const alive = claims.filter(({ untilMs }) => untilMs > nowMs);
  claims = alive;
  let granted = 0;
  const answer = (waitMs: number, because?: Granted['because']): Grant => {
    const changed = buckets !== state.buckets || claims !== alive;
    return {
      granted,
      waitMs,
      ...(because !== undefined && { because }),
      next: changed ? { buckets, claims, circuit, ...(inFlight && { inFlight }) } : undefined,
    };
  };
  for (const calls of asks) {
    // What was paid for before is sent now, too.
    const heldMs = heldUpMs(circuit, nowMs);
    if (heldMs > 0) return answer(heldMs, 'circuit open');
    if (entries(calls).length > 0) {
      const takes = room?.takes[granted];
      if (room !== undefined && takes !== undefined && !hasRoom(inFlight ?? {}, takes, room))
        return answer(ROOM_AGAIN_MS, 'room taken');
      const turn = turnOf(claims, calls, as, allowance, nowMs);
      const waitMs = waitOf(buckets, calls, turn, KEPT[as], allowance, nowMs);
      if (waitMs > 0) {
        claims = claimed(claims, turn, { as, calls }, nowMs + waitMs);
        return answer(waitMs);
      }
      buckets = taken(buckets, calls, allowance, nowMs);
      if (turn.own !== undefined) claims = claims.filter((claim) => claim !== turn.own);
      circuit = letThrough(circuit, sumOf(calls), nowMs);
      if (room !== undefined && takes !== undefined) inFlight = takenOff(inFlight ?? {}, takes, room, nowMs);
    }
    granted++;
  }
  return answer(0);
}

/** After what became of granted calls. The same state when it teaches nothing. */
export function reported(
  state: BudgetState,
  { throttled, troubles, notMade = 0, landed: by }: Seen,
  allowance: Allowance,
  nowMs: number,
): BudgetState {
  const buckets = throttled.reduce((all, action) => slowDown(all, action, allowance, nowMs), state.buckets);
  const told = troubles > 0 || notMade > 0;
  const circuit = told ? troubled(state.circuit, troubles, notMade, nowMs) : state.circuit;
  const { inFlight } = state;
  const settles = by !== undefined && inFlight !== undefined;
  return buckets === state.buckets && circuit === state.circuit && !settles
    ? state
    : { ...state, buckets, circuit, ...(settles && { inFlight: landed(inFlight, by, nowMs) }) };
}

/** After a throttle: half the pace, and nothing left to spend at once. */
export function slowDown(
  buckets: Buckets,
  action: MutatingAction,
  allowance: Allowance,
  nowMs: number,
): Buckets {
  const halvedAtMs = buckets[action]?.halvedAtMs;
  if (halvedAtMs !== undefined && nowMs < halvedAtMs + HALVINGS_APART_MS) return buckets;
  const { tokens, atMs, pace } = filled(buckets[action], action, allowance, nowMs);
  const slowed = { tokens: Math.min(0, tokens), atMs, pace: Math.max(SLOWEST_PACE, pace / 2) };
  return { ...buckets, [action]: { ...slowed, halvedAtMs: nowMs } };
}

/** The bucket as it is now: refilled since it was written, never above its size. A clock that went backwards refills
 *  nothing. */
export function filled(
  bucket: Bucket | undefined,
  action: Metered,
  allowance: Allowance,
  nowMs: number,
): Bucket {
  const { size, perSecond } = allowance(action);
  if (bucket === undefined) return { tokens: size, atMs: nowMs, pace: 1 };
  const seconds = Math.max(0, nowMs - bucket.atMs) / 1000;
  const pace = Math.min(1, bucket.pace + seconds * PACE_PER_SECOND);
  const tokens = Math.min(size, bucket.tokens + seconds * perSecond * bucket.pace);
  return { ...bucket, tokens, atMs: Math.max(nowMs, bucket.atMs), pace };
}

export function standingOf(
  { buckets, circuit }: BudgetState,
  allowance: Allowance,
  nowMs: number,
): BudgetStanding {
  const actions = Object.fromEntries(
    // Lanes are some stack's own, and only it knows how wide they are.
    Object.entries(buckets).flatMap(([name, bucket]) => {
      if (partsOf(name as Metered).lane !== undefined) return [];
      const { tokens, pace } = filled(bucket, name as Metered, allowance, nowMs);
      return [[name, { tokens, pace }]];
    }),
  );
  return { circuitOpen: heldUpMs(circuit, nowMs) > 0, actions };
}

function taken(buckets: Buckets, calls: Asked, allowance: Allowance, nowMs: number): Buckets {
  const left = entries(calls).map(([action, count]) => {
    const bucket = filled(buckets[action], action, allowance, nowMs);
    return [action, { ...bucket, tokens: bucket.tokens - count }];
  });
  return { ...buckets, ...Object.fromEntries(left) };
}

/** When an ask will fit if those ahead are served and nobody else comes, in ms from now; 0 when it fits. */
function waitOf(
  buckets: Buckets,
  calls: Asked,
  { turnMs, ahead }: Turn,
  keep: number,
  allowance: Allowance,
  nowMs: number,
): number {
  const waitMs = (kept: number): number =>
    Math.max(
      0,
      ...entries(calls).map(([action, count]) => {
        const { size, perSecond } = allowance(action);
        const { tokens, atMs } = filled(buckets[action], action, allowance, nowMs);
        // What is bigger than the bucket waits for a full one, and leaves a debt.
        const claims = ahead.reduce((sum, claim) => sum + Math.min(claim.calls[action] ?? 0, size), 0);
        const missing = Math.min(count, size * (1 - kept)) + size * kept + claims - tokens;
        // A hair of tolerance: sums of fractions refilled in several steps must not wait for the last millionth.
        if (missing <= 1e-9) return 0;
        // Until somebody spends, the bucket fills at the pace it was written with, and not before the time it was written at.
        const pace = buckets[action]?.pace ?? 1;
        return atMs - nowMs + Math.ceil((missing / (perSecond * pace)) * 1000);
      }),
    );
  return Math.min(waitMs(keep), Math.max(waitMs(0), turnMs - nowMs));
}
