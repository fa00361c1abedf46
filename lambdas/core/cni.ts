/**
 * The node's own arithmetic: what ipamd, the CNI's address manager, will grow to, keep and give back.
 * Source throughout: amazon-vpc-cni-k8s v1.23.1 (ipamd.go, data_store.go), confirmed by recordings of it.
 *
 * Letters as in the CNI's documents: M addresses per ENI, E usable ENIs, T addresses on the node, A of them with pods,
 * W warm ENI target, w warm IP target, m minimum IP target, P warm prefix target.
 */
import type { Complaint } from './complaints.ts';
import {
  ADDRESSES_PER_PREFIX,
  ENI_KEPT_AT_LEAST_MS,
  RECONCILE_WORST_MS,
  TRIMMED_AFTER_MS,
} from './limits.ts';
import type { Cluster, Eni } from './model.ts';
import type { InstanceLimits } from './plan/instance-limits.ts';
import type { Policy } from './policy.ts';

export type CniMode =
  | { readonly kind: 'warm-eni'; readonly warmEniTarget: number }
  | { readonly kind: 'ip-targets'; readonly warmIpTarget: number; readonly minimumIpTarget: number }
  | { readonly kind: 'prefix'; readonly warmPrefixTarget: number }
  | { readonly kind: 'prefix-ip-targets'; readonly warmIpTarget: number; readonly minimumIpTarget: number }
  /** ipamd neither grows nor shrinks: whoever is outside is the only allocator. */
  | { readonly kind: 'provisioning-disabled' };

export interface CniSettings {
  readonly mode: CniMode;
  /** MAX_ENI, when it is at least 1. */
  readonly maxEnis: number | undefined;
  /** Pods' addresses come from prefixes: ENABLE_PREFIX_DELEGATION, on a type that takes them. */
  readonly prefixes: boolean;
  /** ENABLE_IMDS_ONLY_MODE: ipamd may have no access to EC2. It then takes in new ENIs as instance metadata shows them, but
   *  no address that comes to an ENI it knows. */
  readonly metadataOnly: boolean;
  /** ENABLE_POD_ENI: one slot is kept for the trunk until it is there. */
  readonly podEni: boolean;
  /** AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG: pods' ENIs live in the ENIConfig's subnet. */
  readonly customNetworking: boolean;
  /** MANAGE_UNTAGGED_ENI: false means that ipamd ignores what we attach. */
  readonly manageUntaggedEnis: boolean;
  /** ENABLE_SUBNET_DISCOVERY: new ENIs may go to other subnets than the node's own, where their tags say so. */
  readonly subnetDiscovery: boolean;
  readonly ipv6: boolean;
  /** IP_COOLDOWN_PERIOD in ms. */
  readonly ipCooldownMs: number;
}

type Env = Readonly<Record<string, string>>;

/** Settings from the add-on's `configurationValues` (a JSON text), or from the policy where there is no add-on. On a type
 *  that takes no prefixes the CNI falls back to addresses without saying so. */
export function readCniSettings(
  addOn: Cluster['vpcCni'],
  policy: Policy,
  takesPrefixes = true,
): { readonly settings: CniSettings } | { readonly complaint: Complaint } {
  if (addOn === undefined) {
    if (policy.cniEnv !== undefined) return { settings: settingsFrom(policy.cniEnv, takesPrefixes) };
    const expected =
      'the vpc-cni EKS add-on, or the aws-node environment stated there because the CNI is self-managed';
    return { complaint: { field: 'policy.cniEnv', expected, got: undefined } };
  }
  const read = readConfiguration(addOn);
  return 'complaint' in read ? read : { settings: settingsFrom(read.env, takesPrefixes) };
}

