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
