/** What the nodes that are there can take of a rollout's pods at this moment. */
import { USABLE_AFTER_SEEN_MS } from '../limits.ts';
import type { Node } from '../model.ts';
import type { PresentNodes } from '../present-nodes.ts';
import type { RolloutAnnounced } from '../signals.ts';
import { type Addressable, addressable, poolOf } from './addressable.ts';
import { landedPerNode, replaces } from './record.ts';

/** A node without the ENIs that ipamd may not have set up yet, whoever attached them: metadata has to show them first. */
const settled = (node: Node, forMs: number, nowMs: number): Node => ({
  ...node,
  enis: node.enis.filter(({ attachedAtMs = 0 }) => nowMs - attachedAtMs >= forMs),
});

/** `releasedPods`: those that came since somebody said how many there are on each node. */
export function addressableNow(
  announced: RolloutAnnounced,
  releasedPods: number,
  present: PresentNodes,
): Addressable {
  const { nodes, cluster, policy, podsOn, sights, nowMs } = present;
  const landed = landedPerNode(announced, releasedPods, nodes.length);
  const podsPerNode = announced.podsPerNode === undefined ? undefined : announced.podsPerNode + landed;
  const pools = nodes.flatMap(
    (node) =>
      poolOf(settled(node, policy.imdsP95Ms + USABLE_AFTER_SEEN_MS, nowMs), cluster, policy, {
        nowMs,
        sights,
        ...(podsOn !== undefined && { podsOn }),
        ...(podsPerNode !== undefined && { podsPerNode }),
      }) ?? [],
  );
  const can = addressable({ nodes: pools });
  if (!replaces(announced) || pools.length === 0) return can;
  // A pod beyond the free slots does not wait for a new node: it takes an old one's slot, which is free before its address is.
  return { ...can, pods: Math.min(can.pods, can.freeSlots || can.freeAddresses) };
}

/** Schedulers are never exact: the margin is for pods that land beside where they were expected. */
export const podsThatFit = ({ pods }: Addressable, margin: number): number => Math.floor(pods / margin);