/** What an operator set of the add-on: the whole document, and in it the environment of aws-node. */
export function readConfiguration({
  configurationValues,
}: NonNullable<Cluster['vpcCni']>):
  | { readonly document: Readonly<Record<string, unknown>>; readonly env: Env }
  | { readonly complaint: Complaint } {
  const text = configurationValues?.trim();
  if (text === undefined || text === '') return { document: {}, env: {} };
  const field = 'vpc-cni configurationValues';
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { complaint: { field, expected: 'a JSON object', got: text } };
  }
  if (!isRecord(document)) return { complaint: { field, expected: 'a JSON object', got: document } };
  const env = document['env'] ?? {};
  if (!isRecord(env))
    return { complaint: { field: `${field}.env`, expected: 'an object of strings', got: env } };
  const texts: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (typeof value === 'object')
      return { complaint: { field: `${field}.env.${name}`, expected: 'a string', got: value } };
    texts[name] = String(value);
  }
  return { document, env: texts };
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function settingsFrom(env: Env, takesPrefixes: boolean): CniSettings {
  const maxEnis = target(env['MAX_ENI'], -1);
  return {
    mode: modeFrom(env, takesPrefixes),
    maxEnis: maxEnis >= 1 ? maxEnis : undefined,
    prefixes: takesPrefixes && flag(env['ENABLE_PREFIX_DELEGATION'], false),
    metadataOnly: flag(env['ENABLE_IMDS_ONLY_MODE'], false),
    podEni: flag(env['ENABLE_POD_ENI'], false),
    customNetworking: flag(env['AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG'], false),
    manageUntaggedEnis: flag(env['MANAGE_UNTAGGED_ENI'], true),
    subnetDiscovery: flag(env['ENABLE_SUBNET_DISCOVERY'], true),
    ipv6: flag(env['ENABLE_IPv6'], false),
    ipCooldownMs: target(env['IP_COOLDOWN_PERIOD'], 30) * 1000,
  };
}

/** ipamd's own order of precedence: disabled, then prefixes or addresses, then IP targets over the ENI or prefix target. */
function modeFrom(env: Env, takesPrefixes: boolean): CniMode {
  if (flag(env['DISABLE_NETWORK_RESOURCE_PROVISIONING'], false) || flag(env['ENABLE_IMDS_ONLY_MODE'], false))
    return { kind: 'provisioning-disabled' };
  const warmIpTarget = target(env['WARM_IP_TARGET'], 0);
  const minimumIpTarget = target(env['MINIMUM_IP_TARGET'], 0);
  const ipTargets = warmIpTarget > 0 || minimumIpTarget > 0;
  if (takesPrefixes && flag(env['ENABLE_PREFIX_DELEGATION'], false)) {
    return ipTargets
      ? { kind: 'prefix-ip-targets', warmIpTarget, minimumIpTarget }
      : { kind: 'prefix', warmPrefixTarget: target(env['WARM_PREFIX_TARGET'], 1) };
  }
  return ipTargets
    ? { kind: 'ip-targets', warmIpTarget, minimumIpTarget }
    : { kind: 'warm-eni', warmEniTarget: target(env['WARM_ENI_TARGET'], 1) };
}

/** What ipamd cannot read as a whole number of at least 0 counts as not set. Go allows a sign and no space. */
const target = (text: string | undefined, unset: number): number =>
  text !== undefined && /^(\+?\d+|-0+)$/.test(text) ? Math.abs(Number(text)) : unset;

/** ipamd takes Go's spellings of a boolean only; any other text leaves the default. */
const flag = (text: string | undefined, unset: boolean): boolean => {
  if (['1', 't', 'T', 'true', 'True', 'TRUE'].includes(text ?? '')) return true;
  return ['0', 'f', 'F', 'false', 'False', 'FALSE'].includes(text ?? '') ? false : unset;
};

/** M: secondary addresses (or prefixes) an ENI can hold. */
export const slotsPerEni = (limits: InstanceLimits): number => limits.ipv4PerEni - 1;

/** E: ENIs that may be on the node's default card, the slot kept for a trunk that is still to come not counted. */
export function usableEnis(limits: InstanceLimits, settings: CniSettings, hasTrunk = false): number {
  const enis = Math.min(settings.maxEnis ?? limits.maxEnis, limits.maxEnis);
  return enis - (settings.podEni && limits.trunks && !hasTrunk ? 1 : 0);
}

