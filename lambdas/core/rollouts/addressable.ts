/**
 * How many pods can get an address now, all at once, on the nodes that are there: the size of a wave.
 *
 * Nothing here is hoped for. An address counts once ipamd has it, of the kind it gives to pods, and no pod has it or could have
 * it. Where nobody counted the pods, only what ipamd keeps free on a quiet node counts. A subnet that has run full meanwhile is
 * not seen: ipamd would have grown, and could not.
 */
import {
  addressesOf,
  bound,
  type CniMode,
  type CniSettings,
  keptFree,
  readCniSettings,
  slotsPerEni,
  usableEnis,
} from '../cni.ts';
import {
  ADDRESSES_PER_PREFIX,
  ASSIGN_CALL_MS,
  ENI_GROWTH_MS,
  ENI_KEPT_AT_LEAST_MS,
  IPAMD_LOOP_MS,
  QUIET_MS,
} from '../limits.ts';
import {
  type Cluster,
  cardEnis,
  type Eni,
  hasTrunk,
  IPAMD_INSTANCE_TAG,
  ipamdStarted,
  managedEnis,
  type Node,
  type NodeId,
  nodeGroupOf,
} from '../model.ts';
import { policyFor } from '../node-group-policy.ts';
import { hostNetworkOn, podCap } from '../plan/eligibility.ts';
import { type InstanceLimits, limitsOf, managedGroupPodCap } from '../plan/instance-limits.ts';
import { entriesFree, looksLike, type Sight } from '../plan/standing.ts';
import type { Policy } from '../policy.ts';

/** From its attach an ENI stays for pods that come within a quarter of a minute, however many are free. */
const ENI_STAYS_MS = ENI_KEPT_AT_LEAST_MS - 15_000;

/** What one node can take. */
export interface NodePool {
  readonly nodeId: NodeId;
  /** Addresses a pod gets at once. */
  readonly freeAddresses: number;
  /** Pods with an address that the scheduler may still put there, whether there is one or not. */
  readonly freeSlots: number;
  /** Fewer addresses are free than ipamd keeps, and it could have more: unless something keeps it from that, it is about to. Told
   *  only where the pods are counted. */
  readonly grows?: boolean;
}

export interface Addressable {
  /** The most pods of which none is refused an address, come where they may. `Infinity` when every free slot has its address:
   *  pods beyond those wait for new nodes and ask for nothing. So too when there is no slot, or no node at all. */
  readonly pods: number;
  /** Of all nodes. */
  readonly freeAddresses: number;
  readonly freeSlots: number;
  /** Nodes that are about to have more, where there are any. */
  readonly growing?: number;
  /** The node whose addresses run out first; absent when none do. */
  readonly limitedBy?: NodeId;
}

/** The scheduler brings all nodes down to one level of free slots (plan/placement.ts). A node with fewer addresses than free
 *  slots runs out below the level `freeSlots - freeAddresses`; the highest such level is where all have to stop. Which of
 *  several nodes on one level is next is drawn at random (kube-scheduler, selectHost), so not one pod more. */
export function addressable({ nodes }: { readonly nodes: readonly NodePool[] }): Addressable {
  let level = 0;
  let limitedBy: NodeId | undefined;
  for (const { nodeId, freeAddresses, freeSlots } of nodes) {
    const stops = freeSlots - freeAddresses;
    if (stops < level || stops <= 0) continue;
    if (stops === level && limitedBy !== undefined && limitedBy < nodeId) continue;
    level = stops;
    limitedBy = nodeId;
  }
  const sum = (of: (pool: NodePool) => number): number => nodes.reduce((all, pool) => all + of(pool), 0);
  const growing = sum(({ grows }) => (grows === true ? 1 : 0));
  return {
    pods:
      limitedBy === undefined ? Number.POSITIVE_INFINITY : sum((each) => Math.max(0, each.freeSlots - level)),
    freeAddresses: sum((each) => each.freeAddresses),
    freeSlots: sum((each) => each.freeSlots),
    ...(growing > 0 && { growing }),
    ...(limitedBy !== undefined && { limitedBy }),
  };
}

