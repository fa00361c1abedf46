/** How nodes are held, so that no two runs act on one. */
import type { Node, NodeId } from './model.ts';
import type { Ports } from './ports.ts';
import { type Leasing, leasingOf, type NodeRecord } from './records.ts';

/** How long a run may hold a node, ms: longer than any function's time limit, so a killed run's lease ends by itself. */
export const LEASE_MS = 90_000;
/** How long a run holds a node of which it only hears that it runs, ms, until it begins to act: a second or so. Should it die before,
 *  whoever gets its message then finds the node free; an attach is in time for ten seconds. */
export const HEARS_LEASE_MS = 3_000;
/** By how much clocks of functions differ at most. */
const CLOCKS_APART_MS = 2_000;
/** What a create is waited for, ms, before it is broken off and asked for again by its token. */
export const CREATE_ANSWER_MS = 4_000;
/** How long a run holds an instance that is pending, for which it does nothing but create. Whoever hears five to seventeen seconds
 *  later that the instance runs takes up what a dead run left: there are ten more until an attach would be too late. */
export const CREATES_LEASE_MS = 7_000;
/** Its creates are sent so long before the lease ends that they are answered by then, by a clock 2 s ahead, too. */
export const CREATES_END_MS = CREATE_ANSWER_MS + CLOCKS_APART_MS;
/** How long a run holds a node that starts, ms, when it has written down that it attaches what is made for it, and will do nothing
 *  else: such a call takes four seconds at most (sim/latencies.ts). Should the run die, there is time still to attach it. */
const ATTACHES_LEASE_MS = 5_000;

/** How a run holds a node for which it makes no call that waits for another. */
export interface ShortLease {
  readonly untilMs: number;
  /** From then on nothing is sent, epoch ms. */
  readonly sendByMs: number;
}

/** A pending instance's, of the lease that was taken at `takenMs`. */
export const whileCreating = (takenMs: number): ShortLease => {
  const untilMs = takenMs + CREATES_LEASE_MS;
  return { untilMs, sendByMs: untilMs - CREATES_END_MS };
};

/** A starting node's. Calls are broken off when it ends; one that comes about later all the same is one EC2 does not do again. */
export const whileAttaching = (nowMs: number): ShortLease => {
  const untilMs = nowMs + ATTACHES_LEASE_MS;
  return { untilMs, sendByMs: untilMs - CLOCKS_APART_MS };
};

/** Takes the leases of the nodes that nobody else holds, for as long as a run may last unless said. */
export const takeLeases = (
  asked: readonly Leasing[],
  owner: string,
  { ledger, clock }: Ports,
  forMs = LEASE_MS,
): Promise<ReadonlyMap<NodeId, NodeRecord>> => ledger.lease(asked, owner, clock() + forMs, clock());

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