/** The largest T ipamd keeps with A pods and nothing cooling. Above it, in WARM_ENI_TARGET mode, it frees whole pod-free
 *  ENIs; a T above the bound lasts only if every secondary ENI has a pod. */
export function bound(mode: CniMode, pods: number, perEni: number): number {
  switch (mode.kind) {
    case 'warm-eni':
      return pods + (mode.warmEniTarget + 1) * perEni - 1;
    case 'ip-targets':
      return Math.max(pods + mode.warmIpTarget, mode.minimumIpTarget);
    case 'prefix':
      return (Math.ceil(pods / ADDRESSES_PER_PREFIX) + mode.warmPrefixTarget) * ADDRESSES_PER_PREFIX;
    case 'prefix-ip-targets':
      return (
        Math.ceil(Math.max(pods + mode.warmIpTarget, mode.minimumIpTarget) / ADDRESSES_PER_PREFIX) *
        ADDRESSES_PER_PREFIX
      );
    case 'provisioning-disabled':
      return Number.POSITIVE_INFINITY;
  }
}

/** Addresses without pods below which ipamd grows: a quiet node that could grow has at least these. With a target of 0 it grows at
 *  none, and still none is sure: where all have pods it takes an ENI (or prefix) more, gives it back as too many, and takes it
 *  again, so that two looks a minute apart may be alike. Source: amazon-vpc-cni-k8s v1.23.1, isDatastorePoolTooLow,
 *  shouldRemoveExtraENIs. */
export function keptFree(mode: CniMode, perEni: number): number {
  switch (mode.kind) {
    case 'warm-eni':
      return mode.warmEniTarget * perEni;
    case 'prefix':
      return mode.warmPrefixTarget * ADDRESSES_PER_PREFIX;
    case 'ip-targets':
    case 'prefix-ip-targets':
      return mode.warmIpTarget;
    case 'provisioning-disabled':
      return 0;
  }
}

/** Of the kind the mode gives: the other one lies there unused (amazon-vpc-cni-k8s v1.23.1, AssignPodIPv4Address). */
export const addressesOf = ({ secondaryIps, prefixes }: Eni, settings: CniSettings): number =>
  settings.prefixes ? prefixes * ADDRESSES_PER_PREFIX : secondaryIps;

/** How long ipamd surely keeps all of `total` addresses once it has adopted them, ms, should no pod come; `undefined`: for good. Above
 *  the bound it gives back ENIs that have no pod, once they are old enough, or trims single addresses and prefixes at once. */
export const keptForMs = (mode: CniMode, total: number, perEni: number): number | undefined =>
  total <= bound(mode, 0, perEni)
    ? undefined
    : mode.kind === 'warm-eni'
      ? ENI_KEPT_AT_LEAST_MS
      : TRIMMED_AFTER_MS;

/** The T below which ipamd grows with A pods: W·M free in WARM_ENI_TARGET mode (one free address when W is 0). */
export const growthThreshold = (warmEniTarget: number, pods: number, perEni: number): number =>
  pods + Math.max(warmEniTarget * perEni, 1);

/** Pods a quiet node surely and possibly runs, told from T alone: EC2 does not show which addresses have pods. */
export function podsOn(
  total: number,
  warmEniTarget: number,
  perEni: number,
  canGrow: boolean,
): [min: number, max: number] {
  const min = Math.max(0, total - bound({ kind: 'warm-eni', warmEniTarget }, 0, perEni));
  const max = canGrow ? Math.max(min, total - growthThreshold(warmEniTarget, 0, perEni)) : total;
  return [min, Math.max(0, max)];
}

/** The policy with what was learnt of adoption: `mostMs` takes the place of the policy's guess. */
export const withAdoption = (policy: Policy, mostMs: number | undefined): Policy =>
  mostMs === undefined
    ? policy
    : { ...policy, imdsP99Ms: Math.max(0, mostMs - RECONCILE_WORST_MS - policy.pipelineP99Ms) };

/** The longest it takes until ipamd on a quiet node uses what we attach now, in ms. */
export const adoptionWorstMs = (policy: Policy): number =>
  RECONCILE_WORST_MS + policy.imdsP99Ms + policy.pipelineP99Ms;