/** What is known beside EC2's view of the nodes. */
export interface PoolsSeen {
  readonly nowMs: number;
  /** How the nodes looked before, where pods are not known: all but quiet nodes count as full then. */
  readonly sights?: ReadonlyMap<NodeId, Sight>;
  /** Pods that have an address or are about to, exact and node by node, where somebody counted. */
  readonly podsOn?: ReadonlyMap<NodeId, number>;
  /** The same of a node that nobody counted, as announced. */
  readonly podsPerNode?: number;
  /** Addresses of pods that are gone, withheld still: of each node, or of every one. */
  readonly cooling?: ReadonlyMap<NodeId, number> | number;
}

/** `undefined`: pods of the cluster come there without an address of ipamd's, or not yet. A node we understand too little of
 *  counts with its slots and without addresses. EC2 shows some things before they are of use: an ENI with ipamd's tag up to
 *  USABLE_AFTER_SEEN_MS, addresses given to an ENI that ipamd knows, and where it writes no tags any ENI, up to adoptionWorstMs.
 *  Whoever gave them has to wait for that. */
export function poolOf(node: Node, cluster: Cluster, given: Policy, seen: PoolsSeen): NodePool | undefined {
  if (node.state !== 'running' || node.operatedBy !== undefined || node.platform === 'windows')
    return undefined;
  const policy = policyFor(given, cluster.name, nodeGroupOf(node.tags));
  const limits = limitsOf(node.type);
  const read = readCniSettings(cluster.vpcCni, policy, limits?.prefixes);
  const settings = 'settings' in read ? read.settings : undefined;
  const counted = seen.podsOn?.get(node.id) ?? seen.podsPerNode;
  const { least, most } = podCaps(node, limits, settings, policy);
  const pool = (pods: number, freeAddresses: number): NodePool => ({
    nodeId: node.id,
    freeAddresses: Math.max(0, freeAddresses),
    freeSlots: Math.max(0, most - pods),
  });
  // Each ENI has a /80 there.
  if (cluster.ipFamily === 'ipv6' || settings?.ipv6 === true) {
    const pods = counted ?? 0;
    return pool(pods, most - pods);
  }
  const tags = settings?.mode.kind !== 'provisioning-disabled';
  if (tags && !ipamdStarted(node)) return undefined;
  if (settings === undefined) return pool(counted ?? 0, 0);

  const enis = enisInUse(node, settings, tags);
  const total = enis.reduce((sum, eni) => sum + addressesOf(eni, settings), 0);
  const sight = seen.sights?.get(node.id);
  const quiet = looksLike(sight, node) && sight !== undefined && seen.nowMs - sight.sinceMs >= QUIET_MS;
  const maxPods = least + hostNetworkOn(node, policy);
  const canGrow = limits !== undefined && total < maxPods && hasRoom(node, enis, limits, settings);
  const kept = quiet && canGrow ? keptFree(settings.mode, slotsPerEni(limits)) : 0;
  // Free slots are told from the same number: each pod that is not there is one slot and one address more, and never less room.
  const pods = counted ?? Math.min(total - Math.min(total, kept), most);
  const cooling = typeof seen.cooling === 'number' ? seen.cooling : (seen.cooling?.get(node.id) ?? 0);
  const keeps =
    quiet || limits === undefined
      ? total
      : keptOf(enis, total, settings.mode, pods, slotsPerEni(limits), seen.nowMs);
  const grows = counted !== undefined && canGrow && isLow(settings.mode, total - pods, slotsPerEni(limits));
  return { ...pool(pods, keeps - pods - cooling), ...(grows && { grows }) };
}

/** Of a total that has not been there for a minute, what surely stays until pods come. Above its bound the CNI trims single addresses
 *  and prefixes at once, or gives back whole ENIs, the oldest without a pod first, of those that it has known for long enough. */
function keptOf(
  enis: readonly Eni[],
  total: number,
  mode: CniMode,
  pods: number,
  perEni: number,
  nowMs: number,
): number {
  const most = bound(mode, pods, perEni);
  if (mode.kind !== 'warm-eni') return Math.min(total, most);
  const mayGo = enis.filter(
    ({ deviceIndex, attachedAtMs = 0 }) => deviceIndex > 0 && nowMs - attachedAtMs >= ENI_STAYS_MS,
  );
  const surplus = Math.ceil(Math.max(0, total - most) / perEni);
  return Math.max(pods, total - Math.min(surplus, mayGo.length) * perEni);
}

