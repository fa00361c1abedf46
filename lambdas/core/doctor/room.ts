/** What the nodes that are there can take. */
import { QUIET_MS } from '../limits.ts';
import { lookAt } from '../plan/standing.ts';
import { type Addressable, addressable, type NodePool, poolOf } from '../rollouts/addressable.ts';
import type { ClusterSeen } from './seen.ts';

/** What the nodes that are there can take at once, as though each were quiet: one look cannot tell. */
export const addressableIn = (seen: ClusterSeen): Addressable => addressable({ nodes: poolsIn(seen) });

/** The most of so many pods that come to one of the nodes that are there, which the scheduler brings down to one level of free
 *  slots; what fits nowhere waits for others. */
export function mostOnOne(seen: ClusterSeen, pods: number): number {
  const slots = poolsIn(seen).map(({ freeSlots }) => freeSlots);
  const most = Math.max(0, ...slots);
  let level = most;
  const taken = (): number => slots.reduce((sum, free) => sum + Math.max(0, free - level), 0);
  while (level > 0 && taken() < pods) level--;
  return most - level;
}

function poolsIn({ nodes, cluster, policy, nowMs }: ClusterSeen): readonly NodePool[] {
  const counted = nodes.flatMap(({ id, counted }) =>
    counted?.pods === undefined ? [] : [[id, counted.pods] as const],
  );
  const seen = {
    nowMs,
    sights: lookAt(nodes, new Map(), nowMs - QUIET_MS),
    podsOn: new Map(counted),
  };
  return nodes.flatMap((node) => poolOf(node, cluster, policy, seen) ?? []);
}
