/**
 * An announced rollout: what present nodes can be given in time is given, what finds no node waits for launches, and what
 * neither can cure is paced.
 */

import { backAgain, carryOutRollout } from './calls/rollout-calls.ts';
import { withAdoption } from './cni.ts';
import { say } from './complaints.ts';
import { asDeployed, lensOf, named, seenThrough } from './lens.ts';
import { IP_COOLDOWN_MS } from './limits.ts';
import { adoptionMostMs } from './looks/lessons.ts';
import { ipamdStarted, type Node, type NodeId, nodeGroupOf } from './model.ts';
import { type Acting, actingIn, observedIn } from './node-group-policy.ts';
import { demandOf, replacesPods } from './plan/demand.ts';
import { type SelfPaced, selfPaced } from './plan/deployment-patch.ts';
import { type Candidate, candidate, mayHaveStarted, refusalSteps } from './plan/eligibility.ts';
import { selectable, selects } from './plan/launches.ts';
import { marked } from './plan/marks.ts';
import { planRollout, type RolloutPlan } from './plan/plan.ts';
import { lookAt, type Sight } from './plan/standing.ts';
import { acts, type Plan, type Step, totalsOf } from './plan/steps.ts';
import { Room } from './plan/subnets.ts';
import { type Pacing, paceReplacement } from './plan/waves.ts';
import type { Policy } from './policy.ts';
import type { Ports } from './ports.ts';
import { readWorld } from './reading.ts';
import type { Ignored, RolloutAnnounced } from './signals.ts';

export interface RolloutReport extends Plan {
  readonly announcementId: string;
  /** Why so many addresses are expected. */
  readonly demand: string;
  /** Pods expected, margin included. */
  readonly pods: number;
  /** Pods, margin included, that wait for nodes to launch. */
  readonly openDemand: number;
  /** How to replace pods without a failure where nothing can be warmed. */
  readonly pacing?: Pacing;
  /** Settings of the Deployment under which Kubernetes paces itself so. */
  readonly selfPaced?: SelfPaced;
  /** Said when pacing is needed and cannot be computed. */
  readonly pacingUnknown?: string;
  /** What this round came to; absent where it was only asked. */
  readonly done?: string;
}

/** Ignored: not a cluster of ours, or back on the queue because EC2 could not be read. */
export async function warmRollout(
  announced: RolloutAnnounced,
  ports: Ports,
  want: 'plan' | 'do' = 'do',
): Promise<RolloutReport | Ignored> {
  const { settings, ledger } = ports;
  const { policy: given } = settings;
  const ours = settings.clusters.map(({ name }) => name);
  if (!ours.includes(announced.cluster)) return notACluster(`one of ${ours.join(', ')}`, announced);
  if (ports.clock() > demandEndsMs(announced, given)) return overSince(announced, given);
  const signal = await asDeployed(announced, ports);
  const [read, marks, lessons] = await Promise.all([
    readWorld({ ofCluster: signal.cluster }, ports),
    ledger.marks(),
    ledger.lessons(signal.cluster),
  ]);
  if (!read.ok) return backAgain(signal, read.failure, ports, want);
  const found = read.value.clusters.get(signal.cluster);
  if (found === undefined) return notACluster('a cluster that EKS knows in this account and Region', signal);
  const { world } = read.value;
  const nowMs = ports.clock();

  // Nodes that are starting have signals of their own; they take from open demand.
  const present: Node[] = [];
  const refused: Step[] = [];
  const candidates: Candidate[] = [];
  for (const node of world.nodes) {
    if (!selects(signal.selector, selectable(node))) continue;
    const checked = candidate(node, found.cluster, given);
    if (!('candidate' in checked ? mayHaveStarted(checked.candidate) : ipamdStarted(node))) continue;
    present.push(node);
    if ('candidate' in checked) candidates.push(checked.candidate);
    else refused.push(...refusalSteps(node.id, checked.refusal).filter((step) => !saidBefore(step, refused)));
  }

  const groups = [...new Set(candidates.map(({ node }) => nodeGroupOf(node.tags)))];
  const policy = withAdoption(given, adoptionMostMs(groups.map((group) => lessons.get(group))));
  const acting = new Map<NodeId, Acting>(
    candidates.map(({ node, policy: own }) => [
      node.id,
      actingIn(own, found.mode, lessons.get(nodeGroupOf(node.tags)), nowMs),
    ]),
  );
  const [before, podsOn] = await Promise.all([
    ledger.sights(signal.cluster),
    countPods(signal, present, world.nodes.length, ports),
  ]);
  const sights = lookAt(present, before, nowMs);
  const cooldownMs = longestCooldownMs(candidates);
  const demand = demandOf(signal, cooldownMs);
  const plan = planRollout({
    demand,
    candidates,
    sights,
    room: new Room(world.subnets, policy.subnetReserveAddresses, marked(marks, nowMs)),
    policy,
    nowMs,
    ...(signal.podsPerNode !== undefined && { podsPerNode: signal.podsPerNode }),
    ...(podsOn !== undefined && { podsOn }),
  });
  const steps = [...refused, ...plan.steps];
  const openDemand = replacesPods(signal) ? 0 : plan.unplaced;
  const report: RolloutReport = {
    announcementId: signal.announcementId,
    cluster: signal.cluster,
    demand: signal.cause === undefined ? demand.because : `${signal.cause}: ${demand.because}`,
    pods: Math.ceil(demand.addresses * policy.margin),
    steps,
    totals: totalsOf(steps),
    openDemand,
    ...observedIn(candidates.map(({ node }) => [nodeGroupOf(node.tags), acting.get(node.id)?.because])),
    ...(replacesPods(signal) && pacing(signal, plan, cooldownMs, podsOn !== undefined)),
  };
  if (want === 'plan') return report;

  const [, , done] = await Promise.all([
    openDemand > 0 &&
      ledger.announce({
        id: signal.announcementId,
        cluster: signal.cluster,
        podsLeft: openDemand,
        selector: signal.selector,
        startsAtMs: signal.startsAtMs,
        expiresAtMs: Math.max(nowMs + policy.openDemandTtlMs, demandEndsMs(signal, policy)),
        claims: {},
        version: 0,
      }),
    changed(before, sights) && ledger.saw(signal.cluster, new Map([...before, ...sights])),
    found.mode === 'warm'
      ? carryOutRollout(signal, { plan: warmPart(plan, acting), candidates, marks, world }, ports)
      : 'nothing: only observed',
  ]);
  return {
    ...report,
    done: done === 'nothing' && report.observed !== undefined ? 'nothing: only observed' : done,
  };
}

