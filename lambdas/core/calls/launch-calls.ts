/** The doing half of a launch: what the budget grants is carried out, and everything that must be remembered or looked at
 *  again comes back as values. */
import { adoptionWorstMs, keptForMs } from '../cni.ts';
import { countWarmed, countWould } from '../counting.ts';
import { type ShortLease, whileAttaching } from '../leases.ts';
import { type Cluster, type Node, type NodeId, nodeGroupOf, totalIps } from '../model.ts';
import { untilMoment, VERIFY_EVERY_MS } from '../moments.ts';
import type { Candidate } from '../plan/eligibility.ts';
import { type ActStep, acts, type LeaveReason, type LeaveStep, type Step } from '../plan/steps.ts';
import type { Mode } from '../policy.ts';
import type { Delayed, Ports } from '../ports.ts';
import { type NodeRecord, type Outcome, RECORD_TTL_MS } from '../records.ts';
import type { NodeLaunching } from '../signals.ts';
import { type Done, leftBecause } from './doing.ts';
import { attaches, type Doing, gave, type NodeWork, type Worked, workOn } from './node-calls.ts';
import { cameAbout, sentAtMs, settled } from './promises.ts';

/** One launch on its way through a run. */
export interface Runner {
  readonly signal: NodeLaunching;
  readonly cluster: Cluster;
  /** Of its node group. */
  readonly mode: Mode;
  /** Said where the cluster is warm and its node group is not. */
  readonly observedBecause?: string;
  readonly candidate: Candidate;
  /** `undefined` while the instance is pending. */
  readonly runningAtMs: number | undefined;
  /** The last moment at which an attach may be sent, epoch ms; `undefined` while that is not known, and where it does not
   *  matter. */
  readonly attachByMs: number | undefined;
}

/** An instance of a warm pool, until it is wanted. */
export const isStopped = ({ candidate: { node } }: Runner): boolean => node.state === 'stopped';

/** Whether all there is to do now is to create: the instance is pending, and nothing may be attached or is filled yet. */
export const createsOnly = (runner: Runner): boolean =>
  runner.runningAtMs === undefined &&
  !isStopped(runner) &&
  !runner.candidate.soleAllocator &&
  runner.candidate.startsWith === undefined;

/** A launch with its decision. */
export interface Planned {
  readonly runner: Runner;
  /** Announced pods it must be ready for. */
  readonly share: number;
  readonly steps: readonly Step[];
  /** What the ledger knew of it before. */
  readonly before: NodeRecord;
}

/** Looks at one launch before it is let go: an instance EC2 does not show, a node another run holds, a call that failed. */
export const MOST_ATTEMPTS = 8;

/** Puts a launch back on the queue, as the next attempt. */
export const later = (signal: NodeLaunching, delayMs: number): Delayed => ({
  signal: { ...signal, attempt: signal.attempt + 1 },
  delayMs,
});

export interface Carried {
  readonly records: readonly NodeRecord[];
  readonly waiting: readonly Delayed[];
  /** Nodes that were planned and left all the same: the cluster they are of, and the step that says why. */
  readonly left: readonly { readonly cluster: string; readonly step: LeaveStep }[];
}

/** Time to the next look at an instance EC2 does not show yet, or a node another run holds. */
export const LOOK_AGAIN_MS = 2_000;
const PURPOSE = 'launch';

