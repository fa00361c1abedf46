/** When nodes are looked at. Looks fall on common moments, so that those of a burst's many runs share their reads. */
import { RECONCILE_WORST_MS } from './limits.ts';

/** When it is first looked whether a node that ran already has adopted an attach: every quiet node has reconciled by then, and
 *  where metadata is quick shows it. Later looks tell how long others take. */
export const FIRST_LOOK_MS = RECONCILE_WORST_MS + 10_000;

/** Moments of verification are no further apart, or looks would find adopted what came too late. */
export const VERIFY_EVERY_MS = 2_000;

/** From now until the first moment that is at least `leastMs` away; they are `everyMs` apart. */
export const untilMoment = (leastMs: number, nowMs: number, everyMs: number): number =>
  Math.ceil((nowMs + leastMs) / everyMs) * everyMs - nowMs;
