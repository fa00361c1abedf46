/**
 * Nodes that are starting: create while they are pending, attach once they run, and only while ipamd cannot have looked.
 * Any number of launches costs one read of the world, one claim of open demand and one grant of the budget.
 */

import {
  carryOutLaunches,
  createsOnly,
  LOOK_AGAIN_MS,
  later,
  MOST_ATTEMPTS,
  type Planned,
  type Runner,
} from './calls/launch-calls.ts';
import { type Answer, type Failure, passes, waitAfter } from './failures.ts';
import { gatedAttachByMs, gateLooks } from './launch-gate.ts';
import { answerHooks, hookOf, watchingBack } from './launch-hooks.ts';
import { againOrNot, ignoredOf, type LaunchStory, meaning, storiesOf, storyOf } from './launch-stories.ts';
import { CREATES_END_MS, CREATES_LEASE_MS, HEARS_LEASE_MS, takeLeases } from './leases.ts';
import { bootLooks, type Running } from './looks/boots.ts';
import { startP05Ms } from './looks/lessons.ts';
import { type Cluster, clusterOf, type Node, type NodeId, nodeGroupOf } from './model.ts';
import { actingIn, observedIn } from './node-group-policy.ts';
import { candidate, refusalSteps } from './plan/eligibility.ts';
import {
  claimShares,
  type Knowledge,
  type Lessons,
  leasingOfLaunch,
  lessonsOf,
  planAll,
} from './plan/launch-plans.ts';
import { attachDeadlineMs, tooLate } from './plan/launches.ts';
import { type Plan, type Step, totalsOf } from './plan/steps.ts';
import type { Mode } from './policy.ts';
import type { CallClass, Ports } from './ports.ts';
import { type Reading, readWorld, type Wait } from './reading.ts';
import type { Ignored, NodeLaunching } from './signals.ts';
import { ONLY_ASKED } from './telling.ts';

export interface Launched {
  readonly plans: readonly Plan[];
  readonly ignored: readonly Ignored[];
  /** One a signal that was looked at, also where nothing was to be done. */
  readonly stories: readonly LaunchStory[];
}

export interface LaunchOptions {
  readonly want?: 'plan' | 'do';
  /** Not told by an event: when the instance began to run is not known exactly, so nothing can be learnt of its boot. */
  readonly rebuilt?: boolean;
}

/** Plans per cluster; signals that must be looked at again are back on the queue when this returns. */
export async function warmLaunches(
  signals: readonly NodeLaunching[],
  ports: Ports,
  options: LaunchOptions = {},
): Promise<Launched> {
  const launches = newestPerNode(signals);
  const told = new Set(launches.map(({ nodeId, phase, atMs }) => `${nodeId} ${phase} ${atMs}`));
  const folded = signals
    .filter(({ nodeId, phase, atMs }) => !told.delete(`${nodeId} ${phase} ${atMs}`))
    .map((signal) => ({ signal, meant: 'told by another event of this batch', done: 'nothing of its own' }));
  const { stories, ...launched } = await warmHeld(launches, ports, options);
  return { ...launched, stories: [...folded, ...stories] };
}

/** Launches that a hook of the operator's holds are answered for. */
async function warmHeld(
  launches: readonly NodeLaunching[],
  ports: Ports,
  options: LaunchOptions,
): Promise<Launched> {
  const held = launches.filter((signal) => hookOf(signal, ports) !== undefined);
  if (held.length === 0 || options.want === 'plan') return warm(launches, ports, options);
  const { watched, back } = watchingBack(ports);
  try {
    const launched = await warm(launches, watched, options);
    await answerHooks(
      held.filter(({ nodeId }) => !back.has(nodeId)),
      ports,
    );
    return launched;
  } catch (error) {
    await answerHooks(held, ports);
    throw error;
  }
}

