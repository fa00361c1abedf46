/**
 * The embedded EC2's actions: what goes in, what comes out. Names and fields follow the EC2 API reference, in our
 * spelling; `wire/` translates the real ones. A refused request throws {@link ApiError} with the code EC2 sends.
 */
import type { Process } from '../kernel.ts';

/** A refused request, of EC2 and of every other service of this world. */
export class ApiError extends Error {
  /** The service's code, for example `RequestLimitExceeded`. */
  readonly code: string;
  readonly httpStatus: number;
  constructor(code: string, message: string, httpStatus = 400) {
    super(message);
    this.name = code;
    this.code = code;
    this.httpStatus = httpStatus;
  }
}

/** The request was carried out (or not), but no answer arrived. Thrown at the caller's time limit. */
export class ReplyLost extends Error {
  override readonly name = 'TimeoutError';
}

export type InstanceState = 'pending' | 'running' | 'stopping' | 'stopped' | 'shutting-down' | 'terminated';

export interface Attachment {
  readonly id: string;
  readonly instanceId: string;
  readonly deviceIndex: number;
  readonly networkCardIndex: number;
  status: 'attaching' | 'attached' | 'detaching';
  deleteOnTermination: boolean;
  readonly attachedAtMs: number;
}

/** The kinds this world has (EC2 API reference, NetworkInterface): a trunk carries branch interfaces, which are not played. */
export type InterfaceType = 'interface' | 'trunk' | 'efa';

export interface Eni {
  readonly id: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly mac: string;
  readonly privateIp: string;
  /** Secondary addresses in the order they were assigned. */
  secondaryIps: string[];
  /** /28 blocks as CIDRs in the order they were assigned. */
  prefixes: string[];
  groups: string[];
  readonly description: string;
  readonly interfaceType: InterfaceType;
  tags: Map<string, string>;
  attachment: Attachment | undefined;
  readonly createdAtMs: number;
}

export interface Instance {
  readonly id: string;
  readonly type: string;
  readonly subnetId: string;
  readonly vpcId: string;
  readonly zone: string;
  state: InstanceState;
  /** Of the last launch: a stopped instance that is started again counts anew. */
  launchedAtMs: number;
  readonly tags: Map<string, string>;
  /** In order of device index; the first is the primary. */
  enis: Eni[];
}

/** A range of a subnet set aside: for the /28 blocks EC2 chooses, or for addresses callers name. */
export interface CidrReservation {
  readonly id: string;
  readonly subnetId: string;
  readonly cidr: string;
  readonly type: 'prefix' | 'explicit';
  readonly description: string;
  readonly tags: Map<string, string>;
}

export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly tags: Map<string, string>;
  /** Addresses nobody holds; the five AWS keeps and those reserved for prefixes are not counted. */
  readonly freeAddresses: number;
  /** Aligned /28 blocks without any used address, as far as EC2 may choose them. */
  readonly freePrefixes: number;
}

/** What EC2 offers, as far as its network interfaces go. */
export interface InstanceType {
  /** For example `m5.large`. */
  readonly id: string;
  /** Absent on bare metal. */
  readonly hypervisor: 'nitro' | 'xen' | undefined;
  readonly networkCards: number;
  readonly enisPerCard: number;
  /** IPv4 slots of an ENI, the one of its own address included. */
  readonly ipv4PerEni: number;
}

export interface Filter {
  readonly name: string;
  readonly values: readonly string[];
}

/** Pages as EC2 cuts them: `nextToken` goes back in with the same question. */
export interface PageRequest {
  readonly filters?: readonly Filter[];
  readonly maxResults?: number;
  readonly nextToken?: string;
}

