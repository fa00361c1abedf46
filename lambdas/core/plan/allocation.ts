/**
 * Nodes that nobody but us gives addresses: the CNI's own provisioning is disabled, so it neither grows nor gives back, and
 * takes in within about a minute whatever is there (amazon-vpc-cni-k8s v1.23.1, nodeIPPoolReconcile). Nothing is ever too
 * late or too much here, and nothing empty is of use: nobody else would fill it.
 */

import type { Policy } from '../policy.ts';
import type { Candidate } from './eligibility.ts';
import { attachNew, fillPresent, freeIndexes, type Launch } from './giving.ts';
import { podAddresses } from './pod-enis.ts';
import type { LeaveReason, Step } from './steps.ts';
import type { Room } from './subnets.ts';

/** Addresses a node should have. With policy.launchDemand `full` one for each pod it may run, announced or not: a pod without
 *  one would wait for ever. Otherwise those of the announced pods, and never fewer than ipamd's own start would bring, one
 *  ENI's worth, because here nobody else brings even those. */
export const owed = ({ perEni, podCap }: Candidate, policy: Policy, share = 0): number =>
  policy.launchDemand === 'full' ? podCap : Math.min(podCap, Math.max(share, perEni));

/** Addresses the node lacks against what it should have; 0 where somebody else gives them. */
export const shortOf = (candidate: Candidate, policy: Policy, share = 0): number =>
  candidate.soleAllocator ? Math.max(0, owed(candidate, policy, share) - podAddresses(candidate)) : 0;

/** What a node gets at its launch, or at any later look; {@link shortOf} it is 0 once this is done. */
export function planAllocation(launch: Launch, cluster: string, room: Room, policy: Policy): Step[] {
  const { candidate, share } = launch;
  const demand = share > 0 ? `up to ${share} announced pods may come to this node` : 'nobody announced pods';
  const because =
    policy.launchDemand === 'full'
      ? `${demand}; it may run ${candidate.podCap}`
      : `${demand}; policy.launchDemand is ${policy.launchDemand}`;
  return bringTo(owed(candidate, policy, share), launch, cluster, room, because);
}

/** Steps until the node has `addresses`: on its ENIs first, one call each, then on new ones. */
export function bringTo(addresses: number, launch: Launch, cluster: string, room: Room, why: string): Step[] {
  const { candidate } = launch;
  const { node, perEni, maxEnis, podCap } = candidate;
  const leave = (reason: LeaveReason, because: string): Step[] => [
    { do: 'leave', nodeId: node.id, reason, because },
  ];
  if (podCap === 0) return leave('max pods', 'its max-pods leaves no pod that needs an address');
  const has = podAddresses(candidate);
  if (has >= addresses) return leave('already warm', `${has} addresses are there, ${addresses} are due`);
  const only = mayFill(launch) ? '' : `; new ENIs only: with ENABLE_IMDS_ONLY_MODE ${UNSEEN}`;
  const others = candidate.soleAllocator ? ', and nobody else gives any' : '';
  const because = `${why}; ${has} of ${addresses} addresses are there${others}${only}`;
  const fills = mayFill(launch) ? fillPresent(candidate, room, addresses - has, because) : [];
  const rest = addresses - has - fills.reduce((sum, fill) => sum + fill.addresses, 0);
  const count = Math.ceil(rest / perEni);
  // Announced pods may all come to the node that is ready first; where none are, what is too much is taken back.
  const full = candidate.soleAllocator || launch.share > 0;
  const addressesEach = full ? perEni : Math.ceil(rest / Math.max(1, count));
  const attaches = attachNew(launch, cluster, room, { count, addresses: addressesEach, because });
  const steps = [...fills, ...attaches];
  if (steps.length > 0) return steps;
  if (freeIndexes(candidate, []).length > 0)
    return launch.made.length > 0
      ? leave('already warm', 'what it lacks was made and waits for it to run')
      : leave('subnet full', 'no usable subnet has a free address above the reserve');
  return candidate.settings.metadataOnly
    ? leave('no slots', `all ${maxEnis} ENIs are attached, and with ENABLE_IMDS_ONLY_MODE ${UNSEEN}`)
    : leave('no slots', `all ${maxEnis} ENIs are attached`);
}

const UNSEEN = 'ipamd may not see addresses that come to an ENI it knows: they help only before it starts';

/** Without access to EC2 ipamd takes in what an ENI has when it first sees it, and never more: so present ENIs are filled only
 *  while the instance is pending, when ipamd surely has not started. */
const mayFill = ({ candidate, runningAtMs }: Launch): boolean =>
  !candidate.settings.metadataOnly || runningAtMs === undefined;
