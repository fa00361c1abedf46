/** Subnets and zones that said they were full are left alone for a while, longer each time they say it again. */
export interface Mark {
  /** How often in a row. */
  readonly times: number;
  readonly untilMs: number;
}

/** How long, the first, the second, and every further time. ipamd pauses as long the first time: insufficientCidrErrorCooldown
 *  of amazon-vpc-cni-k8s v1.23.1. */
export const MARKED_FOR_MS = [120_000, 180_000, 600_000] as const;
/** A mark this long over counts as the first again. */
export const FORGOTTEN_AFTER_MS = 600_000;

/** Key of a zone's mark; a subnet's is its id. */
export const zoneMark = (zone: string): string => `zone:${zone}`;

/** The mark after one more complaint at `nowMs`. Complaints while it holds are the same one: calls that were under way. */
export function markAgain(before: Mark | undefined, nowMs: number): Mark {
  if (before !== undefined && nowMs < before.untilMs) return before;
  const times = before === undefined || nowMs >= before.untilMs + FORGOTTEN_AFTER_MS ? 1 : before.times + 1;
  const forMs = MARKED_FOR_MS[Math.min(times, MARKED_FOR_MS.length) - 1] ?? MARKED_FOR_MS[2];
  return { times, untilMs: nowMs + forMs };
}

/** Keys of what is to be left alone now. */
export const marked = (marks: ReadonlyMap<string, Mark>, nowMs: number): ReadonlySet<string> =>
  new Set([...marks].filter(([, { untilMs }]) => nowMs < untilMs).map(([key]) => key));
