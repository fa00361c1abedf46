/**
 * How the default profile of kube-scheduler ranks nodes that fit, for pods that are all of one size.
 * Source: Kubernetes v1.33, pkg/scheduler: NodeResourcesFit with LeastAllocated (weight 1), and PodTopologySpread (weight 2)
 * with its system defaults, hostname with a skew of 3 and zone with one of 5, both ScheduleAnyway.
 *
 * Left out: what pods request (each takes one slot, and a node's slots stand for its CPU and memory, which are in proportion
 * to them within a family), NodeResourcesBalancedAllocation (the same for all then), ImageLocality, preferences that nobody
 * stated, and the lottery among equals, of which the first is taken.
 */
import { HOST_NETWORK_PODS, type Node } from './node.ts';
import type { Pod } from './pod.ts';

const HOSTNAME_SKEW = 3;
const ZONE_SKEW = 5;
const TOPOLOGY_WEIGHT = 2;
const MOST = 100;

/** The node the pod goes to; `undefined` without any. */
export function bestNode(pod: Pod, nodes: readonly Node[]): Node | undefined {
  const spread = topologyScores(pod, nodes);
  let best: Node | undefined;
  let bestScore = Number.NEGATIVE_INFINITY;
  for (const [index, node] of nodes.entries()) {
    const score = leastAllocated(node) + TOPOLOGY_WEIGHT * (spread[index] ?? 0);
    if (score <= bestScore) continue;
    best = node;
    bestScore = score;
  }
  return best;
}

/** The share that would be free with the pod on it. */
function leastAllocated({ maxPods, freePodSlots }: Node): number {
  return Math.floor((MOST * (freePodSlots - 1)) / (maxPods - HOST_NETWORK_PODS));
}

/** Fewer pods of the same owner on the node and in its zone are better; each kind of place weighs by the logarithm of how
 *  many there are. A pod without an owner has no kin to keep away from. */
function topologyScores(pod: Pod, nodes: readonly Node[]): number[] {
  if (pod.owner === undefined) return nodes.map(() => 0);
  const here = nodes.map(
    (node) => node.pods.filter((other) => other.alive && other.owner === pod.owner).length,
  );
  const zones = new Map<string, number>();
  for (const [index, { zone }] of nodes.entries())
    zones.set(zone, (zones.get(zone) ?? 0) + (here[index] ?? 0));
  const perHost = Math.log(nodes.length + 2);
  const perZone = Math.log(zones.size + 2);
  const crowd = nodes.map(({ zone }, index) =>
    Math.round(
      (here[index] ?? 0) * perHost + HOSTNAME_SKEW - 1 + (zones.get(zone) ?? 0) * perZone + ZONE_SKEW - 1,
    ),
  );
  const most = Math.max(...crowd);
  const least = Math.min(...crowd);
  return crowd.map((each) => (most === 0 ? MOST : Math.floor((MOST * (most + least - each)) / most)));
}
