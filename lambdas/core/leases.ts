/** How nodes are held, so that no two runs act on one. */
import type { Node, NodeId } from './model.ts';
import type { Ports } from './ports.ts';
import { type Leasing, leasingOf, type NodeRecord } from './records.ts';

/** How long a run may hold a node, ms: longer than any function's time limit, so a killed run's lease ends by itself. */
export const LEASE_MS = 90_000;
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
