/**
 * Whether what we attached arrived: ipamd writes its tag on every ENI it adopts, and we do not, so the tag's appearance is
 * the proof. A node whose primary ENI has the tag while ours has not was lost in the race: that is a late attach.
 */
import { waitAfter } from './failures.ts';
import { finish } from './finishing.ts';
import { IPAMD_INSTANCE_TAG, ipamdStarted, type Node, type NodeId, OUR_NODE_TAG } from './model.ts';
import type { NodeRecord, Ports } from './ports.ts';
import { LEASE_MS } from './records.ts';
import type { VerifyDue } from './signals.ts';

/** Time to the next look at a node whose ipamd has not started. */
const LOOK_AGAIN_MS = 30_000;
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

export async function verify(signal: VerifyDue, ports: Ports): Promise<Verified> {
  const { cluster, nodeIds, attempt } = signal;
  const { policy } = ports.settings;
  const read = await ports.vpc.read({ nodes: { ids: nodeIds }, vpcIds: [] });
  const none: Verified = { cluster, seen: [], lateAttach: [], notSeen: [], waiting: [], gone: [] };
  if (!read.ok) {
    const delayMs = waitAfter(read.failure.kind, attempt, ports.random);
    if (delayMs === undefined || attempt >= policy.verifyAttempts)
      throw new Error(`cannot verify ${nodeIds.length} nodes: ${read.failure.code}: ${read.failure.message}`);
    await ports.continuations.later([{ signal: { ...signal, attempt: attempt + 1 }, delayMs }]);
    return { ...none, waiting: nodeIds };
  }
  const nodes = new Map(read.value.nodes.map((node) => [node.id, node]));
  const incomplete = new Set(read.value.incomplete);
  const last = attempt + 1 >= policy.verifyAttempts;
  const found: Record<Verdict, NodeId[]> = {
    seen: [],
    lateAttach: [],
    notSeen: [],
    starting: [],
    waiting: [],
    gone: [],
  };
  const records = await ports.ledger.nodes(nodeIds);
  for (const nodeId of nodeIds) {
    // Judged before: it is here again only to be finished.
    if (judged(records.get(nodeId))) continue;
    const node = nodes.get(nodeId);
    const unread = incomplete.has(nodeId) && !last ? 'waiting' : 'gone';
    found[node === undefined ? unread : verdictOn(node, records.get(nodeId), signal, last)].push(nodeId);
  }
  await remember(found, records, cluster, ports);
  const { nodesLeft } = await finish(
    [...nodes.values()].filter(({ state }) => state !== 'shutting-down'),
    cluster,
    ports,
  );
  const next = { kind: 'verify-due', cluster, attempt: attempt + 1 } as const;
  const { starting, ...verdicts } = found;
  // What is not finished at the last look is left to the sweep.
  const unfinished = last ? [] : nodesLeft.filter((nodeId) => !starting.includes(nodeId));
  const waiting = [...new Set([...found.waiting, ...unfinished])];
  await ports.continuations.later([
    ...(waiting.length > 0 ? [{ signal: { ...next, nodeIds: waiting }, delayMs: LOOK_AGAIN_MS }] : []),
    ...(starting.length > 0
      ? [{ signal: { ...next, nodeIds: starting, ipamdStarted: true }, delayMs: STARTING_MS }]
      : []),
  ]);
  return { cluster, ...verdicts, waiting: [...found.waiting, ...starting] };
}

const judged = (record: NodeRecord | undefined): boolean =>
  record !== undefined && ['seen', 'late attach', 'not seen'].includes(record.outcome.state);

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
  if (ours.length > 0 && ours.every((eni) => eni.tags[IPAMD_INSTANCE_TAG] !== undefined)) return 'seen';
  // A launch was raced against ipamd's start; a node that already ran was not.
  if (ipamdStarted(node) && record?.runningAtMs !== undefined)
    return before === true ? 'lateAttach' : 'starting';
  return last ? 'notSeen' : 'waiting';
}

const STATES = { seen: 'seen', lateAttach: 'late attach', notSeen: 'not seen' } as const;

async function remember(
  found: Readonly<Record<keyof typeof STATES, readonly NodeId[]>>,
  records: ReadonlyMap<NodeId, NodeRecord>,
  cluster: string,
  { ledger, clock, runId }: Ports,
): Promise<void> {
  const states = new Map<NodeId, (typeof STATES)[keyof typeof STATES]>();
  for (const verdict of Object.keys(STATES) as (keyof typeof STATES)[])
    for (const nodeId of found[verdict]) if (records.has(nodeId)) states.set(nodeId, STATES[verdict]);
  if (states.size === 0) return;
  const owner = runId();
  const asked = [...states.keys()].map((nodeId) => ({
    nodeId,
    cluster,
    nodeGroup: records.get(nodeId)?.nodeGroup ?? '',
  }));
  const leased = await ledger.lease(asked, owner, clock() + LEASE_MS, clock());
  await ledger.release(
    [...leased.values()].map((record) => ({
      ...record,
      outcome: { state: states.get(record.nodeId) ?? 'seen' },
    })),
    owner,
  );
}
