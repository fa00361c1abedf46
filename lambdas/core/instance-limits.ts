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
}

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
    const entry: InstanceLimits = {
      maxEnis: Number(enis),
      ipv4PerEni: Number(addresses),
      prefixes: kind === 'nitro' || kind === 'metal',
      networkCards: Number(cards),
    };
    for (const type of types.split(' ')) limits.set(type, entry);
  }
  return limits;
}

/** Cap that EKS managed node groups put on max-pods: 110 below 30 vCPU, 250 otherwise (EKS User Guide, choosing an
 *  instance type). A size of `Nxlarge` has 4·N vCPU; metal has more than 30, but for a1.metal with 16. */
export function managedGroupPodCap(type: string): number {
  const size = type.slice(type.indexOf('.') + 1);
  if (size.startsWith('metal')) return type === 'a1.metal' ? 110 : 250;
  const xlarges = /^(\d+)xlarge/.exec(size)?.[1];
  return Number(xlarges ?? 1) * 4 >= 30 ? 250 : 110;
}
