/**
 * Nodes that are starting: create while they are pending, attach once they run, and only while ipamd cannot have looked.
 * Any number of launches costs one read of the world, one claim of open demand and one grant of the budget.
 */
import { type Calls, entries } from './budget.ts';
import { carryOut, type Done, leftBecause } from './doing.ts';
import { type Candidate, candidate } from './eligibility.ts';
import { type Failure, waitAfter } from './failures.ts';
import { attachDeadlineMs, planLaunch, shareOut, tooLate } from './launches.ts';
import { type Cluster, clusterOf, type Node, type NodeId, nodeGroupOf, type World } from './model.ts';
import { inParallel } from './parallel.ts';
import type { Mode, NodeRecord, Outcome, Ports } from './ports.ts';
import { readWorld } from './reading.ts';
import type { NodeLaunching } from './signals.ts';
import { type ActStep, acts, callsOf, type Plan, type Step, sumCalls, totalsOf } from './steps.ts';
import { Room } from './subnets.ts';

/** How long a run may hold a node: longer than any function's time limit, so a killed run's lease ends by itself. */
const LEASE_MS = 90_000;
/** How long the ledger remembers a launch after it ended. */
const RECORD_TTL_MS = 3_600_000;
/** Nodes whose calls run at the same time in one function. The budget decides how many are made. */
const NODES_AT_ONCE = 20;
/** Looks at an instance EC2 does not show yet, or a node another run holds, before it is let go. */
const MOST_ATTEMPTS = 8;
const LOOK_AGAIN_MS = 2_000;

/** One launch on its way through this run. */
interface Runner {
  readonly signal: NodeLaunching;
  readonly cluster: Cluster;
  readonly mode: Mode;
  readonly candidate: Candidate;
  readonly runningAtMs: number | undefined;
}

/** Plans per cluster; signals that must be looked at again are back on the queue when this returns. */
export async function warmLaunches(
  signals: readonly NodeLaunching[],
  ports: Ports,
  want: 'plan' | 'do' = 'do',
): Promise<readonly Plan[]> {
  const launches = newestPerNode(signals);
  const read = await readWorld({ ids: launches.map(({ nodeId }) => nodeId) }, ports);
  if (!read.ok) {
    await lookAgain(launches, read.failure, ports);
    return [];
  }
  const { world, clusters } = read.value;
  const steps = new Map<string, Step[]>();
  const put = (cluster: string, ...more: Step[]): void => {
    steps.set(cluster, [...(steps.get(cluster) ?? []), ...more]);
  };

  const again: NodeLaunching[] = [];
  const runners: Runner[] = [];
  for (const signal of launches) {
    const node = world.nodes.find(({ id }) => id === signal.nodeId);
    if (node === undefined) again.push(signal);
    else {
      const found = clusters.get(clusterOf(node.tags) ?? '');
      if (found === undefined) continue;
      const runner = enter(signal, node, found, ports);
      if ('steps' in runner) put(found.cluster.name, ...runner.steps);
      else runners.push(runner);
    }
  }
  const unseen = again.filter(({ attempt }) => attempt < MOST_ATTEMPTS);
  if (unseen.length < again.length)
    ports.journal.warn('instances not found', { nodeIds: again.map(({ nodeId }) => nodeId) });

  if (want === 'plan') {
    const known = await ports.ledger.nodes(runners.map(({ signal }) => signal.nodeId));
    const shares = await claimShares(runners, known, ports, false);
    for (const [runner, more] of planAll(runners, known, shares, world, ports))
      put(runner.cluster.name, ...more);
    return plansOf(steps);
  }

  const owner = ports.runId();
  const leased = await ports.ledger.lease(
    runners.map(({ signal, cluster, candidate: { node } }) => ({
      nodeId: signal.nodeId,
      cluster: cluster.name,
      nodeGroup: nodeGroupOf(node.tags),
    })),
    owner,
    ports.clock() + LEASE_MS,
    ports.clock(),
  );
  const mine = runners.filter(({ signal }) => leased.has(signal.nodeId));
  const held = runners.filter(({ signal }) => !leased.has(signal.nodeId) && signal.attempt < MOST_ATTEMPTS);
  const waiting = [...unseen, ...held.map(({ signal }) => signal)].map((signal) =>
    later(signal, LOOK_AGAIN_MS),
  );

  const shares = await claimShares(mine, leased, ports, true);
  const planned = planAll(mine, leased, shares, world, ports);
  for (const [runner, more] of planned) put(runner.cluster.name, ...more);
  const records = await act(planned, leased, shares, ports, waiting, put);
  await Promise.all([ports.ledger.release(records, owner), ports.continuations.later(waiting)]);
  return plansOf(steps);
}