/** Whether ipamd grows with so many addresses without pods. One that is to keep none takes an ENI and gives it back in turn, however
 *  many there are. */
const isLow = (mode: CniMode, free: number, perEni: number): boolean => {
  const kept = keptFree(mode, perEni);
  return growthStep(mode, perEni) !== undefined && (kept === 0 || free < kept);
};

/** ENIs whose addresses ipamd gives to pods now. It tags what it takes in, so where it tags at all an ENI without is not, or never
 *  will be, one of them. The primary is always taken in. */
const enisInUse = (node: Node, settings: CniSettings, tags: boolean): readonly Eni[] =>
  managedEnis(node).filter((eni) => {
    if (eni.attachmentStatus !== 'attached') return false;
    if (eni.deviceIndex === 0) return !settings.customNetworking;
    return eni.tags[IPAMD_INSTANCE_TAG] !== undefined || (!tags && settings.manageUntaggedEnis);
  });

/** Whether ipamd could add to the ENIs, or another one. */
const hasRoom = (node: Node, enis: readonly Eni[], limits: InstanceLimits, settings: CniSettings): boolean =>
  usableEnis(limits, settings, hasTrunk(node)) > cardEnis(node).length ||
  enis.some((eni) => entriesFree(eni, slotsPerEni(limits)) > 0);

/** Pods with an address that the node may run, at least and at most. With prefixes max-pods is raised by hand, as EKS recommends,
 *  to 110, or 250 from 30 vCPU on (EKS User Guide, prefixes): whether it was, only policy.maxPods or a count tells. */
function podCaps(
  node: Node,
  limits: InstanceLimits | undefined,
  settings: CniSettings | undefined,
  policy: Policy,
): { readonly least: number; readonly most: number } {
  const known = node.counted?.maxPods ?? policy.maxPods;
  const raised = Math.max(0, (known ?? managedGroupPodCap(node.type)) - hostNetworkOn(node, policy));
  if (limits === undefined || settings === undefined) return { least: 0, most: raised };
  const least = podCap(node, limits, settings, policy);
  if (!settings.prefixes || known !== undefined) return { least, most: least };
  const enis = limits.maxEnis - (settings.customNetworking ? 1 : 0);
  const holds = enis * slotsPerEni(limits) * ADDRESSES_PER_PREFIX;
  return { least, most: Math.max(least, Math.min(raised, holds)) };
}

/** What ipamd adds on one node at a time once its free addresses are used up, and how long that takes. */
export interface GrowthStep {
  readonly pods: number;
  readonly everyMs: number;
}

/** `undefined`: it adds nothing by itself, or nothing beyond MINIMUM_IP_TARGET. One call a loop: a fill of an ENI that is there, or
 *  where a step is a whole ENI, that ENI. The others need an ENI more too whenever those there are full, and then take as long
 *  as it does. `perEni`: M. Source: amazon-vpc-cni-k8s v1.23.1, increaseDatastorePool. */
export function growthStep(mode: CniMode, perEni: number): GrowthStep | undefined {
  const entries = (count: number, podsEach: number): GrowthStep => ({
    pods: Math.min(count, perEni) * podsEach,
    everyMs: count < perEni ? IPAMD_LOOP_MS + ASSIGN_CALL_MS : ENI_GROWTH_MS,
  });
  switch (mode.kind) {
    case 'warm-eni':
      return entries(perEni, 1);
    case 'ip-targets':
      return mode.warmIpTarget === 0 ? undefined : entries(mode.warmIpTarget, 1);
    case 'prefix':
      return entries(Math.max(1, mode.warmPrefixTarget), ADDRESSES_PER_PREFIX);
    case 'prefix-ip-targets':
      return mode.warmIpTarget === 0
        ? undefined
        : entries(Math.ceil(mode.warmIpTarget / ADDRESSES_PER_PREFIX), ADDRESSES_PER_PREFIX);
    case 'provisioning-disabled':
      return undefined;
  }
}