/** What of a plan is carried out: the steps of node groups that are not only observed. */
const warmPart = (plan: RolloutPlan, acting: ReadonlyMap<NodeId, Acting>): RolloutPlan => ({
  ...plan,
  steps: plan.steps.filter((step) => !acts(step) || acting.get(step.nodeId)?.mode === 'warm'),
});
/** Pods of the present nodes, exactly, where the lens can tell. A later try reads anew only before the rollout begins: its own
 *  pods would pass for old ones, and the nodes would be given addresses for them a second time. */
async function countPods(
  signal: RolloutAnnounced,
  present: readonly Node[],
  nodesInAll: number,
  ports: Ports,
): Promise<ReadonlyMap<NodeId, number> | undefined> {
  const lens = lensOf(signal.cluster, ports);
  if (lens === undefined || present.length === 0) return undefined;
  if (signal.attempt > 0 && ports.clock() >= signal.startsAtMs) return undefined;
  const answer = await lens.pods(signal.cluster, present.map(named), nodesInAll);
  const pods = seenThrough(
    answer,
    signal.cluster,
    'pods are told from addresses, as without the lens',
    ports,
  );
  return pods && new Map([...pods].map(([nodeId, { count }]) => [nodeId, count]));
}

const notACluster = (expected: string, { cluster: got }: RolloutAnnounced): Ignored => ({
  kind: 'ignored',
  as: 'not ours',
  why: say({ field: 'detail.cluster', expected, got }),
});

/** Until then announced pods may wait for a node. */
const demandEndsMs = ({ startsAtMs, overMs }: RolloutAnnounced, { openDemandTtlMs }: Policy): number =>
  startsAtMs + overMs + openDemandTtlMs;

const overSince = (signal: RolloutAnnounced, policy: Policy): Ignored => ({
  kind: 'ignored',
  as: 'too late',
  why: say({
    field: 'detail.startsAt',
    expected: `a rollout that ended at most ${policy.openDemandTtlMs / 1000} s ago`,
    got: new Date(signal.startsAtMs).toISOString(),
  }),
});

/** One advice for a setting is enough, however many nodes it is about. */
const saidBefore = (step: Step, earlier: readonly Step[]): boolean =>
  step.do === 'advise' && earlier.some((other) => other.do === 'advise' && other.setting === step.setting);

const longestCooldownMs = (candidates: readonly Candidate[]): number =>
  Math.max(IP_COOLDOWN_MS, ...candidates.map(({ settings }) => settings.ipCooldownMs));

const changed = (before: ReadonlyMap<NodeId, Sight>, now: ReadonlyMap<NodeId, Sight>): boolean =>
  [...now].some(([id, { sinceMs }]) => before.get(id)?.sinceMs !== sinceMs);

function pacing(
  signal: RolloutAnnounced,
  plan: RolloutPlan,
  ipCooldownMs: number,
  counted: boolean,
): Pick<RolloutReport, 'pacing' | 'selfPaced' | 'pacingUnknown'> {
  const paced = paceReplacement({
    pods: signal.replicas.to,
    freeAddresses: plan.freeAddresses,
    terminationGraceMs: signal.terminationGraceMs,
    ipCooldownMs,
  });
  if (paced !== undefined) {
    const self = selfPaced(signal, plan.freeAddresses, ipCooldownMs);
    return { pacing: paced, ...(self !== undefined && { selfPaced: self }) };
  }
  return {
    pacingUnknown:
      signal.podsPerNode === undefined && !counted
        ? 'no address is surely free: say podsPerNode in the announcement, or allow the lens: EC2 does not show which have pods'
        : 'no address is free on any node: add a node or scale down first',
  };
}
