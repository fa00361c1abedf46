/** The things we decide about, as read from AWS in one moment. Nothing here is guessed: what AWS did not say is absent. */

export type NodeId = `i-${string}`;
export type EniId = `eni-${string}`;
export type SubnetId = `subnet-${string}`;

/** An ENI attached to a node. */
export interface Eni {
  readonly id: EniId;
  readonly subnetId: SubnetId;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  /** As EC2 says it: `interface`, `trunk`, `efa`, `efa-only` and others; an ordinary one when it says nothing. */
  readonly interfaceType?: string;
  readonly attachmentId: string;
  /** Whether it goes away with its instance. Attaching cannot set this; a second call does. */
  readonly deleteOnTermination: boolean;
  readonly attachmentStatus: 'attaching' | 'attached' | 'detaching' | 'detached';
  /** When it was attached, epoch ms, as far as EC2 says. */
  readonly attachedAtMs?: number;
  /** Secondary IPv4 addresses: the ENI's own address is not counted. */
  readonly secondaryIps: number;
  /** Which they are; kept only of ENIs of ours, since thousands of nodes have many. */
  readonly ips?: readonly string[];
  /** Delegated /28 prefixes. One prefix takes one slot, as one secondary address does. */
  readonly prefixes: number;
  readonly groupIds: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
}

export type NodeState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

/** What EC2 does not show of a node, where Kubernetes was asked, or whoever asks said it. */
export interface NodeCount {
  /** Pods that have an address of their own, or are about to. */
  readonly pods?: number;
  /** Pods on the host's network. */
  readonly hostNetworkPods?: number;
  /** kubelet's own. */
  readonly maxPods?: number;
}

/** An EC2 instance that is, or is about to become, a node of a cluster. */
export interface Node {
  readonly id: NodeId;
  readonly state: NodeState;
  /** For example `m5.large`. */
  readonly type: string;
  readonly vpcId: string;
  readonly subnetId: SubnetId;
  /** Availability zone name, for example `eu-central-1a`. */
  readonly zone: string;
  /** Its private DNS name, which most nodes have as their name in the cluster. */
  readonly dnsName?: string;
  /** When EC2 accepted the launch; `running` is never earlier. */
  readonly launchedAtMs: number;
  readonly platform: 'linux' | 'windows';
  /** Set when a service operator (EKS Auto Mode) owns the instance. */
  readonly operatedBy?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** All ENIs on every card; the primary has device index 0 on card 0. */
  readonly enis: readonly Eni[];
  /** Absent where nobody counted, as in all functions. */
  readonly counted?: NodeCount;
}

export interface Subnet {
  readonly id: SubnetId;
  readonly vpcId: string;
  readonly zone: string;
  readonly freeAddresses: number;
  readonly tags: Readonly<Record<string, string>>;
}

/** What EKS says of a cluster: enough to know what its CNI will do. */
export interface Cluster {
  readonly name: string;
  readonly vpcId: string;
  readonly ipFamily: 'ipv4' | 'ipv6';
  /** EKS Auto Mode runs the CNI itself and takes no warm targets. */
  readonly autoMode: boolean;
  /** The vpc-cni add-on's `configurationValues` as EKS returns them: absent when never set. `undefined` for the whole
   *  field means that the cluster has no vpc-cni add-on, so its settings cannot be known from here. */
  readonly vpcCni: { readonly version: string; readonly configurationValues?: string } | undefined;
}

/** One read of the world, shared by a whole decision. */
export interface World {
  readonly readAtMs: number;
  /** Since when is known what was not read anew, and since when the subnets are. Absent when everything was. */
  readonly sinceMs?: number;
  readonly subnetsAtMs?: number;
  readonly nodes: readonly Node[];
  readonly subnets: readonly Subnet[];
  /** Instances left out because EC2 did not show all that a decision needs; absent when there are none. */
  readonly incomplete?: readonly string[];
}

/** Tag ipamd writes on the ENIs it manages when it starts, and on those it adopts later. Source: amazon-vpc-cni-k8s v1.23.1,
 *  awsutils, ENI tags. */
export const IPAMD_INSTANCE_TAG = 'node.k8s.amazonaws.com/instance_id';

/** Our tags. The cluster tag is also what IAM lets us touch (Service Authorization Reference, EC2:
 *  aws:ResourceTag). */
export const OUR_CLUSTER_TAG = 'eks-ip-prewarmer/cluster';
export const OUR_NODE_TAG = 'eks-ip-prewarmer/node';
/** The demand an ENI was attached for on a node that already ran. */
export const OUR_DEMAND_TAG = 'eks-ip-prewarmer/demand';

