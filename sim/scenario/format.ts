/**
 * What a scenario file may say, field by field, with units and defaults. The published JSON schema is generated from this
 * (`npm run bench -- --schema`), and so is the type the simulator plays. What fields mean together is checked in
 * consistent.ts.
 */
import * as z from 'zod';

const number = (expected: string, low: number, high: number) =>
  z.number({ error: expected }).min(low, { error: expected }).max(high, { error: expected });
const whole = (expected: string, low: number, high: number) =>
  number(expected, low, high).int({ error: expected });
const text = (expected: string, pattern: RegExp) =>
  z.string({ error: expected }).regex(pattern, { error: expected });
const object = <S extends z.core.$ZodLooseShape>(shape: S) =>
  z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys' ? `one of ${Object.keys(shape).join(', ')}` : 'an object',
  });
const list = <S extends z.core.$ZodType>(item: S, what: string) =>
  z.array(item, { error: `a list of ${what}` });

const name = text('a name of 1 to 40 letters, digits or -', /^[a-z0-9A-Z][a-z0-9A-Z-]{0,39}$/);
/** Two virtual hours: longer than anything ipamd does but its hourly search for leaked ENIs. */
const seconds = number('a number of seconds from 0 to 7200', 0, 7_200);
/** Considerations for large clusters (Kubernetes): 5,000 nodes, 150,000 pods. */
const nodes = whole('a whole number of nodes from 0 to 5000', 0, 5_000);
const pods = whole('a whole number of pods from 0 to 150000', 0, 150_000);
const share = number('a share from 0 to 1', 0, 1);
const setting = z.string({ error: 'a text, as in an environment' });

/** aws-node's environment, as far as this world's ipamd reads it. Custom networking is not played. */
const CNI = object({
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

const SUBNET = object({
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

const CLUSTER = object({
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

const at = seconds.default(0).describe('When, in s after the story’s beginning.');
const over = seconds.default(0).describe('Spread evenly over so many s; 0: at one instant.');

const STEP = z.discriminatedUnion(
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

const FAULT = z.discriminatedUnion(
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

const DELIVERY = object({
  lateSeconds: seconds.default(0).describe('How late every event is, beyond the usual delay, s.'),
  lostShare: share.default(0).describe('Share of the events that never arrive.'),
  duplicateShare: share.default(0).describe('Share of the events that arrive twice.'),
  reorderSeconds: seconds
    .default(0)
    .describe('Each waits up to so long more, so that later ones overtake, s.'),
}).describe('What EventBridge does to events on their way.');

const STALE_READS = object({
  mostSeconds: seconds.describe(
    'A change shows after any time up to this, drawn for each caller and change, s.',
  ),
  callers,
}).describe('EC2’s eventual consistency: what DescribeInstances and DescribeNetworkInterfaces show is old.');

const SLOW_METADATA = object({
  leastSeconds: seconds.default(18).describe('An attached interface shows after this at the earliest, s.'),
  mostSeconds: seconds.default(30).describe('And after this at the latest, s.'),
}).describe('Instance metadata as slow as some reports have it. amazon-vpc-cni-k8s issues name 18 to 30 s.');

const COLUMN = object({
  name: text('a name of 1 to 40 characters', /^\S.{0,39}$/),
  cni: CNI.optional().describe('Put over the cni of every cluster.'),
  prewarmer: z
    .enum(['off', 'observe', 'warm'], { error: 'one of "off", "observe", "warm"' })
    .default('off')
    .describe('Whether the prewarmer is deployed, and in which mode.'),
  events: DELIVERY.optional().describe('Instead of the events of the scenario.'),
  policy: z.record(z.string(), z.unknown()).optional().describe('Put over the policy of the scenario.'),
}).describe('A way to run the cluster, to be compared with the others on the same seeds.');

/** Columns a file may call by name. */
export const COLUMN_NAMES = [
  'W=1',
  'W=2',
  'IP 5/10',
  'P=1',
  'P=2',
  'ours',
  'ours, late',
  'ours, lost',
] as const;

export const SCENARIO = object({
  $schema: z.string().optional().describe('For editors only.'),
  name: text('a name of 1 to 20 letters, digits, - or _', /^[A-Za-z0-9_-]{1,20}$/),
  title: z
    .string({ error: 'a sentence' })
    .min(1, { error: 'a sentence' })
    .describe('The trouble, in one sentence.'),
  source: z
    .string({ error: 'a text' })
    .optional()
    .describe('Where such trouble was reported, or what is assumed.'),
  minutes: number('a number of minutes from 1 to 120', 1, 120)
    .default(15)
    .describe('How long the story lasts, in virtual minutes.'),
  seeds: whole('a whole number of seeds from 1 to 1000', 1, 1_000)
    .default(3)
    .describe('Seeds the benchmark plays unless it is told a number.'),
  subnets: list(SUBNET, 'subnets').min(1, { error: 'at least one subnet' }),
  clusters: list(CLUSTER, 'clusters').min(1, { error: 'at least one cluster' }),
  story: list(STEP, 'steps').default([]).describe('What happens, in any order; each step has its time.'),
  faults: list(FAULT, 'faults').default([]).describe('Trouble ordered for a span of time.'),
  events: DELIVERY.default({ lateSeconds: 0, lostShare: 0, duplicateShare: 0, reorderSeconds: 0 }),
  staleReads: STALE_READS.optional().describe('Whose reads of EC2 lag, and how far. Default: nobody’s.'),
  slowMetadata: SLOW_METADATA.optional().describe('Default: the times of sim/latencies.ts.'),
  policy: z
    .record(z.string(), z.unknown(), { error: 'an object' })
    .optional()
    .describe('The prewarmer’s policy, as in its deployment. Default: its defaults.'),
  columns: list(
    z.union([z.enum(COLUMN_NAMES), COLUMN], {
      error: `a column of your own, or one of ${COLUMN_NAMES.map((each) => `"${each}"`).join(', ')}`,
    }),
    'columns',
  )
    .min(1, { error: 'at least one column' })
    .default(['W=1', 'W=2', 'IP 5/10', 'P=1', 'P=2', 'ours'])
    .describe('What is compared.'),
}).describe('A scenario for the embedded AWS: one account, one VPC, clusters, and what happens in them.');

export type Scenario = z.output<typeof SCENARIO>;
export type Cluster = Scenario['clusters'][number];
export type NodeGroup = Cluster['nodeGroups'][number];
export type Workload = Cluster['workloads'][number];
export type Deployment = Extract<Workload, { kind: 'Deployment' }>;
export type Delivery = z.output<typeof DELIVERY>;
export type CronJob = Extract<Workload, { kind: 'CronJob' }>;
export type Step = Scenario['story'][number];
export type Fault = Scenario['faults'][number];
export type Column = z.output<typeof COLUMN>;

/** The schema editors and users read, of what may be written (before defaults). */
export const jsonSchema = (): unknown => ({
  ...z.toJSONSchema(SCENARIO, { io: 'input', target: 'draft-2020-12' }),
  title: 'Scenario of eks-ip-prewarmer’s embedded AWS',
});
