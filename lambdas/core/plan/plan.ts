/**
 * Nodes that already run. ipamd does not watch EC2: it adopts what we attach at its next reconcile on a quiet node, and
 * gives back what exceeds its bound. So we add only where it is adopted in time, and only what is kept.
 */

import { adoptionWorstMs, bound } from '../cni.ts';
import { ENI_GROWTH_MS, IPAMD_LOOP_MS, QUIET_MS, RECONCILE_WORST_MS } from '../limits.ts';
import type { SubnetId } from '../model.ts';
import { bringTo } from './allocation.ts';
import type { Candidate } from './eligibility.ts';
import { closedSubnet, fillPresent, freeIndexes, shapeOf } from './giving.ts';
import { spread } from './placement.ts';
import { groupsOf, podEnis } from './pod-enis.ts';
import { type Looking, type Standing, standing } from './standing.ts';
import type { AttachStep, LeaveReason, Step } from './steps.ts';
import type { Room } from './subnets.ts';

export interface RolloutAsk extends Looking {
  readonly candidates: readonly Candidate[];
  readonly room: Room;
}

export interface RolloutPlan {
  readonly steps: readonly Step[];
  /** Pods, margin included, for which no present node has a slot. */
  readonly unplaced: number;
  /** Addresses on the nodes that surely have no pod, cooling ones not told apart. */
  readonly freeAddresses: number;
}

export function planRollout(ask: RolloutAsk): RolloutPlan {
  // By id: EC2 lists instances in no order, and the first to plan takes room from the others.
  const standings = ask.candidates
    .toSorted((a, b) => (a.node.id < b.node.id ? -1 : 1))
    .map((candidate) => standing(candidate, ask));
  const pods = Math.ceil(ask.demand.addresses * ask.policy.margin);
  const { placed, unplaced } = spread(
    pods,
    standings.map(({ candidate, podsMax }) => ({
      nodeId: candidate.node.id,
      freePods: Math.max(0, candidate.podCap - podsMax),
    })),
  );
  const steps = standings.flatMap((node) => {
    const { candidate } = node;
    const expected = { share: placed.get(candidate.node.id) ?? 0, pods, unplaced };
    const closed = closedSubnet(candidate, ask.room, ask.demand.cluster);
    if (closed !== undefined) return [closed];
    const own = { ...ask, room: ask.room.keeping(candidate.policy.subnetReserveAddresses) };
    return candidate.soleAllocator ? allocate(node, expected, own) : planNode(node, expected, own);
  });
  return { steps, unplaced, freeAddresses: standings.reduce((sum, { free }) => sum + free, 0) };
}

/** What placement expects: `share` of all `pods` on this node, `unplaced` of them on none. */
interface Expected {
  readonly share: number;
  readonly pods: number;
  readonly unplaced: number;
}

function planNode(node: Standing, { share, pods, unplaced }: Expected, ask: RolloutAsk): Step[] {
  const { candidate, total, free, freeSlots, fillable } = node;
  const { demand, policy } = ask;
  const nodeId = candidate.node.id;
  const leave = (reason: LeaveReason, because: string): Step[] => [{ do: 'leave', nodeId, reason, because }];
  const within = (ms: number): number =>
    demand.overMs <= ms ? share : Math.min(share, Math.ceil((share * ms) / demand.overMs));

  if (freeSlots === 0 && fillable === 0 && (share > free || unplaced > 0 || free === 0))
    return leave(
      'no slots',
      `all ${candidate.maxEnis} ENIs are full, ${free} addresses surely free; freed ones cool first: only pacing helps`,
    );
  if (share === 0) return leave('no demand', 'placement expects no pod here');
  if (share <= free)
    return leave('already warm', `${free} of its ${total} addresses are free, ${share} pods expected`);
  if (within(ENI_GROWTH_MS) <= free)
    return leave(
      'already warm',
      `${within(ENI_GROWTH_MS)} pods in ${ENI_GROWTH_MS / 1000} s: its own growth keeps up`,
    );

  const because = `${share} of ${pods} pods expected here, ${free} of its ${total} addresses surely free`;
  const leadMs = demand.startsAtMs - ask.nowMs;
  const adoptedInTime = node.quiet && leadMs >= adoptionWorstMs(policy);
  if (!adoptedInTime) {
    const spare = harmlessEnis(node);
    if (spare > 0) return grow(node, share, 0, spare, because, ask);
    if (!node.quiet)
      return leave(
        'not quiet',
        `its ENIs or addresses changed in the last ${QUIET_MS / 1000} s, or were never seen`,
      );
    return leave(
      'too late',
      `${leadMs / 1000} s ahead; adoption takes up to ${adoptionWorstMs(policy) / 1000} s`,
    );
  }
  // At most M in a loop of 5 s: an empty ENI is filled as fast as pods come, and costs one address. Faster than that,
  // addresses must be there before: as many as the CNI keeps.
  const fastest = within(IPAMD_LOOP_MS) > candidate.perEni;
  const keeps = bound(
    { kind: 'warm-eni', warmEniTarget: candidate.warmEniTarget },
    node.podsMin,
    candidate.perEni,
  );
  return grow(node, share, fastest ? Math.max(0, keeps - total) : 0, freeSlots, because, ask);
}

