/** One read of the world for a whole decision, with what EKS says of our clusters. */
import { allowanceOf } from './budget/allowance.ts';
import { say } from './complaints.ts';
import { type Answer, failed, succeeded } from './failures.ts';
import type { Cluster, NodeId, World } from './model.ts';
import type { Mode } from './policy.ts';
import type { Ports } from './ports.ts';
import { circleOf, knownOf, serves, sourcesOf, type TurnAsk } from './shared-reads.ts';
import type { NodeLaunching } from './signals.ts';

type Nodes = { readonly ids: readonly NodeId[] } | { readonly ofCluster: string };

export interface Reading extends Shared {
  /** Our clusters that EKS knows, by name. */
  readonly clusters: ReadonlyMap<string, { readonly cluster: Cluster; readonly mode: Mode }>;
}

export interface Shared {
  readonly world: World;
  /** Launches of other runs that wait for this read, to be acted for. Their own messages come back. */
  readonly others: readonly NodeLaunching[];
}

/** By whom a read may be shared: a run that sees the instances as they were then, or later, has use for it. */
export interface Sharing {
  readonly notBeforeMs: number;
  readonly as: TurnAsk['as'];
  readonly launches?: readonly NodeLaunching[];
}

/** A look at how things are, or were a moment ago. */
export const LOOK: Sharing = { notBeforeMs: 0, as: 'look' };

/** Nobody has read the instances a moment ago, and it is not our turn. */
export interface Wait {
  readonly waitMs: number;
}

/** Named instances, read by us or by another run a moment ago. */
export async function readShared(
  ids: readonly NodeId[],
  vpcIds: readonly string[],
  { notBeforeMs, as, launches }: Sharing,
  ports: Ports,
): Promise<Answer<Shared> | Wait> {
  const { reads, vpc, clock, settings } = ports;
  const among = circleOf(as);
  const lasts = await Promise.all(sourcesOf(as).map((circle) => reads.last(circle)));
  const served = lasts.find((last) => last !== undefined && serves(last, { ids, as, notBeforeMs }, clock()));
  if (served !== undefined) return succeeded({ world: served.world, others: [] });
  const { perSecond: attachesPerSecond } = allowanceOf(settings.policy)('AttachNetworkInterface');
  const turn = await reads.turn({ ids, as, attachesPerSecond, ...(launches !== undefined && { launches }) });
  if ('waitMs' in turn) return turn;
  const { nodes: known, subnets, sinceMs } = knownOf(lasts, vpcIds, clock());
  const pending = as === 'pending' && turn.others.every(({ phase }) => phase === 'pending');
  const read = await vpc.read({
    nodes: { ids: turn.ids, known, ...(pending && { pending }) },
    vpcIds: vpcIds.filter((id) => !subnets.some(({ vpcId }) => vpcId === id)),
  });
  if (!read.ok) return read;
  const world = {
    ...read.value,
    sinceMs,
    ...(subnets.length > 0 && { subnetsAtMs: sinceMs }),
    subnets: [...subnets, ...read.value.subnets],
  };
  await reads.share({ ids: pending ? [] : turn.ids, world }, among);
  return succeeded({ world, others: turn.others });
}

/** Reads the named instances, or all nodes of one cluster; named ones by turns, where that is asked for. A cluster of ours that
 *  EKS does not know is journalled. */
export async function readWorld(nodes: Nodes, ports: Ports): Promise<Answer<Reading>>;
export async function readWorld(
  nodes: { readonly ids: readonly NodeId[] },
  ports: Ports,
  sharing: Sharing,
): Promise<Answer<Reading> | Wait>;
export async function readWorld(
  nodes: Nodes,
  ports: Ports,
  sharing?: Sharing,
): Promise<Answer<Reading> | Wait> {
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
    return succeeded({ world: { readAtMs: ports.clock(), nodes: [], subnets: [] }, others: [], clusters });
  const vpcIds = [...new Set([...clusters.values()].map(({ cluster }) => cluster.vpcId))];
  const read =
    sharing !== undefined && 'ids' in nodes
      ? await readShared(nodes.ids, vpcIds, sharing, ports)
      : await alone(nodes, vpcIds, ports);
  if ('waitMs' in read || !read.ok) return read;
  const { incomplete } = read.value.world;
  if (incomplete !== undefined) ports.journal.note('instances left out', { nodeIds: incomplete });
  return succeeded({ ...read.value, clusters });
}

async function alone(nodes: Nodes, vpcIds: readonly string[], { vpc }: Ports): Promise<Answer<Shared>> {
  const read = await vpc.read({ nodes, vpcIds });
  return read.ok ? succeeded({ world: read.value, others: [] }) : read;
}

/** EKS knows no such cluster: a name misspelt, or the stack in another account or Region than the cluster. */
export function unknownCluster(name: string, { journal, home: { accountId, region } }: Ports): undefined {
  journal.warn('unknown cluster', {
    cluster: name,
    why: say({
      field: 'CLUSTERS',
      expected: `the name of an EKS cluster of account ${accountId} in ${region}`,
      got: name,
    }),
    remedy: `Deploy with one of the names that aws eks list-clusters --region ${region} shows, or in the account and Region of the cluster`,
  });
}
