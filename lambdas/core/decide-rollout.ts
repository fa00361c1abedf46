/** What an announced rollout means for the nodes that are there: steps for those that can be helped in time, what waits for
 *  launches, and pacing for what neither can cure. Nothing is asked and nothing is done here. */
import { IP_COOLDOWN_MS } from './limits.ts';
import { nodeGroupOf } from './model.ts';
import { observedIn } from './node-group-policy.ts';
import { demandOf, replacesPods } from './plan/demand.ts';
import { type SelfPaced, selfPaced } from './plan/deployment-patch.ts';
import type { Candidate } from './plan/eligibility.ts';
import { marked } from './plan/marks.ts';
import { planRollout, type RolloutPlan } from './plan/plan.ts';
import { acts, type Plan, totalsOf } from './plan/steps.ts';
import { Room } from './plan/subnets.ts';
import { type Pacing, paceReplacement } from './plan/waves.ts';
import type { PresentNodes } from './present-nodes.ts';
import type { RolloutAnnounced } from './signals.ts';

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

export interface DecidedRollout {
  readonly report: RolloutReport;
  /** The part of it that is carried out: the steps of node groups that are not only observed. */
  readonly warmPart: RolloutPlan;
}

export function decideRollout(signal: RolloutAnnounced, present: PresentNodes): DecidedRollout {
  const { world, candidates, refused, acting, marks, sights, podsOn, policy, nowMs } = present;
  const cooldownMs = longestCooldownMs(candidates);
  const demand = demandOf(signal, cooldownMs);
  const plan = planRollout({
    ...{ demand, candidates, sights, policy, nowMs },
    room: new Room(world.subnets, policy.subnetReserveAddresses, marked(marks, nowMs)),
    ...(signal.podsPerNode !== undefined && { podsPerNode: signal.podsPerNode }),
    ...(podsOn !== undefined && { podsOn }),
  });
  const steps = [...refused, ...plan.steps];
  const report: RolloutReport = {
    announcementId: signal.announcementId,
    cluster: signal.cluster,
    demand: signal.cause === undefined ? demand.because : `${signal.cause}: ${demand.because}`,
    pods: Math.ceil(demand.addresses * policy.margin),
    steps,
    totals: totalsOf(steps),
    openDemand: replacesPods(signal) ? 0 : plan.unplaced,
    ...observedIn(candidates.map(({ node }) => [nodeGroupOf(node.tags), acting.get(node.id)?.because])),
    ...(replacesPods(signal) &&
      (candidates.length + refused.length === 0
        ? { pacingUnknown: 'no node is there that the announcement selects: see its nodeSelection' }
        : pacing(signal, plan, cooldownMs, podsOn !== undefined))),
  };
  const warm = plan.steps.filter((step) => !acts(step) || acting.get(step.nodeId)?.mode === 'warm');
  return { report, warmPart: { ...plan, steps: warm } };
}

export const longestCooldownMs = (candidates: readonly Candidate[]): number =>
  Math.max(IP_COOLDOWN_MS, ...candidates.map(({ settings }) => settings.ipCooldownMs));

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
