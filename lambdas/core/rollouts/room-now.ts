/** What the nodes that are there can take of a rollout's pods at this moment. */
import { readCniSettings, slotsPerEni } from '../cni.ts';
import { longestCooldownMs } from '../decide-rollout.ts';
import { EC2_BUCKETS, ENI_GROWTH_MS, IPAMD_LOOP_MS, QUIET_MS, USABLE_AFTER_SEEN_MS } from '../limits.ts';
import { managedEnis, type Node } from '../model.ts';
import { heldMs } from '../plan/demand.ts';
import { limitsOf } from '../plan/instance-limits.ts';
import type { PresentNodes } from '../present-nodes.ts';
import type { RolloutAnnounced } from '../signals.ts';
import { type Addressable, addressable, growthStep, poolOf } from './addressable.ts';
import { podsPerNodeNow, type RolloutRecord, replaces, type WaveRecord } from './record.ts';

/** Between two looks at what grows. */
export const LOOK_EVERY_MS = 10_000;

/** From the attach of an ENI, whoever asked for it, until ipamd has surely set it up: metadata has to show it first. */
const settlesInMs = ({ policy }: PresentNodes): number => policy.imdsP95Ms + USABLE_AFTER_SEEN_MS;

/** A node without the ENIs that ipamd may not have set up yet. */
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
      poolOf(settled(node, settlesInMs(present), nowMs), cluster, policy, {
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

/** After a wave of these pods: until the addresses they take are there again, or were seen to be taken. Beside pods that grow a
 *  workload the CNI grows by a step of its mode. Where that shows only once the pods are there, whoever hears of a wave gets the time to
 *  make them; where nobody counts them, the next wave rests for longer (`restsForMs`). */
export function settlesForMs(announced: RolloutAnnounced, present: PresentNodes): number {
  if (!isCounted(announced, present)) return ENI_GROWTH_MS;
  if (replaces(announced)) return backInMs(announced, present);
  return (present.podsOn === undefined ? 0 : present.policy.pipelineP99Ms) + growsInMs(present);
}

/** Pods that replace others give theirs back once somebody has heard of the wave, the old ones have ended and those have cooled. */
const backInMs = (announced: RolloutAnnounced, { candidates, policy }: PresentNodes): number =>
  policy.pipelineP99Ms + heldMs(announced, longestCooldownMs(candidates));

const isCounted = ({ podsPerNode }: RolloutAnnounced, { podsOn }: PresentNodes): boolean =>
  podsOn !== undefined || podsPerNode !== undefined;

/** By then the growth that a wave's pods bring about is over: a step of each node that can have got one, at the pace at which EC2
 *  attaches ENIs for the account once its bucket is empty. A node that changes later does so for others, and is not waited for. */
function growsUntilMs({ releasedAtMs, sinceMs, readyPods }: WaveRecord, present: PresentNodes): number {
  const nodes = Math.min(present.nodes.length, readyPods ?? Number.POSITIVE_INFINITY);
  const eachMs = 1000 / EC2_BUCKETS.AttachNetworkInterface.perSecond;
  return (releasedAtMs ?? sinceMs) + ENI_GROWTH_MS + nodes * eachMs;
}

/** When the youngest ENI of the last wave's growth counts, whose addresses are not among those of `addressableNow` yet. `undefined`: all
 *  of them do. */
export function countsFromMs(
  { waves }: RolloutRecord,
  wave: WaveRecord,
  present: PresentNodes,
): number | undefined {
  const { nodes, nowMs } = present;
  const untilMs = growsUntilMs(waves.at(-2) ?? wave, present);
  const settledMs = nowMs - settlesInMs(present);
  let youngestMs = settledMs;
  for (const node of nodes)
    for (const { attachedAtMs = 0 } of managedEnis(node))
      if (attachedAtMs <= untilMs) youngestMs = Math.max(youngestMs, attachedAtMs);
  return youngestMs > settledMs ? youngestMs + settlesInMs(present) : undefined;
}

/** Where nobody counts pods, how long until the next wave may follow; 0 when it may, or pods are counted. A node tells what is free
 *  only once it had the time to grow, and then looked alike for as long as makes it quiet: until then one that has not grown yet looks
 *  as quiet as one that need not. */
export function restsForMs({ announced, waves }: RolloutRecord, present: PresentNodes): number {
  const { sights, nowMs } = present;
  const last = waves.at(-2);
  if (isCounted(announced, present) || last?.releasedAtMs === undefined) return 0;
  const { releasedAtMs } = last;
  const leastMs = releasedAtMs + ENI_GROWTH_MS;
  // A change is dated by the look after it: the first after the wave dates nearly all of them.
  let seenMs = Number.POSITIVE_INFINITY;
  for (const { sinceMs } of sights.values()) if (sinceMs > releasedAtMs) seenMs = Math.min(seenMs, sinceMs);
  const grownMs = seenMs <= growsUntilMs(last, present) + LOOK_EVERY_MS ? Math.max(leastMs, seenMs) : leastMs;
  const backMs = replaces(announced) ? releasedAtMs + backInMs(announced, present) : 0;
  return Math.max(0, Math.max(grownMs + QUIET_MS, backMs) - nowMs);
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

/** Of the pods that are to come, margin included, those that no node has a slot for. Pods that take the places of others find theirs
 *  once those have ended. */
export const withoutSlot = (
  announced: RolloutAnnounced,
  pods: number,
  { freeSlots }: Addressable,
  { policy }: PresentNodes,
): number => (replaces(announced) ? 0 : Math.max(0, Math.ceil(pods * policy.margin) - freeSlots));

/** Schedulers are never exact: the margin is for pods that land beside where they were expected. A single pod fits where one does. */
export const podsThatFit = ({ pods }: Addressable, margin: number): number =>
  Math.max(Math.min(pods, 1), Math.floor(pods / margin));
