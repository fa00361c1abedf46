/** One perfect node in one perfect cluster, and small deviations from it. Limits used here are spelled out, not imported:
 *  m5.large has 3 ENIs of 10 IPv4 addresses, its own included (EC2 User Guide, IP addresses per network interface). */

import type { Cluster, Eni, EniId, Node, NodeId, Subnet, SubnetId } from '../../lambdas/core/model.ts';
import { type Candidate, candidate } from '../../lambdas/core/plan/eligibility.ts';
import { DEFAULT_POLICY, type Policy } from '../../lambdas/core/policy.ts';
import type { PromisedEni } from '../../lambdas/core/records.ts';
import type { RolloutAnnounced } from '../../lambdas/core/signals.ts';

export const NOW_MS = 1_800_000_000_000;
const VPC = 'vpc-1';
const ZONE = 'eu-central-1a';
const SUBNET: SubnetId = 'subnet-1';
export const CLUSTER_NAME = 'shop';
export const IPAMD_TAG = 'node.k8s.amazonaws.com/instance_id';

export function aPolicy(changes: Partial<Policy> = {}): Policy {
  return { ...DEFAULT_POLICY, ...changes };
}

/** A cluster whose vpc-cni add-on has this environment. */
export function aCluster(
  env: Readonly<Record<string, unknown>> = {},
  changes: Partial<Cluster> = {},
): Cluster {
  return {
    name: CLUSTER_NAME,
    vpcId: VPC,
    ipFamily: 'ipv4',
    autoMode: false,
    vpcCni: { version: 'v1.23.1-eksbuild.1', configurationValues: JSON.stringify({ env }) },
    ...changes,
  };
}

export function anEni(deviceIndex: number, secondaryIps: number, changes: Partial<Eni> = {}): Eni {
  return {
    id: `eni-${deviceIndex}`,
    subnetId: SUBNET,
    deviceIndex,
    networkCardIndex: 0,
    attachmentId: `eni-attach-${deviceIndex}`,
    deleteOnTermination: true,
    attachmentStatus: 'attached',
    secondaryIps,
    prefixes: 0,
    groupIds: ['sg-nodes'],
    tags: {},
    ...changes,
  };
}

/** ENIs with device indexes from 0 up and these numbers of secondary addresses, tagged by ipamd. */
/** An ENI that was made for a node and is not attached yet. */
export const aPromise = (eniId: EniId, deviceIndex: number, addresses = 9): PromisedEni => ({
  eniId,
  deviceIndex,
  addresses,
  subnetId: 'subnet-1',
  token: `token-${eniId}`,
  sinceMs: NOW_MS,
});

export function enisOf(nodeId: NodeId, filling: readonly number[], changes: Partial<Eni> = {}): Eni[] {
  return filling.map((ips, index) =>
    anEni(index, ips, {
      id: `eni-${nodeId}-${index}` satisfies EniId,
      tags: { [IPAMD_TAG]: nodeId },
      ...changes,
    }),
  );
}

/** A running m5.large whose CNI has started. */
export function aNode(changes: Partial<Node> = {}): Node {
  const id = changes.id ?? 'i-1';
  return {
    id,
    state: 'running',
    type: 'm5.large',
    vpcId: VPC,
    subnetId: SUBNET,
    zone: ZONE,
    launchedAtMs: NOW_MS - 600_000,
    platform: 'linux',
    tags: { 'eks:cluster-name': CLUSTER_NAME },
    enis: enisOf(id, [9]),
    ...changes,
  };
}

export function aSubnet(freeAddresses: number, changes: Partial<Subnet> = {}): Subnet {
  return { id: SUBNET, vpcId: VPC, zone: ZONE, freeAddresses, tags: {}, ...changes };
}

/** The node as a candidate; an error when it is refused, because then the test is not about what it says. */
export function aCandidate(
  node: Node,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly policy?: Policy;
    readonly as?: 'running' | 'launching';
  } = {},
): Candidate {
  const checked = candidate(node, aCluster(options.env), options.policy ?? aPolicy(), options.as);
  if ('refusal' in checked) throw new Error(checked.refusal.because);
  return checked.candidate;
}

/** A rolling update of a hundred pods, with Kubernetes' defaults. */
export function anAnnouncement(changes: Partial<RolloutAnnounced> = {}): RolloutAnnounced {
  return {
    kind: 'rollout-announced',
    announcementId: 'build-7',
    cluster: CLUSTER_NAME,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 100, to: 100 },
    strategy: { type: 'rolling-update', maxSurge: '25%', maxUnavailable: '25%' },
    startsAtMs: NOW_MS,
    overMs: 0,
    terminationGraceMs: 30_000,
    selector: {},
    attempt: 0,
    ...changes,
  };
}