/** A node that nobody but us gives addresses. Which of its addresses have pods nothing shows, and each that is missing is a pod
 *  that fails for ever: told no number of pods, we bring it to all it may run. What is there counts, so a second run adds
 *  nothing. */
function allocate(standing: Standing, { share, pods }: Expected, ask: RolloutAsk): Step[] {
  const { candidate, total, podsKnown, podsMax } = standing;
  const { podCap, node } = candidate;
  const due = podsKnown ? Math.min(podCap, podsMax + share) : podCap;
  if (total < due && share === 0)
    return [{ do: 'leave', nodeId: node.id, reason: 'no demand', because: 'placement expects no pod here' }];
  const seen = `taken in within ${RECONCILE_WORST_MS / 1000} s`;
  const launch = { candidate, runningAtMs: ask.nowMs, share, made: [] };
  return bringTo(
    due,
    launch,
    ask.demand.cluster,
    ask.room,
    `${share} of ${pods} pods expected here, ${seen}`,
  );
}

/** ENIs that do no harm while ipamd has not adopted them, because it would not need their slots even with every pod the
 *  node can run. Zero on types whose slots are all of use. */
function harmlessEnis({ candidate, freeSlots }: Standing): number {
  const { perEni, podCap, warmEniTarget } = candidate;
  const withAddresses = podEnis(candidate).filter((eni) => eni.secondaryIps > 0).length;
  return Math.max(
    0,
    freeSlots - Math.max(0, Math.ceil((podCap + warmEniTarget * perEni) / perEni) - withAddresses),
  );
}

/** New ENIs for what the present ones cannot hold, the first with the addresses the CNI has `kept`; on a node without slots those
 *  addresses go to the ENIs that are there. */
function grow(
  node: Standing,
  share: number,
  kept: number,
  mostEnis: number,
  because: string,
  ask: RolloutAsk,
): Step[] {
  const { candidate, free, freeSlots, fillable } = node;
  const { shapes } = candidate.policy;
  const headroom = shapes === 'skeleton' ? 0 : kept;
  const { perEni, podCap } = candidate;
  const nodeId = candidate.node.id;
  const leave = (reason: LeaveReason, why: string): Step[] => [{ do: 'leave', nodeId, reason, because: why }];
  if (freeSlots === 0) {
    // Addresses on an ENI carry no mark of ours: told from them, the pods would seem to have grown, a second run would
    // expect the next ones elsewhere, and add there.
    const fills = node.podsKnown ? fillPresent(candidate, ask.room, headroom, because) : [];
    if (fills.length > 0) return fills;
    return node.podsKnown && headroom > 0 && fillable > 0
      ? leave('subnet full', NO_ROOM)
      : leave('already warm', 'its ENIs have room that ipamd fills by one call each');
  }
  const useful = Math.ceil(podCap / perEni) - podEnis(candidate).length;
  if (useful <= 0) return leave('max pods', `its ENIs can already hold the ${podCap} pods it may run`);
  const wanted = Math.min(Math.ceil((share - free - fillable) / perEni), useful, mostEnis);
  if (wanted <= 0) return leave('already warm', `its ENIs have room for ${fillable} more addresses`);
  const steps: Step[] = [];
  let left = headroom;
  for (const deviceIndex of freeIndexes(candidate, []).slice(0, wanted)) {
    const carries = Math.min(left, perEni);
    if (carries === 0 && shapes === 'full') break;
    left -= carries;
    if (node.attachedForThis.has(deviceIndex)) continue;
    const step = newEni(candidate, deviceIndex, carries, because, ask);
    if (step === undefined) return steps.length > 0 ? steps : leave('subnet full', NO_ROOM);
    steps.push(step);
  }
  if (steps.length === 0 && headroom === 0 && shapes === 'full')
    return leave('shape not wanted', 'only an empty ENI would help here, and the policy’s shapes is full');
  return steps.length > 0
    ? steps
    : leave('already warm', `${wanted} ENIs were attached for this rollout before`);
}

const NO_ROOM = 'no usable subnet has a free address above the reserve';

/** A new ENI, with fewer addresses than wished where the subnet has no more. */
function newEni(
  candidate: Candidate,
  deviceIndex: number,
  wished: number,
  because: string,
  ask: RolloutAsk,
): AttachStep | undefined {
  const { node, perEni, eniConfig } = candidate;
  const { cluster, id: demandId } = ask.demand;
  const roomFor = (addresses: number): SubnetId | undefined =>
    ask.room.forNewEni(node, cluster, addresses, eniConfig?.subnetId);
  const subnetId = roomFor(wished + 1) ?? roomFor(1);
  if (subnetId === undefined) return undefined;
  const addresses = Math.min(wished, ask.room.left(subnetId) - 1);
  ask.room.take(subnetId, addresses + 1);
  return {
    do: 'attach',
    nodeId: node.id,
    subnetId,
    deviceIndex,
    addresses,
    shape: shapeOf(addresses, perEni),
    groupIds: groupsOf(candidate),
    demandId,
    until: 'attached',
    finish: 'at once',
    because,
  };
}
