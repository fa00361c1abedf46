/** Trouble that stops a rollout, in words for whoever has to change something. What passes by itself only makes it wait. */
import type { LeaveReason } from '../plan/steps.ts';
import { podsInAll, type RolloutRecord, type Stop, type WaveRecord } from './record.ts';

/** What stands in the way of warming and does not go away by waiting. */
export function permanentStop(
  { announced }: RolloutRecord,
  { shortfalls = {} }: WaveRecord,
): Stop | undefined {
  if (shortfalls['not allowed'])
    return {
      cause: `EC2 does not let the prewarmer act on ${nodes(shortfalls['not allowed'])} of ${announced.cluster}`,
      remedy:
        'Find the missing right in the journal (not-allowed) and what denies it: the stack, a permissions boundary or a service control policy. Then redrive the execution.',
    };
  if (shortfalls['quota reached'])
    return {
      cause: `the account's quota of network interfaces is reached, ${nodes(shortfalls['quota reached'])} could not get one`,
      remedy:
        'Raise "Network interfaces per Region" in Service Quotas, or delete interfaces that nobody uses. Then redrive the execution.',
    };
  return undefined;
}

/** Addresses did not come within the longest pause: said by what keeps most nodes from having them. */
export function capacityStop(record: RolloutRecord, wave: WaveRecord, pods: number, waitedMs: number): Stop {
  const { announced, releasedPods } = record;
  const { wantedPods, shortfalls = {} } = wave;
  const [reason] = Object.entries(shortfalls)
    .filter(([why]) => why in REMEDIES)
    .toSorted(([, a], [, b]) => b - a)[0] ?? [undefined];
  const waited = `after ${Math.round(waitedMs / 1000)} s ${pods} of ${wantedPods} pods of wave ${wave.wave} can get an address`;
  const { cause, remedy } = REMEDIES[reason as LeaveReason] ?? {
    cause: 'the nodes have no more free addresses, and nothing that could be warmed there',
    remedy: 'Add nodes, or announce smaller waves, then redrive the execution.',
  };
  return { cause: `${waited} (${releasedPods} of ${podsInAll(announced)} are released): ${cause}`, remedy };
}

const REMEDIES: Partial<Readonly<Record<LeaveReason, Stop>>> = {
  'subnet full': {
    cause: 'the subnets of the nodes have no free address above the reserve',
    remedy:
      'Free addresses there, or add a larger subnet (tagged kubernetes.io/role/cni: "1" for the CNI). Then redrive the execution.',
  },
  'no slots': {
    cause: 'all interfaces of the nodes are full',
    remedy:
      'Add nodes, or scale something down by a few pods: waves then go on with what that leaves free. Then redrive the execution.',
  },
  'max pods': {
    cause: 'the nodes run as many pods as they may',
    remedy: 'Add nodes. Then redrive the execution.',
  },
  stopped: {
    cause: 'policy.stopped is true: nothing is changed in EC2',
    remedy: 'Set it to false in the policy, then redrive the execution.',
  },
  'circuit open': {
    cause: 'most calls to EC2 fail, and the circuit is open',
    remedy: 'See the alarm and the journal for their codes. Then redrive the execution.',
  },
  'call failed': {
    cause: 'calls to EC2 failed in a way that does not pass',
    remedy: 'See the journal for their codes. Then redrive the execution.',
  },
};

const nodes = (count: number): string => (count === 1 ? '1 node' : `${count} nodes`);
