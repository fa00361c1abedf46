/** What the embedded EC2 lets an instance of each type hold: 1,391 types, the simulator's own copy. */
import table from './instance-types.json' with { type: 'json' };

export interface TypeLimits {
  /** ENIs that fit on one network card; every card of a type has the same number. */
  readonly enisPerCard: number;
  readonly networkCards: number;
  /** IPv4 slots of an ENI, the one of its own address included; a /28 takes one slot. */
  readonly ipv4PerEni: number;
  /** Whether ENIs take /28 prefixes: Nitro hypervisor or bare metal (EC2 User Guide, prefixes on interfaces). */
  readonly prefixes: boolean;
}

let byType: Map<string, TypeLimits> | undefined;

/** The limits of a type EC2 offers; `undefined` for a name the table does not hold. */
export function typeLimits(type: string): TypeLimits | undefined {
  if (byType === undefined) {
    byType = new Map();
    for (const [shape, types] of Object.entries(table.types)) {
      const [enis, addresses, kind, cards] = shape.split('/');
      const limits: TypeLimits = {
        enisPerCard: Number(enis),
        networkCards: Number(cards),
        ipv4PerEni: Number(addresses),
        prefixes: kind === 'nitro' || kind === 'metal',
      };
      for (const name of types.split(' ')) byType.set(name, limits);
    }
  }
  return byType.get(type);
}
