/**
 * Addresses that runs are taking from subnets this moment. Runs plan side by side, each from its own read of what is free;
 * where a subnet is nearly full, two of them could together take what none of them may: the reserve. So what is granted is
 * noted with the request budget, by the same conditional write, until every read must show it.
 */
import { CONSISTENT_AFTER_MS } from './limits.ts';
import type { SubnetId } from './model.ts';

/** Addresses by subnet. */
export type Takes = Partial<Readonly<Record<SubnetId, number>>>;

/** What a wave wants of its subnets. */
export interface RoomAsk {
  /** For each ask, in the same order. */
  readonly takes: readonly Takes[];
  /** Free addresses above the reserve, as they were read. */
  readonly free: Takes;
  readonly readAtMs: number;
}

/** By subnet: when addresses were granted, epoch ms, and how many. */
export type InFlight = Partial<
  Readonly<Record<SubnetId, readonly (readonly [atMs: number, addresses: number])[]>>
>;

/** Free addresses above which nobody counts: more than all runs of a minute take together (sixty nodes a run, thirty
 *  addresses a node, a handful of runs). */
export const TIGHT_ADDRESSES = 8_192;
/** A grant is carried out within a function's time limit of 30 s, or never; reads show it a while later. */
export const IN_FLIGHT_MS = 30_000 + CONSISTENT_AFTER_MS;

const tight = (takes: Takes, free: Takes): [SubnetId, number][] =>
  (Object.entries(takes) as [SubnetId, number][]).filter(
    ([subnetId, addresses]) => addresses > 0 && (free[subnetId] ?? 0) <= TIGHT_ADDRESSES,
  );

export const isTight = (takes: Takes, free: Takes): boolean => tight(takes, free).length > 0;

/** Whether the subnets have room beside what others were granted and a read at `readAtMs` need not show yet. */
export const hasRoom = (inFlight: InFlight, takes: Takes, { free, readAtMs }: RoomAsk): boolean =>
  tight(takes, free).every(([subnetId, addresses]) => {
    const unseen = (inFlight[subnetId] ?? []).filter(([atMs]) => atMs >= readAtMs - IN_FLIGHT_MS);
    return unseen.reduce((sum, [, taken]) => sum + taken, addresses) <= (free[subnetId] ?? 0);
  });

/** With these taken too; what every read shows by now is forgotten. */
export function takenOff(inFlight: InFlight, takes: Takes, { free }: RoomAsk, nowMs: number): InFlight {
  const all = tight(takes, free);
  if (all.length === 0) return inFlight;
  const next: Record<SubnetId, readonly (readonly [number, number])[]> = {};
  for (const [subnetId, grants] of Object.entries(inFlight) as [SubnetId, [number, number][]][]) {
    const alive = grants.filter(([atMs]) => nowMs - atMs < 2 * IN_FLIGHT_MS);
    if (alive.length > 0) next[subnetId] = alive;
  }
  for (const [subnetId, addresses] of all) next[subnetId] = [...(next[subnetId] ?? []), [nowMs, addresses]];
  return next;
}