async function warm(
  launches: readonly NodeLaunching[],
  ports: Ports,
  { want = 'do', rebuilt = false }: LaunchOptions,
): Promise<Launched> {
  const [read, marks, lessons] = await Promise.all([
    readLaunches(launches, ports, want === 'do' && !rebuilt),
    ports.ledger.marks(),
    lessonsOf(ports),
  ]);
  if ('waitMs' in read) {
    await ports.continuations.later(launches.map((signal) => ({ signal, delayMs: read.waitMs })));
    const meant = 'a part of a burst, which another run reads';
    const done = `looked at again in ${read.waitMs / 1000} s`;
    return { plans: [], ignored: [], stories: launches.map((signal) => ({ signal, meant, done })) };
  }
  if (!read.ok) {
    if (want === 'do') await lookAgain(launches, read.failure, ports);
    const meant = `unknown: EC2 could not be read (${read.failure.code})`;
    const done = want === 'do' ? 'looked at again later' : ONLY_ASKED;
    return { plans: [], ignored: [], stories: launches.map((signal) => ({ signal, meant, done })) };
  }
  const { world, clusters, others } = read.value;
  const theirs = new Set(others.map(({ nodeId }) => nodeId));
  const knowledge: Knowledge = { world, marks, lessons };
  const steps = new Map<string, Step[]>();
  const put = (cluster: string, ...more: Step[]): void => {
    steps.set(cluster, [...(steps.get(cluster) ?? []), ...more]);
  };

  const unseen: NodeLaunching[] = [];
  const foreign: NodeId[] = [];
  const stories: LaunchStory[] = [];
  const runners: Runner[] = [];
  const running: Running[] = [];
  const joining: Running[] = [];
  const nodes = new Map(world.nodes.map((node) => [node.id, node]));
  for (const signal of [...launches, ...others]) {
    const node = nodes.get(signal.nodeId);
    const own = !theirs.has(signal.nodeId);
    if (node === undefined) {
      if (own) unseen.push(signal);
    } else {
      const found = clusters.get(clusterOf(node.tags) ?? '');
      if (found === undefined) {
        if (!own) continue;
        foreign.push(node.id);
        stories.push({ signal, meant: 'no node of a cluster of ours', done: 'nothing' });
        continue;
      }
      const runner = enter(signal, node, found, lessons, ports);
      const launch = { signal, node, cluster: found.cluster.name };
      if (own && node.state !== 'stopped') joining.push(launch);
      // Where nobody else allocates there is no race, and no tag to tell a start by.
      const raced =
        own &&
        node.state !== 'stopped' &&
        signal.gated !== true &&
        ('steps' in runner || !runner.candidate.soleAllocator);
      if (raced) running.push(launch);
      if ('steps' in runner) {
        if (!own) continue;
        put(found.cluster.name, ...runner.steps);
        stories.push({
          signal,
          meant: meaning(node, found.cluster),
          done: want === 'do' ? 'nothing' : ONLY_ASKED,
        });
      } else runners.push(runner);
    }
  }

  const { all, told } =
    want === 'plan'
      ? await planOnly(runners, knowledge, ports)
      : await planAndDo(runners, { unseen, theirs }, knowledge, rebuilt ? 'refill' : 'launch', ports);
  for (const { cluster, step } of all) put(cluster, step);
  // Its interfaces are made, and attached once it runs: until then its hook waits.
  const heldBack = runners.filter(
    ({ signal, candidate: { node } }) =>
      !theirs.has(node.id) &&
      node.state === 'pending' &&
      signal.attempt < MOST_ATTEMPTS &&
      hookOf(signal, ports) !== undefined,
  );
  if (want === 'do')
    await ports.continuations.later(heldBack.map(({ signal }) => later(signal, LOOK_AGAIN_MS)));
  for (const signal of unseen)
    stories.push({ signal, meant: 'an instance that EC2 does not show', done: againOrNot(signal, want) });
  stories.push(...told);
  if (want === 'do' && !rebuilt)
    await ports.continuations.later([
      ...bootLooks(running, lessons, world, ports),
      ...gateLooks(joining, ports),
    ]);
  const plans = [...steps].map(([cluster, every]) => ({
    cluster,
    steps: every,
    totals: totalsOf(every),
    ...observedIn(
      runners
        .filter((runner) => runner.cluster.name === cluster)
        .map(({ candidate: { node }, observedBecause }) => [nodeGroupOf(node.tags), observedBecause]),
    ),
  }));
  return { plans, ignored: ignoredOf(foreign, unseen, [...clusters.keys()], want), stories };
}

