/** What the nodes that are there can take of a rollout's pods at this moment. */
import { readCniSettings, slotsPerEni } from '../cni.ts';
import { longestCooldownMs } from '../decide-rollout.ts';
import { IPAMD_LOOP_MS, QUIET_MS, USABLE_AFTER_SEEN_MS } from '../limits.ts';
import type { Node } from '../model.ts';
import { heldMs } from '../plan/demand.ts';
import { limitsOf } from '../plan/instance-limits.ts';
import type { PresentNodes } from '../present-nodes.ts';
import type { RolloutAnnounced } from '../signals.ts';
import { type Addressable, addressable, growthStep, poolOf } from './addressable.ts';
import { podsPerNodeNow, replaces } from './record.ts';

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
  const podsPerNode = podsPerNodeNow(announced, releasedPods, nodes.length);
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

/** After a wave of these pods: until the addresses they take are there again, or were seen to be taken. Pods that replace
 *  others give theirs back once the old ones have ended and those have cooled; beside pods that grow a workload the CNI grows by a step of
 *  its mode. Where nobody counts pods a node shows what it has only once it is quiet again. */
export function settlesForMs(announced: RolloutAnnounced, present: PresentNodes): number {
  const { candidates, podsOn } = present;
  if (replaces(announced)) return heldMs(announced, longestCooldownMs(candidates));
  const counted = podsOn !== undefined || announced.podsPerNode !== undefined;
  return (counted ? 0 : QUIET_MS) + growsInMs(present);
}

/** One step of the slowest of the nodes' modes. */
function growsInMs({ nodes, cluster, policy }: PresentNodes): number {
  const types = [...new Set(nodes.map(({ type }) => type))];
  const steps = types.map((type) => {
    const limits = limitsOf(type);
    const read = readCniSettings(cluster.vpcCni, policy, limits?.prefixes);
    if (limits === undefined || 'complaint' in read) return 0;
    return growthStep(read.settings.mode, slotsPerEni(limits))?.everyMs ?? 0;
  });
  return Math.max(IPAMD_LOOP_MS, ...steps);
}

/** Schedulers are never exact: the margin is for pods that land beside where they were expected. A single pod fits where one does. */
export const podsThatFit = ({ pods }: Addressable, margin: number): number =>
  Math.max(Math.min(pods, 1), Math.floor(pods / margin));
