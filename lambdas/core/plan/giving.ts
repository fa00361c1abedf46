/** The steps that bring addresses to one node: on the ENIs that are there, and on new ones. */

import { cardEnis } from '../model.ts';
import type { PromisedEni } from '../records.ts';
import type { Candidate } from './eligibility.ts';
import { fillableEnis, groupsOf } from './pod-enis.ts';
import { entriesFree } from './standing.ts';
import type { AttachStep, FillStep, LeaveStep } from './steps.ts';
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

/** A step that leaves the node when its ENIConfig's subnet cannot be used. */
export function closedSubnet(
  { node, eniConfig }: Candidate,
  room: Room,
  cluster: string,
): LeaveStep | undefined {
  const why = eniConfig && room.closed(eniConfig.subnetId, node, cluster);
  if (why === undefined) return undefined;
  const because = `policy.eniConfigs.${node.zone}.subnetId: ${why}`;
  return { do: 'leave', nodeId: node.id, reason: 'custom networking', because };
}

/** Up to `most` addresses on the ENIs that are there, in order, as far as their subnets have room. */
export function fillPresent(candidate: Candidate, room: Room, most: number, because: string): FillStep[] {
  const steps: FillStep[] = [];
  const { node, perEni } = candidate;
  let left = most;
  for (const eni of fillableEnis(candidate)) {
    const { id: eniId, subnetId } = eni;
    const addresses = Math.min(entriesFree(eni, perEni), left, room.left(subnetId));
    if (addresses <= 0) continue;
    left -= addresses;
    room.take(subnetId, addresses);
    steps.push({ do: 'fill', nodeId: node.id, eniId, subnetId, addresses, because });
  }
  return steps;
}

/** What new ENIs a launching node gets. */
export interface Wanted {
  readonly count: number;
  /** Secondary addresses each comes with. */
  readonly addresses: number;
  readonly because: string;
}

/** New ENIs, those made before first. Where nobody else gives addresses, half an ENI is better than none. */
export function attachNew(
  { candidate, made, runningAtMs }: Launch,
  cluster: string,
  room: Room,
  { count, addresses, because }: Wanted,
): AttachStep[] {
  const { node, perEni, eniConfig, soleAllocator } = candidate;
  const only = eniConfig?.subnetId;
  const until = runningAtMs === undefined ? 'created' : 'attached';
  // A sole allocator's ipamd sends no request at its start that the third call would have to make way for.
  const finish = soleAllocator ? 'at once' : 'later';
  const base = {
    do: 'attach',
    nodeId: node.id,
    groupIds: groupsOf(candidate),
    until,
    finish,
    because,
  } as const;
  const steps: AttachStep[] = [];
  const waiting = made.filter(
    ({ eniId, subnetId }) =>
      !node.enis.some(({ id }) => id === eniId) && (only === undefined || subnetId === only),
  );
  const indexes = freeIndexes(candidate, waiting);
  let left = Math.min(count, freeIndexes(candidate, []).length);
  // Somebody else's ENI may have taken the index one was made for: those that can keep theirs go first.
  const taken = new Set(cardEnis(node).map(({ deviceIndex }) => deviceIndex));
  const keeps = waiting.filter(({ deviceIndex }) => !taken.has(deviceIndex));
  const moves = waiting.filter(({ deviceIndex }) => taken.has(deviceIndex));
  for (const eni of [...keeps, ...moves].slice(0, left)) {
    left--;
    const { eniId, addresses: had, subnetId, token, paid = false, unheard = false } = eni;
    const deviceIndex = taken.has(eni.deviceIndex) ? indexes.shift() : eni.deviceIndex;
    // One whose create may have been lost is asked for again, by its token, while the instance is pending too; should it
    // not have come about, it takes its addresses now.
    if (eniId === undefined) {
      if (room.left(subnetId) < had + 1) continue;
      room.take(subnetId, had + 1);
    }
    if (deviceIndex !== undefined && (until === 'attached' || eniId === undefined))
      steps.push({
        ...base,
        subnetId,
        deviceIndex,
        addresses: had,
        shape: shapeOf(had, perEni),
        token,
        ...(paid && { paid }),
        ...(unheard && { unheard }),
        ...(eniId !== undefined && { eniId }),
      });
  }
  for (const deviceIndex of indexes.slice(0, left)) {
    const subnetId =
      room.forNewEni(node, cluster, addresses + 1, only) ??
      (soleAllocator ? room.forNewEni(node, cluster, 2, only) : undefined);
    if (subnetId === undefined) break;
    const carries = Math.min(addresses, room.left(subnetId) - 1);
    room.take(subnetId, carries + 1);
    steps.push({ ...base, subnetId, deviceIndex, addresses: carries, shape: shapeOf(carries, perEni) });
  }
  return steps;
}

export const shapeOf = (addresses: number, perEni: number): AttachStep['shape'] =>
  addresses === 0 ? 'skeleton' : addresses === perEni ? 'full' : 'partial';

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
