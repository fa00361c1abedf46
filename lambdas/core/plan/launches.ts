/**
 * Nodes that are starting. Addresses present before ipamd starts are adopted at once and fail no pod; the same addresses a
 * moment too late are worse than none where slots are few. So a launch is a race, and the guard decides whether to run it.
 */

import { ipamdStarted, type Node, OUR_NODE_TAG } from '../model.ts';
import type { Policy } from '../policy.ts';
import { planAllocation } from './allocation.ts';
import { attachNew, closedSubnet, fillPresent, freeIndexes, type Launch } from './giving.ts';
import { planTargets } from './ip-targets.ts';
import { podAddresses, podEnis } from './pod-enis.ts';
import { acts, type FinishStep, type LeaveStep, type Step } from './steps.ts';
import type { Room } from './subnets.ts';

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
