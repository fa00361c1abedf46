/** What an instance type can hold, from the CNI's own table: what ipamd believes is what counts. */
import table from './instance-limits.json' with { type: 'json' };

export interface InstanceLimits {
  /** ENIs on the default network card, the only one the CNI manages by default. */
  readonly maxEnis: number;
  /** IPv4 addresses an ENI can hold, its own included. */
  readonly ipv4PerEni: number;
  /** Whether ENIs take /28 prefixes: Nitro or bare metal. */
  readonly prefixes: boolean;
  readonly networkCards: number;
  /** Whether a trunk ENI can be attached, for pods with security groups of their own. */
  readonly trunks: boolean;
}

/** Nitro types, or families where no size is named, that take no trunk; no Xen type does. A type the list does not know
 *  counts as taking one, as it does for the CNI: then a slot stays free rather than be missing. Source:
 *  amazon-vpc-resource-controller-k8s, pkg/aws/vpc/limits.go of 20 March 2026, `IsTrunkingCompatible` of 1,164 types. */
const NITRO_WITHOUT_TRUNK = new Set(['t3', 't3a', 't4g', 'i4i.large', 'u-6tb1.56xlarge', 'u-6tb1.112xlarge']);

let byType: Map<string, InstanceLimits> | undefined;

/** The limits of a type, or `undefined` when the table does not know it: then we know too little to act. */
export function limitsOf(type: string): InstanceLimits | undefined {
  byType ??= readTable(table.types);
  return byType.get(type);
}

function readTable(shapes: Readonly<Record<string, string>>): Map<string, InstanceLimits> {
  const limits = new Map<string, InstanceLimits>();
  for (const [shape, types] of Object.entries(shapes)) {
    const [enis, addresses, kind, cards] = shape.split('/');
    const entry = {
      maxEnis: Number(enis),
      ipv4PerEni: Number(addresses),
      prefixes: kind === 'nitro' || kind === 'metal',
      networkCards: Number(cards),
    };
    for (const type of types.split(' '))
      limits.set(type, { ...entry, trunks: kind !== 'xen' && takesTrunk(type) });
  }
  return limits;
}

const takesTrunk = (type: string): boolean =>
  !NITRO_WITHOUT_TRUNK.has(type) && !NITRO_WITHOUT_TRUNK.has(type.slice(0, type.indexOf('.')));

/** Cap that EKS managed node groups put on max-pods: 110 below 30 vCPU, 250 otherwise (EKS User Guide, choosing an
 *  instance type). A size of `Nxlarge` has 4·N vCPU; metal has more than 30, but for a1.metal with 16. */
export function managedGroupPodCap(type: string): number {
  const size = type.slice(type.indexOf('.') + 1);
  if (size.startsWith('metal')) return type === 'a1.metal' ? 110 : 250;
  const xlarges = /^(\d+)xlarge/.exec(size)?.[1];
  return Number(xlarges ?? 1) * 4 >= 30 ? 250 : 110;
}
