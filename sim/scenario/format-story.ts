/** What a scenario file may say of what happens, and of what goes wrong. */
import * as z from 'zod';
import { list, name, nodes, number, object, pods, seconds, share, whole } from './fields.ts';

const at = seconds.default(0).describe('When, in s after the story’s beginning.');
const over = seconds.default(0).describe('Spread evenly over so many s; 0: at one instant.');

export const STEP = z.discriminatedUnion(
  'do',
  [
    object({
      do: z.literal('scale'),
      atSeconds: at,
      workload: name,
      to: pods.describe('Replicas afterwards.'),
      overSeconds: over,
    }).describe('A Deployment or StatefulSet gets more, or fewer, replicas.'),
    object({
      do: z.literal('rollOut'),
      atSeconds: at,
      workload: name,
    }).describe('All pods are replaced, as fast as the workload’s strategy lets them.'),
    object({
      do: z.literal('launch'),
      atSeconds: at,
      nodeGroup: name,
      nodes: nodes.min(1, { error: 'a whole number of nodes from 1 to 5000' }),
      overSeconds: over,
    }).describe('So many nodes of a group are asked for, whether pods wait or not.'),
    object({
      do: z.literal('announce'),
      atSeconds: at,
      workload: name,
      to: pods.optional().describe('Replicas announced. Default: as many as it has, a rolling update.'),
      startsInSeconds: seconds.default(0).describe('How far ahead of the change it is said, s.'),
      overSeconds: over,
      podsPerNode: whole('a whole number of pods from 0 to 1000', 0, 1_000)
        .optional()
        .describe('Pods on each node, if the pipeline knows. Default: not said.'),
    }).describe('The pipeline puts a Deployment Announced event. Without the prewarmer nobody listens.'),
  ],
  { error: 'an object whose do is "scale", "rollOut", "launch" or "announce"' },
);

const span = {
  fromSeconds: seconds.default(0).describe('Beginning, s after the story’s.'),
  toSeconds: seconds.describe('End, s after the story’s beginning.'),
};
const callers = list(name, 'callers')
  .optional()
  .describe('Whom it hits: "ipamd" (every node’s) or "prewarmer". Default: everybody.');
const ACTIONS = [
  'DescribeInstances',
  'DescribeSubnets',
  'DescribeNetworkInterfaces',
  'CreateNetworkInterface',
  'AttachNetworkInterface',
  'ModifyNetworkInterfaceAttribute',
  'AssignPrivateIpAddresses',
  'UnassignPrivateIpAddresses',
  'DetachNetworkInterface',
  'DeleteNetworkInterface',
  'CreateTags',
] as const;
const action = z.enum(ACTIONS, { error: `one of ${ACTIONS.join(', ')}` });
const actions = list(action, 'EC2 actions').min(1, { error: 'at least one EC2 action' });

export const FAULT = z.discriminatedUnion(
  'kind',
  [
    object({ kind: z.literal('throttle'), actions, callers, ...span }).describe(
      'EC2 answers RequestLimitExceeded whatever the buckets hold.',
    ),
    object({
      kind: z.literal('competitor'),
      action,
      perSecond: number('a number of calls from 0.01 to 1000 a second', 0.01, 1_000),
      ...span,
    }).describe('A third party in the account spends the request bucket of an action.'),
    object({ kind: z.literal('subnetFull'), subnet: name.optional(), ...span }).describe(
      'Others take every free address of the subnet (default: of all) and give them back at the end.',
    ),
    object({ kind: z.literal('noFreeBlock'), subnet: name.optional(), ...span }).describe(
      'No /28 is to be had in the subnet (default: in all), single addresses are.',
    ),
    object({ kind: z.literal('eniNeverVisible'), callers, ...span }).describe(
      'ENIs attached in this time never show in instance metadata.',
    ),
    object({ kind: z.literal('replyLost'), actions, callers, share: share.default(1), ...span }).describe(
      'The call is carried out, but no answer arrives.',
    ),
  ],
  {
    error:
      'an object whose kind is "throttle", "competitor", "subnetFull", "noFreeBlock", "eniNeverVisible" or "replyLost"',
  },
);

export const DELIVERY = object({
  lateSeconds: seconds.default(0).describe('How late every event is, beyond the usual delay, s.'),
  lostShare: share.default(0).describe('Share of the events that never arrive.'),
  duplicateShare: share.default(0).describe('Share of the events that arrive twice.'),
  reorderSeconds: seconds
    .default(0)
    .describe('Each waits up to so long more, so that later ones overtake, s.'),
}).describe('What EventBridge does to events on their way.');

export const STALE_READS = object({
  mostSeconds: seconds.describe(
    'A change shows after any time up to this, drawn for each caller and change, s.',
  ),
  callers,
}).describe('EC2’s eventual consistency: what DescribeInstances and DescribeNetworkInterfaces show is old.');

export const SLOW_METADATA = object({
  leastSeconds: seconds.default(18).describe('An attached interface shows after this at the earliest, s.'),
  mostSeconds: seconds.default(30).describe('And after this at the latest, s.'),
}).describe('Instance metadata as slow as some reports have it. amazon-vpc-cni-k8s issues name 18 to 30 s.');
