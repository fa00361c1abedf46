/** Which nodes we may help at all: each case we recognise and leave has its reason here, and only here. */
import { bound, type CniSettings, readCniSettings, slotsPerEni, usableEnis } from '../cni.ts';
import { say } from '../complaints.ts';
import {
  type Cluster,
  cardEnis,
  hasTrunk,
  ipamdStarted,
  managedEnis,
  type Node,
  type NodeId,
  type NodeState,
  nodeGroupOf,
} from '../model.ts';
import { type NodeGroupPolicy, policyFor } from '../node-group-policy.ts';
import type { EniConfig, Policy } from '../policy.ts';
import { type InstanceLimits, limitsOf, managedGroupPodCap } from './instance-limits.ts';
import type { AdviseStep, LeaveReason, Step } from './steps.ts';

/** A node whose CNI we understand: on Linux, IPv4, with known limits, where the CNI keeps what we give: in WARM_ENI_TARGET
 *  mode, or with its own provisioning disabled. */
export interface Candidate {
  readonly node: Node;
  readonly limits: InstanceLimits;
  /** As it holds for its node group. */
  readonly policy: NodeGroupPolicy;
  readonly settings: CniSettings;
  /** 0 where the CNI does not grow. */
  readonly warmEniTarget: number;
  /** The CNI's provisioning is disabled and policy.soleAllocator says that nobody but us gives its nodes addresses: nothing
   *  grows by itself there, nothing is ever given back, and what comes late is taken in within RECONCILE_WORST_MS. */
  readonly soleAllocator: boolean;
  /** With IP targets, of a launching node: addresses the CNI wants from its start on, pods or none. */
  readonly startsWith?: number;
  /** With custom networking, where alone ENIs for pods go; the primary then gives no addresses. */
  readonly eniConfig: EniConfig | undefined;
  /** M: addresses an ENI can hold beside its own. */
  readonly perEni: number;
  /** E: ENIs that may be on the default card, the primary included, the slot kept for a trunk not. */
  readonly maxEnis: number;
  /** Pods that need an address, at most: max-pods less those on the host's network. */
  readonly podCap: number;
}

export interface Refusal {
  readonly reason: LeaveReason;
  readonly because: string;
  readonly advice?: Omit<AdviseStep, 'do'>;
}

/** A refused node in a plan: left, with the advice there is. */
export const refusalSteps = (nodeId: NodeId, { reason, because, advice }: Refusal): Step[] => [
  { do: 'leave', nodeId, reason, because },
  ...(advice === undefined ? [] : [{ do: 'advise', ...advice } as const]),
];

const refuse = (
  reason: LeaveReason,
  because: string,
  advice?: Omit<AdviseStep, 'do'>,
): { refusal: Refusal } => ({
  refusal: { reason, because, ...(advice && { advice }) },
});

/** Launching nodes: in a warm pool they are stopped until they are wanted, and nothing races them there. */
const STATES = {
  running: ['pending', 'running'],
  launching: ['pending', 'running', 'stopped'],
} as const satisfies Readonly<Record<string, readonly NodeState[]>>;