/** Event times are whole seconds, cut off. */
const EVENT_TIME_MS = 1_000;

/** What every instance was when its last event told, or later; by turns, where other runs have a part of the same burst. */
function readLaunches(
  launches: readonly NodeLaunching[],
  ports: Ports,
  shared: boolean,
): Promise<Answer<Reading> | Wait> {
  const nodes = { ids: launches.map(({ nodeId }) => nodeId) };
  if (!shared) return readWorld(nodes, ports);
  const notBeforeMs = Math.max(...launches.map(({ atMs }) => atMs)) + EVENT_TIME_MS;
  const as = launches.some(({ phase }) => phase === 'running') ? 'running' : 'pending';
  return readWorld(nodes, ports, { notBeforeMs: Math.min(notBeforeMs, ports.clock()), as, launches });
}

interface StepOf {
  readonly cluster: string;
  readonly step: Step;
}

const stepsIn = (planned: readonly Planned[]): StepOf[] =>
  planned.flatMap(({ runner, steps }) => steps.map((step) => ({ cluster: runner.cluster.name, step })));

interface Worked {
  readonly all: readonly StepOf[];
  readonly told: readonly LaunchStory[];
}

async function planOnly(runners: readonly Runner[], knowledge: Knowledge, ports: Ports): Promise<Worked> {
  const known = await ports.ledger.nodes(runners.map(({ signal }) => signal.nodeId));
  const shares = await claimShares(runners, known, ports, false);
  const planned = planAll(runners, known, shares, knowledge, ports);
  return { all: stepsIn(planned), told: planned.map((one) => storyOf(one, ONLY_ASKED)) };
}

async function planAndDo(
  runners: readonly Runner[],
  /** Launches that EC2 does not show, and nodes whose messages are other runs'. */
  { unseen, theirs }: { readonly unseen: readonly NodeLaunching[]; readonly theirs: ReadonlySet<NodeId> },
  knowledge: Knowledge,
  as: CallClass,
  ports: Ports,
): Promise<Worked> {
  const { ledger, continuations, clock } = ports;
  const owner = ports.runId();
  const createByMs = clock() + CREATES_LEASE_MS - CREATES_END_MS;
  const [creating, others] = await Promise.all([
    takeLeases(runners.filter(createsOnly).map(leasingOfLaunch), owner, ports, CREATES_LEASE_MS),
    takeLeases(
      runners.filter((runner) => !createsOnly(runner)).map(leasingOfLaunch),
      owner,
      ports,
      HEARS_LEASE_MS,
    ),
  ]);
  const leased = new Map([...creating, ...others]);
  const mine = runners.filter(({ signal }) => leased.has(signal.nodeId));
  const held = runners
    .map(({ signal }) => signal)
    .filter(({ nodeId }) => !leased.has(nodeId) && !theirs.has(nodeId));
  const again = [...unseen, ...held].filter(({ attempt }) => attempt < MOST_ATTEMPTS);

  const planned = planAll(mine, leased, await claimShares(mine, leased, ports, true), knowledge, ports);
  const { records, waiting, left } = await carryOutLaunches(
    planned,
    // Asked once: the queue's few readers are for the nodes that start next, and those kept come back by themselves.
    { as, owner, marks: knowledge.marks, world: knowledge.world, asksForMs: 0, createByMs },
    ports,
  );
  await Promise.all([
    ledger.release(records, owner),
    continuations.later([
      ...again.map((signal) => later(signal, LOOK_AGAIN_MS)),
      ...waiting.filter(({ signal }) => signal.kind !== 'node-launching' || !theirs.has(signal.nodeId)),
    ]),
  ]);
  return {
    all: [...stepsIn(planned), ...left],
    told: [
      ...storiesOf(planned, records, waiting),
      ...held.map((signal) => ({
        signal,
        meant: 'a node that another run is at work on',
        done: againOrNot(signal, 'do'),
      })),
    ],
  };
}

