/** A cluster or a node group with a budget share of its own: its requests are counted a second time, in a lane that is as
 *  narrow as its share, beside the account's bucket. What does not fit in both waits. */
import type { Policy } from '../policy.ts';
import type { Asked, Calls, Lane } from './metered.ts';

/** The lanes that a node's requests are in; mostly none. */
export function lanesOf({ clusters }: Pick<Policy, 'clusters'>, cluster: string, nodeGroup: string): Lane[] {
  return [cluster, `${cluster}/${nodeGroup}`].filter((lane) => shareOf(clusters, lane) !== undefined);
}

/** The same calls, counted in these lanes too. */
export const inLanes = (calls: Calls, lanes: readonly Lane[]): Asked =>
  Object.fromEntries(
    Object.entries(calls).flatMap(([action, count]) => [
      [action, count],
      ...lanes.map((lane) => [`${action}@${lane}`, count]),
    ]),
  );

/** The share a lane has of its own; `undefined` when the policy gives it none (any more). */
export function shareOf(clusters: Policy['clusters'], lane: Lane): number | undefined {
  const at = lane.indexOf('/');
  const cluster = own(clusters, at < 0 ? lane : lane.slice(0, at));
  return at < 0 ? cluster?.budgetShare : own(cluster?.nodeGroups ?? {}, lane.slice(at + 1))?.budgetShare;
}

const own = <T>(all: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(all, name) ? all[name] : undefined;
