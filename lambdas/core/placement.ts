/** Where pods will land. `spread` fills the node with most free pod slots first, as the default scheduler's scoring does. */
import type { NodeId } from './model.ts';

export interface Slots {
  readonly nodeId: NodeId;
  readonly freePods: number;
}

/** Water-filling: raises the lowest nodes together until all pods are placed or no slot is free. Same input, same answer;
 *  what does not fit is `unplaced`. */
export function spread(
  pods: number,
  nodes: readonly Slots[],
): { readonly placed: Map<NodeId, number>; readonly unplaced: number } {
  const order = [...nodes].sort((a, b) => b.freePods - a.freePods || (a.nodeId < b.nodeId ? -1 : 1));
  const placed = new Map<NodeId, number>(order.map(({ nodeId }) => [nodeId, 0]));
  let left = pods;
  // All nodes down to `level` free slots take the same top slice; the level sinks node by node.
  for (let count = 1; count <= order.length && left > 0; count++) {
    const level = order[count - 1]?.freePods ?? 0;
    const below = order[count]?.freePods ?? 0;
    const slice = Math.min(left, (level - below) * count);
    const each = Math.floor(slice / count);
    let extra = slice - each * count;
    for (const { nodeId } of order.slice(0, count)) {
      placed.set(nodeId, (placed.get(nodeId) ?? 0) + each + (extra-- > 0 ? 1 : 0));
    }
    left -= slice;
  }
  return { placed, unplaced: left };
}
