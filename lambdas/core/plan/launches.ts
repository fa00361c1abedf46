/**
 * Nodes that are starting. Addresses present before ipamd starts are adopted at once and fail no pod; the same addresses a
 * moment too late are worse than none where slots are few. So a launch is a race, and the guard decides whether to run it.
 */

import {
  type EniId,
  ipamdStarted,
  labelsOf,
  type Node,
  type NodeId,
  nodeGroupOf,
  OUR_NODE_TAG,
  type SubnetId,
} from '../model.ts';
import type { Policy } from '../policy.ts';
import type { NodeSelector } from '../signals.ts';
import { planAllocation } from './allocation.ts';
import { demandOfLaunching } from './demand.ts';
import type { Candidate } from './eligibility.ts';
import { attachNew, closedSubnet, fillPresent, freeIndexes } from './giving.ts';
import { planTargets } from './ip-targets.ts';
import { podAddresses, podEnis } from './pod-enis.ts';
import { acts, type FinishStep, type LeaveStep, type Step } from './steps.ts';
import type { Room } from './subnets.ts';

/** What we know of one launching node beside what EC2 shows. */
export interface Launch {
  readonly candidate: Candidate;
  /** When the instance entered `running`, or the earliest it can have; `undefined` while it is pending. */
  readonly runningAtMs: number | undefined;
  /** Announced pods it must be ready for; 0 when it could claim none. */
  readonly share: number;
  /** ENIs an earlier try created for it and nobody attached yet. */
  readonly made: readonly PromisedEni[];
}

/** An ENI that was made for a node, or may have been: without `eniId` its create was about to be sent, or its reply was
 *  lost. The same token brings the same ENI back. */
export interface PromisedEni {
  readonly eniId?: EniId;
  readonly deviceIndex: number;
  readonly addresses: number;
  readonly subnetId: SubnetId;
  readonly token: string;
  /** Since when it has been promised, epoch ms. */
  readonly sinceMs: number;
  readonly demandId?: string;
  /** Its attach was granted with its create, and has not been sent. */
  readonly paid?: boolean;
  /** When its attach was sent; reads may not show it for a while. */
  readonly attachedAtMs?: number;
}

/** A fill that was about to be sent, or was answered a moment ago. */
export interface PromisedFill {
  readonly eniId: EniId;
  /** Secondary addresses the ENI has after it. */
  readonly to: number;
  readonly atMs: number;
}

/** The last moment at which a call may start and still be seen by ipamd's start, epoch ms. */
export const attachDeadlineMs = (runningAtMs: number, startP05Ms: number, policy: Policy): number =>
  runningAtMs + startP05Ms - policy.attachP95Ms - policy.imdsP95Ms;

/** Why we must not touch a launching node any more, or `undefined` while there is time. */
export function tooLate(
  node: Node,
  runningAtMs: number | undefined,
  startP05Ms: number,
  policy: Policy,
  nowMs: number,
): string | undefined {
  if (ipamdStarted(node)) return 'ipamd has started: its tag is on the primary ENI';
  if (runningAtMs === undefined) return undefined;
  const lateByMs = nowMs - attachDeadlineMs(runningAtMs, startP05Ms, policy);
  return lateByMs < 0
    ? undefined
    : `${((nowMs - runningAtMs) / 1000).toFixed(1)} s after running an attach could miss ipamd's start (${startP05Ms / 1000} s)`;
}

/** Pods announced that no present node can take; they wait for launches. */
export interface OpenDemand {
  readonly id: string;
  readonly cluster: string;
  readonly podsLeft: number;
  readonly selector: NodeSelector;
  readonly startsAtMs: number;
  readonly expiresAtMs: number;
  /** What each node took, so that the same launch takes only once. */
  readonly claims: Readonly<Record<NodeId, number>>;
  /** Grows with each write; a claim is one conditional write on it. */
  readonly version: number;
}

