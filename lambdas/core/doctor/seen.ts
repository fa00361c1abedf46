/** What a doctor sees of a cluster in one look, and what it was told to expect. */
import { addressesOf, type CniSettings, readCniSettings, slotsPerEni, usableEnis } from '../cni.ts';
import { ADDRESSES_PER_PREFIX, IP_COOLDOWN_MS } from '../limits.ts';
import {
  type Cluster,
  cardEnis,
  hasTrunk,
  managedEnis,
  type Node,
  type NodeId,
  nodeGroupOf,
  type Subnet,
} from '../model.ts';
import { policyFor } from '../node-group-policy.ts';
import { hostNetworkOn, podCap } from '../plan/eligibility.ts';
import { type InstanceLimits, limitsOf } from '../plan/instance-limits.ts';
import type { Policy } from '../policy.ts';
import type { RolloutStrategy } from '../signals.ts';

/** What may be read or not, each by calls of its own. A rule that needs one that is missing is not asked. The settings are there
 *  when the add-on, or the policy, says them in a way that can be read. */
export const PARTS = ['cluster', 'add-on', 'settings', 'node groups', 'nodes', 'subnets'] as const;
export type Part = (typeof PARTS)[number];

type Rolling = Extract<RolloutStrategy, { readonly type: 'rolling-update' }>;

export interface ClusterSeen {
  readonly nowMs: number;
  readonly region: string;
  /** Without the parts that were not read, as though there were none. */
  readonly parts: ReadonlySet<Part>;
  readonly cluster: Cluster;
  /** For example `1.34`. */
  readonly kubernetesVersion?: string;
  readonly policy: Policy;
  readonly nodeGroups: readonly NodeGroupSeen[];
  /** Pending and running ones, with their ENIs. */
  readonly nodes: readonly Node[];
  /** Of the cluster's VPC. */
  readonly subnets: readonly SubnetSeen[];
  /** ENIs of the VPC by zone, whoever holds them. */
  readonly enisByZone: ReadonlyMap<string, number>;
  readonly eniQuota: EniQuota;
  readonly expected: Expected;
}

/** ENIs the account may have in a zone, and who says so: the account's own quota, AWS's default where it has none, whoever
 *  asked the doctor, or nobody. */
export interface EniQuota {
  readonly enis: number;
  readonly from: 'account' | 'default' | 'option' | 'assumed';
}

export interface NodeGroupSeen {
  readonly name: string;
  /** None when a launch template says it. */
  readonly types: readonly string[];
  readonly desired: number;
  readonly most: number;
}

export interface SubnetSeen extends Subnet {
  readonly cidr: string;
  /** Its wholly free, aligned /28 blocks by number (blocks.ts), ascending. */
  readonly freeBlocks: readonly number[];
  /** Ranges reserved for prefixes; `undefined`: not read. */
  readonly prefixReservations?: readonly string[];
}

/** What EC2 cannot show. Times in ms. */
export interface Expected {
  /** Pods that come beside those that are there. */
  readonly burst?: { readonly pods: number; readonly overMs: number };
  readonly rollout?: { readonly replicas: number; readonly strategy: Rolling };
  /** CronJobs: so many pods come every so often, and run so long. */
  readonly churn?: { readonly pods: number; readonly everyMs: number; readonly runsMs: number };
  /** Addresses the cluster needs more each day. */
  readonly growthPerDay?: number;
}

/** Nodes of one instance type. A type that a node group names and has no node of yet has none here. */
export interface TypeSeen {
  readonly type: string;
  readonly limits: InstanceLimits;
  readonly settings: CniSettings;
  readonly nodes: readonly Node[];
  /** M: addresses an ENI holds beside its own. */
  readonly perEni: number;
  /** ENIs that pods' addresses may come from. */
  readonly enis: number;
  /** Pods with an address that all of them together can serve. */
  readonly holds: number;
  /** Pods with an address that each kubelet may run. */
  readonly podCaps: ReadonlyMap<NodeId, number>;
  /** The most of them. */
  readonly podCap: number;
  /** The same with those on the host's network: kubelet's own figure. */
  readonly maxPods: number;
}

/** `undefined` when they cannot be read, or EKS does not have them. */
export function settingsFor({ cluster, policy }: ClusterSeen, takesPrefixes = true): CniSettings | undefined {
  const read = readCniSettings(cluster.vpcCni, policy, takesPrefixes);
  return 'settings' in read ? read.settings : undefined;
}

