/** Work on nodes whose leases are held: granted by one conditional write, written down, then carried out node by node. */
import { allowanceOf, gatherMs } from '../budget/allowance.ts';
import { lanesOf } from '../budget/lanes.ts';
import type { Calls } from '../budget/metered.ts';
import { type FailureKind, waitAfter } from '../failures.ts';
import { LEASE_MS, type ShortLease } from '../leases.ts';
import { CONSISTENT_AFTER_MS } from '../limits.ts';
import { type Node, type NodeId, nodeGroupOf, type World } from '../model.ts';
import { policyFor } from '../node-group-policy.ts';
import { Crew } from '../parallel.ts';
import type { Mark } from '../plan/marks.ts';
import { type ActStep, type LeaveReason, sumCalls } from '../plan/steps.ts';
import type { CallClass, Granted, Ports } from '../ports.ts';
import type { NodeRecord } from '../records.ts';
import { attachedIn, carryOut, type Done, leftBecause } from './doing.ts';
import { askOf, type Shared, share, type Wanted } from './granting.ts';
import { honour, intend, keep, withTokens } from './promises.ts';
import { Volley } from './volley.ts';

/** Nodes whose calls run at the same time in one function. The budget decides how many are made. */
const NODES_AT_ONCE = 40;

export interface NodeWork {
  readonly node: Node;
  readonly cluster: string;
  readonly record: NodeRecord;
  readonly steps: readonly ActStep[];
  /** What for: a demand's id, or `launch`. Failures are counted for each purpose anew. */
  readonly purpose: string;
  /** Asked again when its turn comes; the nodes before it take their time. */
  readonly inTime?: () => boolean;
  /** How it is held from when its calls are written down; for as long as a run may last unless said. */
  readonly lease?: (nowMs: number) => ShortLease;
}

/** What became of one node. */
export type Worked = { readonly record: NodeRecord } & (
  | { readonly result: 'done'; readonly done: Done }
  /** Asked again after `waitMs` it may work. */
  | { readonly result: 'again'; readonly done: Done; readonly waitMs: number; readonly kind?: FailureKind }
  | {
      readonly result: 'ended';
      readonly done: Done;
      readonly kind: FailureKind;
      readonly reason: LeaveReason;
    }
  /** The budget did not reach it. */
  | { readonly result: 'not granted'; readonly waitMs: number; readonly because: Granted['because'] }
  /** Its turn came too late. */
  | { readonly result: 'missed' }
  /** What was sent a moment ago cannot be seen yet. */
  | { readonly result: 'unsettled' }
  /** Its lease ended, and another run may hold it. */
  | { readonly result: 'lost lease' }
);

/** Whether a run attached interfaces to the node, or may have. */
export const attaches = (one: Worked | undefined): boolean =>
  one !== undefined && 'done' in one && attachedIn(one.done) > 0;

/** Whether it gave the node interfaces or addresses; `record` is the one it leaves. */
export const gave = (one: Worked | undefined, { outcome }: NodeRecord): boolean =>
  attaches(one) || (one !== undefined && 'done' in one && outcome.state === 'filled');

/** Until a node is looked at again while the kill switch is on. */
export const STOPPED_AGAIN_MS = 60_000;

/** Longest gap, ms, between a round's last request for calls and the next round's first: answers, the message's delay and the
 *  second in which messages gather, and a new read. */
const BETWEEN_ROUNDS_MS = 8_000;

/** Work with tokens. */
interface Ready extends NodeWork {
  /** There is more to do than these steps, after so long, ms. */
  readonly moreInMs?: number;
}

export interface Doing {
  readonly as: CallClass;
  readonly owner: string;
  readonly marks: ReadonlyMap<string, Mark>;
  /** The world the steps were planned from: what is free in its subnets, and since when that may be old. */
  readonly world: Pick<World, 'subnets' | 'readAtMs' | 'subnetsAtMs'>;
  /** How long those whom an empty bucket kept are asked for again while the others' calls are answered, ms. What begins then
   *  is over within a function's time limit of 30 s, should each call take the longest it may. */
  readonly asksForMs: number;
  /** Requests of nodes that are left to later rounds. */
  readonly afterwards?: Calls;
}

