/** The doing half of a rollout: node by node within the budget; what is not done yet comes back with the announcement. */
import { adoptionWorstMs } from '../cni.ts';
import { countWarmed } from '../counting.ts';
import { type Failure, REACTIONS, waitAfter } from '../failures.ts';
import { leaseNodes } from '../leases.ts';
import { CONSISTENT_AFTER_MS, SQS_MAX_DELAY_MS } from '../limits.ts';
import type { Node, NodeId, World } from '../model.ts';
import { FIRST_LOOK_MS } from '../moments.ts';
import type { Candidate } from '../plan/eligibility.ts';
import type { Mark } from '../plan/marks.ts';
import type { RolloutPlan } from '../plan/plan.ts';
import { type ActStep, acts, callsOf, sumCalls } from '../plan/steps.ts';
import type { Ports } from '../ports.ts';
import { type NodeRecord, type Outcome, RECORD_TTL_MS } from '../records.ts';
import type { Ignored, PodsDisplaced, RolloutAnnounced, ScaleOutComing } from '../signals.ts';
import { attachedIn } from './doing.ts';
import { attaches, gave, STOPPED_AGAIN_MS, type Worked, workOn } from './node-calls.ts';
import { honour, sentAtMs, settled } from './promises.ts';

/** Tries before an announcement is given up that cannot be worked on: by then its pods have started. */
const MOST_ATTEMPTS = 20;
/** Until a node is looked at again that another run holds: those hold it for a second or two, a dead one for 90. */
const HELD_AGAIN_MS = 10_000;

/** Nodes of one round: more than the budget grants at once, so that it is never the round that keeps it waiting; and no more,
 *  because each is leased, and read again by the next round. */
const NODES_A_ROUND = 60;
/** Between two rounds at least. */
const ROUND_MS = 1_000;
/** How long one round goes on asking. */
const ROUND_LASTS_MS = 10_000;

interface Decided {
  readonly plan: RolloutPlan;
  readonly candidates: readonly Candidate[];
  readonly marks: ReadonlyMap<string, Mark>;
  readonly world: World;
}

export interface CarriedOut {
  /** How far it came, in counts. */
  readonly told: readonly string[];
  /** After how long what is not done yet can go on; absent: there is nothing more to do. */
  readonly waitMs?: number;
}

/** One round: as much as the budget allows within some seconds. */
export async function carryOutRollout(
  signal: Pick<RolloutAnnounced, 'cluster' | 'announcementId'>,
  { plan, candidates, marks, world }: Decided,
  ports: Ports,
): Promise<CarriedOut> {
  const { clock, settings } = ports;
  const byNode = Map.groupBy(plan.steps.filter(acts), ({ nodeId }) => nodeId);
  const nowMs = clock();
  // Subnets that are full now may have room again before the pods come.
  const marksEndMs = [...marks.values()].map(({ untilMs }) => untilMs - nowMs).filter((ms) => ms > 0);
  const lacksRoom = plan.steps.some((step) => step.do === 'leave' && step.reason === 'subnet full');
  const waits: number[] = lacksRoom && marksEndMs.length > 0 ? [Math.min(...marksEndMs)] : [];
  const told: string[] = [];
  if (byNode.size > 0 && settings.policy.stopped) {
    waits.push(STOPPED_AGAIN_MS);
    told.push('nothing: policy.stopped is true');
  } else if (byNode.size > 0) {
    const acted = await act(signal, byNode, { candidates, marks, world }, ports);
    waits.push(...acted.waits);
    const counts = [...Map.groupBy(acted.worked.values(), ({ result }) => result)];
    told.push(...counts.map(([result, nodes]) => `${nodes.length} nodes ${result}`));
  }
  return {
    told,
    ...(waits.length > 0 && { waitMs: Math.max(ROUND_MS, Math.min(...waits)) }),
  };
}

interface Acted {
  readonly worked: ReadonlyMap<NodeId, Worked>;
  /** After how long, in ms, what is not done yet can go on. */
  readonly waits: readonly number[];
}

async function act(
  signal: Pick<RolloutAnnounced, 'cluster' | 'announcementId'>,
  byNode: ReadonlyMap<NodeId, readonly ActStep[]>,
  { candidates, marks, world }: Omit<Decided, 'plan'>,
  ports: Ports,
): Promise<Acted> {
  const { clock, ledger, continuations, settings } = ports;
  const { cluster, announcementId: purpose } = signal;
  const owner = ports.runId();
  const adoptionMs = adoptionWorstMs(settings.policy);
  const planned = candidates.map(({ node }) => node).filter(({ id }) => byNode.has(id));
  const known = await ledger.nodes(planned.map(({ id }) => id));
  const now = { ready: [] as Node[], unsettled: false };
  for (const node of planned) {
    const record = known.get(node.id);
    if (record !== undefined && endedFor(record, purpose)) continue;
    const { steps } =
      record === undefined ? { steps: [node] } : honour(byNode.get(node.id) ?? [], record, clock());
    if (steps.length > 0) now.ready.push(node);
    else now.unsettled = true;
  }
  const nodes = now.ready.slice(0, NODES_A_ROUND);
  const leased = await leaseNodes(nodes, cluster, owner, ports);
  const mine = nodes.flatMap((node) => {
    const record = leased.get(node.id);
    if (record === undefined) return [];
    return {
      node,
      cluster,
      record,
      steps: endedFor(record, purpose) ? [] : (byNode.get(node.id) ?? []),
      purpose,
    };
  });
  const afterwards = sumCalls(
    now.ready.slice(NODES_A_ROUND).flatMap(({ id }) => (byNode.get(id) ?? []).map(callsOf)),
  );
  const worked = await workOn(
    mine,
    { as: 'rollout', owner, marks, world, asksForMs: ROUND_LASTS_MS, afterwards },
    ports,
  );
  const records = mine.map(({ node, record }) =>
    recordOf(node, worked.get(node.id), record, clock(), adoptionMs),
  );
  await ledger.release(records, owner);
  countWarmed(cluster, records.filter((each) => gave(worked.get(each.nodeId), each)).length, ports);
  // A sole allocator's ipamd writes no tag: there is nothing to look for.
  const tagged = new Set(candidates.flatMap(({ node, soleAllocator }) => (soleAllocator ? [] : [node.id])));
  const attached = [...worked].flatMap(([nodeId, one]) =>
    tagged.has(nodeId) && attaches(one) ? [nodeId] : [],
  );
  if (attached.length > 0) {
    const due = { kind: 'verify-due', cluster, nodeIds: attached, attempt: 0 } as const;
    await continuations.later([{ signal: due, delayMs: FIRST_LOOK_MS }]);
  }
  const waits = [...worked.values()].flatMap((one) => waitOf(one) ?? []);
  if (mine.length < nodes.length) waits.push(HELD_AGAIN_MS);
  if (now.ready.length > nodes.length) waits.push(ROUND_MS);
  if (now.unsettled) waits.push(CONSISTENT_AFTER_MS);
  return { worked, waits };
}