/** How long an address rests after its pod; the CNI's default where the settings are not known. */
export const cooldownOf = (seen: ClusterSeen): number => settingsFor(seen)?.ipCooldownMs ?? IP_COOLDOWN_MS;

/** Nodes whose addresses the cluster's own CNI manages. */
export const ownNodes = ({ nodes }: ClusterSeen): readonly Node[] =>
  nodes.filter(({ operatedBy, platform }) => operatedBy === undefined && platform === 'linux');

/** Types the CNI's table knows, the most frequent first. */
export function typesOf(seen: ClusterSeen): readonly TypeSeen[] {
  const byType = Map.groupBy(ownNodes(seen), ({ type }) => type);
  for (const type of seen.nodeGroups.flatMap(({ types }) => types))
    if (!byType.has(type)) byType.set(type, []);
  const types = [...byType].flatMap(([type, nodes]) => typeSeen(seen, type, nodes) ?? []);
  return types.toSorted((a, b) => b.nodes.length - a.nodes.length || (a.type < b.type ? -1 : 1));
}

function typeSeen(seen: ClusterSeen, type: string, nodes: readonly Node[]): TypeSeen | undefined {
  const limits = limitsOf(type);
  const settings = settingsFor(seen, limits?.prefixes);
  if (limits === undefined || settings === undefined) return undefined;
  const perEni = slotsPerEni(limits);
  const usable = usableEnis(limits, settings, nodes.some(hasTrunk));
  const enis = Math.max(0, usable - (settings.customNetworking ? 1 : 0));
  const holds = enis * perEni * (settings.prefixes ? ADDRESSES_PER_PREFIX : 1);
  const some = nodes.length > 0 ? nodes : [anyOf(type, seen)];
  const podCaps = new Map(
    some.map((node) => {
      const policy = policyFor(seen.policy, seen.cluster.name, nodeGroupOf(node.tags));
      return [node.id, podCap(node, limits, settings, policy)];
    }),
  );
  const most = Math.max(...podCaps.values());
  const maxPods = Math.max(
    ...some.map((node) => (podCaps.get(node.id) ?? 0) + hostNetworkOn(node, seen.policy)),
  );
  return { type, limits, settings, nodes, perEni, enis, holds, podCaps, podCap: most, maxPods };
}

/** A node of a type that has none yet: of it the type and the managed group it would come from matter. */
const anyOf = (type: string, seen: ClusterSeen): Node => ({
  id: 'i-0',
  state: 'pending',
  type,
  vpcId: seen.cluster.vpcId,
  subnetId: 'subnet-0',
  zone: '',
  launchedAtMs: seen.nowMs,
  platform: 'linux',
  tags: { 'eks:nodegroup-name': 'one to come' },
  enis: [],
});

/** Addresses the node's CNI can give to pods now, or has given: T of cni.ts, those of prefixes in prefix mode. */
export const addressesOn = (node: Node, settings: CniSettings): number =>
  managedEnis(node)
    .filter(({ deviceIndex }) => !settings.customNetworking || deviceIndex !== 0)
    .reduce((sum, eni) => sum + addressesOf(eni, settings), 0);

/** Whether pods were counted on every node of the cluster's own CNI, or somebody said how many there are. */
export const podsCounted = (seen: ClusterSeen): boolean => podsIn(seen) !== undefined;

/** Pods with an address on all of them; `undefined` where some were not counted, or there is none. */
export function podsIn(seen: ClusterSeen): number | undefined {
  const counts = ownNodes(seen).map(({ counted }) => counted?.pods);
  const known = counts.filter((pods) => pods !== undefined);
  if (known.length === 0 || known.length < counts.length) return undefined;
  return known.reduce((sum, pods) => sum + pods, 0);
}

/** ENIs on the default card, of whatever kind. */
export const enisOn = (node: Node): number => cardEnis(node).length;

/** Subnets that the cluster's nodes have ENIs in, with those nodes; of no node when no ENI is there yet. */
export function nodeSubnets(seen: ClusterSeen): readonly { subnet: SubnetSeen; nodes: readonly Node[] }[] {
  return seen.subnets.flatMap((subnet) => {
    const nodes = ownNodes(seen).filter(
      (node) => node.subnetId === subnet.id || node.enis.some(({ subnetId }) => subnetId === subnet.id),
    );
    return nodes.length > 0 ? [{ subnet, nodes }] : [];
  });
}
