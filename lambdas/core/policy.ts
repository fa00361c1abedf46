/** What an operator may choose. Every field has a default, bounds, and a reason; nothing else is accepted. */
import type { Complaint } from './complaints.ts';

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
  /** The aws-node environment where the CNI is not an EKS add-on and nobody could tell us otherwise. */
  readonly cniEnv: Readonly<Record<string, string>> | undefined;
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
  cniEnv: {
    default: undefined,
    expected: 'an object of strings, as in the aws-node container',
    ok: (value) =>
      typeof value === 'object' &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((entry) => typeof entry === 'string'),
  },
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
  if (typeof document !== 'object' || document === null || Array.isArray(document))
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
