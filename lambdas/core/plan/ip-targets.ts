/**
 * Launching nodes whose CNI has IP targets. Its start brings one call's worth, at most what one ENI holds, and every further ENI
 * takes a growth step; what exceeds its targets it trims, but not before its first loop. So the pods that wait for the node find
 * addresses that are there when it starts, and what they leave is gone seconds later (ipamd: recorded, 2.5 to 5 s).
 */
import { bringTo } from './allocation.ts';
import { IP_TARGETS, refusalSteps } from './eligibility.ts';
import type { Launch } from './giving.ts';
import type { Step } from './steps.ts';
import type { Room } from './subnets.ts';

/** Addresses for the announced pods, and never fewer than the CNI would grow to by itself; without an announcement no more than that,
 *  because whoever chose these targets wants no address idle. */
export function planTargets(launch: Launch, startsWith: number, cluster: string, room: Room): Step[] {
  const { candidate, share } = launch;
  const { node, perEni, maxEnis, podCap } = candidate;
  const enis = maxEnis - (candidate.eniConfig === undefined ? 0 : 1);
  const due = Math.min(Math.max(startsWith, Math.min(share, podCap)), enis * perEni);
  const itself = Math.min(startsWith, perEni);
  if (due <= itself)
    return share > 0
      ? [
          {
            do: 'leave',
            nodeId: node.id,
            reason: 'already warm',
            because: `ipamd's own start brings ${itself} addresses, enough for ${share} pods`,
          },
        ]
      : refusalSteps(node.id, IP_TARGETS);
  const pods = share > 0 ? `up to ${share} announced pods may come to this node; ` : '';
  const because = `${pods}the CNI itself would start with ${itself} of its ${startsWith} addresses`;
  return bringTo(due, launch, cluster, room, because);
}
