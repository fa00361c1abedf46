/** The doing half of a launch: what the budget grants is carried out, and everything that must be remembered or looked at
 *  again comes back as values. */
import type { Calls } from './budget.ts';
import { carryOut, type Done, leftBecause } from './doing.ts';
import type { Candidate } from './eligibility.ts';
import { passes, waitAfter } from './failures.ts';
import { attachDeadlineMs } from './launches.ts';
import { type Cluster, type EniId, type NodeId, nodeGroupOf } from './model.ts';
import { inParallel } from './parallel.ts';
import type { Mode, NodeRecord, Outcome, Ports } from './ports.ts';
import { NODES_AT_ONCE, RECORD_TTL_MS } from './records.ts';
import type { NodeLaunching } from './signals.ts';
import { acts, callsOf, type LeaveStep, type Step, sumCalls } from './steps.ts';

/** One launch on its way through a run. */
export interface Runner {
  readonly signal: NodeLaunching;
  readonly cluster: Cluster;
  readonly mode: Mode;
  readonly candidate: Candidate;
  /** `undefined` while the instance is pending. */
  readonly runningAtMs: number | undefined;
}

/** A launch with its decision. */
export interface Planned {
  readonly runner: Runner;
  /** Pods claimed for it from open demand. */
  readonly share: number;
  readonly steps: readonly Step[];
  /** What the ledger knew of it before. */
  readonly before: NodeRecord | undefined;
}

export type Waiting = Parameters<Ports['continuations']['later']>[0][number];

/** Looks at one launch before it is let go: an instance EC2 does not show, a node another run holds, a call that failed. */
export const MOST_ATTEMPTS = 8;

/** Puts a launch back on the queue, as the next attempt. */
export const later = (signal: NodeLaunching, delayMs: number): Waiting => ({
  signal: { ...signal, attempt: signal.attempt + 1 },
  delayMs,
});

export interface Carried {
  readonly records: readonly NodeRecord[];
  readonly waiting: readonly Waiting[];
  /** Nodes that the budget, or a call that failed, left too late: the cluster they are of, and the step that says so. */
  readonly left: readonly { readonly cluster: string; readonly step: LeaveStep }[];
}

export async function carryOutLaunches(planned: readonly Planned[], ports: Ports): Promise<Carried> {
  const { results, missed, overBudgetMs } = await spendAndDo(planned, ports);
  const records: NodeRecord[] = [];
  const waiting: Waiting[] = [];
  const left: { cluster: string; step: LeaveStep }[] = [];
  const attached = new Map<string, NodeId[]>();
  for (const { runner, share, steps, before } of planned) {
    const { signal, cluster, runningAtMs, mode } = runner;
    const { nodeId } = signal;
    const done = results.get(nodeId);
    const retryMs = overBudgetMs.get(nodeId) ?? retryAfter(done);
    const tooLate = missed.has(nodeId) || (retryMs !== undefined && !inTime(runningAtMs, retryMs, ports));
    if (tooLate) {
      const because = missed.has(nodeId)
        ? 'its turn came too late: ipamd may have started'
        : `the next try is ${(retryMs ?? 0) / 1000} s away, and ipamd may have started by then`;
      left.push({ cluster: cluster.name, step: { do: 'leave', nodeId, reason: 'over budget', because } });
    } else if (retryMs !== undefined && signal.attempt < MOST_ATTEMPTS) waiting.push(later(signal, retryMs));
    if (done !== undefined && done.attached.length > 0)
      attached.set(cluster.name, [...(attached.get(cluster.name) ?? []), nodeId]);
    records.push({
      nodeId,
      cluster: cluster.name,
      nodeGroup: nodeGroupOf(runner.candidate.node.tags),
      share,
      enis: stillUnattached(before, done),
      ...(runningAtMs !== undefined && { runningAtMs }),
      outcome: tooLate ? { state: 'left', reason: 'over budget' } : outcomeOf(steps, mode, done, before),
      expiresAtMs: ports.clock() + RECORD_TTL_MS,
    });
  }
  const delayMs = ports.settings.policy.verifyAfterMs;
  for (const [cluster, nodeIds] of attached)
    waiting.push({ signal: { kind: 'verify-due', cluster, nodeIds, attempt: 0 }, delayMs });
  return { records, waiting, left };
}

