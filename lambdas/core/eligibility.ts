/** Which nodes we may help at all: each case we recognise and leave has its reason here, and only here. */
import { type CniSettings, readCniSettings, slotsPerEni, usableEnis } from './cni.ts';
import { say } from './complaints.ts';
import { type InstanceLimits, limitsOf, managedGroupPodCap } from './instance-limits.ts';
import { type Cluster, cardEnis, managedEnis, type Node, type NodeId } from './model.ts';
import type { Policy } from './policy.ts';
import type { AdviseStep, LeaveReason, Step } from './steps.ts';

/** A node whose CNI we understand: WARM_ENI_TARGET mode, on Linux, IPv4, with known limits. */
export interface Candidate {
  readonly node: Node;
  readonly limits: InstanceLimits;
  readonly settings: CniSettings;
  readonly warmEniTarget: number;
  /** M: addresses an ENI can hold beside its own. */
  readonly perEni: number;
  /** E: ENIs the CNI may use here. */
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

export function candidate(
  node: Node,
  cluster: Cluster,
  policy: Policy,
): { readonly candidate: Candidate } | { readonly refusal: Refusal } {
  if (node.state !== 'pending' && node.state !== 'running')
    return refuse('not a live node', `the instance is ${node.state}`);
  if (cluster.autoMode && node.operatedBy !== undefined)
    return refuse('Auto Mode', `${node.operatedBy} operates this instance and its addresses`);
  if (node.operatedBy !== undefined)
    return refuse('Auto Mode', `the instance is operated by ${node.operatedBy}`);
  if (node.platform === 'windows')
    return refuse('Windows', 'Windows nodes get their addresses from the control plane');
  if (cluster.ipFamily === 'ipv6')
    return refuse('IPv6', 'with IPv6 each ENI has a /80: there is no pool to warm');
  const limits = limitsOf(node.type);
  const read = readCniSettings(cluster.vpcCni, policy, limits?.prefixes);
  if ('complaint' in read) return refuse('unknown CNI settings', say(read.complaint));
  const { settings } = read;
  if (settings.ipv6) return refuse('IPv6', 'ENABLE_IPv6 is set: there is no pool to warm');
  if (settings.customNetworking)
    return refuse(
      'custom networking',
      "pods' addresses come from ENIConfig subnets, which EC2 does not show",
    );
  if (!settings.manageUntaggedEnis)
    return refuse(
      'untagged ENIs unmanaged',
      'MANAGE_UNTAGGED_ENI is false: the CNI would ignore what we attach',
    );
  if (limits === undefined)
    return refuse('unknown instance type', `${node.type} is not in the CNI's table of instance limits`);
  const { mode } = settings;
  if (mode.kind !== 'warm-eni') return refuseMode(mode.kind);
  const perEni = slotsPerEni(limits);
  const maxEnis = usableEnis(limits, settings);
  const unmanaged = cardEnis(node).length - managedEnis(node).length;
  return {
    candidate: {
      node,
      limits,
      settings,
      warmEniTarget: mode.warmEniTarget,
      perEni,
      maxEnis,
      podCap: Math.min(podCap(node, limits, policy), Math.max(0, maxEnis - unmanaged) * perEni),
    },
  };
}

/** max-pods as the kubelet has it, as far as EC2 can tell, less pods on the host's network. */
function podCap(node: Node, limits: InstanceLimits, policy: Policy): number {
  // The CNI's formula: ENIs x (IPv4 per ENI - 1) + 2, exact for all types of its table.
  const formula = limits.maxEnis * slotsPerEni(limits) + 2;
  const managed = node.tags['eks:nodegroup-name'] !== undefined;
  const own = managed ? Math.min(formula, managedGroupPodCap(node.type)) : formula;
  return Math.max(0, (policy.maxPods ?? own) - policy.hostNetworkPods);
}

function refuseMode(kind: 'ip-targets' | 'prefix' | 'prefix-ip-targets' | 'provisioning-disabled'): {
  refusal: Refusal;
} {
  switch (kind) {
    case 'ip-targets':
      return refuse('mode keeps nothing', 'with IP targets the CNI gives a surplus back within seconds', {
        setting: 'MINIMUM_IP_TARGET',
        because: 'set to the pods expected per node, it brings those addresses when the node starts',
      });
    case 'prefix':
    case 'prefix-ip-targets':
      return refuse('mode keeps nothing', 'with prefixes the CNI gives a surplus back within seconds', {
        setting: 'WARM_PREFIX_TARGET',
        because:
          'set to the pods at once per node divided by 16, rounded up, it brings them in one call at start',
      });
    case 'provisioning-disabled':
      return refuse(
        'provisioning disabled',
        'somebody else allocates all addresses here; we do not join in yet',
      );
  }
}