export function candidate(
  node: Node,
  cluster: Cluster,
  given: Policy,
  as: keyof typeof STATES = 'running',
): { readonly candidate: Candidate } | { readonly refusal: Refusal } {
  const states: readonly NodeState[] = STATES[as];
  if (!states.includes(node.state)) return refuse('not a live node', `the instance is ${node.state}`);
  if (cluster.autoMode && node.operatedBy !== undefined)
    return refuse('Auto Mode', `${node.operatedBy} operates this instance and its addresses`);
  if (node.operatedBy !== undefined)
    return refuse('Auto Mode', `the instance is operated by ${node.operatedBy}`);
  if (node.platform === 'windows')
    return refuse('Windows', 'Windows nodes get their addresses from the control plane');
  if (cluster.ipFamily === 'ipv6')
    return refuse('IPv6', 'with IPv6 each ENI has a /80: there is no pool to warm');
  const policy = policyFor(given, cluster.name, nodeGroupOf(node.tags));
  const limits = limitsOf(node.type);
  const read = readCniSettings(cluster.vpcCni, policy, limits?.prefixes);
  if ('complaint' in read) return refuse('unknown CNI settings', say(read.complaint));
  const { settings } = read;
  if (settings.ipv6) return refuse('IPv6', 'ENABLE_IPv6 is set: there is no pool to warm');
  if (!settings.manageUntaggedEnis)
    return refuse(
      'untagged ENIs unmanaged',
      'MANAGE_UNTAGGED_ENI is false: the CNI would ignore what we attach',
    );
  if (limits === undefined)
    return refuse('unknown instance type', `${node.type} is not in the CNI's table of instance limits`);
  const { mode } = settings;
  const perEni = slotsPerEni(limits);
  // What is beyond its targets it trims within seconds: of use to pods that come the moment a node is Ready, to nobody later.
  const startsWith = mode.kind === 'ip-targets' && as === 'launching' ? bound(mode, 0, perEni) : undefined;
  if (mode.kind !== 'warm-eni' && mode.kind !== 'provisioning-disabled' && startsWith === undefined)
    return refuseMode(mode.kind);
  const soleAllocator = mode.kind === 'provisioning-disabled';
  if (soleAllocator && !policy.soleAllocator)
    return refuse(
      'provisioning disabled',
      "the CNI's own provisioning is disabled, and somebody else may allocate here: policy.soleAllocator is false",
    );
  if (soleAllocator && settings.prefixes)
    return refuse(
      'provisioning disabled',
      'ENABLE_PREFIX_DELEGATION is set: pods take addresses from prefixes alone, which we do not give',
    );
  const eniConfig = settings.customNetworking ? eniConfigOf(node, policy) : undefined;
  if (settings.customNetworking && eniConfig === undefined)
    return refuse(
      'custom networking',
      `pods' addresses come from the subnet of the zone's ENIConfig, and policy.eniConfigs.${node.zone} does not say which`,
    );
  const maxEnis = usableEnis(limits, settings, hasTrunk(node));
  // Trunks, EFA-only ENIs, those the CNI is told to leave alone, and with custom networking the primary.
  const withoutPods = cardEnis(node).length - managedEnis(node).length + (settings.customNetworking ? 1 : 0);
  return {
    candidate: {
      node,
      limits,
      policy,
      settings,
      warmEniTarget: mode.kind === 'warm-eni' ? mode.warmEniTarget : 0,
      soleAllocator,
      ...(startsWith !== undefined && { startsWith }),
      eniConfig,
      perEni,
      maxEnis,
      podCap: Math.min(podCap(node, limits, settings, policy), Math.max(0, maxEnis - withoutPods) * perEni),
    },
  };
}

const eniConfigOf = ({ zone }: Node, { eniConfigs }: Policy): EniConfig | undefined =>
  Object.hasOwn(eniConfigs, zone) ? eniConfigs[zone] : undefined;

/** Whether pods may already ask ipamd for addresses. A sole allocator's ipamd writes no tag (amazon-vpc-cni-k8s v1.23.1,
 *  nodeInit), so of its nodes every one that runs may have come so far. */
export const mayHaveStarted = ({ node, soleAllocator }: Candidate): boolean =>
  soleAllocator ? node.state === 'running' : ipamdStarted(node);

/** max-pods as the kubelet has it, as far as EC2 can tell, less pods on the host's network. What was counted goes before
 *  what the policy takes it to be. */
export function podCap(node: Node, limits: InstanceLimits, settings: CniSettings, policy: Policy): number {
  // The CNI's formula: ENIs x (IPv4 per ENI - 1) + 2, exact for all types of its table; one ENI less with custom networking
  // (amazon-vpc-cni-k8s, max-pods-calculator.sh).
  const enis = limits.maxEnis - (settings.customNetworking ? 1 : 0);
  const formula = enis * slotsPerEni(limits) + 2;
  const managed = node.tags['eks:nodegroup-name'] !== undefined;
  const own = managed ? Math.min(formula, managedGroupPodCap(node.type)) : formula;
  return Math.max(0, (node.counted?.maxPods ?? policy.maxPods ?? own) - hostNetworkOn(node, policy));
}

/** Pods on the host's network of a node: as counted, else as the policy takes them to be. */
export const hostNetworkOn = ({ counted }: Node, { hostNetworkPods }: Policy): number =>
  counted?.hostNetworkPods ?? hostNetworkPods;

export const IP_TARGETS = {
  reason: 'mode keeps nothing',
  because: 'with IP targets the CNI gives a surplus back within seconds',
  advice: {
    setting: 'MINIMUM_IP_TARGET',
    because: 'set to the pods expected per node, it brings those addresses when the node starts',
  },
} as const satisfies Refusal;

function refuseMode(kind: 'ip-targets' | 'prefix' | 'prefix-ip-targets'): { refusal: Refusal } {
  switch (kind) {
    case 'ip-targets':
      return { refusal: IP_TARGETS };
    case 'prefix':
    case 'prefix-ip-targets':
      return refuse('mode keeps nothing', 'with prefixes the CNI gives a surplus back within seconds', {
        setting: 'WARM_PREFIX_TARGET',
        because:
          'set to the pods at once per node divided by 16, rounded up, it brings them in one call at start',
      });
  }
}
