/** What an operator may choose. Every field has a default, bounds, and a reason; nothing else is accepted. */
import type { Complaint } from './complaints.ts';
import { EC2_BUCKETS, type Ec2Action, type RequestBucket } from './limits.ts';
import type { SubnetId } from './model.ts';

export interface Policy {
  /** Demand is multiplied by this before placement: schedulers and announcements are never exact. */
  readonly margin: number;
  /** Share of AWS's documented request rate we allow ourselves; the rest is for ipamd, Karpenter and people. */
  readonly budgetShare: number;
  /** Free addresses in a subnet that we never touch. 16 is what EKS recommends to keep free per cluster subnet. */
  readonly subnetReserveAddresses: number;
  /** What a launching node gets when nobody announced pods: an autoscaler saw pending pods, so `full` by default. */
  readonly launchDemand: 'full' | 'skeleton' | 'none';
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
}

/** A zone's ENIConfig, as the CNI reads it. No groups: the primary ENI's. */
export interface EniConfig {
  readonly subnetId: SubnetId;
  readonly securityGroupIds: readonly string[];
}

interface Rule<T> {
  readonly default: T;
  readonly expected: string;
  readonly ok: (value: unknown) => boolean;
}

const within = (low: number, high: number, unit: string, fallback: number): Rule<number> => ({
  default: fallback,
  expected: `a number from ${low} to ${high}${unit}`,
  ok: (value) => typeof value === 'number' && value >= low && value <= high,
});
const whole = (low: number, high: number, unit: string, fallback: number): Rule<number> => ({
  default: fallback,
  expected: `a whole number from ${low} to ${high}${unit}`,
  ok: (value) => Number.isInteger(value) && (value as number) >= low && (value as number) <= high,
});

const yesOrNo = (fallback: boolean): Rule<boolean> => ({
  default: fallback,
  expected: 'true or false',
  ok: (value) => typeof value === 'boolean',
});
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const isRate = (value: unknown): boolean => typeof value === 'number' && value >= 1 && value <= 100_000;
/** Source: EC2 User Guide, resource ids. */
const isId = (prefix: string, value: unknown): boolean =>
  typeof value === 'string' && new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(value);

const RULES: { readonly [K in keyof Policy]: Rule<Policy[K]> } = {
  margin: within(1, 10, '', 1.25),
  budgetShare: within(0.01, 1, '', 0.5),
  subnetReserveAddresses: whole(0, 65_536, ' addresses', 16),
  launchDemand: {
    default: 'full',
    expected: 'one of "full", "skeleton", "none"',
    ok: (value) => value === 'full' || value === 'skeleton' || value === 'none',
  },
  hostNetworkPods: whole(0, 110, ' pods', 2),
  maxPods: {
    default: undefined,
    expected: 'a whole number from 1 to 1000 pods',
    ok: (value) => Number.isInteger(value) && (value as number) >= 1 && (value as number) <= 1000,
  },
  startP05Ms: whole(0, 600_000, ' ms', 20_000),
  attachP95Ms: whole(0, 60_000, ' ms', 2_000),
  imdsP95Ms: whole(0, 120_000, ' ms', 8_000),
  imdsP99Ms: whole(0, 300_000, ' ms', 30_000),
  pipelineP99Ms: whole(0, 300_000, ' ms', 10_000),
  openDemandTtlMs: whole(60_000, 86_400_000, ' ms', 900_000),
  verifyAfterMs: whole(1_000, 900_000, ' ms', 45_000),
  verifyAttempts: whole(1, 20, ' looks', 4),
  stopped: yesOrNo(false),
  buckets: {
    default: {},
    expected:
      'an object such as {"AttachNetworkInterface": {"size": 100, "perSecond": 10}}, of EC2 actions we send',
    ok: (value) =>
      isObject(value) &&
      Object.entries(value).every(
        ([action, bucket]) =>
          Object.hasOwn(EC2_BUCKETS, action) &&
          isObject(bucket) &&
          Object.keys(bucket).every((key) => key === 'size' || key === 'perSecond') &&
          isRate(bucket['size']) &&
          isRate(bucket['perSecond']),
      ),
  },
  budgetStacks: whole(1, 1_000, ' stacks', 1),
  soleAllocator: yesOrNo(false),
  eniConfigs: {
    default: {},
    expected:
      'an object such as {"eu-central-1a": {"subnetId": "subnet-0123456789abcdef0", "securityGroupIds": []}}',
    ok: (value) =>
      isObject(value) &&
      Object.values(value).every(
        (config) =>
          isObject(config) &&
          Object.keys(config).every((key) => key === 'subnetId' || key === 'securityGroupIds') &&
          isId('subnet', config['subnetId']) &&
          Array.isArray(config['securityGroupIds']) &&
          config['securityGroupIds'].every((id) => isId('sg', id)),
      ),
  },
  cniEnv: {
    default: undefined,
    expected: 'an object of strings, as in the aws-node container',
    ok: (value) => isObject(value) && Object.values(value).every((entry) => typeof entry === 'string'),
  },
  gateDeadlineMs: whole(10_000, 900_000, ' ms', 210_000),
};

export const DEFAULT_POLICY: Policy = Object.fromEntries(
  Object.entries(RULES).map(([field, rule]) => [field, rule.default]),
) as unknown as Policy;

/** Reads a policy document. All complaints come together; with any, the policy is not to be used. */
export function readPolicy(document: unknown): {
  readonly policy: Policy;
  readonly complaints: readonly Complaint[];
} {
  if (document === undefined) return { policy: DEFAULT_POLICY, complaints: [] };
  if (!isObject(document))
    return {
      policy: DEFAULT_POLICY,
      complaints: [{ field: 'policy', expected: 'an object', got: document }],
    };
  const complaints: Complaint[] = [];
  const chosen: Record<string, unknown> = {};
  for (const [field, value] of Object.entries(document)) {
    if (!Object.hasOwn(RULES, field)) {
      complaints.push({
        field: `policy.${field}`,
        expected: `one of ${Object.keys(RULES).join(', ')}`,
        got: field,
      });
      continue;
    }
    const rule = RULES[field as keyof Policy];
    if (rule.ok(value)) chosen[field] = value;
    else complaints.push({ field: `policy.${field}`, expected: rule.expected, got: value });
  }
  return { policy: { ...DEFAULT_POLICY, ...chosen }, complaints };
}
