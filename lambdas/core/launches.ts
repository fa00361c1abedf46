/**
 * Nodes that are starting. Addresses present before ipamd starts are adopted at once and fail no pod; the same addresses a
 * moment too late are worse than none where slots are few. So a launch is a race, and the guard decides whether to run it.
 */
import type { Candidate } from './eligibility.ts';
import {
  cardEnis,
  type EniId,
  ipamdStarted,
  managedEnis,
  type Node,
  type NodeId,
  OUR_NODE_TAG,
  primaryEni,
  type SubnetId,
  totalIps,
} from './model.ts';
import type { Policy } from './policy.ts';
import type { NodeSelector } from './signals.ts';
import { entriesFree } from './standing.ts';
import type { AttachStep, FillStep, FinishStep, LeaveStep, Step } from './steps.ts';
import type { Room } from './subnets.ts';

/** What we know of one launching node beside what EC2 shows. */
export interface Launch {
  readonly candidate: Candidate;
  /** When the instance entered `running`, or the earliest it can have; `undefined` while it is pending. */
  readonly runningAtMs: number | undefined;
  /** Pods claimed for it from open demand; 0 when nobody announced any. */
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
  readonly demandId?: string;
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
  readonly podCap: number;
}

/** Each taker's share of open demand, oldest demand first. What a node claimed before is returned again, never twice. */
export function shareOut(
  open: readonly OpenDemand[],
  takers: readonly Taker[],
): { readonly shares: Map<NodeId, number>; readonly claimed: OpenDemand[] } {
  const earlier = (nodeId: NodeId): number =>
    open.reduce((sum, { claims }) => sum + (claims[nodeId] ?? 0), 0);
  // What was claimed before counts first: a demand announced since then must not fill the same pods again.
  const shares = new Map<NodeId, number>(
    takers.map(({ nodeId, podCap }) => [nodeId, Math.min(podCap, earlier(nodeId))]),
  );
  const claimed: OpenDemand[] = [];
  for (const demand of [...open].sort((a, b) => a.startsAtMs - b.startsAtMs || (a.id < b.id ? -1 : 1))) {
    let podsLeft = demand.podsLeft;
    const claims: Record<NodeId, number> = { ...demand.claims };
    for (const taker of takers) {
      const { nodeId, podCap } = taker;
      if (claims[nodeId] !== undefined || !selects(demand.selector, taker)) continue;
      const share = shares.get(nodeId) ?? 0;
      const take = Math.min(podsLeft, podCap - share);
      if (take <= 0) continue;
      claims[nodeId] = take;
      podsLeft -= take;
      shares.set(nodeId, share + take);
    }
    if (podsLeft < demand.podsLeft)
      claimed.push({ ...demand, podsLeft, claims, version: demand.version + 1 });
  }
  return { shares, claimed };
}

/** Whether a rollout's pods may land there. What the selector does not name, it does not mind. */
export const selects = (
  selector: NodeSelector,
  { nodeGroup, zone }: Pick<Taker, 'nodeGroup' | 'zone'>,
): boolean => (selector.nodeGroups?.includes(nodeGroup) ?? true) && (selector.zones?.includes(zone) ?? true);

