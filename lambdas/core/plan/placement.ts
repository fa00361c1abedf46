/**
 * Where pods will land. `spread` fills the node with most free pod slots first. On nodes that are alike that is what the
 * default scheduler's LeastAllocated does for pods that are alike. On nodes of several sizes that one fills by shares of CPU
 * and memory; PodTopologySpread's defaults keep replicas of one owner apart; and what pods request nothing here knows. The
 * margin is for that: `npm run bench -- --demand` tells how many pods land on what was meant for them.
 */
import type { NodeId } from '../model.ts';

export interface Slots {
  readonly nodeId: NodeId;
  readonly freePods: number;
}

/** Water-filling: the fullest nodes are filled last. All nodes are brought down to one level of free slots; what does not
 *  divide goes to the first ones, and what does not fit is `unplaced`. Same input, in any order, same answer. */
export function spread(
  pods: number,
  nodes: readonly Slots[],
): { readonly placed: Map<NodeId, number>; readonly unplaced: number } {
  const order = [...nodes].sort((a, b) => b.freePods - a.freePods || (a.nodeId < b.nodeId ? -1 : 1));
  const level = lowestLevel(pods, order);
  let left = pods - above(level, order);
  const placed = new Map<NodeId, number>();
  for (const { nodeId, freePods } of order) {
    const one = left > 0 && level > 0 && freePods >= level ? 1 : 0;
    left -= one;
    placed.set(nodeId, Math.max(0, freePods - level) + one);
  }
  return { placed, unplaced: left };
}

/** The lowest level of free slots to which `pods` can bring all nodes that are above it. */
function lowestLevel(pods: number, order: readonly Slots[]): number {
  let low = 0;
  let high = Math.max(0, order[0]?.freePods ?? 0);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (above(middle, order) <= pods) high = middle;
    else low = middle + 1;
  }
  return low;
}

const above = (level: number, order: readonly Slots[]): number =>
  order.reduce((sum, { freePods }) => sum + Math.max(0, freePods - level), 0);
