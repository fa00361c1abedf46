/** What AWS and the CNI impose. Operator's choices live in policy.ts. Every number has a unit and a source. */

/** Addresses in one delegated IPv4 prefix (a /28). Source: EC2 User Guide, prefixes on network interfaces. */
export const ADDRESSES_PER_PREFIX = 16;

/** Addresses that an ENI of the largest kind holds, its own included. Source: instance-limits.json, the CNI's table. */
export const MOST_IPV4_PER_ENI = 64;

/** ipamd reconciles with EC2 when its last pool action is more than 60 s old; its loop of 5 s rounds that up.
 *  Source: amazon-vpc-cni-k8s v1.23.1, nodeIPPoolReconcile. */
export const RECONCILE_WORST_MS = 65_000;

/** And never sooner than that: two reconciles, or ipamd's start and its first one, are further apart. Source: as above. */
export const RECONCILE_EVERY_MS = 60_000;

/** From ipamd's tag on an ENI to its addresses being given to pods: it sets the ENI up in between. A margin: nothing bounds it. */
export const USABLE_AFTER_SEEN_MS = 10_000;

/** ipamd grows by at most one call a loop. Source: amazon-vpc-cni-k8s v1.23.1, StartNodeIPPoolManager. */
export const IPAMD_LOOP_MS = 5_000;

/** AssignPrivateIpAddresses of ipamd, call to addresses on an ENI that is there: typically under 1 s. Source: EKS Best Practices
 *  Guide, prefix mode. */
export const ASSIGN_CALL_MS = 1_000;

/** From an empty pool to an ENI more, as one pod sees it: create and attach "up to 10 s" (EKS Best Practices Guide)
 *  after at most one loop of 5 s, less the second both share. A burst slower than this needs no help. */
export const ENI_GROWTH_MS = 14_000;

/** A pod's address is withheld this long after the pod is gone. Source: IP_COOLDOWN_PERIOD of amazon-vpc-cni-k8s. */
export const IP_COOLDOWN_MS = 30_000;

/** ipamd frees no ENI that it has known for less. Source: isTooYoung of amazon-vpc-cni-k8s v1.23.1. */
export const ENI_KEPT_AT_LEAST_MS = 60_000;

/** With IP targets or prefixes ipamd trims what exceeds them no sooner than this after it took it in. Source: recordings of
 *  amazon-vpc-cni-k8s v1.23.1 (2.5 to 5 s, up to 30 s where a pass has just run). */
export const TRIMMED_AFTER_MS = 2_500;

/** Two reads this far apart that show the same interfaces and addresses make a node *quiet*: ipamd's own reconcile is due
 *  within it. Source: reconcile interval of amazon-vpc-cni-k8s v1.23.1. */
export const QUIET_MS = 60_000;

/** Longest delay of an SQS message. Source: SQS quotas. */
export const SQS_MAX_DELAY_MS = 900_000;

/** Values in one filter that we send to a Describe call; 200 are said to be accepted, which AWS does not document. */
export const IDS_PER_DESCRIBE = 150;

/** Longest ClientToken, ASCII characters. Source: EC2 API reference, ensuring idempotency. */
export const CLIENT_TOKEN_CHARACTERS = 64;

/** EC2 actions we send, whose requests we count. */
export type Ec2Action =
  | 'DescribeInstances'
  | 'DescribeSubnets'
  | 'DescribeNetworkInterfaces'
  | MutatingAction;

export type MutatingAction =
  | 'CreateNetworkInterface'
  | 'AttachNetworkInterface'
  | 'ModifyNetworkInterfaceAttribute'
  | 'AssignPrivateIpAddresses'
  | 'DeleteNetworkInterface';

/** Size in requests, refill in requests per second. */
export interface RequestBucket {
  readonly size: number;
  readonly perSecond: number;
}

/** How long a read of EC2 may still show the state before a call that was answered. AWS promises nothing but "eventually";
 *  seconds are usual. Source: EC2 Developer Guide, eventual consistency. */
export const CONSISTENT_AFTER_MS = 15_000;

/** AWS's request bucket of one action in one account and Region: size in requests, refill in requests per second.
 *  Source: EC2 Developer Guide, request throttling for the EC2 API. */
export const EC2_BUCKETS: Readonly<Record<Ec2Action, RequestBucket>> = {
  DescribeInstances: { size: 100, perSecond: 20 },
  DescribeSubnets: { size: 100, perSecond: 20 },
  DescribeNetworkInterfaces: { size: 100, perSecond: 20 },
  CreateNetworkInterface: { size: 100, perSecond: 5 },
  AttachNetworkInterface: { size: 50, perSecond: 5 },
  ModifyNetworkInterfaceAttribute: { size: 100, perSecond: 5 },
  AssignPrivateIpAddresses: { size: 100, perSecond: 5 },
  DeleteNetworkInterface: { size: 100, perSecond: 5 },
};
