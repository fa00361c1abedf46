/** What room there is, in figures: addresses, /28 blocks and interfaces, and whether the largest burst known beforehand fits. */
import { readCniSettings } from '../cni.ts';
import type { Cluster } from '../model.ts';
import type { Policy } from '../policy.ts';
import type { Inventory, Ports } from '../ports.ts';

export interface RoomSeen {
  readonly cluster: Cluster;
  readonly inventory: Inventory;
  /** Pods, margin included, that wait for nodes. */
  readonly openDemandPods: number;
}

export function publishRoom(
  { cluster: { name: cluster, vpcCni }, inventory, openDemandPods }: RoomSeen,
  { journal, settings: { policy } }: Pick<Ports, 'journal' | 'settings'>,
): void {
  const { world, freeBlocks, interfaces } = inventory;
  const used = new Set(world.nodes.flatMap(({ enis }) => enis.map(({ subnetId }) => subnetId)));
  const subnets = world.subnets.filter(({ id }) => used.has(id));
  for (const { id: subnet, freeAddresses: SubnetFreeAddresses } of subnets) {
    const SubnetFreeBlocks = freeBlocks.get(subnet);
    journal.measure(
      { SubnetFreeAddresses, ...(SubnetFreeBlocks !== undefined && { SubnetFreeBlocks }) },
      { cluster, subnet },
    );
  }
  const cni = readCniSettings(vpcCni, policy);
  const prefixes = 'settings' in cni && cni.settings.prefixes;
  const PlannedBurst = plannedBurst(cluster, openDemandPods, policy);
  const free = subnets.reduce(
    (sum, { freeAddresses }) => sum + Math.max(0, freeAddresses - policy.subnetReserveAddresses),
    0,
  );
  journal.measure(
    {
      ...(prefixes && { SubnetsWithoutBlock: subnets.filter(({ id }) => freeBlocks.get(id) === 0).length }),
      PlannedBurst,
      // Without a node it is not known which subnets nodes will be in.
      ...(subnets.length > 0 && { BurstLacks: Math.max(0, PlannedBurst - free) }),
      VpcInterfaces: interfaces,
      InterfaceQuotaUsed: (100 * interfaces) / policy.interfaceQuota,
    },
    { cluster },
  );
}

/** Addresses for the largest burst that is known beforehand: what a route or a schedule of the policy announces, or the pods
 *  that wait for nodes now. Pods that take the places of old ones are not counted: those give theirs back. */
export function plannedBurst(cluster: string, openDemandPods: number, policy: Policy): number {
  const announced = [...policy.routes, ...Object.values(policy.schedules)].map(({ announce }) => announce);
  const pods = announced.filter((announce) => announce['cluster'] === cluster).map(podsThatCome);
  return Math.max(openDemandPods, ...pods.map((each) => Math.ceil(each * policy.margin)));
}

/** As the policy has them, which adapters/announcements.ts reads when they come true. */
function podsThatCome({ replicas, strategy, hostNetwork }: Readonly<Record<string, unknown>>): number {
  if (hostNetwork === true) return 0;
  const { from = 0, to = 0 } = (replicas ?? {}) as { readonly from?: number; readonly to?: number };
  const beside = (strategy as { readonly type?: string } | undefined)?.type === 'BlueGreen';
  return beside ? to : Math.max(0, to - from);
}
