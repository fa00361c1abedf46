/**
 * Whether what we attached arrived: ipamd writes its tag on every ENI it adopts, and we do not, so the tag's appearance is
 * the proof. A node whose primary ENI has the tag while ours has not was lost in the race: that is a late attach.
 */

import { finish, inRush, RUSH_MS } from '../calls/finishing.ts';
import { type Answer, waitAfter } from '../failures.ts';
import { takeLeases } from '../leases.ts';
import { IPAMD_INSTANCE_TAG, ipamdStarted, type Node, type NodeId, OUR_NODE_TAG } from '../model.ts';
import { FIRST_LOOK_MS, untilMoment, VERIFY_EVERY_MS } from '../moments.ts';
import { unfinished } from '../plan/launches.ts';
import type { Ports } from '../ports.ts';
import { LOOK, readShared, type Shared } from '../reading.ts';
import type { NodeRecord } from '../records.ts';
import type { VerifyDue } from '../signals.ts';
import { learnOutcomes, publish, told, verdictsOf } from './outcomes.ts';

/** Time to the next look at a node whose ipamd has not started. */
const LOOK_AGAIN_MS = 30_000;
/** Queues and functions may take so long beyond a look's time; one that is later says nothing of adoption. */
const LOOK_SLACK_MS = 20_000;
const onTimeMs = (attempt: number): number => FIRST_LOOK_MS + attempt * LOOK_AGAIN_MS + LOOK_SLACK_MS;

/** ipamd tags ENI after ENI while it starts. A look in between sees the primary tagged and ours not; this much later all
 *  are. Far less than the 60 s after which a reconcile could adopt an ENI that came too late. */
const STARTING_MS = 10_000;

export interface Verified {
  readonly cluster: string;
  readonly seen: readonly NodeId[];
  readonly lateAttach: readonly NodeId[];
  readonly notSeen: readonly NodeId[];
  readonly waiting: readonly NodeId[];
  readonly gone: readonly NodeId[];
}

/** Several looks at once, for one read. */
export async function verify(signals: readonly VerifyDue[], ports: Ports): Promise<readonly Verified[]> {
  const ids = [...new Set(signals.flatMap(({ nodeIds }) => nodeIds))];
  const read = await readShared(ids, [], LOOK, ports);
  if ('waitMs' in read) {
    await ports.continuations.later(signals.map((signal) => ({ signal, delayMs: read.waitMs })));
    return [];
  }
  const verified: Verified[] = [];
  for (const signal of signals) verified.push(await verifyOne(signal, read, ports));
  return verified;
}