/** One signal a node: `running` tells more than `pending`, and of two the earlier time leaves less room for error. */
function newestPerNode(signals: readonly NodeLaunching[]): NodeLaunching[] {
  const newest = new Map<NodeId, NodeLaunching>();
  for (const signal of signals) {
    const other = newest.get(signal.nodeId);
    const tellsMore =
      other === undefined ||
      (signal.phase === 'running' && other.phase === 'pending') ||
      (signal.phase === other.phase && signal.atMs < other.atMs);
    if (tellsMore) newest.set(signal.nodeId, signal);
  }
  return [...newest.values()];
}

function enter(
  signal: NodeLaunching,
  node: Node,
  { cluster, mode }: { cluster: Cluster; mode: Mode },
  { settings: { policy }, clock }: Ports,
): Runner | { readonly steps: Step[] } {
  const checked = candidate(node, cluster, policy);
  if ('refusal' in checked) {
    const { reason, because, advice } = checked.refusal;
    const left: Step = { do: 'leave', nodeId: node.id, reason, because };
    return { steps: advice === undefined ? [left] : [left, { do: 'advise', ...advice }] };
  }
  // Without the event that says when it began to run, it ran no earlier than it was launched.
  const runningAtMs =
    signal.phase === 'running' ? signal.atMs : node.state === 'running' ? node.launchedAtMs : undefined;
  const late = tooLate(node, runningAtMs, policy.startP05Ms, policy, clock());
  if (late !== undefined)
    return { steps: [{ do: 'leave', nodeId: node.id, reason: 'too late', because: late }] };
  return { signal, cluster, mode, candidate: checked.candidate, runningAtMs };
}

/** Claims from open demand, one conditional write a demand; read again when somebody else was faster. */
async function claimShares(
  runners: readonly Runner[],
  records: ReadonlyMap<NodeId, NodeRecord>,
  ports: Ports,
  keep: boolean,
): Promise<ReadonlyMap<NodeId, number>> {
  const shares = new Map<NodeId, number>();
  for (const [name, group] of byCluster(runners)) {
    const takers = group.map(({ candidate: { node, podCap } }) => ({
      nodeId: node.id,
      nodeGroup: nodeGroupOf(node.tags),
      zone: node.zone,
      podCap,
    }));
    const fresh = takers.filter(({ nodeId }) => records.get(nodeId)?.share === undefined);
    for (const { nodeId } of takers) shares.set(nodeId, records.get(nodeId)?.share ?? 0);
    for (let pending = fresh.length > 0; pending; ) {
      const shared = shareOut(await ports.ledger.openDemand(name, ports.clock()), fresh);
      const kept = keep ? await Promise.all(shared.claimed.map((demand) => ports.ledger.claim(demand))) : [];
      pending = kept.includes(false);
      if (!pending) for (const [nodeId, share] of shared.shares) shares.set(nodeId, share);
    }
  }
  return shares;
}

function planAll(
  runners: readonly Runner[],
  records: ReadonlyMap<NodeId, NodeRecord>,
  shares: ReadonlyMap<NodeId, number>,
  world: World,
  { settings: { policy } }: Ports,
): [Runner, Step[]][] {
  const room = new Room(world.subnets, policy.subnetReserveAddresses);
  return runners.map((runner) => {
    const { nodeId } = runner.signal;
    const launch = {
      candidate: runner.candidate,
      runningAtMs: runner.runningAtMs,
      share: shares.get(nodeId) ?? 0,
      made: records.get(nodeId)?.enis ?? [],
    };
    return [runner, planLaunch(launch, runner.cluster.name, room, policy)];
  });
}

