/**
 * What is watched for, from which value on, and why from there. Each has a paragraph in docs/runbook.md under its name: what
 * it means, how to look, how to mend it.
 */
import { Duration } from 'aws-cdk-lib';
import { Stats } from 'aws-cdk-lib/aws-cloudwatch';
import type { IQueue } from 'aws-cdk-lib/aws-sqs';
import type { Figure } from '../lambdas/core/figures.ts';
import { MOST_IPV4_PER_ENI } from '../lambdas/core/limits.ts';
import type { Mode } from '../lambdas/core/policy.ts';

export interface Watch {
  /** End of the alarm's name. */
  readonly name: string;
  /** Heading in the runbook, where several alarms share one; the name, unless said otherwise. */
  readonly paragraph?: string;
  /** A figure of ours, of the cluster or of the account (figures.ts); or the messages in a queue. */
  readonly of: Figure | IQueue;
  /** What it means, and where to look first. */
  readonly description: string;
  /** Statistic over one period, and from which value on (or below which) it is trouble. */
  readonly statistic: string;
  readonly atLeast?: number;
  readonly below?: number;
  readonly period: Duration;
  /** Periods looked at, and how many of them have to be in trouble; all without. */
  readonly periods?: number;
  readonly ofThem?: number;
  /** Figures that mean trouble are published when there is trouble: silence is peace, unless said otherwise. */
  readonly silenceIsTrouble?: boolean;
}

export interface WatchedCluster {
  readonly name: string;
  /** Where it is warm, rollouts can go out in waves. */
  readonly mode: Mode;
  /** Nodes wait for us to take a taint off. */
  readonly gate: boolean;
}

export interface Watched {
  /** What the stack's log groups and its policy parameter are named after. */
  readonly deployment: string;
  readonly sweepEvery: Duration;
  /** We are the only ones who give nodes addresses: then a sweep that does not come is an outage to be. */
  readonly soleAllocator: boolean;
  /** Addresses of each subnet that we never touch. */
  readonly subnetReserveAddresses: number;
  readonly deadLetters: Readonly<Record<string, IQueue>>;
}

const FIVE_MINUTES = Duration.minutes(5);
/** The sweep tells how things stand: in any two of its intervals there is at least one of its figures. */
const twoOf = (sweepEvery: Duration): Duration => Duration.minutes(2 * sweepEvery.toMinutes());

/** What is the account's, or the whole stack's. */
export function stackWatches({ deployment, sweepEvery, deadLetters }: Watched): readonly Watch[] {
  const logs = `/eks-ip-prewarmer/${deployment}`;
  return [
    {
      name: 'circuit-open',
      of: 'CircuitOpen',
      description:
        'Most of our recent EC2 calls failed for reasons other than throttling, so nothing is changed until a trial call succeeds; ' +
        `it closes by itself. Look for "call failed" in the log groups ${logs}/*: the codes say what EC2 objects to.`,
      statistic: Stats.MAXIMUM,
      period: twoOf(sweepEvery),
    },
    {
      name: 'budget-table-unreachable',
      of: 'BudgetTableUnreachable',
      description:
        'The table of the shared request budget does not answer, so each function goes on at a low rate of its own. Look at the table ' +
        "in the stack's output BudgetTable (is it there, may the functions use it), then at the health of DynamoDB.",
      // One unanswered request is everyday life; some in two of three five minutes are not.
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
      periods: 3,
      ofThem: 2,
    },
    ...Object.entries(deadLetters).map(([queue, of]) => deadLettersOf(queue, of, logs)),
  ];
}

const deadLettersOf = (queue: string, of: IQueue, logs: string): Watch => ({
  name: `dead-letters-${queue}`,
  paragraph: 'dead-letters',
  of,
  description:
    `A message of the queue ${queue} failed five times and waits for a person. What it was about has been left to the sweep. ` +
    `Look for "goes to the dead letters" in the log groups ${logs}/*: it says why.`,
  // One is enough: five tries over a quarter of an hour have failed already.
  statistic: Stats.MAXIMUM,
  period: FIVE_MINUTES,
});

