/** ipamd's environment, read once at start as it does. Source: amazon-vpc-cni-k8s v1.23.1, ipamd.go and its README. */
import type { TypeLimits } from '../ec2/instance-types.ts';

export type Environment = Readonly<Record<string, string>>;

/** Where custom networking puts new ENIs: the node's ENIConfig. */
export interface EniConfig {
  readonly subnetId: string;
  /** Empty: the primary ENI's groups. */
  readonly securityGroups: readonly string[];
}

export interface Settings {
  readonly warmEnis: number;
  /** 0: not set. */
  readonly warmIps: number;
  /** 0: not set. */
  readonly minimumIps: number;
  readonly warmPrefixes: number;
  readonly prefixes: boolean;
  /** ENIs ipamd lets itself have on the node. */
  readonly maxEnis: number;
  /** Slots of an ENI beside its own address; each holds an address or a /28. */
  readonly slotsPerEni: number;
  readonly cooldownMs: number;
  readonly subnetDiscovery: boolean;
  readonly customNetworking: boolean;
  readonly provisioningDisabled: boolean;
  /** Reads ENIs from metadata alone. */
  readonly metadataOnly: boolean;
  readonly managesUntagged: boolean;
  readonly managesOnCordoned: boolean;
  /** Security groups for pods: reconciles in every loop until a trunk ENI is there. */
  readonly podEni: boolean;
  /** Slots kept free for that trunk while it is not there. */
  readonly reservedSlots: number;
  /** The hourly search for leaked ENIs. */
  readonly cleansLeaks: boolean;
  readonly clusterName: string;
  readonly extraTags: Readonly<Record<string, string>>;
}

/** Addresses in a /28. */
export const PREFIX_SIZE = 16;

const DEFAULT_COOLDOWN_S = 30;

export function readSettings(env: Environment, limits: TypeLimits): Settings {
  const metadataOnly = flag(env, 'ENABLE_IMDS_ONLY_MODE', false);
  const maxEnis = whole(env, 'MAX_ENI') ?? 0;
  const provisioningDisabled = metadataOnly || flag(env, 'DISABLE_NETWORK_RESOURCE_PROVISIONING', false);
  const podEni = flag(env, 'ENABLE_POD_ENI', false);
  return {
    warmEnis: notNegative(env, 'WARM_ENI_TARGET', 1),
    warmIps: notNegative(env, 'WARM_IP_TARGET', 0),
    minimumIps: notNegative(env, 'MINIMUM_IP_TARGET', 0),
    warmPrefixes: notNegative(env, 'WARM_PREFIX_TARGET', 0),
    prefixes: flag(env, 'ENABLE_PREFIX_DELEGATION', false) && limits.prefixes,
    maxEnis: maxEnis >= 1 ? Math.min(maxEnis, limits.enisPerCard) : limits.enisPerCard,
    slotsPerEni: limits.ipv4PerEni - 1,
    cooldownMs: (whole(env, 'IP_COOLDOWN_PERIOD') ?? DEFAULT_COOLDOWN_S) * 1000,
    subnetDiscovery: flag(env, 'ENABLE_SUBNET_DISCOVERY', true),
    customNetworking: flag(env, 'AWS_VPC_K8S_CNI_CUSTOM_NETWORK_CFG', false),
    provisioningDisabled,
    cleansLeaks: !provisioningDisabled && !flag(env, 'DISABLE_LEAKED_ENI_CLEANUP', false),
    metadataOnly,
    managesUntagged: flag(env, 'MANAGE_UNTAGGED_ENI', true),
    managesOnCordoned: flag(env, 'AWS_MANAGE_ENIS_NON_SCHEDULABLE', false),
    podEni,
    reservedSlots: podEni && limits.trunks ? 1 : 0,
    clusterName: env['CLUSTER_NAME'] ?? '',
    extraTags: extraTags(env['ADDITIONAL_ENI_TAGS']),
  };
}

function whole(env: Environment, name: string): number | undefined {
  const text = env[name];
  return text !== undefined && /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/** A missing, malformed or negative value counts as the default. */
function notNegative(env: Environment, name: string, fallback: number): number {
  const value = whole(env, name);
  return value !== undefined && value >= 0 ? value : fallback;
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const text = env[name]?.toLowerCase();
  if (text === '1' || text === 't' || text === 'true') return true;
  if (text === '0' || text === 'f' || text === 'false') return false;
  return fallback;
}

function extraTags(text: string | undefined): Record<string, string> {
  if (text === undefined || text === '') return {};
  const tags: Record<string, string> = {};
  for (const [key, value] of Object.entries(JSON.parse(text) as Record<string, unknown>)) {
    if (!key.includes('k8s.amazonaws.com')) tags[key] = String(value);
  }
  return tags;
}