export async function workOn(
  all: readonly NodeWork[],
  { as, owner, marks, world, asksForMs, afterwards = {} }: Doing,
  ports: Ports,
): Promise<ReadonlyMap<NodeId, Worked>> {
  const { clock, ledger } = ports;
  const worked = new Map<NodeId, Worked>();
  const work: Wanted<Ready>[] = [];
  for (const one of all) {
    const { steps, unsettled } = honour(one.steps, one.record, clock());
    if (steps.length > 0) {
      const ready = {
        ...one,
        steps: withTokens(steps, one.record),
        // A launch has no time for that; its first run's own message comes back if that run died.
        ...(unsettled > 0 && as !== 'launch' && { moreInMs: CONSISTENT_AFTER_MS }),
      };
      const { policy } = ports.settings;
      const nodeGroup = nodeGroupOf(one.node.tags);
      const { subnetReserveAddresses: reserve } = policyFor(policy, one.cluster, nodeGroup);
      const lanes = lanesOf(policy, one.cluster, nodeGroup);
      work.push({ ...askOf(steps), reserve, lanes, work: ready });
    } else if (unsettled > 0) worked.set(one.node.id, { result: 'unsettled', record: one.record });
  }
  if (work.length === 0) return worked;

  const volley = new Volley(marks, ports);
  const crew = new Crew(NODES_AT_ONCE);
  const beganMs = clock();
  let untilMs: number | undefined;
  let calls = 0;
  let tookLast = false;
  for (let left = work; left.length > 0; ) {
    const shared = await share(left, as, { world, by: owner }, ports);
    calls += shared.calls;
    tookLast ||= shared.tookLast;
    for (const { work: one, waitMs, because } of shared.refused)
      worked.set(one.node.id, { result: 'not granted', waitMs, because, record: one.record });
    await begin([...shared.granted.map(({ work: one }) => one), ...shared.refused.flatMap(paidFor)]);
    // While calls are answered, requests gather. What else stands in the way does not pass so soon.
    const kept = new Set(
      shared.refused.flatMap(({ work: one, because }) => (because === undefined ? [one] : [])),
    );
    left = left.filter((wanted) => kept.has(wanted.work));
    untilMs ??= beganMs + askingMs([afterwards, ...left.map((one) => one.calls)], asksForMs, ports);
    if (crew.idle || clock() >= untilMs) break;
    if (left.length > 0) await crew.oneDone();
  }
  await crew.allDone();
  await volley.end(calls, tookLast ? owner : undefined);
  return worked;

  /** Writes down what is about to be sent, then sends it. */
  async function begin(granted: readonly Ready[]): Promise<void> {
    if (granted.length === 0) return;
    const nowMs = clock();
    const intents = granted.map((one) => {
      const lease = one.lease?.(nowMs);
      const leaseUntilMs = lease?.untilMs ?? nowMs + LEASE_MS;
      const record = intend(one.record, one.node, one.steps, nowMs);
      return { ...one, before: one.record, record, lease, leaseUntilMs };
    });
    const leases = new Map(intents.map(({ node, leaseUntilMs }) => [node.id, leaseUntilMs - nowMs]));
    crew.join(async () => ports.acts?.(leases));
    const held = await ledger.intend(intents, owner);
    for (const one of intents)
      crew.join(async () => {
        const { node, cluster, steps, record, purpose, lease } = one;
        if (!held.has(node.id)) worked.set(node.id, { result: 'lost lease', record });
        else if (one.inTime?.() === false) worked.set(node.id, { result: 'missed', record: one.before });
        else {
          const done = await carryOut(steps, { cluster, zone: node.zone, lease }, volley, ports);
          const judgement = judged(keep(record, done), done, purpose, ports);
          const { moreInMs: waitMs } = one;
          worked.set(
            node.id,
            judgement.result === 'done' && waitMs !== undefined
              ? { ...judgement, result: 'again', waitMs }
              : judgement,
          );
        }
      });
  }
}

/** Of a node that waits for others to be done with a subnet: what was made and paid for, and takes no room in it. */
function paidFor({ work, waitMs, because }: Shared<Ready>['refused'][number]): Ready[] {
  if (because !== 'room taken') return [];
  const steps = work.steps.filter((step) => step.do === 'attach' && step.paid && step.eniId !== undefined);
  return steps.length === 0 ? [] : [{ ...work, steps, moreInMs: waitMs }];
}

/** How long to ask for what is left, ms: the last request must not fall due while this round ends and the next one begins. */
function askingMs(left: readonly Calls[], mostMs: number, { settings }: Ports): number {
  const dueMs = gatherMs(sumCalls(left), allowanceOf(settings.policy));
  return dueMs <= mostMs ? mostMs : Math.min(mostMs, Math.max(0, dueMs - BETWEEN_ROUNDS_MS));
}

/** Counts this volley's failures, each kind once, and tells whether another try may help. */
function judged(record: NodeRecord, done: Done, purpose: string, ports: Ports): Worked {
  const kinds = new Set(done.failures.map(({ kind }) => kind));
  if (kinds.size === 0) return { result: 'done', done, record };
  // The switch says nothing about the node: it counts for nothing, and what is left goes on when it is off again.
  if (kinds.has('stopped'))
    return { result: 'again', done, waitMs: STOPPED_AGAIN_MS, kind: 'stopped', record };
  const counts = { ...(record.failures?.of === purpose ? record.failures.counts : {}) };
  let waitMs = 0;
  let slowest: FailureKind | undefined;
  let ended: FailureKind | undefined;
  for (const kind of kinds) {
    const tries = counts[kind] ?? 0;
    counts[kind] = tries + 1;
    const wait = waitAfter(kind, tries, ports.random);
    if (wait === undefined) ended ??= kind;
    else if (wait >= waitMs) [waitMs, slowest] = [wait, kind];
  }
  const counted = { ...record, failures: { of: purpose, counts } };
  if (ended === undefined)
    return { result: 'again', done, waitMs, ...(slowest && { kind: slowest }), record: counted };
  return { result: 'ended', done, kind: ended, reason: leftBecause(ended), record: counted };
}
