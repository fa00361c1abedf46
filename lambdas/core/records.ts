/** How the ledger's records of nodes begin, are held and are kept. */
import { type Node, type NodeId, nodeGroupOf } from './model.ts';
import type { NodeRecord, Ports } from './ports.ts';

/** How long a run may hold a node, ms: longer than any function's time limit, so a killed run's lease ends by itself. */
export const LEASE_MS = 90_000;
/** How long the ledger remembers what was done for a node, ms. */
export const RECORD_TTL_MS = 3_600_000;
/** Nodes whose calls run at the same time in one function. The budget decides how many are made. */
export const NODES_AT_ONCE = 40;

/** A node nobody has done anything for yet. */
export const freshRecord = (
  { nodeId, cluster, nodeGroup }: Pick<NodeRecord, 'nodeId' | 'cluster' | 'nodeGroup'>,
  nowMs: number,
): NodeRecord => ({
  nodeId,
  cluster,
  nodeGroup,
  enis: [],
  outcome: { state: 'claimed' },
  expiresAtMs: nowMs + RECORD_TTL_MS,
});

/** What a lease is asked for. */
export interface Leasing {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly nodeGroup: string;
}

/** Takes the leases of the nodes that nobody else holds, for as long as a run may last. */
export const takeLeases = (
  asked: readonly Leasing[],
  owner: string,
  { ledger, clock }: Ports,
): Promise<ReadonlyMap<NodeId, NodeRecord>> => ledger.lease(asked, owner, clock() + LEASE_MS, clock());

/** Like {@link takeLeases}, of nodes of one cluster. */
export const leaseNodes = (
  nodes: readonly Node[],
  cluster: string,
  owner: string,
  ports: Ports,
): Promise<ReadonlyMap<NodeId, NodeRecord>> =>
  takeLeases(
    nodes.map((node) => leasingOf(node, cluster)),
    owner,
    ports,
  );

/** When the record was last written, epoch ms. */
export const writtenAtMs = ({ expiresAtMs }: NodeRecord): number => expiresAtMs - RECORD_TTL_MS;

export const leasingOf = ({ id: nodeId, tags }: Node, cluster: string): Leasing => ({
  nodeId,
  cluster,
  nodeGroup: nodeGroupOf(tags),
});
