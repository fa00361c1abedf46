/**
 * What launches teach about a node group: how soon after `running` its ipamds start. EC2 shows no such moment, only, at
 * each look, whether ipamd's tag is on the primary ENI by then; so each launch gives a span in which the start lies.
 */
import type { NodeId } from './model.ts';

/** One launch: ipamd had not started `notBeforeMs` after `running`, and had at `byMs`, if it was seen started at all. */
export interface BootSample {
  readonly nodeId: NodeId;
  readonly notBeforeMs: number;
  readonly byMs?: number;
}

/** The last launches of a node group, oldest first. */
export interface Lesson {
  readonly boots: readonly BootSample[];
}

/** Launches remembered for a node group. */
export const BOOTS_KEPT = 50;
/** Launches below which nothing is known (design: until 20 launches are known the policy's figure counts). */
export const BOOTS_NEEDED = 20;
/** Share of launches that may start sooner than the guard counts on. */
const SOONER = 0.05;

/** The lesson with more samples; a launch teaches once. */
export function learnt(before: Lesson | undefined, samples: readonly BootSample[]): Lesson {
  const boots = new Map((before?.boots ?? []).map((boot) => [boot.nodeId, boot]));
  for (const sample of samples) if (!boots.has(sample.nodeId)) boots.set(sample.nodeId, sample);
  return { boots: [...boots.values()].slice(-BOOTS_KEPT) };
}

/** The start that 5 % of a group's launches may undercut, ms after `running`; `undefined` while too few are known. Within
 *  its span a start is taken to be anywhere with the same chance. */
export function startP05Ms(lesson: Lesson | undefined): number | undefined {
  const boots = lesson?.boots ?? [];
  if (boots.length < BOOTS_NEEDED) return undefined;
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

function chanceBy({ notBeforeMs, byMs }: BootSample, atMs: number): number {
  if (byMs === undefined || atMs <= notBeforeMs) return 0;
  return atMs >= byMs ? 1 : (atMs - notBeforeMs) / (byMs - notBeforeMs);
}
