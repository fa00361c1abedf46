/** Who of a batch enters the race: each launch with the node that EC2 shows of it, the policy that holds for it, and how long an
 *  attach is in time. */
import type { Runner } from '../calls/launch-calls.ts';
import type { Running } from '../looks/boots.ts';
import { startP05Ms } from '../looks/lessons.ts';
import { type Cluster, clusterOf, type Node, type NodeId, nodeGroupOf } from '../model.ts';
import { actingIn } from '../node-group-policy.ts';
import { candidate, refusalSteps } from '../plan/eligibility.ts';
import { attachDeadlineMs, tooLate } from '../plan/launches.ts';
import type { Step } from '../plan/steps.ts';
import type { Mode } from '../policy.ts';
import type { Ports } from '../ports.ts';
import type { Reading } from '../reading.ts';
import type { NodeLaunching } from '../signals.ts';
import { gatedAttachByMs } from './gate.ts';
import type { Lessons } from './plans.ts';

/** A step of a cluster's plan. */
export interface StepOf {
  readonly cluster: string;
  readonly step: Step;
}

export interface Entered {
  readonly runners: readonly Runner[];
  /** Launches of ours whose nodes get nothing, and the steps that say why. */
  readonly out: readonly Running[];
  readonly refused: readonly StepOf[];
  /** EC2 does not show them. */
  readonly unseen: readonly NodeLaunching[];
  /** Instances that are no nodes of ours. */
  readonly foreign: readonly NodeLaunching[];
  /** Nodes that will join their clusters, and those of them whose ipamd is not to start before they have their addresses. */
  readonly joining: readonly Running[];
  readonly racing: readonly Running[];
}

/** `theirs`: nodes of other runs' messages, which are acted for and not spoken of. */
export function enterAll(
  launches: readonly NodeLaunching[],
  theirs: ReadonlySet<NodeId>,
  { world, clusters, lessons }: Pick<Reading, 'world' | 'clusters'> & { readonly lessons: Lessons },
  ports: Ports,
): Entered {
  const runners: Runner[] = [];
  const out: Running[] = [];
  const refused: StepOf[] = [];
  const unseen: NodeLaunching[] = [];
  const foreign: NodeLaunching[] = [];
  const joining: Running[] = [];
  const racing: Running[] = [];
  const nodes = new Map(world.nodes.map((node) => [node.id, node]));
  for (const signal of launches) {
    const own = !theirs.has(signal.nodeId);
    const node = nodes.get(signal.nodeId);
    const found = node && clusters.get(clusterOf(node.tags) ?? '');
    if (node === undefined || found === undefined) {
      if (own) (node === undefined ? unseen : foreign).push(signal);
      continue;
    }
    const entry = enter(signal, node, found, lessons, ports);
    if (!('steps' in entry)) runners.push(entry);
    if (!own) continue;
    const launch = { signal, node, cluster: found.cluster.name };
    if ('steps' in entry) {
      out.push(launch);
      refused.push(...entry.steps.map((step) => ({ cluster: launch.cluster, step })));
    }
    if (node.state === 'stopped') continue;
    joining.push(launch);
    // Where nobody else allocates there is no race, and no tag to tell a start by.
    if (signal.gated !== true && ('steps' in entry || !entry.candidate.soleAllocator)) racing.push(launch);
  }
  return { runners, out, refused, unseen, foreign, joining, racing };
}

/** The runner, or the steps that say why it is none. */
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