export async function carryOutLaunches(
  planned: readonly Planned[],
  doing: Doing & { readonly creates: ShortLease },
  ports: Ports,
): Promise<Carried> {
  const { policy } = ports.settings;
  const worked = policy.stopped
    ? new Map<NodeId, Worked>()
    : await workOn(workOf(planned, doing.creates, ports), doing, ports);
  const records: NodeRecord[] = [];
  const waiting: Delayed[] = [];
  const left: { cluster: string; step: LeaveStep }[] = [];
  const attached = new Map<string, NodeId[]>();
  for (const one of planned) {
    const { runner, steps } = one;
    const { signal, cluster, mode } = runner;
    const { nodeId } = signal;
    const result = worked.get(nodeId);
    const waitMs = waitOf(result);
    const why =
      policy.stopped && mode === 'warm' && steps.some(acts)
        ? STOPPED
        : whyLeft(result, signal, waitMs, inTime(runner, waitMs ?? 0, ports));
    if (why !== undefined) left.push({ cluster: cluster.name, step: { do: 'leave', nodeId, ...why } });
    else if (waitMs !== undefined) waiting.push(later(signal, waitMs));
    // A sole allocator's ipamd writes no tag, and a stopped node has none: there is nothing to look for.
    if (isAttached(one, result) && !runner.candidate.soleAllocator && !isStopped(runner))
      attached.set(cluster.name, [...(attached.get(cluster.name) ?? []), nodeId]);
    records.push(recordOf(one, result, why?.reason, ports));
  }
  for (const [cluster, some] of Map.groupBy(records, (record) => record.cluster))
    countWarmed(cluster, some.filter((record) => gave(worked.get(record.nodeId), record)).length, ports);
  const observed = planned.filter(({ runner }) => runner.mode === 'observe');
  for (const [cluster, some] of Map.groupBy(observed, ({ runner }) => runner.cluster.name))
    countWould(
      cluster,
      some.flatMap(({ steps }) => steps),
      ports,
    );
  for (const [cluster, nodeIds] of attached) waiting.push(firstLook(cluster, nodeIds, ports));
  return { records, waiting, left };
}

/** At what became of attaches that raced against ipamd's start. */
export const firstLook = (
  cluster: string,
  nodeIds: readonly NodeId[],
  { settings, clock }: Pick<Ports, 'settings' | 'clock'>,
): Delayed => ({
  signal: { kind: 'verify-due', cluster, nodeIds, attempt: 0 },
  delayMs: untilMoment(settings.policy.verifyAfterMs, clock(), VERIFY_EVERY_MS),
});

/** Those that run come first, because they are about to be too late. */
function workOf(planned: readonly Planned[], creates: ShortLease, ports: Ports): NodeWork[] {
  const urgency = ({ runner: { runningAtMs } }: Planned): number => runningAtMs ?? Number.MAX_SAFE_INTEGER;
  return planned
    .filter(({ runner, steps }) => runner.mode === 'warm' && steps.some(acts))
    .sort((a, b) => urgency(a) - urgency(b))
    .map(({ runner, steps: all, before }) => {
      const steps = all
        .filter(createsOnly(runner) ? (step) => step.do === 'attach' : acts)
        .map((step) => guarded(step, runner));
      return {
        node: runner.candidate.node,
        cluster: runner.cluster.name,
        // Should the run die, whoever looks at the node knows by it that there was a race.
        record: runner.runningAtMs === undefined ? before : { ...before, runningAtMs: runner.runningAtMs },
        steps,
        purpose: PURPOSE,
        inTime: () => inTime(runner, 0, ports),
        ...(createsOnly(runner) && { lease: () => creates }),
        ...(races(runner) && steps.every(isOneCall) && { lease: whileAttaching }),
      };
    });
}

/** Whether its ipamd starts when it likes. */
const races = ({ attachByMs, signal }: Runner): boolean => attachByMs !== undefined && signal.gated !== true;

/** What was created while the instance was pending is attached, and that is all. */
const isOneCall = (step: ActStep): boolean =>
  step.do !== 'attach' || (step.eniId !== undefined && step.until === 'attached' && step.finish === 'later');

const guarded = (step: ActStep, { attachByMs }: Runner): ActStep =>
  step.do === 'attach' && attachByMs !== undefined ? { ...step, attachByMs } : step;

const inTime = ({ attachByMs }: Runner, waitMs: number, ports: Ports): boolean =>
  attachByMs === undefined || ports.clock() + waitMs < attachByMs;

function waitOf(result: Worked | undefined): number | undefined {
  switch (result?.result) {
    case 'again':
    case 'not granted':
      return result.waitMs;
    case 'lost lease':
      return LOOK_AGAIN_MS;
    // Sent by an earlier run, and no read shows it yet: that run's message sees to it.
    case 'unsettled':
    case 'done':
    case 'ended':
    case 'missed':
    case undefined:
      return undefined;
  }
}

type Why = Pick<LeaveStep, 'reason' | 'because'>;

const STOPPED: Why = { reason: 'stopped', because: 'policy.stopped is true: nothing is changed' };