/** What is one cluster's. */
export function clusterWatches({ mode, gate }: WatchedCluster, watched: Watched): readonly Watch[] {
  const { deployment, sweepEvery, soleAllocator } = watched;
  const logs = `/eks-ip-prewarmer/${deployment}`;
  const twoSweeps = twoOf(sweepEvery);
  return [
    {
      name: 'kill-switch-on',
      of: 'KillSwitchOn',
      description:
        'Nothing in EC2 is changed: the policy says "stopped", or it cannot be understood and may have meant to. Read the ' +
        `parameter /eks-ip-prewarmer/${deployment}/policy; "policy not understood" in the log groups ${logs}/* names what is wrong with it.`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'policy-rejected',
      of: 'PolicyRejected',
      description:
        'The policy has a mistake, so the last good version holds instead (and nothing is changed where none is known, or where the document may ' +
        `have meant to stop). Look for "policy not understood" in the log groups ${logs}/*: it names field, expectation and value.`,
      // Every function says so at each read, sweeps too.
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'node-groups-observed',
      of: 'NodeGroupsObserved',
      description:
        'More than 2 % of the last 50 attaches of a node group came too late, so nothing is changed there any more. Look for "node group observed" in ' +
        `the log group ${logs}/sweep. Once the cause is mended, set resumedAt of that node group in the policy to the present time.`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'late-attaches',
      of: 'LateAttaches',
      description:
        "Interfaces were attached after the node's address manager had started: what we promise not to cause, and pods there may wait " +
        `longer than without us. Look for lateAttach in the log group ${logs}/look-again, and compare startP05Ms of the policy.`,
      // 2 % of 50 launches, one, is what a node group is allowed before it goes back to observe; two in an hour are more.
      statistic: Stats.SUM,
      atLeast: 2,
      period: Duration.hours(1),
    },
    {
      name: 'throttled',
      of: 'Throttled',
      description:
        "EC2 has throttled our calls for a quarter of an hour: somebody uses up the account's request rate, and nodes are left for want of it. " +
        `Look at what we spend ourselves in the dashboard, and at "call failed" in the log groups ${logs}/*.`,
      // A throttle halves our pace and is won back within 50 s. Bursts of ipamd, Karpenter or Terraform are over in minutes; what
      // throttles us in each of three times five minutes is not.
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
      periods: 3,
    },
    {
      name: 'not-allowed',
      of: 'NotAllowed',
      description:
        'EC2 refused a call for want of a right, which no retry mends: a service control policy, a permission boundary, or a VPC other than ' +
        `the stack's. Look for "call failed" in the log groups ${logs}/*: it names the action.`,
      // One is enough: it will be refused for every node until somebody grants it. The same holds for a quota.
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
    },
    {
      name: 'quota-reached',
      of: 'QuotaReached',
      description:
        'EC2 refused a call because a quota of the account is used up (network interfaces per Region, most likely). Nodes are left ' +
        `unwarmed until it is raised: Service Quotas, Amazon VPC. Look for "call failed" in the log groups ${logs}/*.`,
      statistic: Stats.SUM,
      period: FIVE_MINUTES,
    },
    {
      name: 'orphans-stay',
      of: 'OldestOrphan',
      description:
        'An unattached interface of ours has been there for two hours, and holds addresses of its subnet. In observe mode nothing ' +
        `deletes them. In warm mode look for "orphan not deleted" in the log group ${logs}/sweep.`,
      // A suspect goes within a quarter of an hour, 25 in a sweep: the 300 that 150 nodes could leave behind if they all died
      // unfinished (S2) take 12 sweeps, an hour. Twice that is not normal.
      statistic: Stats.MAXIMUM,
      atLeast: Duration.hours(2).toMilliseconds(),
      period: twoSweeps,
    },
    ...roomWatches(watched),
    sweepSilent(logs, watched),
    ...(mode === 'warm' ? waveWatches(logs) : []),
    ...(gate ? [gatesStuck(logs, twoSweeps)] : []),
    ...(soleAllocator ? [nodesShort(logs)] : []),
  ];
}

/** Room that runs out takes days or a burst; either way it lasts. Two times two sweeps, so that a deployment's passing peak,
 *  whose old pods' addresses cool for half a minute, wakes nobody. */
