/** What a scenario file may say of subnets, clusters, their nodes and workloads. */
import * as z from 'zod';
import { list, name, nodes, number, object, pods, seconds, text, whole } from './fields.ts';

const setting = z.string({ error: 'a text, as in an environment' });

/** aws-node's environment, as far as this world's ipamd reads it. Custom networking is not played. */
export const CNI = object({
  WARM_ENI_TARGET: setting.optional(),
  WARM_IP_TARGET: setting.optional(),
  MINIMUM_IP_TARGET: setting.optional(),
  WARM_PREFIX_TARGET: setting.optional(),
  ENABLE_PREFIX_DELEGATION: setting.optional(),
  MAX_ENI: setting.optional(),
  IP_COOLDOWN_PERIOD: setting.optional(),
  ENABLE_SUBNET_DISCOVERY: setting.optional(),
  DISABLE_NETWORK_RESOURCE_PROVISIONING: setting.optional(),
  ENABLE_IMDS_ONLY_MODE: setting.optional(),
  MANAGE_UNTAGGED_ENI: setting.optional(),
  AWS_MANAGE_ENIS_NON_SCHEDULABLE: setting.optional(),
  ENABLE_POD_ENI: setting.optional(),
  DISABLE_LEAKED_ENI_CLEANUP: setting.optional(),
  ADDITIONAL_ENI_TAGS: setting.optional(),
}).describe(
  'Environment of aws-node; what is not set is at the default of the CNI. All values are texts, as in Kubernetes.',
);

export const SUBNET = object({
  name: name.describe('Name by which node groups and faults refer to it.'),
  zone: text('an availability zone such as "eu-central-1a"', /^eu-central-1[a-f]$/)
    .default('eu-central-1a')
    .describe('Availability zone; the world is one Region, eu-central-1.'),
  cidr: text('a CIDR such as "10.0.0.0/22"', /^\d{1,3}(\.\d{1,3}){3}\/\d{1,2}$/).describe(
    'Its addresses, /16 to /28. AWS keeps five of them.',
  ),
  free: object({
    addresses: whole('a whole number of addresses from 0 to 65536', 0, 65_536).describe('Free addresses.'),
    blocks: whole('a whole number of /28 blocks from 0 to 4096', 0, 4_096).describe(
      'Free aligned /28 blocks among them.',
    ),
  })
    .optional()
    .describe('What other users of the subnet leave free at the beginning. Default: everything.'),
  tags: z.record(z.string(), z.string()).optional().describe('Tags. Default: none.'),
}).describe('A subnet of the one VPC.');

const NODE_GROUP = object({
  name: name.describe('Name; its nodes carry it as their node group.'),
  type: text('an EC2 instance type such as "m5.large"', /^[a-z0-9-]+\.[a-z0-9-]+$/).describe(
    'Instance type: decides ENIs, addresses and max-pods.',
  ),
  launchedBy: z
    .enum(['managed', 'self-managed', 'karpenter'], {
      error: 'one of "managed", "self-managed", "karpenter"',
    })
    .default('managed')
    .describe('Who launches its nodes: an EKS managed node group, an Auto Scaling group, or Karpenter.'),
  maxPods: whole('a whole number of pods from 3 to 1000', 3, 1_000)
    .optional()
    .describe('max-pods of its kubelets. Default: the formula of the CNI, interfaces × (addresses − 1) + 2.'),
  nodes: nodes.default(0).describe('Nodes that have been there for long when the story begins.'),
  warmPool: nodes.optional().describe('Stopped instances kept ready; not for Karpenter. Default: none.'),
  subnets: list(name, 'subnet names')
    .optional()
    .describe('Subnets its nodes are put into in turn. Default: all.'),
  autoscale: object({
    afterSeconds: seconds
      .default(30)
      .describe(
        'From the first pod that fits nowhere to the launch: the autoscaler looking, deciding, asking.',
      ),
    most: nodes.describe('Nodes the group may come to have.'),
  })
    .optional()
    .describe('Launches nodes for pods that fit nowhere. Default: nobody does.'),
}).describe('Nodes of one type that are launched alike.');

const INT_OR_PERCENT = 'a whole number of pods, or a percentage such as "25%"';
const intOrPercent = z.union([whole(INT_OR_PERCENT, 0, 150_000), text(INT_OR_PERCENT, /^\d{1,3}%$/)], {
  error: INT_OR_PERCENT,
});
const workloadName = name.describe('Name; unique among all workloads of the file.');

/** How the pods of a workload behave. */
const POD = {
  imagePullSeconds: seconds
    .default(0)
    .describe('Pulling the image, once on each node, s. Default: it is there already.'),
  readyAfterSeconds: seconds.default(5).describe('From a container’s start until its probe succeeds, s.'),
  exitSeconds: seconds
    .default(2)
    .describe('How long a container needs to end once asked, s: until then its address is held.'),
  terminationGraceSeconds: seconds.default(30).describe('After so long it is killed, s.'),
};

const DEPLOYMENT = object({
  kind: z.literal('Deployment'),
  name: workloadName,
  replicas: pods.default(0).describe('Pods that run already when the story begins.'),
  maxSurge: intOrPercent.default('25%').describe('Pods above replicas during a rollout; rounded up.'),
  maxUnavailable: intOrPercent.default('25%').describe('Pods missing during a rollout; rounded down.'),
  minReadySeconds: seconds.default(0).describe('How long a pod must be ready to count as available, s.'),
  ...POD,
}).describe('A Deployment with rolling updates. Defaults are those of Kubernetes where it has one.');

const STATEFUL_SET = object({
  kind: z.literal('StatefulSet'),
  name: workloadName,
  replicas: pods.default(0).describe('Pods that run already when the story begins.'),
  ...POD,
}).describe('A StatefulSet: one pod after the other.');

const CRON_JOB = object({
  kind: z.literal('CronJob'),
  name: workloadName,
  everySeconds: number('a number of seconds from 10 to 7200', 10, 7_200)
    .default(60)
    .describe('Time between two runs, s.'),
  pods: pods.describe('Pods that start in the same instant at each run.'),
  runSeconds: seconds.default(20).describe('How long each container runs, s.'),
  imagePullSeconds: POD.imagePullSeconds,
}).describe('Jobs that start together again and again.');

export const CLUSTER = object({
  name: name.default('shop').describe('Name of the EKS cluster.'),
  cni: CNI.default({}),
  placement: z
    .enum(['spread', 'pack'], { error: 'one of "spread", "pack"' })
    .default('spread')
    .describe('Whether the scheduler prefers the emptiest node that fits, or the fullest.'),
  nodeGroups: list(NODE_GROUP, 'node groups').min(1, { error: 'at least one node group' }),
  workloads: list(
    z.discriminatedUnion('kind', [DEPLOYMENT, STATEFUL_SET, CRON_JOB], {
      error: 'an object whose kind is "Deployment", "StatefulSet" or "CronJob"',
    }),
    'workloads',
  ).default([]),
});
