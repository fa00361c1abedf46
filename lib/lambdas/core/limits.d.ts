/** What AWS and the CNI impose. Operator's choices live in policy.ts. Every number has a unit and a source. */
/** Addresses in one delegated IPv4 prefix (a /28). Source: EC2 User Guide, prefixes on network interfaces. */
export declare const ADDRESSES_PER_PREFIX = 16;
/** ipamd reconciles with EC2 when its last pool action is more than 60 s old; its loop of 5 s rounds that up.
 *  Source: amazon-vpc-cni-k8s v1.23.1, nodeIPPoolReconcile. */
export declare const RECONCILE_WORST_MS = 65000;
/** And never sooner than that: two reconciles, or ipamd's start and its first one, are further apart. Source: as above. */
export declare const RECONCILE_EVERY_MS = 60000;
/** From ipamd's tag on an ENI to its addresses being given to pods: it sets the ENI up in between. A margin: nothing bounds it. */
export declare const USABLE_AFTER_SEEN_MS = 10000;
/** ipamd grows by at most one call a loop. Source: amazon-vpc-cni-k8s v1.23.1, StartNodeIPPoolManager. */
export declare const IPAMD_LOOP_MS = 5000;
/** AssignPrivateIpAddresses of ipamd, call to addresses on an ENI that is there: typically under 1 s. Source: EKS Best Practices
 *  Guide, prefix mode. */
export declare const ASSIGN_CALL_MS = 1000;
/** From an empty pool to an ENI more, as one pod sees it: create and attach "up to 10 s" (EKS Best Practices Guide)
 *  after at most one loop of 5 s, less the second both share. A burst slower than this needs no help. */
export declare const ENI_GROWTH_MS = 14000;
/** A pod's address is withheld this long after the pod is gone. Source: IP_COOLDOWN_PERIOD of amazon-vpc-cni-k8s. */
export declare const IP_COOLDOWN_MS = 30000;
/** ipamd frees no ENI that it has known for less. Source: isTooYoung of amazon-vpc-cni-k8s v1.23.1. */
export declare const ENI_KEPT_AT_LEAST_MS = 60000;
/** Two reads this far apart that show the same interfaces and addresses make a node *quiet*: ipamd's own reconcile is due
 *  within it. Source: reconcile interval of amazon-vpc-cni-k8s v1.23.1. */
export declare const QUIET_MS = 60000;
/** Longest delay of an SQS message. Source: SQS quotas. */
export declare const SQS_MAX_DELAY_MS = 900000;
/** Values in one filter that we send to a Describe call; 200 are said to be accepted, which AWS does not document. */
export declare const IDS_PER_DESCRIBE = 150;
/** Longest ClientToken, ASCII characters. Source: EC2 API reference, ensuring idempotency. */
export declare const CLIENT_TOKEN_CHARACTERS = 64;
/** EC2 actions we send, whose requests we count. */
export type Ec2Action = 'DescribeInstances' | 'DescribeSubnets' | 'DescribeNetworkInterfaces' | MutatingAction;
export type MutatingAction = 'CreateNetworkInterface' | 'AttachNetworkInterface' | 'ModifyNetworkInterfaceAttribute' | 'AssignPrivateIpAddresses' | 'DeleteNetworkInterface';
/** Size in requests, refill in requests per second. */
export interface RequestBucket {
    readonly size: number;
    readonly perSecond: number;
}
/** How long a read of EC2 may still show the state before a call that was answered. AWS promises nothing but "eventually";
 *  seconds are usual. Source: EC2 Developer Guide, eventual consistency. */
export declare const CONSISTENT_AFTER_MS = 15000;
/** AWS's request bucket of one action in one account and Region: size in requests, refill in requests per second.
 *  Source: EC2 Developer Guide, request throttling for the EC2 API. */
export declare const EC2_BUCKETS: Readonly<Record<Ec2Action, RequestBucket>>;