function roomWatches({ sweepEvery, subnetReserveAddresses }: Watched): readonly Watch[] {
  const twoSweeps = twoOf(sweepEvery);
  const graph = 'Look at the rows on room in the dashboard, and at the subnet with aws ec2 describe-subnets.';
  return [
    {
      name: 'subnet-nearly-full',
      of: 'SubnetFreeAddresses',
      description: `A subnet that nodes use is nearly full: their pods will wait for addresses, with us or without. ${graph}`,
      // Below the reserve and one full interface of the largest kind, launches of large types are left as "subnet full"; those of
      // smaller ones are warned of some nodes earlier. The figure of the cluster is that of its fullest subnet.
      statistic: Stats.MINIMUM,
      below: subnetReserveAddresses + MOST_IPV4_PER_ENI,
      period: twoSweeps,
      periods: 2,
    },
    {
      name: 'burst-does-not-fit',
      of: 'BurstLacks',
      description:
        'The largest burst that is known beforehand (by a route or a schedule of the policy, or by pods that wait for nodes now) needs more addresses than ' +
        `the nodes' subnets have free above the reserve, were all of them used evenly. ${graph}`,
      // One address short is one pod that waits for as long as that lasts.
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
      periods: 2,
    },
    {
      name: 'no-free-block',
      of: 'SubnetsWithoutBlock',
      description:
        'The CNI is in prefix mode and a subnet that nodes use has no free /28 block: new prefixes are refused there, however many single ' +
        `addresses are free. ${graph}`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
      periods: 2,
    },
    {
      name: 'interface-quota',
      of: 'InterfaceQuotaUsed',
      description:
        "The cluster's VPC alone holds 80 % of the network interfaces that the Region may have, or of policy.interfaceQuota: at 100 % no node launches and " +
        'no pool grows. Look at Service Quotas, Amazon VPC, network interfaces per Region, and count those of other VPCs.',
      // Of 5,000 a fifth is 1,000: what a burst of 250 nodes with four interfaces each takes (S3). A raise takes AWS hours or days.
      statistic: Stats.MAXIMUM,
      atLeast: 80,
      period: twoSweeps,
    },
  ];
}

/** Three sweeps that should have ended. Where nobody else gives nodes addresses that is an outage; elsewhere only what events
 *  missed stays undone. */
const sweepSilent = (logs: string, { soleAllocator, sweepEvery }: Watched): Watch => ({
  name: 'sweep-silent',
  of: 'NodesSwept',
  description: `No sweep has finished for ${3 * sweepEvery.toMinutes()} minutes, so nobody finds what events missed${
    soleAllocator
      ? ", and the CNI's own provisioning is disabled: nobody gives nodes addresses. If it does not come back soon, enable it"
      : ''
  }. Look at the log group ${logs}/sweep and the function's errors and throttles.`,
  // Every sweep says how many nodes it saw, none too: it is the last thing it does, so a sweep that fails is silent.
  statistic: Stats.SAMPLE_COUNT,
  below: 1,
  period: sweepEvery,
  periods: 3,
  silenceIsTrouble: true,
});

const waveWatches = (logs: string): readonly Watch[] => [
  {
    name: 'rollout-stopped',
    of: 'RolloutsStopped',
    description:
      'A rollout in waves was stopped before its last pod: by trouble that does not pass, by its deadline, or by hand. What runs keeps running. ' +
      `Look for "rollout finished" in the log groups ${logs}/*: cause and remedy are sentences; redrive its execution once that is done.`,
    statistic: Stats.SUM,
    period: FIVE_MINUTES,
  },
  {
    name: 'wave-waits',
    of: 'WaveWaited',
    description:
      'A wave has waited ten minutes for its addresses or its pods, and is stopped after longestPauseSeconds (fifteen, unless the announcement says ' +
      `otherwise). Look for "rollout waits" in the log group ${logs}/verify-wave: it says for what.`,
    // Addresses of ours are adopted within 105 s, the CNI's own growth takes 14 s a step, cooling 30 s: ten minutes are none of
    // these, and leave five to do something before the rollout stops by itself. A gate that is held is not counted.
    statistic: Stats.MAXIMUM,
    atLeast: Duration.minutes(10).toMilliseconds(),
    period: FIVE_MINUTES,
  },
];

const gatesStuck = (logs: string, twoSweeps: Duration): Watch => ({
  name: 'gates-stuck',
  of: 'GatesStuck',
  description:
    'Launch gates are closed past their deadline and cannot be opened, or the API server does not answer us, so pods may wait behind them. ' +
    `Look for "lens: not seen" in the log groups ${logs}/*: it says what to do. To open one by hand: kubectl taint node NAME eks-ip-prewarmer/warming-`,
  // Two sweeps in a row: one that fails by itself is tried again.
  statistic: Stats.MINIMUM,
  period: twoSweeps,
});

/** Pods on a node that is short of addresses fail until we act, and nobody else will. A node counts once it is three minutes
 *  old; three sweeps more, a minute apart, are one to see it, one to act, one to confirm. */
const nodesShort = (logs: string): Watch => ({
  name: 'nodes-short',
  of: 'NodesShort',
  description:
    "Nodes that launched minutes ago still have fewer addresses than they should, and the CNI's own provisioning is disabled: pods there fail. " +
    `Look for "plan" in the log group ${logs}/sweep: each node's step, or the reason why there is none.`,
  statistic: Stats.MAXIMUM,
  period: Duration.minutes(1),
  periods: 3,
});