/** Why a node is let go now; `undefined` when it is done, or will be looked at again. */
function whyLeft(
  result: Worked | undefined,
  { attempt }: NodeLaunching,
  waitMs: number | undefined,
  intime: boolean,
): Why | undefined {
  const reason = reasonOf(result);
  if (result?.result === 'ended') return { reason: result.reason, because: `a call failed: ${result.kind}` };
  if (result?.result === 'missed' || (result?.result === 'done' && result.done.late > 0))
    return { reason, because: 'its turn came too late: ipamd may have started' };
  if (waitMs === undefined) return undefined;
  if (!intime)
    return { reason, because: `the next try is ${waitMs / 1000} s away, and ipamd may have started by then` };
  return attempt < MOST_ATTEMPTS
    ? undefined
    : { reason: 'call failed', because: `${attempt} tries were not enough` };
}

function reasonOf(result: Worked | undefined): LeaveReason {
  if (result?.result === 'not granted' && result.because === 'circuit open') return 'circuit open';
  if (result?.result === 'not granted' && result.because === 'room taken') return 'subnet full';
  if (result?.result === 'again' && result.kind !== undefined) return leftBecause(result.kind);
  return result?.result === 'done' || result?.result === 'missed' ? 'too late' : 'over budget';
}

/** Whether interfaces of ours are on it, or may be: by this run, or by one that died before it could tell. */
function isAttached(
  { runner, before }: Pick<Planned, 'runner' | 'before'>,
  result: Worked | undefined,
): boolean {
  return attaches(result) || cameAbout(before, runner.candidate.node);
}

function recordOf(
  { runner, share, steps, before }: Planned,
  result: Worked | undefined,
  left: LeaveReason | undefined,
  ports: Ports,
): NodeRecord {
  const { candidate, cluster, runningAtMs, mode } = runner;
  const { node } = candidate;
  const nowMs = ports.clock();
  const done = result !== undefined && 'done' in result ? result.done : undefined;
  const attached = isAttached({ runner, before }, result);
  const outcome: Outcome = attached
    ? { state: 'attached' }
    : left === undefined
      ? outcomeOf(steps, mode, done, before)
      : { state: 'left', reason: left };
  const kept = keptForMs(candidate.settings.mode, totalAfter(node, steps), candidate.perEni);
  const {
    keptForMs: _before,
    runningAtMs: ranAtMs,
    ...record
  } = settled(result?.record ?? before, node, nowMs);
  const launchMs = runningAtMs ?? ranAtMs;
  // A stopped node's race is over, or has not begun.
  const raced = isStopped(runner) ? {} : { share, ...(launchMs !== undefined && { runningAtMs: launchMs }) };
  return {
    ...record,
    nodeId: node.id,
    cluster: cluster.name,
    nodeGroup: nodeGroupOf(node.tags),
    ...raced,
    ...(runner.signal.gated === true && { gated: true }),
    outcome,
    ...(kept !== undefined && { keptForMs: kept }),
    times: {
      ...before.times,
      ...(attached && { attachedAtMs: (done && sentAtMs(result?.record ?? before, done)) ?? nowMs }),
      ...(done !== undefined &&
        candidate.soleAllocator && { usableFromMs: nowMs + adoptionWorstMs(ports.settings.policy) }),
    },
    expiresAtMs: nowMs + RECORD_TTL_MS,
  };
}

/** Addresses the node has once all its steps are done. */
const totalAfter = (node: Node, steps: readonly Step[]): number =>
  steps.reduce(
    (sum, step) => sum + (step.do === 'attach' || step.do === 'fill' ? step.addresses : 0),
    totalIps(node),
  );

function outcomeOf(steps: readonly Step[], mode: Mode, done: Done | undefined, before: NodeRecord): Outcome {
  const left = steps.find((step) => step.do === 'leave');
  if (left?.do === 'leave')
    return before.outcome.state === 'attached' ? before.outcome : { state: 'left', reason: left.reason };
  if (mode === 'observe') return { state: 'would attach' };
  if (done === undefined) return before.outcome;
  const made = [...done.enis.values()].some(({ eniId }) => eniId !== undefined);
  if (!made && done.failures.length === 0 && steps.some((step) => step.do === 'fill'))
    return { state: 'filled' };
  return { state: made ? 'created' : 'claimed' };
}