/** One signal a node: `running` tells more than `pending`, and of two the earlier time leaves less room for error. */
function newestPerNode(signals: readonly NodeLaunching[]): NodeLaunching[] {
  const newest = new Map<NodeId, NodeLaunching>();
  for (const signal of signals) {
    const other = newest.get(signal.nodeId);
    const tellsMore =
      other === undefined ||
      (signal.gated === true && other.gated !== true) ||
      (signal.phase === 'running' && other.phase === 'pending') ||
      (signal.phase === other.phase && signal.atMs < other.atMs);
    const hook = signal.hook ?? other?.hook;
    const told = tellsMore ? signal : other;
    newest.set(signal.nodeId, hook === undefined ? told : { ...told, hook });
  }
  return [...newest.values()];
}

function enter(
  signal: NodeLaunching,
  node: Node,
  { cluster, mode: deployed }: { cluster: Cluster; mode: Mode },
  lessons: Lessons,
  { settings, clock }: Ports,
): Runner | { readonly steps: Step[] } {
  const checked = candidate(node, cluster, settings.policy, 'launching');
  if ('refusal' in checked) return { steps: refusalSteps(node.id, checked.refusal) };
  // Without the event that says when it began to run, it ran no earlier than it was launched.
  const runningAtMs =
    signal.phase === 'running' ? signal.atMs : node.state === 'running' ? node.launchedAtMs : undefined;
  const { policy } = checked.candidate;
  const lesson = lessons.get(cluster.name)?.get(nodeGroupOf(node.tags));
  const { mode, because } = actingIn(policy, deployed, lesson, clock());
  const runner = {
    signal,
    cluster,
    mode,
    candidate: checked.candidate,
    runningAtMs,
    ...(because !== undefined && { observedBecause: because }),
  };
  // In a warm pool: it adopts what it finds when it starts again, whatever its ipamd did before.
  if (node.state === 'stopped') return { ...runner, attachByMs: undefined };
  // Where nobody else allocates, an ENI that comes late is adopted a minute later, and nobody fights it.
  if (checked.candidate.settings.mode.kind === 'provisioning-disabled')
    return { ...runner, attachByMs: undefined };
  if (signal.gated === true && runningAtMs !== undefined) {
    const attachByMs = gatedAttachByMs(runningAtMs, policy);
    if (clock() < attachByMs) return { ...runner, attachByMs };
    const because = `its launch gate opens ${policy.gateDeadlineMs / 1000} s after running, which no attach can be sure to meet any more`;
    return { steps: [{ do: 'leave', nodeId: node.id, reason: 'too late', because }] };
  }
  const startMs = startP05Ms(lesson) ?? policy.startP05Ms;
  const late = tooLate(node, runningAtMs, startMs, policy, clock());
  if (late !== undefined)
    return { steps: [{ do: 'leave', nodeId: node.id, reason: 'too late', because: late }] };
  const attachByMs = runningAtMs === undefined ? undefined : attachDeadlineMs(runningAtMs, startMs, policy);
  return { ...runner, attachByMs };
}

/** Nothing could be read: the same launches again, or an error when waiting cannot help, so that the queue counts it. */
async function lookAgain(launches: readonly NodeLaunching[], failure: Failure, ports: Ports): Promise<void> {
  const { kind, code, message } = failure;
  if (!passes(kind)) throw new Error(`cannot read EC2: ${code}: ${message}`);
  ports.journal.warn('EC2 not readable', { kind, code, launches: launches.length });
  const waits = launches.map((signal) => ({
    signal,
    waitMs: signal.attempt < MOST_ATTEMPTS ? waitAfter(kind, signal.attempt, ports.random) : undefined,
  }));
  const letGo = waits.flatMap(({ signal, waitMs }) => (waitMs === undefined ? [signal.nodeId] : []));
  // The sweep sees them: launching still, or started without us.
  if (letGo.length > 0) ports.journal.warn('launches let go', { nodeIds: letGo, code });
  await ports.continuations.later(
    waits.flatMap(({ signal, waitMs }) => (waitMs === undefined ? [] : [later(signal, waitMs)])),
  );
}