/** The taint of the launch gate: a node carries it from the start, and no pod that does not tolerate it comes until it is
 *  gone. */
export const GATE_TAINT = { key: 'eks-ip-prewarmer/warming', value: 'true', effect: 'NoSchedule' } as const;

export function primaryEni(node: Node): Eni | undefined {
  return node.enis.find((eni) => eni.deviceIndex === 0 && eni.networkCardIndex === 0);
}

/** ipamd tags the primary ENI while it starts, so the tag's absence proves that it has not started yet. */
export function ipamdStarted(node: Node): boolean {
  return primaryEni(node)?.tags[IPAMD_INSTANCE_TAG] !== undefined;
}

/** An ENI with this tag set to `true` is left alone by ipamd, and still takes a slot. Source: amazon-vpc-cni-k8s v1.23.1. */
export const NO_MANAGE_TAG = 'node.k8s.amazonaws.com/no_manage';

/** Kinds of ENI that take a slot and hold no address for a pod: a trunk carries the branches of pods with security groups of
 *  their own, and an EFA-only ENI no IP at all. Source: amazon-vpc-cni-k8s v1.23.1, which never fills these; EC2 User Guide,
 *  Elastic Fabric Adapter. */
const WITHOUT_POD_ADDRESSES: readonly string[] = ['trunk', 'branch', 'efa-only'];

/** ENIs that take a slot of the default network card, the only card ipamd manages by default. That card is number 0 on every
 *  type of the CNI's table. */
export const cardEnis = (node: Node): readonly Eni[] => node.enis.filter((eni) => eni.networkCardIndex === 0);

/** ENIs whose addresses ipamd gives to pods, unless custom networking sets the primary apart (pod-enis.ts). */
export const managedEnis = (node: Node): readonly Eni[] =>
  cardEnis(node).filter(
    (eni) =>
      !WITHOUT_POD_ADDRESSES.includes(eni.interfaceType ?? 'interface') &&
      (eni.deviceIndex === 0 || eni.tags[NO_MANAGE_TAG] !== 'true'),
  );

/** Whether the trunk for pods with security groups of their own is there. */
export const hasTrunk = (node: Node): boolean =>
  cardEnis(node).some(({ interfaceType }) => interfaceType === 'trunk');

/** Addresses ipamd has on the node, ENIs' own excluded: the T of cni.ts. */
export function totalIps(node: Node): number {
  return managedEnis(node).reduce((sum, eni) => sum + eni.secondaryIps, 0);
}

/** The cluster an instance says it belongs to, by the tags of every known way to launch one: EKS node
 *  groups, Karpenter, and whatever else joins (EKS User Guide; Karpenter's source). */
export function clusterOf(tags: Readonly<Record<string, string>>): string | undefined {
  const named = tags['eks:cluster-name'] ?? tags['eks:eks-cluster-name'] ?? tags['aws:eks:cluster-name'];
  if (named !== undefined) return named;
  const prefix = 'kubernetes.io/cluster/';
  const owned = Object.keys(tags).find((key) => key.startsWith(prefix) && tags[key] === 'owned');
  return owned?.slice(prefix.length);
}

/** The group whose launches resemble each other: managed node group, Karpenter node pool, Auto Scaling group, or none. */
export function nodeGroupOf(tags: Readonly<Record<string, string>>): string {
  return (
    tags['eks:nodegroup-name'] ??
    tags['karpenter.sh/nodepool'] ??
    tags['aws:autoscaling:groupName'] ??
    'ungrouped'
  );
}

const LABEL_TAG = 'k8s.io/cluster-autoscaler/node-template/label/';

/** Labels of a node that its tags tell: those written for the cluster autoscaler (cluster-autoscaler, AWS cloud provider,
 *  auto-discovery of labels), and those every node has by where it is from. Others EC2 does not show. */
export function labelsOf({ tags, type, zone }: Pick<Node, 'tags' | 'type' | 'zone'>): Record<string, string> {
  const written = Object.entries(tags).flatMap(([key, value]) =>
    key.startsWith(LABEL_TAG) ? [[key.slice(LABEL_TAG.length), value] as const] : [],
  );
  const { 'eks:nodegroup-name': nodeGroup, 'karpenter.sh/nodepool': nodePool } = tags;
  return {
    ...(nodeGroup !== undefined && { 'eks.amazonaws.com/nodegroup': nodeGroup }),
    ...(nodePool !== undefined && { 'karpenter.sh/nodepool': nodePool }),
    'node.kubernetes.io/instance-type': type,
    'topology.kubernetes.io/zone': zone,
    ...Object.fromEntries(written),
  };
}