/** Whether the node was given up for this purpose: a failure that does not pass, or passed too seldom. */
const endedFor = ({ failures }: NodeRecord, purpose: string): boolean =>
  failures?.of === purpose &&
  Object.entries(failures.counts).some(
    ([kind, count]) => count > (REACTIONS[kind as keyof typeof REACTIONS].again?.tries ?? 0),
  );

function waitOf(one: Worked): number | undefined {
  switch (one.result) {
    case 'again':
    case 'not granted':
      return one.waitMs;
    case 'unsettled':
      return CONSISTENT_AFTER_MS;
    case 'lost lease':
      return HELD_AGAIN_MS;
    case 'done':
    case 'ended':
    case 'missed':
      return undefined;
  }
}

function recordOf(
  node: Node,
  one: Worked | undefined,
  before: NodeRecord,
  nowMs: number,
  adoptionMs: number,
): NodeRecord {
  const { runningAtMs, ...record } = settled(one?.record ?? before, node, nowMs);
  if (one === undefined || !('done' in one))
    return { ...record, ...(runningAtMs !== undefined && { runningAtMs }) };
  // From now on it is a node that runs: its launch is over, and what comes late is no lost race.
  const attached = attachedIn(one.done) > 0;
  const filled = (record.fills ?? []).length > 0;
  const outcome: Outcome =
    one.result === 'ended'
      ? { state: 'left', reason: one.reason }
      : attached
        ? { state: 'attached' }
        : filled
          ? { state: 'filled' }
          : record.outcome.state === 'left'
            ? { state: 'claimed' }
            : record.outcome;
  return {
    ...record,
    outcome,
    times: {
      ...record.times,
      ...(attached && { attachedAtMs: sentAtMs(one.record, one.done) ?? nowMs }),
      ...((attached || filled) && { usableFromMs: nowMs + adoptionMs }),
    },
    expiresAtMs: nowMs + RECORD_TTL_MS,
  };
}

/** The world could not be read: the signal again, or an error when that cannot help, so that the queue counts it. */
export async function backAgain(
  signal: RolloutAnnounced | PodsDisplaced | ScaleOutComing,
  failure: Failure,
  ports: Ports,
  want: 'plan' | 'do',
): Promise<Ignored> {
  const { attempt } = signal;
  const { kind, code, message } = failure;
  const unread = `EC2 could not be read (${code})`;
  if (want === 'plan') return { kind: 'ignored', as: 'unread', why: unread };
  const about = nameOf(signal);
  const waitMs = waitAfter(kind, attempt, ports.random);
  if (waitMs === undefined || attempt >= MOST_ATTEMPTS)
    throw new Error(`${about} cannot be worked on: ${code}: ${message}`);
  ports.journal.warn('signal waits', { about, waitMs, why: `${code}: ${message}` });
  await ports.continuations.later([{ signal: { ...signal, attempt: attempt + 1 }, delayMs: waitMs }]);
  return { kind: 'ignored', as: 'unread', why: `${unread}; tried again later` };
}

function nameOf(signal: RolloutAnnounced | PodsDisplaced | ScaleOutComing): string {
  switch (signal.kind) {
    case 'rollout-announced':
      return `announcement ${signal.announcementId}`;
    case 'pods-displaced':
      return `${signal.cause} of ${signal.nodeId}`;
    case 'scale-out-coming':
      return `scale-out of ${signal.group.name}`;
  }
}

/** Some nodes are not done yet. Waiting for one's turn is no failed try; it ends when the pods have come and gone on. */
export async function comeBack(signal: RolloutAnnounced, waitMs: number, ports: Ports): Promise<void> {
  const { announcementId, startsAtMs, overMs } = signal;
  const { openDemandTtlMs } = ports.settings.policy;
  if (ports.clock() + waitMs > startsAtMs + overMs + openDemandTtlMs) {
    ports.journal.warn('announcement ends', { announcementId, why: 'its pods have started long ago' });
    return;
  }
  const why = 'some nodes are not done yet';
  ports.journal.note('announcement waits', { announcementId, waitMs, why });
  const delayMs = Math.min(waitMs, SQS_MAX_DELAY_MS);
  await ports.continuations.later([{ signal: { ...signal, attempt: 0 }, delayMs }]);
}
