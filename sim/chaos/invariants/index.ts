/** Every invariant of the campaign, in one list; those switched off say why. */
import { GRANTED, WITHIN_BUDGET } from './allowance.ts';
import { GOES_WITH_NODE, NO_LEAK, QUEUES_EMPTY, STORY_CLOSED, WELL_ASKED } from './ends.ts';
import { IN_USE, LATE_COUNTED, NEVER_TAKEN, ORPHANS_ONLY, PODS_SERVED } from './harm.ts';
import type { Invariant } from './invariant.ts';
import { addressesWithinPlan, enisWithinPlan, FULL_LEFT_ALONE, RESERVE, RESERVE_TOGETHER } from './plan.ts';
import { GUARD, LEASED, ONE_AT_A_TIME, STOPS } from './turns.ts';

/** Fresh for each history: some remember. */
export const invariants = (): readonly Invariant[] => [
  IN_USE,
  NEVER_TAKEN,
  ORPHANS_ONLY,
  GRANTED,
  WITHIN_BUDGET,
  ONE_AT_A_TIME,
  LEASED,
  GUARD,
  addressesWithinPlan(),
  enisWithinPlan(),
  RESERVE,
  RESERVE_TOGETHER,
  FULL_LEFT_ALONE,
  STOPS,
  NO_LEAK,
  GOES_WITH_NODE,
  STORY_CLOSED,
  QUEUES_EMPTY,
  WELL_ASKED,
  PODS_SERVED,
  LATE_COUNTED,
];

/** Invariants that are not judged, and why. */
export const OFF: Readonly<Record<string, string>> = {};
