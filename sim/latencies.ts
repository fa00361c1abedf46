/**
 * How long things take in the embedded AWS, as distributions, each with its source. None is bounded by any document of
 * AWS's: they are what people measured and published. Where only a range is known it is taken as even.
 */

import type { Quantiles } from './chance.ts';
import type { Latencies } from './ec2/account-options.ts';
import type { MetadataLags } from './ec2/instance-metadata.ts';

/** EC2 calls. Recordings of ipamd use 0.2 and 0.3 s, and 0.8 and 1 s for an attach; the CNI's documents say that create and
 *  attach together take "up to 10 s", seen by a pod, metadata included. The tails are assumptions. */
export const EC2_LATENCIES: Latencies = {
  default: [
    [0, 150],
    [0.5, 300],
    [0.95, 600],
    [1, 1_500],
  ],
  AttachNetworkInterface: [
    [0, 800],
    [0.5, 1_000],
    [0.95, 2_000],
    [1, 4_000],
  ],
};

/** Instance metadata. A public trace shows 0.2 to 0.4 s; the recordings of ipamd use 2.5, 4 and 8 s. Public reports of 18 to
 *  30 s are not in here: they are trouble, and a fault of the world can play them (`slowMetadata` of the scenarios). */
export const METADATA_LAGS: MetadataLags = {
  eniToImds: [
    [0, 200],
    [0.5, 4_000],
    [1, 8_000],
  ],
  ipToImds: [
    [0, 200],
    [1, 2_000],
  ],
};

/** From launch to `running`. 4.9 s: daemonology.net, EC2 boot time benchmarking, 2021 (c5.xlarge). 16.6 s: the cold start
 *  research of brevdev/ec2-coldboot-research, several types. */
export const PENDING_TO_RUNNING: Quantiles = [
  [0, 4_900],
  [1, 16_600],
];

/** From `running` to ipamd's start. awslabs/node-latency-for-k8s shows aws-node starting 20 and 22 s after pending on
 *  c6a.large, thus 15 s after `running` at the earliest; Karpenter's issue 6128 has nodes that take 70 to 80 s from launch
 *  to registration. The median is an assumption. */
export const RUNNING_TO_IPAMD: Quantiles = [
  [0, 15_000],
  [0.5, 30_000],
  [0.95, 60_000],
  [1, 75_000],
];

/** From ipamd serving to the node being Ready: aws-node's start to Ready took 1 and 9 s in the two charts of
 *  awslabs/node-latency-for-k8s, of which ipamd itself needs 1.5 s. */
export const SERVING_TO_READY: Quantiles = [
  [0, 500],
  [1, 7_500],
];

/** From a change in AWS to the event in the queue. EventBridge's own latency is typically half a second (AWS, EventBridge
 *  FAQ); how long a service takes to emit is not documented, so up to 3 s are allowed for. */
export const EVENT_DELAY: Quantiles = [
  [0, 300],
  [0.5, 1_000],
  [1, 3_000],
];

/** What Lambda adds: a cold start once per environment, a few ms after that, and the stores' single-digit ms (DynamoDB's
 *  product page) for the handful of requests of one run. */
export const COLD_START: Quantiles = [
  [0, 300],
  [1, 900],
];
export const WARM_START: Quantiles = [
  [0, 30],
  [1, 80],
];

/** kubelet tries again after 10 s, times 1 to 1.5, uniformly (Kubernetes, pod workers' back-off with jitter). */
export const KUBELET_RETRY: Quantiles = [
  [0, 10_000],
  [1, 15_000],
];

/** From a group's wish for a node to the instance in `pending`: an assumption. Auto Scaling and Karpenter's CreateFleet both
 *  answer within seconds; neither documents a figure. */
export const WISH_TO_PENDING: Quantiles = [
  [0, 500],
  [0.5, 2_000],
  [1, 6_000],
];

/** What an instance does in a warm pool between `running` and being stopped: its user data. An assumption, from the boot
 *  times above; user data that asks its lifecycle state, as AWS advises for warm pools, does not join the cluster yet. */
export const WARM_POOL_SETUP: Quantiles = [
  [0, 30_000],
  [1, 90_000],
];

/** From `stopping` to `stopped`: an assumption; EC2's documents only say that it can take a few minutes. */
export const STOPPING_TO_STOPPED: Quantiles = [
  [0, 10_000],
  [1, 60_000],
];

/** From an API call to its CloudTrail event: an assumption. AWS CloudTrail's FAQ: within an average of 5 minutes to a trail's
 *  bucket; EventBridge gets it sooner, no figure is documented. */
export const CLOUDTRAIL_DELAY: Quantiles = [
  [0, 5_000],
  [0.5, 60_000],
  [1, 300_000],
];

/** Until a group whose subnets had no room tries to launch again: an assumption; Auto Scaling retries by itself, its
 *  documents name no interval. */
export const RUN_INSTANCES_RETRY_MS = 30_000;

/** A node that is being drained goes after this long, empty or not (EKS User Guide, managed node groups, update and scale-in:
 *  15 minutes for evictions). */
export const DRAIN_TIMEOUT_MS = 900_000;

/** From ipamd serving to the VPC resource controller's first look at the node, with ENABLE_POD_ENI: its reconciler follows the
 *  node's own events. An assumption: no document bounds it. */
export const SERVING_TO_TRUNK: Quantiles = [
  [0, 1_000],
  [1, 5_000],
];

/** Until it looks again at a node that had no slot. An assumption; a minute keeps its reads few. */
export const TRUNK_RETRY_MS = 60_000;