/** Steps for one launching node that is in time. Takes what it plans out of `room`. */
export function planLaunch(launch: Launch, cluster: string, room: Room, policy: Policy): Step[] {
  const { candidate } = launch;
  const { node, perEni, podCap } = candidate;
  const leave = (reason: LeaveStep['reason'], because: string): Step[] => [
    { do: 'leave', nodeId: node.id, reason, because },
  ];
  if (launch.share === 0 && policy.launchDemand === 'none')
    return leave('no demand', 'nobody announced pods for it, and policy.launchDemand is none');
  const skeleton = launch.share === 0 && policy.launchDemand === 'skeleton';
  const pods = launch.share === 0 ? podCap : Math.min(launch.share, podCap);
  const why =
    launch.share > 0
      ? `${launch.share} announced pods wait for this node`
      : 'nobody announced pods; assumed that an autoscaler saw pending ones';
  if (pods === 0) return leave('max pods', 'its max-pods leaves no pod that needs an address');

  // ipamd's start makes one growth step when W·M addresses are not there: prevent it, or Ready waits for it.
  const wanted = Math.min(Math.max(pods, candidate.warmEniTarget * perEni), candidate.maxEnis * perEni);
  if (!skeleton && wanted <= perEni)
    return leave('already warm', `ipamd's own start brings ${perEni} addresses, enough for ${pods} pods`);
  const enisWanted = Math.ceil(wanted / perEni);
  const missingEnis = Math.max(0, enisWanted - managedEnis(node).length);
  const steps: Step[] = unfinished(node);
  if (!skeleton && launch.runningAtMs !== undefined) {
    // A launch template may bring more ENIs than are wanted, and addresses on any of them.
    const lacking = Math.min(managedEnis(node).length, enisWanted) * perEni - totalIps(node);
    steps.push(...fillPresent(candidate, room, lacking, why));
  }
  const attaches = attachNew(launch, cluster, room, missingEnis, skeleton ? 0 : perEni, why);
  steps.push(...attaches);
  if (steps.length > 0) return steps;
  if (missingEnis > 0 && freeIndexes(candidate, []).length === 0)
    return leave('no slots', `all ${candidate.maxEnis} ENIs are attached`);
  if (missingEnis > 0)
    return leave('subnet full', `no usable subnet has ${perEni + 1} addresses above the reserve`);
  return leave('already warm', `${totalIps(node)} addresses on ${node.enis.length} ENIs are there`);
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

/** Up to `most` addresses on the ENIs that are there, in order, as far as their subnets have room. */
export function fillPresent(candidate: Candidate, room: Room, most: number, because: string): FillStep[] {
  const steps: FillStep[] = [];
  const { node, perEni } = candidate;
  let left = most;
  for (const eni of managedEnis(node)) {
    const { id: eniId, subnetId } = eni;
    const addresses = Math.min(entriesFree(eni, perEni), left, room.left(subnetId));
    if (addresses <= 0) continue;
    left -= addresses;
    room.take(subnetId, addresses);
    steps.push({ do: 'fill', nodeId: node.id, eniId, subnetId, addresses, because });
  }
  return steps;
}

function attachNew(
  launch: Launch,
  cluster: string,
  room: Room,
  count: number,
  addresses: number,
  because: string,
): AttachStep[] {
  const { candidate, made } = launch;
  const { node } = candidate;
  const until = launch.runningAtMs === undefined ? 'created' : 'attached';
  const groupIds = primaryEni(node)?.groupIds ?? [];
  const base = { do: 'attach', nodeId: node.id, groupIds, until, finish: 'later', because } as const;
  const shape = addresses === 0 ? 'skeleton' : 'full';
  const steps: AttachStep[] = [];
  const waiting = made.filter(({ eniId }) => !node.enis.some(({ id }) => id === eniId));
  const indexes = freeIndexes(candidate, waiting);
  let left = Math.min(count, freeIndexes(candidate, []).length);
  // Somebody else's ENI may have taken the index one was made for: those that can keep theirs go first.
  const taken = new Set(cardEnis(node).map(({ deviceIndex }) => deviceIndex));
  const keeps = waiting.filter(({ deviceIndex }) => !taken.has(deviceIndex));
  const moves = waiting.filter(({ deviceIndex }) => taken.has(deviceIndex));
  for (const eni of [...keeps, ...moves].slice(0, left)) {
    left--;
    const { eniId, addresses: had, subnetId, token } = eni;
    const deviceIndex = taken.has(eni.deviceIndex) ? indexes.shift() : eni.deviceIndex;
    // One whose create may have been lost is asked for again, by its token, while the instance is pending too.
    if (deviceIndex !== undefined && (until === 'attached' || eniId === undefined))
      steps.push({
        ...base,
        subnetId,
        deviceIndex,
        addresses: had,
        shape,
        token,
        ...(eniId !== undefined && { eniId }),
      });
  }
  for (const deviceIndex of indexes.slice(0, left)) {
    const subnetId = room.forNewEni(node, cluster, addresses + 1);
    if (subnetId === undefined) break;
    room.take(subnetId, addresses + 1);
    steps.push({ ...base, subnetId, deviceIndex, addresses, shape });
  }
  return steps;
}

/** Free device indexes, highest first: ipamd takes the lowest, so the two rarely meet. Only as many as slots allow. */
export function freeIndexes(candidate: Candidate, made: readonly PromisedEni[]): number[] {
  const { node, limits, maxEnis } = candidate;
  const taken = new Set([
    ...cardEnis(node).map((eni) => eni.deviceIndex),
    ...made.map((eni) => eni.deviceIndex),
  ]);
  const free: number[] = [];
  for (let index = limits.maxEnis - 1; index > 0; index--) if (!taken.has(index)) free.push(index);
  return free.slice(0, Math.max(0, maxEnis - taken.size));
}
