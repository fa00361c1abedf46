/** One read of the world for a whole decision, with what EKS says of our clusters. */
import { type Answer, failed, succeeded } from './failures.ts';
import type { Cluster, NodeId, World } from './model.ts';
import type { Mode, Ports } from './ports.ts';

export interface Reading {
  readonly world: World;
  /** Our clusters that EKS knows, by name. */
  readonly clusters: ReadonlyMap<string, { readonly cluster: Cluster; readonly mode: Mode }>;
}

/** Reads the named instances, or all nodes of one cluster. A cluster of ours that EKS does not know is journalled. */
export async function readWorld(
  nodes: { readonly ids: readonly NodeId[] } | { readonly ofCluster: string },
  ports: Ports,
): Promise<Answer<Reading>> {
  const named = ports.settings.clusters.filter(
    ({ name }) => !('ofCluster' in nodes) || nodes.ofCluster === name,
  );
  const described = await Promise.all(named.map(({ name }) => ports.clusters.describe(name)));
  const clusters = new Map<string, { cluster: Cluster; mode: Mode }>();
  for (const [index, answer] of described.entries()) {
    const setting = named[index];
    if (setting === undefined) continue;
    if (!answer.ok) return failed(answer.failure);
    if (answer.value !== undefined) clusters.set(setting.name, { cluster: answer.value, mode: setting.mode });
    else unknownCluster(setting.name, ports);
  }
  if (clusters.size === 0)
    return succeeded({ world: { readAtMs: ports.clock(), nodes: [], subnets: [] }, clusters });
  const vpcIds = [...new Set([...clusters.values()].map(({ cluster }) => cluster.vpcId))];
  const world = await ports.vpc.read({ nodes, vpcIds });
  if (world.ok && world.value.incomplete !== undefined)
    ports.journal.note('instances left out', { nodeIds: world.value.incomplete });
  return world.ok ? succeeded({ world: world.value, clusters }) : world;
}

export function unknownCluster(name: string, { journal }: Ports): undefined {
  journal.warn('unknown cluster', {
    message: `CLUSTERS: expected the name of an EKS cluster in this account and Region, got "${name}"`,
  });
}
