/** What the embedded EC2 lets an instance of each type hold: 1,391 types, the simulator's own copy. */
import type { InstanceType } from './api.ts';
import table from './instance-types.json' with { type: 'json' };

export interface TypeLimits {
  /** ENIs that fit on one network card; every card of a type has the same number. */
  readonly enisPerCard: number;
  readonly networkCards: number;
  /** IPv4 slots of an ENI, the one of its own address included; a /28 takes one slot. */
  readonly ipv4PerEni: number;
  /** Whether ENIs take /28 prefixes: Nitro hypervisor or bare metal (EC2 User Guide, prefixes on interfaces). */
  readonly prefixes: boolean;
  /** Whether a trunk ENI, for security groups of pods, can be attached. */
  readonly trunks: boolean;
}

/** Types, or families where no size is named, that take no trunk ENI; all others do.
 *  Source: amazon-vpc-resource-controller-k8s (April 2026), pkg/aws/vpc/limits.go. */
const TRUNKLESS = new Set(
  'c1 c3 c4 d2 f1 h1 i2 i3 i4i.large m1 m2 m3 m4 p3 r3 r4 t1 t2 t3 t3a t4g u-6tb1 x1 x1e'.split(' '),
);

let byType: Map<string, TypeLimits> | undefined;

/** The limits of a type EC2 offers; `undefined` for a name the table does not hold. */
export function typeLimits(type: string): TypeLimits | undefined {
  return limitsByType().get(type);
}

let offered: Map<string, InstanceType> | undefined;

/** Every type as DescribeInstanceTypes shows it. Types that take no prefixes run on Xen. */
export function instanceTypes(): ReadonlyMap<string, InstanceType> {
  offered ??= new Map(
    [...limitsByType()].map(([id, { networkCards, enisPerCard, ipv4PerEni, prefixes }]) => {
      const hypervisor = isMetal(id) ? undefined : prefixes ? 'nitro' : 'xen';
      return [id, { id, hypervisor, networkCards, enisPerCard, ipv4PerEni }];
    }),
  );
  return offered;
}

/** Bare metal is told by its name: `m5.metal`, `m7i.metal-24xl`, `u-6tb1.metal`. */
const isMetal = (type: string): boolean => /\.metal(-|$)/.test(type);

function limitsByType(): ReadonlyMap<string, TypeLimits> {
  if (byType === undefined) {
    byType = new Map();
    for (const [shape, types] of Object.entries(table.types)) {
      const [enis, addresses, kind, cards] = shape.split('/');
      const limits = {
        enisPerCard: Number(enis),
        networkCards: Number(cards),
        ipv4PerEni: Number(addresses),
        prefixes: kind === 'nitro' || kind === 'metal',
      };
      for (const name of types.split(' ')) byType.set(name, { ...limits, trunks: takesTrunk(name) });
    }
  }
  return byType;
}

function takesTrunk(type: string): boolean {
  const family = type.slice(0, type.indexOf('.'));
  return !TRUNKLESS.has(type) && !TRUNKLESS.has(family);
}
