/** No node's story is left open: where the run that was at it died, a sweep says how it ended. */

import { settled } from '../calls/promises.ts';
import { leaseNodes } from '../leases.ts';
import type { Cluster, Node, NodeId } from '../model.ts';
import { candidate } from '../plan/eligibility.ts';
import type { Ports } from '../ports.ts';
import { type NodeRecord, type Outcome, RECORD_TTL_MS, writtenAtMs } from '../records.ts';

/** What a run began is over by then: signals and verifications have come back and back again. */
const OVER_AFTER_MS = 600_000;
const TOO_LATE: Outcome = { state: 'left', reason: 'too late' };

/** `started` are nodes whose ipamd runs. Only those launched since records are kept are asked for. */
export async function closeStories(
  cluster: Cluster,
  started: readonly Node[],
  alone: ReadonlyMap<NodeId, number>,
  ports: Ports,
): Promise<{ readonly closed: number; readonly verifiedAgain: number }> {
  const { ledger, clock, continuations } = ports;
  const nowMs = clock();
  const recent = started.filter(({ launchedAtMs }) => nowMs - launchedAtMs < RECORD_TTL_MS);
  if (recent.length === 0) return { closed: 0, verifiedAgain: 0 };
  const records = await ledger.nodes(recent.map(({ id }) => id));
  const open = recent.filter(
    (node) =>
      isOver(records.get(node.id), nowMs, 'claimed', 'created') ||
      (records.get(node.id) === undefined && wasMissed(node, cluster, ports)),
  );
  // Where we are the only allocator, ipamd writes no tag that could be looked for.
  const unverified = recent.filter(({ id }) => !alone.has(id) && isOver(records.get(id), nowMs, 'attached'));
  if (unverified.length > 0) {
    const nodeIds = unverified.map(({ id }) => id);
    await continuations.later([
      { signal: { kind: 'verify-due', cluster: cluster.name, nodeIds, attempt: 0 }, delayMs: 0 },
    ]);
  }
  return { closed: await close(cluster.name, open, ports), verifiedAgain: unverified.length };
}

const isOver = (record: NodeRecord | undefined, nowMs: number, ...states: Outcome['state'][]): boolean =>
  record !== undefined &&
  states.includes(record.outcome.state) &&
  nowMs - writtenAtMs(record) >= OVER_AFTER_MS;

/** A node we might have helped, and that no run ever got to: its events were lost, or EC2 could not be read at the time. */
const wasMissed = (node: Node, cluster: Cluster, { clock, settings }: Ports): boolean =>
  clock() - node.launchedAtMs >= OVER_AFTER_MS && 'candidate' in candidate(node, cluster, settings.policy);

async function close(cluster: string, nodes: readonly Node[], ports: Ports): Promise<number> {
  if (nodes.length === 0) return 0;
  const { ledger, clock } = ports;
  const owner = ports.runId();
  const leased = await leaseNodes(nodes, cluster, owner, ports);
  const shown = new Map<NodeId, Node>(nodes.map((node) => [node.id, node]));
  let closed = 0;
  const told = [...leased.values()].map((record) => {
    const { state } = record.outcome;
    // Another run may have been at it since the records were read.
    if (state !== 'claimed' && state !== 'created') return record;
    closed++;
    return {
      ...settled(record, shown.get(record.nodeId), clock()),
      outcome: TOO_LATE,
      expiresAtMs: clock() + RECORD_TTL_MS,
    };
  });
  await ledger.release(told, owner);
  return closed;
}
