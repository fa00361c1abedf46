/**
 * What nodes teach about their group: how soon after `running` their ipamds start, and how long ipamds that run take to
 * adopt what we attach. EC2 shows neither moment, only, at each look, whether ipamd's tag is there by then; so each node
 * gives a span in which the moment lies. What is not known is taken for the worst.
 */

/** One observation: it had not happened after `notBeforeMs`, and had by `byMs`, if it was seen at all. */
export interface Sample {
  /** What was observed, once. */
  readonly of: string;
  readonly notBeforeMs: number;
  readonly byMs?: number;
}

/** A launch that got an attach, and whether ipamd's start saw it. */
export interface Race {
  /** The node, once. */
  readonly of: string;
  /** When the attach was sent, epoch ms. */
  readonly atMs: number;
  readonly late: boolean;
}

/** The last observations of a node group, oldest first. */
export interface Lesson {
  /** From `running` to ipamd's start. */
  readonly boots: readonly Sample[];
  /** From an attach to a running node to its adoption. */
  readonly adoptions: readonly Sample[];
  /** Launches that got an attach; absent until the first one is judged. */
  readonly races?: readonly Race[];
}

export type Samples = Partial<Lesson>;

/** Observations remembered of each kind. */
export const SAMPLES_KEPT = 50;
/** Observations below which nothing is known, and the policy's figure counts. */
export const SAMPLES_NEEDED = 20;
/** Late attaches that are borne: more than 2 % in 50 launches put a node group back to observe. */
export const MOST_LATE = 1;
/** Share of launches that may start sooner than the guard counts on. */
const SOONER = 0.05;

/** The lesson with more samples; each thing observed teaches once. */
export function learnt(
  before: Lesson | undefined,
  { boots = [], adoptions = [], races = [] }: Samples,
): Lesson {
  const allRaces = more(before?.races ?? [], races);
  return {
    boots: more(before?.boots ?? [], boots),
    adoptions: more(before?.adoptions ?? [], adoptions),
    ...(allRaces.length > 0 && { races: allRaces }),
  };
}

/** How many of the last launches' attaches came too late, of those sent at `sinceMs` or later. */
export function lateOf(
  lesson: Lesson | undefined,
  sinceMs: number,
): { readonly late: number; readonly of: number } {
  const counted = (lesson?.races ?? []).filter(({ atMs }) => atMs >= sinceMs);
  return { late: counted.filter(({ late }) => late).length, of: counted.length };
}

function more<S extends { readonly of: string }>(before: readonly S[], samples: readonly S[]): S[] {
  const all = new Map(before.map((sample) => [sample.of, sample]));
  for (const sample of samples) if (!all.has(sample.of)) all.set(sample.of, sample);
  return [...all.values()].slice(-SAMPLES_KEPT);
}

/** The start that 5 % of a group's launches may undercut, ms after `running`; `undefined` while too few are known. Within
 *  its span a start is taken to be anywhere with the same chance. */
export function startP05Ms(lesson: Lesson | undefined): number | undefined {
  const boots = lesson?.boots ?? [];
  if (boots.length < SAMPLES_NEEDED) return undefined;
  const startedBy = (atMs: number): number =>
    boots.reduce((sum, boot) => sum + chanceBy(boot, atMs), 0) / boots.length;
  let low = 0;
  let high = Math.max(...boots.map(({ notBeforeMs, byMs }) => byMs ?? notBeforeMs));
  if (startedBy(high) <= SOONER) return high;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (startedBy(middle) <= SOONER) low = middle;
    else high = middle;
  }
  return low;
}

function chanceBy({ notBeforeMs, byMs }: Sample, atMs: number): number {
  if (byMs === undefined || atMs <= notBeforeMs) return 0;
  return atMs >= byMs ? 1 : (atMs - notBeforeMs) / (byMs - notBeforeMs);
}

/** The longest that adoptions of these groups were seen to take, ms; `undefined` while too few are known of one of them, or
 *  one was not seen at all. */
export function adoptionMostMs(lessons: readonly (Lesson | undefined)[]): number | undefined {
  let most = 0;
  for (const lesson of lessons) {
    const adoptions = lesson?.adoptions ?? [];
    if (adoptions.length < SAMPLES_NEEDED) return undefined;
    for (const { byMs } of adoptions) {
      if (byMs === undefined) return undefined;
      most = Math.max(most, byMs);
    }
  }
  return lessons.length === 0 ? undefined : most;
}