/** Spends the budget and does what it grants; answers with what the ledger should remember of each node. */
async function act(
  planned: readonly [Runner, Step[]][],
  records: ReadonlyMap<NodeId, NodeRecord>,
  shares: ReadonlyMap<NodeId, number>,
  ports: Ports,
  waiting: Waiting[],
  put: (cluster: string, ...steps: Step[]) => void,
): Promise<NodeRecord[]> {
  const { policy } = ports.settings;
  // Those that run are about to be too late; those that are pending can wait a little.
  const doing = planned
    .filter(([{ mode }, steps]) => mode === 'warm' && steps.some(acts))
    .sort(([a], [b]) => (a.runningAtMs ?? Number.MAX_VALUE) - (b.runningAtMs ?? Number.MAX_VALUE));
  const asks: Calls[] = doing.map(([, steps]) => sumCalls(steps.filter(acts).map(callsOf)));
  const needsBudget = asks.some((calls) => entries(calls).length > 0);
  const { granted, waitMs } = needsBudget
    ? await ports.budget.spend(asks)
    : { granted: asks.length, waitMs: 0 };

  const results = new Map<NodeId, Done>();
  await inParallel(doing.slice(0, granted), NODES_AT_ONCE, async ([{ signal, cluster }, steps]) => {
    results.set(signal.nodeId, await carryOut(steps.filter(acts), cluster.name, ports));
  });
  const toVerify = new Map<string, NodeId[]>();
  const all = planned.map(([runner, steps]): NodeRecord => {
    const { signal, cluster, runningAtMs } = runner;
    const before = records.get(signal.nodeId);
    const done = results.get(signal.nodeId);
    const over = doing.slice(granted).some(
      ([
        {
          signal: { nodeId },
        },
      ]) => nodeId === signal.nodeId,
    );
    if (done !== undefined && done.attached.length > 0)
      toVerify.set(cluster.name, [...(toVerify.get(cluster.name) ?? []), signal.nodeId]);
    const retryMs = over ? waitMs : retryAfter(done);
    let outcome: Outcome = outcomeOf(steps, runner.mode, done, before);
    if (retryMs !== undefined && !inTime(runningAtMs, retryMs, ports)) {
      const because = `the next try is ${retryMs / 1000} s away`;
      put(cluster.name, { do: 'leave', nodeId: signal.nodeId, reason: 'over budget', because });
      outcome = { state: 'left', reason: 'over budget' };
    } else if (retryMs !== undefined && signal.attempt < MOST_ATTEMPTS) waiting.push(later(signal, retryMs));
    return {
      nodeId: signal.nodeId,
      cluster: cluster.name,
      nodeGroup: nodeGroupOf(runner.candidate.node.tags),
      share: shares.get(signal.nodeId) ?? 0,
      enis: made(before, done),
      ...(runningAtMs !== undefined && { runningAtMs }),
      outcome,
      expiresAtMs: ports.clock() + RECORD_TTL_MS,
    };
  });
  for (const [cluster, nodeIds] of toVerify)
    waiting.push({
      signal: { kind: 'verify-due', cluster, nodeIds, attempt: 0 },
      delayMs: policy.verifyAfterMs,
    });
  return all;
}

type Waiting = Parameters<Ports['continuations']['later']>[0][number];
const later = (signal: NodeLaunching, delayMs: number): Waiting => ({
  signal: { ...signal, attempt: signal.attempt + 1 },
  delayMs,
});

/** How soon another try could help after failures that pass, or `undefined` when there were none. */
function retryAfter(done: Done | undefined): number | undefined {
  const waits = (done?.failures ?? []).flatMap(({ kind }) => waitAfter(kind) ?? []);
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
  const final = done.failures.find(({ kind }) => waitAfter(kind) === undefined);
  if (done.attached.length > 0) return { state: 'attached' };
  if (final !== undefined) return { state: 'left', reason: leftBecause(final.kind) };
  return steps.some((step: Step): step is ActStep => step.do === 'attach') && done.made.length > 0
    ? { state: 'created' }
    : { state: 'claimed' };
}

/** ENIs created and still not attached, earlier ones included. */
function made(before: NodeRecord | undefined, done: Done | undefined): NodeRecord['enis'] {
  const gone = new Set(done?.attached ?? []);
  const all = new Map([...(before?.enis ?? []), ...(done?.made ?? [])].map((eni) => [eni.eniId, eni]));
  return [...all.values()].filter(({ eniId }) => !gone.has(eniId));
}

function byCluster(runners: readonly Runner[]): Map<string, Runner[]> {
  const groups = new Map<string, Runner[]>();
  for (const runner of runners)
    groups.set(runner.cluster.name, [...(groups.get(runner.cluster.name) ?? []), runner]);
  return groups;
}

const plansOf = (steps: ReadonlyMap<string, Step[]>): Plan[] =>
  [...steps].map(([cluster, all]) => ({ cluster, steps: all, totals: totalsOf(all) }));

/** Nothing could be read: the same launches again, or an error when waiting cannot help, so that the queue counts it. */
async function lookAgain(launches: readonly NodeLaunching[], failure: Failure, ports: Ports): Promise<void> {
  const delayMs = waitAfter(failure.kind);
  if (delayMs === undefined) throw new Error(`cannot read EC2: ${failure.code}: ${failure.message}`);
  ports.journal.warn('EC2 not readable', {
    kind: failure.kind,
    code: failure.code,
    launches: launches.length,
  });
  const waiting = launches.filter(({ attempt }) => attempt < MOST_ATTEMPTS);
  await ports.continuations.later(waiting.map((signal) => later(signal, delayMs)));
}