export interface Ec2Actions {
  DescribeInstances: {
    input: PageRequest & { readonly instanceIds?: readonly string[] };
    output: { instances: Instance[]; nextToken?: string };
  };
  DescribeSubnets: {
    input: PageRequest & { readonly subnetIds?: readonly string[] };
    output: { subnets: Subnet[]; nextToken?: string };
  };
  DescribeNetworkInterfaces: {
    input: PageRequest & { readonly networkInterfaceIds?: readonly string[] };
    output: { networkInterfaces: Eni[]; nextToken?: string };
  };
  DescribeInstanceTypes: {
    input: PageRequest & { readonly instanceTypes?: readonly string[] };
    output: { instanceTypes: InstanceType[]; nextToken?: string };
  };
  CreateNetworkInterface: {
    input: {
      readonly subnetId: string;
      readonly groups?: readonly string[];
      readonly description?: string;
      /** `interface`, unless said. */
      readonly interfaceType?: InterfaceType;
      /** The ENI's own address; any free one, unless said. */
      readonly privateIpAddress?: string;
      /** Exactly these secondary addresses, instead of a count. */
      readonly privateIpAddresses?: readonly string[];
      readonly secondaryPrivateIpAddressCount?: number;
      /** Exactly these /28 blocks, instead of a count. */
      readonly ipv4Prefixes?: readonly string[];
      readonly ipv4PrefixCount?: number;
      readonly tags?: Readonly<Record<string, string>>;
      readonly clientToken?: string;
    };
    output: { networkInterface: Eni; clientToken?: string };
  };
  AttachNetworkInterface: {
    input: {
      readonly networkInterfaceId: string;
      readonly instanceId: string;
      readonly deviceIndex: number;
      readonly networkCardIndex?: number;
    };
    output: { attachmentId: string; networkCardIndex: number };
  };
  ModifyNetworkInterfaceAttribute: {
    input: {
      readonly networkInterfaceId: string;
      /** Exactly one of the two: the action changes one attribute a call. */
      readonly attachment?: { readonly attachmentId: string; readonly deleteOnTermination: boolean };
      readonly groups?: readonly string[];
    };
    output: Record<never, never>;
  };
  AssignPrivateIpAddresses: {
    input: {
      readonly networkInterfaceId: string;
      /** Exactly these, instead of a count. */
      readonly privateIpAddresses?: readonly string[];
      readonly secondaryPrivateIpAddressCount?: number;
      readonly ipv4Prefixes?: readonly string[];
      readonly ipv4PrefixCount?: number;
      /** Whether secondary addresses of another ENI in the subnet may be moved here; not, unless said. */
      readonly allowReassignment?: boolean;
    };
    output: { assignedIps: string[]; assignedPrefixes: string[] };
  };
  UnassignPrivateIpAddresses: {
    input: {
      readonly networkInterfaceId: string;
      readonly privateIpAddresses?: readonly string[];
      readonly ipv4Prefixes?: readonly string[];
    };
    output: Record<never, never>;
  };
  DetachNetworkInterface: {
    /** `force` spares the instance's own cooperation; here an instance always cooperates. */
    input: { readonly attachmentId: string; readonly force?: boolean };
    output: Record<never, never>;
  };
  DeleteNetworkInterface: { input: { readonly networkInterfaceId: string }; output: Record<never, never> };
  CreateSubnetCidrReservation: {
    input: {
      readonly subnetId: string;
      readonly cidr: string;
      readonly reservationType: 'prefix' | 'explicit';
      readonly description?: string;
      readonly tags?: Readonly<Record<string, string>>;
    };
    output: { reservation: CidrReservation };
  };
  GetSubnetCidrReservations: {
    input: PageRequest & { readonly subnetId: string };
    output: { reservations: CidrReservation[]; nextToken?: string };
  };
  DeleteSubnetCidrReservation: {
    input: { readonly subnetCidrReservationId: string };
    output: { reservation: CidrReservation };
  };
  CreateTags: {
    input: { readonly resources: readonly string[]; readonly tags: Readonly<Record<string, string>> };
    output: Record<never, never>;
  };
}

export type Ec2Action = keyof Ec2Actions;

/** Who asks. Its name keys the latency stream and the call counters; everybody shares the account's request buckets. */
export interface Caller {
  /** `ipamd/i-1`, `prewarmer`, `karpenter`, … */
  readonly name: string;
  /** How long it waits for an answer, in ms; 10,000 unless said (amazon-vpc-cni-k8s v1.23.1, HTTP_TIMEOUT). */
  readonly timeoutMs?: number;
  /** Which attempt at the same request this is, from 1; only for the record. */
  readonly attempt?: number;
}

/** One attempt of one action, as it really happens: latency, request bucket, faults, then the effect and the answer at
 *  the end of the call. Throws {@link ApiError} or {@link ReplyLost}. Retrying is the caller's business. */
export interface Ec2 {
  /** Quota of ENIs in one zone, where the account had it raised. */
  readonly enisPerZone?: number | undefined;
  call<A extends Ec2Action>(
    caller: Caller,
    action: A,
    input: Ec2Actions[A]['input'],
  ): Process<Ec2Actions[A]['output']>;
}
