/** How the ledger's records of nodes begin, are held and are kept. */
import type { NodeId } from './model.ts';
import type { NodeRecord } from './ports.ts';

/** How long a run may hold a node, ms: longer than any function's time limit, so a killed run's lease ends by itself. */
export const LEASE_MS = 90_000;
/** How long the ledger remembers what was done for a node, ms. */
export const RECORD_TTL_MS = 3_600_000;
/** Nodes whose calls run at the same time in one function. The budget decides how many are made. */
export const NODES_AT_ONCE = 40;

/** A node nobody has done anything for yet. */
export const freshRecord = (
  { nodeId, cluster, nodeGroup }: Pick<NodeRecord, 'nodeId' | 'cluster' | 'nodeGroup'>,
  expiresAtMs: number,
): NodeRecord => ({ nodeId, cluster, nodeGroup, enis: [], outcome: { state: 'claimed' }, expiresAtMs });

/** What a lease is asked for. */
export interface Leasing {
  readonly nodeId: NodeId;
  readonly cluster: string;
  readonly nodeGroup: string;
}
