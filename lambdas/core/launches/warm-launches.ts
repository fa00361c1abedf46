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
} from '../calls/launch-calls.ts';
import { unheardAgain } from '../calls/promises.ts';
import { type Answer, type Failure, passes, waitAfter } from '../failures.ts';
import { CREATES_LEASE_MS, HEARS_LEASE_MS, takeLeases, whileCreating } from '../leases.ts';
import { bootLooks } from '../looks/boots.ts';
import { type NodeId, nodeGroupOf } from '../model.ts';
import { observedIn } from '../node-group-policy.ts';
import { type Plan, totalsOf } from '../plan/steps.ts';
import type { CallClass, Delayed, Ports } from '../ports.ts';
import { type Reading, readWorld, type Wait } from '../reading.ts';
import type { Ignored, NodeLaunching } from '../signals.ts';
import { ONLY_ASKED } from '../telling.ts';
import { enterAll, type StepOf } from './entering.ts';
import { gateLooks } from './gate.ts';
import { answerHooks, hookOf, watchingBack } from './hooks.ts';
import { claimShares, type Knowledge, leasingOfLaunch, lessonsOf, planAll } from './plans.ts';
import { againOrNot, ignoredOf, type LaunchStory, storiesEntered, storiesOf, storyOf } from './stories.ts';
import { looksAtUnheard } from './unheard.ts';

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
  const entered = enterAll([...launches, ...others], theirs, { world, clusters, lessons }, ports);
  const { unseen, foreign, runners } = entered;
  const knowledge: Knowledge = { world, marks, lessons };
  const { all, told } =
    want === 'plan'
      ? await planOnly(runners, knowledge, ports)
      : await planAndDo(runners, { unseen, theirs }, knowledge, rebuilt ? 'refill' : 'launch', ports);
  if (want === 'do') await ports.continuations.later(heldBack(runners, theirs, ports));
  if (want === 'do' && !rebuilt)
    await ports.continuations.later([
      ...bootLooks(entered.racing, lessons, world, ports),
      ...gateLooks(entered.joining, ports),
      ...(await looksAtUnheard(entered.out, ports)),
    ]);
  return {
    plans: plansOf([...entered.refused, ...all], runners),
    ignored: ignoredOf(foreign, unseen, [...clusters.keys()], want),
    stories: [...storiesEntered(entered, want), ...told],
  };
}

/** Launches whose hook waits: their interfaces are made, and are attached once the instance runs. */
function heldBack(runners: readonly Runner[], theirs: ReadonlySet<NodeId>, ports: Ports): Delayed[] {
  return runners
    .filter(
      ({ signal, candidate: { node } }) =>
        !theirs.has(node.id) &&
        node.state === 'pending' &&
        signal.attempt < MOST_ATTEMPTS &&
        hookOf(signal, ports) !== undefined,
    )
    .map(({ signal }) => later(signal, LOOK_AGAIN_MS));
}

/** One plan a cluster. */
function plansOf(all: readonly StepOf[], runners: readonly Runner[]): Plan[] {
  return [...Map.groupBy(all, ({ cluster }) => cluster)].map(([cluster, some]) => {
    const steps = some.map(({ step }) => step);
    const observed = runners
      .filter((runner) => runner.cluster.name === cluster)
      .map(({ candidate: { node }, observedBecause }) => [nodeGroupOf(node.tags), observedBecause] as const);
    return { cluster, steps, totals: totalsOf(steps), ...observedIn(observed) };
  });
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
  const creates = whileCreating(clock());
  const [creating, others] = await Promise.all([
    takeLeases(runners.filter(createsOnly).map(leasingOfLaunch), owner, ports, CREATES_LEASE_MS),
    takeLeases(
      runners.filter((runner) => !createsOnly(runner)).map(leasingOfLaunch),
      owner,
      ports,
      HEARS_LEASE_MS,
    ),
  ]);
  const leased = new Map(
    [...creating, ...others].map(([nodeId, record]) => [nodeId, unheardAgain(record)] as const),
  );
  const mine = runners.filter(({ signal }) => leased.has(signal.nodeId));
  const held = runners
    .map(({ signal }) => signal)
    .filter(({ nodeId }) => !leased.has(nodeId) && !theirs.has(nodeId));
  const again = [...unseen, ...held].filter(({ attempt }) => attempt < MOST_ATTEMPTS);

  const planned = planAll(mine, leased, await claimShares(mine, leased, ports, true), knowledge, ports);
  const { records, waiting, left } = await carryOutLaunches(
    planned,
    // Asked once: the queue's few readers are for the nodes that start next, and those kept come back by themselves.
    { as, owner, marks: knowledge.marks, world: knowledge.world, asksForMs: 0, creates },
    ports,
  );
  // Before the records say that all is done: whoever dies in between is followed by somebody who sends them again.
  await continuations.later([
    ...again.map((signal) => later(signal, LOOK_AGAIN_MS)),
    ...waiting.filter(({ signal }) => signal.kind !== 'node-launching' || !theirs.has(signal.nodeId)),
  ]);
  await ledger.release(records, owner);
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
