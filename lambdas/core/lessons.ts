/**
 * What launches teach about a node group: how soon after `running` its ipamds start. EC2 shows no such moment, only, at
 * each look, whether ipamd's tag is on the primary ENI by then; so each launch gives a span in which the start lies. The
 * guard counts on the early end of the spans: what is not known is taken for the worst.
 */
import type { NodeId } from './model.ts';

/** One launch: ipamd had not started `notBeforeMs` after `running`, and had at `byMs`. */
export interface BootSample {
  readonly nodeId: NodeId;
  readonly nodeGroup: string;
  readonly notBeforeMs: number;
  readonly byMs: number;
  /** Whether our ENIs came too late there. */
  readonly late: boolean;
}

/** The last launches of a node group, oldest first: [notBeforeMs, byMs, late 0 or 1]. */
export interface Lesson {
  readonly boots: readonly (readonly [notBeforeMs: number, byMs: number, late: 0 | 1])[];
}

/** Launches remembered for a node group. */
export const BOOTS_KEPT = 50;
/** Launches below which nothing is known. */
export const BOOTS_NEEDED = 20;

/** The lesson with more samples. */
export function learnt(before: Lesson | undefined, samples: readonly BootSample[]): Lesson {
  const more = samples.map(({ notBeforeMs, byMs, late }) => [notBeforeMs, byMs, late ? 1 : 0] as const);
  return { boots: [...(before?.boots ?? []), ...more].slice(-BOOTS_KEPT) };
}

/** The start that 5 % of a group's launches may undercut, ms after `running`; `undefined` while too few are known. */
export function startP05Ms(lesson: Lesson | undefined): number | undefined {
  const boots = lesson?.boots ?? [];
  if (boots.length < BOOTS_NEEDED) return undefined;
  const sorted = boots.map(([notBeforeMs]) => notBeforeMs).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.05)];
}
