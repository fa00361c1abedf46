/** What events missed, from the world: launches no event told of, those a killed run left half done, and nodes that nobody
 *  but us gives what they lack. */

import { giveUp } from '../calls/promises.ts';
import { warmLaunches } from '../launches/warm-launches.ts';
import { leaseNodes } from '../leases.ts';
import { CONSISTENT_AFTER_MS } from '../limits.ts';
import { type Cluster, ipamdStarted, type Node, type NodeId, type World } from '../model.ts';
import { notePlan } from '../noting.ts';
import { candidate } from '../plan/eligibility.ts';
import type { OwnEni, Ports } from '../ports.ts';
import { type NodeRecord, RECORD_TTL_MS, writtenAtMs } from '../records.ts';
import type { NodeLaunching } from '../signals.ts';

export interface Missing {
  readonly world: World;
  /** ENIs of ours, attached or not. */
  readonly own: readonly OwnEni[];
  readonly cluster: Cluster;
  /** Running nodes that nobody but us gives addresses, and how many each is short of. */
  readonly alone: ReadonlyMap<NodeId, number>;
}

/** Returns how many nodes were planned anew. */
export async function rebuildLaunches(
  { world: { nodes, readAtMs }, own, cluster, alone }: Missing,
  ports: Ports,
): Promise<number> {
  // Nodes that are always left never get ipamd's tag, some of them: nobody reads them anew at every sweep.
  const eligible = (node: Node): boolean => 'candidate' in candidate(node, cluster, ports.settings.policy);
  const nowMs = ports.clock();
  const launching = nodes.filter(
    (node) =>
      !ipamdStarted(node) &&
      alone.get(node.id) !== 0 &&
      (alone.has(node.id) || (nowMs - node.launchedAtMs < RECORD_TTL_MS && eligible(node))),
  );
  if (launching.length === 0) return 0;
  const known = await ports.ledger.nodes(launching.map(({ id }) => id));
  const missed = launching.filter(({ id }) => alone.has(id) || unfinishedBusiness(known.get(id)));
  if (missed.length === 0) return 0;
  await forgetLost(missed, known, { own, readAtMs, cluster }, ports);
  const { plans } = await warmLaunches(
    missed.map(({ id, state, launchedAtMs }) => launchOf(id, state === 'running', launchedAtMs)),
    ports,
    { rebuilt: true },
  );
  for (const plan of plans) notePlan(plan, ports);
  return missed.length;
}

/** ENIs that were promised and made, and that are no more: somebody deleted them. Nobody is to wait for them. */
async function forgetLost(
  nodes: readonly Node[],
  known: ReadonlyMap<NodeId, NodeRecord>,
  { own, readAtMs, cluster }: Pick<Missing, 'own' | 'cluster'> & Pick<World, 'readAtMs'>,
  ports: Ports,
): Promise<void> {
  const there = new Set<string | undefined>(own.map(({ id }) => id));
  const settledMs = readAtMs - CONSISTENT_AFTER_MS;
  const lostOf = (record: NodeRecord): ReadonlySet<string> =>
    // What was written a moment ago may be too young for the inventory.
    writtenAtMs(record) > settledMs
      ? new Set()
      : new Set(
          record.enis.flatMap(({ eniId, token }) => (eniId === undefined || there.has(eniId) ? [] : [token])),
        );
  const losers = nodes.filter(({ id }) => {
    const record = known.get(id);
    return record !== undefined && lostOf(record).size > 0;
  });
  if (losers.length === 0) return;
  const owner = ports.runId();
  const leased = await leaseNodes(losers, cluster.name, owner, ports);
  await ports.ledger.release(
    [...leased.values()].map((record) => giveUp(record, lostOf(record))),
    owner,
  );
}

/** No event came for the node, or what one began was not carried on. */
const unfinishedBusiness = (record: NodeRecord | undefined): boolean =>
  record === undefined ||
  record.outcome.state === 'claimed' ||
  record.outcome.state === 'created' ||
  (record.outcome.state === 'left' && record.outcome.reason === 'stopped');

const launchOf = (nodeId: NodeId, running: boolean, atMs: number): NodeLaunching => ({
  kind: 'node-launching',
  nodeId,
  phase: running ? 'running' : 'pending',
  atMs,
  attempt: 0,
});
