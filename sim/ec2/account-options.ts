/** How a world sets up its EC2 account and what it puts into it. */
import type { Chance } from '../chance.ts';
import type { Kernel } from '../kernel.ts';
import type { Ec2Action, Instance, InstanceState, InterfaceType } from './api.ts';
import type { AttachmentTimesOptions } from './attachment-times.ts';
import type { Buckets } from './buckets.ts';
import type { Fault } from './faults.ts';
import type { Delay, MetadataLags } from './instance-metadata.ts';
import type { TypeLimits } from './instance-types.ts';
import type { ReadLagOptions } from './read-lag.ts';

export interface SubnetSetup {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  /** A /16 to a /28. */
  readonly cidr: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** What other users of the subnet leave free at the beginning; everything, unless said. */
  readonly free?: { readonly addresses: number; readonly prefixes: number };
  /** Ranges set aside from the beginning. */
  readonly reservations?: readonly { readonly cidr: string; readonly type: 'prefix' | 'explicit' }[];
  /** Where single addresses fall: over the whole subnet as in EC2, or (`packed`) never into a whole /28 block while
   *  another place is free. */
  readonly singles?: 'scattered' | 'packed';
}

/** Source: VPC User Guide, quotas: network interfaces per Region, held for each zone. */
export const DEFAULT_ENIS_PER_ZONE = 5_000;

/** Time of a call in ms: `default`, or the action's own. */
export type Latencies = { readonly default: Delay } & Partial<Readonly<Record<Ec2Action, Delay>>>;

export interface AccountOptions {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly region: string;
  readonly accountId: string;
  readonly subnets: readonly SubnetSetup[];
  readonly latencies: Latencies;
  readonly metadataLags: MetadataLags;
  /** Request buckets: AWS's documented ones, others, or none. */
  readonly throttling: boolean | Partial<Buckets>;
  readonly faults?: readonly Fault[];
  /** Keep every attempt in `calls.log`. */
  readonly keepsLog?: boolean;
  /** Quota of ENIs in one zone, where the account had it raised; else AWS's default. */
  readonly enisPerZone?: number;
  /** Whose reads show the account as it was a while ago; nobody's unless said. */
  readonly readLag?: ReadLagOptions;
  /** How long attaches and detaches stay on their way after their answer; no time unless said. */
  readonly attachmentTimes?: AttachmentTimesOptions;
}

export interface Launch {
  readonly type: string;
  readonly subnetId: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly securityGroups?: readonly string[];
  /** What the launch template puts on the primary ENI. */
  readonly secondaryIps?: number;
  readonly prefixes?: number;
  /** Limits of a type the table does not hold. */
  readonly limits?: TypeLimits;
}

export interface PresentEni {
  readonly secondaryIps?: number;
  readonly prefixes?: number;
  readonly subnetId?: string;
  readonly securityGroups?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly deviceIndex?: number;
  /** 0, unless said. */
  readonly networkCardIndex?: number;
  /** `interface`, unless said. */
  readonly interfaceType?: InterfaceType;
  readonly deleteOnTermination?: boolean;
}

export type StateListener = (instance: Instance, state: InstanceState) => void;
