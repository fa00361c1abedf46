/**
 * Turns, for when the buckets cannot serve everybody. An ask that is refused leaves a claim with its turn: the time by
 * which its class's part of the refill alone would have brought its calls. Nobody takes what a claim with an earlier turn
 * waits for; whoever's turn is earlier may still go first. So the small and the urgent overtake, but only for so long: once
 * a turn has come, all who ask later stand behind it. Turns order whole asks, the same way for all actions: two asks never
 * wait for each other.
 */

import type { CallClass } from '../ports.ts';
import { type Allowance, gatherMs } from './allowance.ts';
import { type Asked, entries } from './metered.ts';

export interface Claim {
  readonly as: CallClass;
  readonly calls: Asked;
  /** Epoch ms. */
  readonly turnMs: number;
  /** When it lapses if nobody asked again, epoch ms: whoever left it gave up, or was killed. */
  readonly untilMs: number;
}

/** Part of the refill that orders a class's turns. Half for the nodes that start, where seconds count; none without. */
const PART: Readonly<Record<CallClass, number>> = { launch: 0.5, rollout: 0.25, refill: 0.15, sweep: 0.1 };
/** Part of each bucket that a class leaves to those in a hurry, until its turn has come; nor does its claim hold anybody up
 *  before. */
export const KEPT: Readonly<Record<CallClass, number>> = { launch: 0, rollout: 0, refill: 0.5, sweep: 0.5 };

/** How much later than told somebody may ask again and find the claim. Queues deliver by the second, and wait themselves
 *  while all their readers are busy. */
const LATE_MS = 20_000;
/** Claims kept, those with the earliest turns: they stay below 10 KB. Asks alike share one, so that even a thousand
 *  nodes of a few types leave a handful. */
export const MOST_CLAIMS = 64;

export interface Turn {
  /** The claim that asks like this one left. */
  readonly own: Claim | undefined;
  readonly turnMs: number;
  /** Claims to be left alone. */
  readonly ahead: readonly Claim[];
}

/** The turn of an ask. `claims` are in order of their turns, and none has lapsed. */
export function turnOf(
  claims: readonly Claim[],
  calls: Asked,
  as: CallClass,
  allowance: Allowance,
  nowMs: number,
): Turn {
  const at = claims.findIndex((claim) => claim.as === as && alike(claim.calls, calls));
  const own = claims[at];
  const turnMs = own?.turnMs ?? nowMs + Math.ceil(gatherMs(calls, allowance) / PART[as]);
  const before = own === undefined ? claims.filter((claim) => claim.turnMs <= turnMs) : claims.slice(0, at);
  return { own, turnMs, ahead: before.filter((claim) => KEPT[claim.as] === 0 || claim.turnMs <= nowMs) };
}

/** With the claim of an ask that was told to wait. The same claims when it is remembered well enough: not every refusal
 *  is worth a write. */
export function claimed(
  claims: readonly Claim[],
  { own, turnMs }: Turn,
  ask: Pick<Claim, 'as' | 'calls'>,
  againMs: number,
): readonly Claim[] {
  if (own !== undefined && own.untilMs >= againMs + LATE_MS / 2) return claims;
  const claim = {
    as: ask.as,
    calls: Object.fromEntries(entries(ask.calls)),
    turnMs,
    untilMs: againMs + LATE_MS,
  };
  const others = claims.filter((other) => other !== own);
  const behind = others.filter((other) => other.turnMs > turnMs);
  const kept = [...others.filter((other) => other.turnMs <= turnMs), claim, ...behind].slice(0, MOST_CLAIMS);
  return kept.includes(claim) ? kept : claims;
}

function alike(one: Asked, other: Asked): boolean {
  const counts = entries(one);
  return (
    counts.length === entries(other).length && counts.every(([action, count]) => other[action] === count)
  );
}
