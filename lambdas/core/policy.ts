/** What an operator may choose. Every field has a default, bounds, and a reason; nothing else is accepted. */
import type { Complaint } from './complaints.ts';
import { EC2_BUCKETS, type Ec2Action, type RequestBucket } from './limits.ts';
import type { SubnetId } from './model.ts';
import {
  complaintsOf,
  expectedName,
  isObject,
  oneOf,
  type Shape,
  text,
  whole,
  within,
  YES_OR_NO,
} from './policy-shapes.ts';
import { isRoutes, isSchedules, type Route, type Schedule } from './routes.ts';

/** `observe` records what it would have done and changes nothing; `warm` acts. */
export type Mode = 'observe' | 'warm';

export interface Policy {
  /** Demand is multiplied by this before placement: schedulers and announcements are never exact. */
  readonly margin: number;
  /** Share of AWS's documented request rate we allow ourselves; the rest is for ipamd, Karpenter and people. */
  readonly budgetShare: number;
  /** Free addresses in a subnet that we never touch. 16 is what EKS recommends to keep free per cluster subnet. */
  readonly subnetReserveAddresses: number;
  /** What a launching node gets when nobody announced pods: an autoscaler saw pending pods, so `full` by default. */
  readonly launchDemand: 'full' | 'skeleton' | 'none';
  /** What a running node may get: new ENIs with addresses (`full`), empty ones that the CNI fills itself (`skeleton`), or
   *  whichever the plan finds better. */
  readonly shapes: 'any' | 'full' | 'skeleton';
  /** Pods on the host's network on every node, which need no address. The CNI's own max-pods formula counts 2. */
  readonly hostNetworkPods: number;
  /** max-pods of the kubelets where it is not the type's own figure; `undefined`: the CNI's formula. */
  readonly maxPods: number | undefined;
  /** Earliest ipamd start after `running` to count on until 20 launches of the node group are known. */
  readonly startP05Ms: number;
  /** AttachNetworkInterface, call to effect, 95th percentile until learnt. The recordings of ipamd use 0.8 to 1 s. */
  readonly attachP95Ms: number;
  /** Attach to visible in instance metadata, 95th percentile until learnt. The recordings of ipamd use 2.5 to 8 s. */
  readonly imdsP95Ms: number;
  /** The same, 99th percentile, for nodes that already run. Field reports go up to 30 s. */
  readonly imdsP99Ms: number;
  /** Event to finished attach on our side, 99th percentile. */
  readonly pipelineP99Ms: number;
  /** How long announced pods that found no node wait for one to launch. */
  readonly openDemandTtlMs: number;
  /** When to look whether ipamd saw what we attached. After the start of nearly every node. */
  readonly verifyAfterMs: number;
  /** How often to look before it is reported as not seen. */
  readonly verifyAttempts: number;
  /** ENIs the Region may have, as far as this cluster's VPC is concerned: the account's quota (Service Quotas, Amazon VPC, network
   *  interfaces per Region; 5,000 unless raised) less what other VPCs use, which we do not see. Only figures and alarms go by it. */
  readonly interfaceQuota: number;
  /** The kill switch: while `true` nothing in EC2 is changed by anybody, at once; decisions are still recorded. */
  readonly stopped: boolean;
  /** Request buckets of this account where AWS raised (or lowered) them, by EC2 action: size in requests, refill per second. */
  readonly buckets: Partial<Readonly<Record<Ec2Action, RequestBucket>>>;
  /** Stacks of this account and Region that share one budget table: while it does not answer, each goes on with its part. */
  readonly budgetStacks: number;
  /** Where the CNI's own provisioning is disabled: we are the only one who gives nodes addresses, and answer for it. */
  readonly soleAllocator: boolean;
  /** Where pods' ENIs go with custom networking, by availability zone: what the zone's ENIConfig says. */
  readonly eniConfigs: Readonly<Record<string, EniConfig>>;
  /** The aws-node environment where the CNI is not an EKS add-on and nobody could tell us otherwise. */
  readonly cniEnv: Readonly<Record<string, string>> | undefined;
  /** How long after `running` a launch gate is opened at the latest, whatever has become of the addresses. An event that
   *  comes a minute late, the seconds our queues and an attach take (20), half a minute in which an attach is put off because a
   *  reconcile is near, that of the CNI which adopts it (65), metadata (8), and 10 until what was seen is usable are 193 s. */
  readonly gateDeadlineMs: number;
  /** What the gate endpoint answers for a workload that nobody announced, and while the store does not answer. Open: other
   *  tools go on as without us; closed: they wait. */
  readonly gateEndpointFails: 'open' | 'closed';
  /** What differs in a cluster or a node group, by their names. The nearer one counts (node-group-policy.ts). */
  readonly clusters: Readonly<Record<string, ClusterOverrides>>;
  /** Which rollout an event of another service means. */
  readonly routes: readonly Route[];
  /** Name of the Auto Scaling lifecycle hook that waits for us; `undefined`: none, others' are left alone. */
  readonly launchHook: string | undefined;
  /** Peaks that are known beforehand, by name. `at` is looked at when the stack is deployed, the rest when it fires. */
  readonly schedules: Readonly<Record<string, Schedule>>;
}

