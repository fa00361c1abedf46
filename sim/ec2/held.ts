/** The things the inventory holds, with what the API does not show of them. */
import type { AddressSpace } from './address-space.ts';
import type { CidrReservation, Eni, Instance, InterfaceType, Subnet } from './api.ts';
import type { InstanceMetadata } from './instance-metadata.ts';
import type { TypeLimits } from './instance-types.ts';

export interface HeldEni extends Eni {
  /** When each secondary address or prefix came, for instance metadata. */
  readonly addedAtMs: Map<string, number>;
  /** Where it is or was attached last: there metadata may still show it. */
  lastHolder: HeldInstance | undefined;
}

export interface HeldInstance extends Instance {
  enis: HeldEni[];
  readonly limits: TypeLimits;
  readonly metadata: InstanceMetadata;
}

export interface HeldSubnet extends Omit<Subnet, 'freeAddresses' | 'freePrefixes'> {
  readonly space: AddressSpace;
  readonly reservations: Map<string, CidrReservation>;
}

/** The addresses a request asks for: so many, wherever they lie, and exactly these. */
export interface Wish {
  readonly ips?: number;
  readonly prefixes?: number;
  readonly theseIps?: readonly string[];
  /** /28 blocks as CIDRs. */
  readonly thesePrefixes?: readonly string[];
}

export interface NewEni extends Wish {
  readonly subnetId: string;
  readonly groups?: readonly string[];
  readonly description?: string;
  readonly interfaceType?: InterfaceType;
  /** Its own address; any free one, unless said. */
  readonly primaryIp?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly origin: Origin;
}

/** Who made an ENI: it came with a launch, was created by a call, or put there by the world's own hand. Ids and MACs
 *  count up within an origin and sort by origin; the recordings of the real ipamd numbered theirs the same way. */
export type Origin = keyof typeof ORIGINS;
export const ORIGINS = { launch: 0, call: 1, world: 2 } as const;

export interface NewAttachment {
  readonly deviceIndex: number;
  readonly networkCardIndex?: number;
  readonly deleteOnTermination?: boolean;
  /** How instance metadata learns of it; `late` unless said. */
  readonly shows?: 'late' | 'at once' | 'never';
}
