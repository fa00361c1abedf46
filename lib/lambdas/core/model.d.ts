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
    readonly vpcCni: {
        readonly version: string;
        readonly configurationValues?: string;
    } | undefined;
}
/** One read of the world, shared by a whole decision. */
export interface World {
    readonly readAtMs: number;
    readonly nodes: readonly Node[];
    readonly subnets: readonly Subnet[];
    /** Instances left out because EC2 did not show all that a decision needs; absent when there are none. */
    readonly incomplete?: readonly string[];
}
/** Tag ipamd writes on the ENIs it manages when it starts, and on those it adopts later. Source: amazon-vpc-cni-k8s v1.23.1,
 *  awsutils, ENI tags. */
export declare const IPAMD_INSTANCE_TAG = "node.k8s.amazonaws.com/instance_id";
/** Our tags. The cluster tag is also what IAM lets us touch (Service Authorization Reference, EC2:
 *  aws:ResourceTag). */
export declare const OUR_CLUSTER_TAG = "eks-ip-prewarmer/cluster";
export declare const OUR_NODE_TAG = "eks-ip-prewarmer/node";
/** The demand an ENI was attached for on a node that already ran. */
export declare const OUR_DEMAND_TAG = "eks-ip-prewarmer/demand";
/** The taint of the launch gate: a node carries it from the start, and no pod that does not tolerate it comes until it is
 *  gone. */
export declare const GATE_TAINT: {
    readonly key: 'eks-ip-prewarmer/warming';
    readonly value: 'true';
    readonly effect: 'NoSchedule';
};
export declare function primaryEni(node: Node): Eni | undefined;
/** ipamd tags the primary ENI while it starts, so the tag's absence proves that it has not started yet. */
export declare function ipamdStarted(node: Node): boolean;
/** An ENI with this tag set to `true` is left alone by ipamd, and still takes a slot. Source: amazon-vpc-cni-k8s v1.23.1. */
export declare const NO_MANAGE_TAG = "node.k8s.amazonaws.com/no_manage";
/** ENIs that take a slot of the default network card, the only card ipamd manages by default. That card is number 0 on every
 *  type of the CNI's table. */
export declare const cardEnis: (node: Node) => readonly Eni[];
/** ENIs whose addresses ipamd gives to pods, unless custom networking sets the primary apart (pod-enis.ts). */
export declare const managedEnis: (node: Node) => readonly Eni[];
/** Whether the trunk for pods with security groups of their own is there. */
export declare const hasTrunk: (node: Node) => boolean;
/** Addresses ipamd has on the node, ENIs' own excluded: the T of cni.ts. */
export declare function totalIps(node: Node): number;
/** The cluster an instance says it belongs to, by the tags of every known way to launch one: EKS node
 *  groups, Karpenter, and whatever else joins (EKS User Guide; Karpenter's source). */
export declare function clusterOf(tags: Readonly<Record<string, string>>): string | undefined;
/** The group whose launches resemble each other: managed node group, Karpenter node pool, Auto Scaling group, or none. */
export declare function nodeGroupOf(tags: Readonly<Record<string, string>>): string;
/** Labels of a node that its tags tell: those written for the cluster autoscaler (cluster-autoscaler, AWS cloud provider,
 *  auto-discovery of labels), and those every node has by where it is from. Others EC2 does not show. */
export declare function labelsOf({ tags, type, zone }: Pick<Node, 'tags' | 'type' | 'zone'>): Record<string, string>;
