/**
 * Nodes that are about to go: their pods come to the other nodes of their cluster at once, and what those cannot take in time
 * waits for the nodes that replace them. From here on it is a rollout like any other.
 */
import { backAgain } from './calls/rollout-calls.ts';
import { ignored } from './ignored.ts';
import { type Cluster, clusterOf, type Node, type NodeId } from './model.ts';
import { demandOfDisplaced } from './plan/demand.ts';
import { candidate } from './plan/eligibility.ts';
import { allIps, type Sight, standing } from './plan/standing.ts';
import type { Ports } from './ports.ts';
import { readWorld } from './reading.ts';
import type { Ignored, PodsDisplaced, RolloutAnnounced } from './signals.ts';

/** Pods are killed when their node is taken back, whatever grace they have. Source: EC2 User Guide, Spot interruptions. */
const GRACE_MS = 0;

/** One rollout for each node, in view of the others that go with it. A node that is told of twice, by a recommendation and by
 *  a warning, is one demand: its id is the node's. */
export async function displacedRollouts(
  signals: readonly PodsDisplaced[],
  ports: Ports,
  want: 'plan' | 'do',
): Promise<readonly (RolloutAnnounced | Ignored)[]> {
  const byNode = new Map(signals.map((signal) => [signal.nodeId, signal]));
  const read = await readWorld({ ids: [...byNode.keys()] }, ports);
  if (!read.ok) return Promise.all(signals.map((signal) => backAgain(signal, read.failure, ports, want)));
  const { world, clusters } = read.value;
  const nodes = new Map(world.nodes.map((node) => [node.id, node]));
  const names = [...new Set(world.nodes.flatMap((node) => clusterOf(node.tags) ?? []))];
  const seen = await Promise.all(
    names.filter((name) => clusters.has(name)).map((name) => ports.ledger.sights(name)),
  );
  const sights = new Map(seen.flatMap((each) => [...each]));
  const rollouts = [...byNode.values()].map((signal) => {
    const node = nodes.get(signal.nodeId);
    if (node === undefined) return notNeeded('gone', 'an instance that EC2 shows', signal);
    const found = clusters.get(clusterOf(node.tags) ?? '');
    return found === undefined
      ? notNeeded('not ours', `a node of ${[...clusters.keys()].join(', ')}`, signal)
      : rolloutOf(signal, podsOf(node, found.cluster, sights, ports), found.cluster.name);
  });
  const leaving = rollouts.flatMap((one) => (one.kind === 'ignored' ? [] : (one.selector.exceptNodes ?? [])));
  return rollouts.map((one) =>
    one.kind === 'ignored' ? one : { ...one, selector: { exceptNodes: leaving } },
  );
}

const idOf = (nodeId: NodeId): string => `displaced/${nodeId}`;

const rolloutOf = (
  { nodeId, cause, atMs, attempt }: PodsDisplaced,
  pods: number,
  cluster: string,
): RolloutAnnounced => ({
  kind: 'rollout-announced',
  announcementId: idOf(nodeId),
  cluster,
  workload: { kind: 'Node', namespace: '-', name: nodeId },
  replicas: { from: 0, to: pods },
  strategy: { type: 'recreate' },
  startsAtMs: atMs,
  overMs: 0,
  terminationGraceMs: GRACE_MS,
  selector: { exceptNodes: [nodeId] },
  cause: `${cause} of ${nodeId}`,
  attempt,
});

/** As many as may have an address there: which addresses have no pod nothing shows, unless the node could grow and does not. */
function podsOf(
  node: Node,
  cluster: Cluster,
  sights: ReadonlyMap<NodeId, Sight>,
  { settings: { policy }, clock }: Ports,
): number {
  const checked = candidate(node, cluster, policy);
  if (!('candidate' in checked)) return allIps(node);
  const { candidate: own } = checked;
  const demand = { id: idOf(node.id) };
  const { total, quiet, freeSlots, fillable } = standing(own, { demand, sights, policy, nowMs: clock() });
  const couldGrow = quiet && !own.soleAllocator && freeSlots + fillable > 0;
  return demandOfDisplaced({ ...own, addresses: total, couldGrow });
}

const notNeeded = (as: Ignored['as'], expected: string, { nodeId: got }: PodsDisplaced): Ignored =>
  ignored(as, { field: 'detail.instance-id', expected, got });