export interface Taker {
  readonly nodeId: NodeId;
  readonly nodeGroup: string;
  readonly zone: string;
  /** As far as its tags tell them; none when absent. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly podCap: number;
}

/** What each taker claims of open demand, oldest demand first, and for how many pods it must be ready. What a node claimed
 *  before is returned again, never twice. A claim counts nodes: it ends the demand once enough of them launch. Which pods a
 *  node gets is another question, because the scheduler binds all that wait to whichever is Ready first; so each node that
 *  claimed anything may meet as many as the whole demand has. */
export function shareOut(
  open: readonly OpenDemand[],
  takers: readonly Taker[],
): { readonly shares: Map<NodeId, number>; readonly claimed: OpenDemand[] } {
  // What was claimed before counts first: a demand announced since then must not fill the same pods again.
  const claims = new Map<NodeId, number>(
    takers.map(({ nodeId }) => [nodeId, sum(open.map(({ claims }) => claims[nodeId] ?? 0))]),
  );
  const claimed: OpenDemand[] = [];
  const all: OpenDemand[] = [];
  for (const demand of [...open].sort((a, b) => a.startsAtMs - b.startsAtMs || (a.id < b.id ? -1 : 1))) {
    let podsLeft = demand.podsLeft;
    const taken: Record<NodeId, number> = { ...demand.claims };
    for (const taker of takers) {
      const { nodeId, podCap } = taker;
      if (taken[nodeId] !== undefined || !selects(demand.selector, taker)) continue;
      const before = claims.get(nodeId) ?? 0;
      const take = demandOfLaunching(podsLeft, podCap - before);
      if (take === 0) continue;
      taken[nodeId] = take;
      podsLeft -= take;
      claims.set(nodeId, before + take);
    }
    const next = { ...demand, podsLeft, claims: taken, version: demand.version + 1 };
    all.push(next);
    if (podsLeft < demand.podsLeft) claimed.push(next);
  }
  const podsFor = ({ nodeId, podCap }: Taker): number =>
    demandOfLaunching(sum(all.filter(({ claims }) => claims[nodeId] !== undefined).map(podsOf)), podCap);
  return { shares: new Map(takers.map((taker) => [taker.nodeId, podsFor(taker)])), claimed };
}

const sum = (counts: readonly number[]): number => counts.reduce((all, count) => all + count, 0);

/** All pods of a demand, claimed or not. */
const podsOf = ({ podsLeft, claims }: OpenDemand): number => podsLeft + sum(Object.values(claims));

/** Whether a rollout's pods may land there. What the selector does not name, it does not mind. */
export const selects = (
  { nodeGroups, zones, labels, exceptNodes }: NodeSelector,
  node: Omit<Taker, 'podCap'>,
): boolean =>
  (nodeGroups?.includes(node.nodeGroup) ?? true) &&
  (zones?.includes(node.zone) ?? true) &&
  Object.entries(labels ?? {}).every(([key, value]) => node.labels?.[key] === value) &&
  !(exceptNodes?.includes(node.nodeId) ?? false);

/** A node as selectors see it. */
export const selectable = (node: Node): Omit<Taker, 'podCap'> => ({
  nodeId: node.id,
  nodeGroup: nodeGroupOf(node.tags),
  zone: node.zone,
  labels: labelsOf(node),
});

/** Steps for one launching node that is in time. Takes what it plans out of `room`. */
export function planLaunch(launch: Launch, cluster: string, room: Room, policy: Policy): Step[] {
  const { candidate } = launch;
  const { node, perEni, podCap } = candidate;
  const leave = (reason: LeaveStep['reason'], because: string): Step[] => [
    { do: 'leave', nodeId: node.id, reason, because },
  ];
  const closed = closedSubnet(candidate, room, cluster);
  if (closed !== undefined) return [closed];
  if (candidate.soleAllocator) {
    const half = unfinished(node);
    const given = planAllocation(launch, cluster, room, policy);
    return half.length === 0 ? given : [...half, ...given.filter(acts)];
  }
  if (launch.share === 0 && policy.launchDemand === 'none')
    return leave('no demand', 'nobody announced pods for it, and policy.launchDemand is none');
  const { startsWith } = candidate;
  if (startsWith !== undefined)
    return [...unfinished(node), ...planTargets(launch, startsWith, cluster, room)];
  const skeleton = launch.share === 0 && policy.launchDemand === 'skeleton';
  const pods = launch.share === 0 ? podCap : Math.min(launch.share, podCap);
  const why =
    launch.share > 0
      ? `up to ${launch.share} announced pods may come to this node`
      : 'nobody announced pods; assumed that an autoscaler saw pending ones';
  if (pods === 0) return leave('max pods', 'its max-pods leaves no pod that needs an address');

  // ipamd's start makes one growth step when W·M addresses are not there: prevent it, or Ready waits for it.
  const mostEnis = candidate.maxEnis - (candidate.eniConfig === undefined ? 0 : 1);
  const wanted = Math.min(Math.max(pods, candidate.warmEniTarget * perEni), mostEnis * perEni);
  if (!skeleton && wanted <= perEni)
    return leave('already warm', `ipamd's own start brings ${perEni} addresses, enough for ${pods} pods`);
  const enisWanted = Math.ceil(wanted / perEni);
  const missingEnis = Math.max(0, enisWanted - podEnis(candidate).length);
  const steps: Step[] = unfinished(node);
  // Behind a launch gate its ipamd may run already, and fills what is there by itself.
  if (!skeleton && launch.runningAtMs !== undefined && !ipamdStarted(node)) {
    // A launch template may bring more ENIs than are wanted, and addresses on any of them.
    const lacking = Math.min(podEnis(candidate).length, enisWanted) * perEni - podAddresses(candidate);
    steps.push(...fillPresent(candidate, room, lacking, why));
  }
  const addresses = skeleton ? 0 : perEni;
  const attaches = attachNew(launch, cluster, room, { count: missingEnis, addresses, because: why });
  steps.push(...attaches);
  if (steps.length > 0) return steps;
  if (missingEnis > 0 && freeIndexes(candidate, []).length === 0)
    return leave('no slots', `all ${candidate.maxEnis} ENIs are attached`);
  if (missingEnis > 0)
    return leave('subnet full', `no usable subnet has ${perEni + 1} addresses above the reserve`);
  return leave(
    'already warm',
    `${podAddresses(candidate)} addresses on ${podEnis(candidate).length} ENIs are there`,
  );
}

/** ENIs of ours on the node that would outlive it. */
export function unfinished(node: Node): FinishStep[] {
  return node.enis
    .filter((eni) => eni.tags[OUR_NODE_TAG] === node.id && !eni.deleteOnTermination)
    .map(({ id: eniId, attachmentId }) => ({
      do: 'finish',
      nodeId: node.id,
      eniId,
      attachmentId,
      because: 'attached by us, but not yet deleted with its instance',
    }));
}