/** One grant for all nodes: those that run come first, because they are about to be too late. */
async function spendAndDo(
  planned: readonly Planned[],
  ports: Ports,
): Promise<{
  readonly results: ReadonlyMap<NodeId, Done>;
  /** Nodes whose turn came after their deadline. */
  readonly missed: ReadonlySet<NodeId>;
  readonly overBudgetMs: ReadonlyMap<NodeId, number>;
}> {
  const urgency = ({ runner: { runningAtMs } }: Planned): number => runningAtMs ?? Number.MAX_SAFE_INTEGER;
  const doing = planned
    .filter(({ runner, steps }) => runner.mode === 'warm' && steps.some(acts))
    .sort((a, b) => urgency(a) - urgency(b));
  const results = new Map<NodeId, Done>();
  if (doing.length === 0) return { results, missed: new Set(), overBudgetMs: new Map() };
  const asks: Calls[] = doing.map(({ steps }) => sumCalls(steps.filter(acts).map(callsOf)));
  const { granted, waitMs } = await ports.budget.spend(asks, 'launch');
  const missed = new Set<NodeId>();
  await inParallel(doing.slice(0, granted), NODES_AT_ONCE, async ({ runner, steps }) => {
    const { signal, cluster, runningAtMs } = runner;
    // The nodes before this one took their time: the guard is asked again.
    if (inTime(runningAtMs, 0, ports))
      results.set(signal.nodeId, await carryOut(steps.filter(acts), cluster.name, ports));
    else missed.add(signal.nodeId);
  });
  const over = doing.slice(granted).map(({ runner }) => [runner.signal.nodeId, waitMs] as const);
  return { results, missed, overBudgetMs: new Map(over) };
}

/** How soon another try could help after failures that pass, or `undefined` when there were none. */
function retryAfter(done: Done | undefined): number | undefined {
  const waits = (done?.failures ?? []).flatMap(({ kind }) => waitAfter(kind, 0, () => 1) ?? []);
  return waits.length > 0 ? Math.max(...waits) : undefined;
}

function inTime(runningAtMs: number | undefined, waitMs: number, ports: Ports): boolean {
  if (runningAtMs === undefined) return true;
  const { policy } = ports.settings;
  return ports.clock() + waitMs < attachDeadlineMs(runningAtMs, policy.startP05Ms, policy);
}

function outcomeOf(
  steps: readonly Step[],
  mode: Mode,
  done: Done | undefined,
  before: NodeRecord | undefined,
): Outcome {
  const left = steps.find((step) => step.do === 'leave');
  if (left?.do === 'leave')
    return before?.outcome.state === 'attached' ? before.outcome : { state: 'left', reason: left.reason };
  if (mode === 'observe') return { state: 'would attach' };
  if (done === undefined) return before?.outcome ?? { state: 'claimed' };
  if (done.attached.length > 0) return { state: 'attached' };
  const final = done.failures.find(({ kind }) => !passes(kind));
  if (final !== undefined) return { state: 'left', reason: leftBecause(final.kind) };
  return { state: done.made.length > 0 ? 'created' : 'claimed' };
}

/** ENIs created and still not attached, earlier ones included. */
function stillUnattached(before: NodeRecord | undefined, done: Done | undefined): NodeRecord['enis'] {
  const all = new Map(
    [...(before?.enis ?? []), ...(done?.made ?? [])].map((eni) => [eni.eniId as EniId, eni]),
  );
  for (const eniId of done?.attached ?? []) all.delete(eniId);
  return [...all.values()];
}