async function verifyOne(signal: VerifyDue, read: Answer<Shared>, ports: Ports): Promise<Verified> {
  const { cluster, nodeIds, attempt } = signal;
  const { policy } = ports.settings;
  const none: Verified = { cluster, seen: [], lateAttach: [], notSeen: [], waiting: [], gone: [] };
  if (!read.ok) {
    const delayMs = waitAfter(read.failure.kind, attempt, ports.random);
    if (delayMs === undefined || attempt >= policy.verifyAttempts)
      throw new Error(`cannot verify ${nodeIds.length} nodes: ${read.failure.code}: ${read.failure.message}`);
    await ports.continuations.later([{ signal: { ...signal, attempt: attempt + 1 }, delayMs }]);
    return { ...none, waiting: nodeIds };
  }
  const mine = new Set(nodeIds);
  const nodes = new Map(
    read.value.world.nodes.flatMap((node) => (mine.has(node.id) ? [[node.id, node]] : [])),
  );
  const incomplete = new Set(read.value.world.incomplete);
  const last = attempt + 1 >= policy.verifyAttempts;
  const found: Record<Verdict, NodeId[]> = {
    seen: [],
    lateAttach: [],
    notSeen: [],
    starting: [],
    waiting: [],
    gone: [],
  };
  const owner = ports.runId();
  const leased = await leaseAll(nodeIds, cluster, owner, ports);
  /** Another run is at work on these. */
  const held: NodeId[] = [];
  for (const nodeId of nodeIds) {
    const record = leased.get(nodeId);
    if (record === undefined) {
      held.push(nodeId);
      continue;
    }
    // Judged before: it is here again only to be finished.
    if (judged(record)) continue;
    const node = nodes.get(nodeId);
    const unread = incomplete.has(nodeId) && !last ? 'waiting' : 'gone';
    found[node === undefined ? unread : verdictOn(node, record, signal, last)].push(nodeId);
  }
  const { readAtMs } = read.value.world;
  const alive = [...nodes.values()].filter(({ id, state }) => leased.has(id) && state !== 'shutting-down');
  const { nodesLeft } = await finish(
    alive.filter(({ id }) => !inRush(leased.get(id), readAtMs)),
    cluster,
    'sweep',
    ports,
  );
  const early = alive
    .filter((node) => inRush(leased.get(node.id), readAtMs) && unfinished(node).length > 0)
    .map(({ id }) => id);
  const verdicts = verdictsOf(found);
  // Before the verdicts are written: a run that dies in between judges and teaches again, and each is learnt once.
  await learnOutcomes(found, leased, { readAtMs, onTimeMs: onTimeMs(attempt) }, cluster, ports);
  await ports.ledger.release(
    [...leased.values()].map((record) => told(record, nodes.get(record.nodeId), verdicts, readAtMs)),
    owner,
  );
  publish(found, leased, readAtMs, cluster, ports);
  const next = { kind: 'verify-due', cluster, attempt: attempt + 1 } as const;
  const { starting, ...said } = found;
  // What is not finished at the last look is left to the sweep.
  const leftOver = last ? [] : nodesLeft.filter((nodeId) => !starting.includes(nodeId));
  const waiting = last ? [] : [...new Set([...found.waiting, ...leftOver])];
  const toFinish = early.filter((nodeId) => !starting.includes(nodeId) && !waiting.includes(nodeId));
  const later = (again: VerifyDue, delayMs: number) =>
    again.nodeIds.length > 0
      ? [{ signal: again, delayMs: untilMoment(delayMs, ports.clock(), VERIFY_EVERY_MS) }]
      : [];
  await ports.continuations.later([
    ...later({ ...next, nodeIds: waiting }, LOOK_AGAIN_MS),
    ...later({ ...next, nodeIds: starting, ipamdStarted: true }, STARTING_MS),
    ...later({ ...next, nodeIds: toFinish }, RUSH_MS),
    ...later({ ...signal, nodeIds: held }, STARTING_MS),
  ]);
  return { cluster, ...said, waiting: [...found.waiting, ...starting, ...held] };
}

/** Only nodes the ledger knows: of others nothing was promised. */
async function leaseAll(
  nodeIds: readonly NodeId[],
  cluster: string,
  owner: string,
  ports: Ports,
): Promise<ReadonlyMap<NodeId, NodeRecord>> {
  const known = await ports.ledger.nodes(nodeIds);
  const asked = nodeIds.map((nodeId) => ({
    nodeId,
    cluster,
    nodeGroup: known.get(nodeId)?.nodeGroup ?? '',
  }));
  return takeLeases(asked, owner, ports);
}

const judged = (record: NodeRecord | undefined): boolean =>
  record !== undefined && ['seen', 'adopted', 'late attach', 'not seen'].includes(record.outcome.state);

type Verdict = 'seen' | 'lateAttach' | 'notSeen' | 'starting' | 'waiting' | 'gone';

function verdictOn(
  node: Node,
  record: NodeRecord | undefined,
  { ipamdStarted: before }: VerifyDue,
  last: boolean,
): Verdict {
  if (node.state === 'shutting-down' || node.state === 'terminated') return 'gone';
  // A warm pool's instance: its ipamd starts when the group takes it.
  if (node.state === 'stopping' || node.state === 'stopped') return last ? 'notSeen' : 'waiting';
  const ours = node.enis.filter((eni) => eni.tags[OUR_NODE_TAG] === node.id);
  // An attach that was not answered, and that did not come about: no race was lost, and nothing can be seen.
  const missing = (record?.enis ?? []).some(
    ({ eniId, attachedAtMs }) => attachedAtMs !== undefined && !node.enis.some(({ id }) => id === eniId),
  );
  const tagged = ours.every((eni) => eni.tags[IPAMD_INSTANCE_TAG] !== undefined);
  if (ours.length === 0 || (tagged && missing)) return last ? 'notSeen' : 'waiting';
  if (tagged) return 'seen';
  // A launch was raced against ipamd's start; a node that already ran was not, nor one behind a closed gate.
  if (ipamdStarted(node) && record?.runningAtMs !== undefined && record.gated !== true)
    return before === true ? 'lateAttach' : 'starting';
  return last ? 'notSeen' : 'waiting';
}