/** Fields that a cluster or a node group may have of its own. */
export interface Overrides
  extends Partial<
    Pick<Policy, 'launchDemand' | 'shapes' | 'subnetReserveAddresses' | 'hostNetworkPods' | 'startP05Ms'>
  > {
  readonly maxPods?: number;
  /** Most of AWS's documented request rate that it may take, within the document's share: others are not kept waiting by it. */
  readonly budgetShare?: number;
  /** `observe` decides and changes nothing. `warm` gives no right that the deployment has not. */
  readonly mode?: Mode;
  /** The operator's act after attaches came too late: those of launches before this moment count no more. */
  readonly resumedAt?: string;
}

export interface ClusterOverrides extends Overrides {
  readonly nodeGroups?: Readonly<Record<string, Overrides>>;
}

/** A zone's ENIConfig, as the CNI reads it. No groups: the primary ENI's. */
export interface EniConfig {
  readonly subnetId: SubnetId;
  readonly securityGroupIds: readonly string[];
}

export interface Rule<T> {
  readonly default: T;
  readonly shape: Shape;
}

/** Source: EC2 User Guide, resource ids. */
const idOf = (prefix: 'subnet' | 'sg', what: string): Shape =>
  text(`the id of a ${what}`, new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`));
const LAUNCH_DEMAND = oneOf('full', 'skeleton', 'none');
const SHAPES = oneOf('any', 'full', 'skeleton');
const RESERVE = whole(0, 65_536, ' addresses');
const HOST_NETWORK_PODS = whole(0, 110, ' pods');
const MAX_PODS = whole(1, 1_000, ' pods');
const START_P05 = whole(0, 600_000, ' ms');
/** Requests, or requests a second. */
const RATE = within(1, 100_000);

const BUDGET_SHARE = within(0.01, 1);

const OVERRIDES: { readonly [K in keyof Overrides]-?: Shape } = {
  mode: oneOf('observe', 'warm'),
  launchDemand: LAUNCH_DEMAND,
  shapes: SHAPES,
  subnetReserveAddresses: RESERVE,
  maxPods: MAX_PODS,
  hostNetworkPods: HOST_NETWORK_PODS,
  startP05Ms: START_P05,
  budgetShare: BUDGET_SHARE,
  resumedAt: { is: 'instant' },
};

const NODE_GROUPS: Shape = {
  is: 'map',
  // A managed node group's name (63), a Karpenter node pool's (253), an Auto Scaling group's (255).
  names: text('the name of a node group', /^[^\n]{1,255}$/),
  of: { is: 'object', fields: OVERRIDES, needed: 'none', example: '{"mode": "observe"}' },
  example: '{"workers": {"mode": "observe"}}',
};

export const RULES: { readonly [K in keyof Policy]: Rule<Policy[K]> } = {
  margin: { default: 1.25, shape: within(1, 10) },
  budgetShare: { default: 0.5, shape: BUDGET_SHARE },
  subnetReserveAddresses: { default: 16, shape: RESERVE },
  launchDemand: { default: 'full', shape: LAUNCH_DEMAND },
  shapes: { default: 'any', shape: SHAPES },
  hostNetworkPods: { default: 2, shape: HOST_NETWORK_PODS },
  maxPods: { default: undefined, shape: MAX_PODS },
  startP05Ms: { default: 20_000, shape: START_P05 },
  attachP95Ms: { default: 2_000, shape: whole(0, 60_000, ' ms') },
  imdsP95Ms: { default: 8_000, shape: whole(0, 120_000, ' ms') },
  imdsP99Ms: { default: 30_000, shape: whole(0, 300_000, ' ms') },
  pipelineP99Ms: { default: 10_000, shape: whole(0, 300_000, ' ms') },
  openDemandTtlMs: { default: 900_000, shape: whole(60_000, 86_400_000, ' ms') },
  verifyAfterMs: { default: 45_000, shape: whole(1_000, 900_000, ' ms') },
  verifyAttempts: { default: 4, shape: whole(1, 20, ' looks') },
  interfaceQuota: { default: 5_000, shape: whole(1, 1_000_000, ' interfaces') },
  stopped: { default: false, shape: YES_OR_NO },
  buckets: {
    default: {},
    shape: {
      is: 'map',
      names: oneOf(...Object.keys(EC2_BUCKETS)),
      of: {
        is: 'object',
        fields: { size: RATE, perSecond: RATE },
        needed: 'all',
        example: '{"size": 100, "perSecond": 10}',
      },
      example: '{"AttachNetworkInterface": {"size": 100, "perSecond": 10}}',
    },
  },
  budgetStacks: { default: 1, shape: whole(1, 1_000, ' stacks') },
  soleAllocator: { default: false, shape: YES_OR_NO },
  eniConfigs: {
    default: {},
    shape: {
      is: 'map',
      names: text('an availability zone such as "eu-central-1a"', /^[a-z]{2}(-[a-z0-9]+)+-\d{1,2}[a-z]$/),
      of: {
        is: 'object',
        fields: {
          subnetId: idOf('subnet', 'subnet'),
          securityGroupIds: { is: 'list', of: idOf('sg', 'security group') },
        },
        needed: 'all',
        example: '{"subnetId": "subnet-0123456789abcdef0", "securityGroupIds": []}',
      },
      example: '{"eu-central-1a": {"subnetId": "subnet-0123456789abcdef0", "securityGroupIds": []}}',
    },
  },
  cniEnv: {
    default: undefined,
    shape: {
      is: 'map',
      names: text('the name of a setting', /^\w{1,255}$/),
      of: text('a text, as in the aws-node container', /^[\s\S]*$/),
      example: '{"WARM_ENI_TARGET": "1"}, as in the aws-node container',
    },
  },
  clusters: {
    default: {},
    shape: {
      is: 'map',
      // Source: EKS API reference, CreateCluster, `name`.
      names: text('the name of an EKS cluster', /^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$/),
      of: {
        is: 'object',
        fields: { ...OVERRIDES, nodeGroups: NODE_GROUPS },
        needed: 'none',
        example: '{"nodeGroups": {"workers": {"mode": "observe"}}}',
      },
      example: '{"shop": {"nodeGroups": {"workers": {"mode": "observe"}}}}',
    },
  },
  gateDeadlineMs: { default: 210_000, shape: whole(10_000, 900_000, ' ms') },
  gateEndpointFails: { default: 'open', shape: oneOf('open', 'closed') },
  routes: {
    default: [],
    shape: {
      is: 'judged',
      expected:
        'a list such as [{"when": {"codepipeline": "cart", "state": "STARTED"}, "announce": {"cluster": "shop", ...}}]',
      ok: isRoutes,
      schema: { type: 'array', items: { type: 'object', required: ['when', 'announce'] } },
    },
  },
  launchHook: {
    default: undefined,
    // Source: EC2 Auto Scaling API reference, PutLifecycleHook, `LifecycleHookName`.
    shape: text('the name of a lifecycle hook of yours', /^[A-Za-z0-9_/-]{1,255}$/),
  },
  schedules: {
    default: {},
    shape: {
      is: 'judged',
      expected:
        'an object such as {"morning": {"at": "cron(40 8 ? * MON-FRI *)", "leadSeconds": 1200, "announce": {...}}}',
      ok: isSchedules,
      schema: {
        type: 'object',
        additionalProperties: { type: 'object', required: ['at', 'leadSeconds', 'announce'] },
      },
    },
  },
};

export const DEFAULT_POLICY: Policy = Object.fromEntries(
  Object.entries(RULES).map(([field, rule]) => [field, rule.default]),
) as unknown as Policy;

/** Reads a policy document. All complaints come together; with any, the policy is not to be used. `clusters`: those that are
 *  deployed, where they are known. */
export function readPolicy(
  document: unknown,
  clusters?: readonly string[],
): { readonly policy: Policy; readonly complaints: readonly Complaint[] } {
  if (document === undefined) return { policy: DEFAULT_POLICY, complaints: [] };
  if (!isObject(document))
    return {
      policy: DEFAULT_POLICY,
      complaints: [{ field: 'policy', expected: 'an object', got: document }],
    };
  const complaints: Complaint[] = [];
  const chosen: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(document)) {
    // For editors only.
    if (field === '$schema' && typeof value === 'string') continue;
    const wrong = Object.hasOwn(RULES, field)
      ? complaintsOf(RULES[field as keyof Policy].shape, value, `policy.${field}`)
      : [{ field: `policy.${field}`, expected: expectedName(Object.keys(RULES)), got: field }];
    if (wrong.length === 0) chosen[field] = value;
    complaints.push(...wrong);
  }
  const policy: Policy = { ...DEFAULT_POLICY, ...chosen };
  if (clusters !== undefined)
    for (const got of Object.keys(policy.clusters))
      if (!clusters.includes(got))
        complaints.push({
          field: `policy.clusters.${got}`,
          expected: `a cluster that is deployed here, ${expectedName(clusters)}`,
          got,
        });
  return { policy, complaints };
}
