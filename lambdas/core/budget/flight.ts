/**
 * Addresses that runs are taking from subnets this moment. Runs plan side by side, each from its own read of what is free;
 * where a subnet is nearly full, two of them could together take what none of them may: the reserve. So what is granted is
 * noted with the request budget, by the same conditional write, until every read must show it.
 */
import { CONSISTENT_AFTER_MS } from '../limits.ts';
import type { SubnetId } from '../model.ts';

/** Addresses by subnet. */
export type Takes = Partial<Readonly<Record<SubnetId, number>>>;

/** What a wave wants of its subnets. */
export interface RoomAsk {
  /** For each ask, in the same order. */
  readonly takes: readonly Takes[];
  /** Free addresses above the reserve, as they were read. */
  readonly free: Takes;
  readonly readAtMs: number;
  /** The run. */
  readonly by: string;
}

/** What one run was granted of a subnet. */
export interface Taking {
  /** Which run. */
  readonly by: string;
  readonly addresses: number;
  /** When it was granted, and when its calls were over; epoch ms. */
  readonly atMs: number;
  readonly landedMs?: number;
}
export type InFlight = Partial<Readonly<Record<SubnetId, readonly Taking[]>>>;

/** Free addresses above which nobody counts: more than the budget lets all runs of a minute take together (150 new ENIs a
 *  minute at half of AWS's documented rate, ten addresses each). */
export const TIGHT_ADDRESSES = 2_048;
/** A run that never says that its calls are over has died: they were carried out within a function's time limit of 30 s, or
 *  never; reads show them a while later. */
export const IN_FLIGHT_MS = 30_000 + CONSISTENT_AFTER_MS;
/** No decision rests on a read this old. */
const LANDED_KEPT_MS = 30_000;
/** What EC2 counts as free may be so much older than its answers to calls. */
export const COUNTS_LAG_MS = 2_000;

const tight = (takes: Takes, free: Takes): [SubnetId, number][] =>
  (Object.entries(takes) as [SubnetId, number][]).filter(
    ([subnetId, addresses]) => addresses > 0 && (free[subnetId] ?? 0) <= TIGHT_ADDRESSES,
  );

export const isTight = (takes: Takes, free: Takes): boolean => tight(takes, free).length > 0;

/** Whether the subnets have room beside what other runs were granted, and a read at `readAtMs` need not show yet. */
export const hasRoom = (inFlight: InFlight, takes: Takes, { free, readAtMs }: RoomAsk): boolean =>
  tight(takes, free).every(([subnetId, addresses]) => {
    const unseen = (inFlight[subnetId] ?? []).filter(
      ({ atMs, landedMs }) =>
        readAtMs < (landedMs === undefined ? atMs + IN_FLIGHT_MS : landedMs + COUNTS_LAG_MS),
    );
    return unseen.reduce((sum, taking) => sum + taking.addresses, addresses) <= (free[subnetId] ?? 0);
  });

/** With these taken too; what every read shows by now is forgotten. */
export function takenOff(inFlight: InFlight, takes: Takes, { free, by }: RoomAsk, nowMs: number): InFlight {
  const all = tight(takes, free);
  if (all.length === 0) return inFlight;
  const next: Record<SubnetId, readonly Taking[]> = {};
  for (const [subnetId, takings] of entriesOf(inFlight)) {
    const alive = takings.filter(
      ({ atMs, landedMs }) =>
        nowMs - (landedMs ?? atMs) < (landedMs === undefined ? 2 * IN_FLIGHT_MS : LANDED_KEPT_MS),
    );
    if (alive.length > 0) next[subnetId] = alive;
  }
  for (const [subnetId, addresses] of all) {
    const takings = next[subnetId] ?? [];
    const mine = takings.find((taking) => taking.by === by && taking.landedMs === undefined);
    const others = takings.filter((taking) => taking !== mine);
    next[subnetId] = [...others, { by, addresses: (mine?.addresses ?? 0) + addresses, atMs: nowMs }];
  }
  return next;
}

/** The calls of a run are over: reads that begin some seconds later show what they took. */
export const landed = (inFlight: InFlight, by: string, nowMs: number): InFlight =>
  Object.fromEntries(
    entriesOf(inFlight).map(([subnetId, takings]) => [
      subnetId,
      takings.map((taking) =>
        taking.by === by && taking.landedMs === undefined ? { ...taking, landedMs: nowMs } : taking,
      ),
    ]),
  );

const entriesOf = (inFlight: InFlight): [SubnetId, readonly Taking[]][] =>
  Object.entries(inFlight) as [SubnetId, readonly Taking[]][];
