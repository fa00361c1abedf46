/** Requests counted: by action, and again in the lanes they are in (lanes.ts). */
import type { MutatingAction } from '../limits.ts';

/** `shop` or `shop/workers`: a cluster's name has no `/`. */
export type Lane = string;

/** Requests by action. */
export type Calls = Partial<Readonly<Record<MutatingAction, number>>>;

/** An action, or what of it is in a lane (lanes.ts). */
export type Metered = MutatingAction | `${MutatingAction}@${string}`;

/** What the budget is asked for: requests by action, and those again that are in a lane. */
export type Asked = Partial<Readonly<Record<Metered, number>>>;

export const entries = <N extends Metered>(calls: Partial<Readonly<Record<N, number>>>): [N, number][] =>
  (Object.entries(calls) as [N, number][]).filter(([, count]) => count > 0);

/** Requests in all, each once. */
export const sumOf = (calls: Asked): number =>
  entries(calls).reduce((sum, [name, count]) => sum + (partsOf(name).lane === undefined ? count : 0), 0);

/** What a metered name counts: requests of an action, in a lane or in all. */
export function partsOf(name: Metered): { readonly action: MutatingAction; readonly lane: Lane | undefined } {
  const at = name.indexOf('@');
  return at < 0
    ? { action: name as MutatingAction, lane: undefined }
    : { action: name.slice(0, at) as MutatingAction, lane: name.slice(at + 1) };
}
