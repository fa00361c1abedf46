/**
 * What a person should hear of. Figures reach CloudWatch with the dimension `cluster` (adapters/powertools-journal.ts), or
 * with none where they are the account's, and then every stack of the account rings. Each alarm says what it means and how
 * to look; how often and for how long is derived beside it.
 */
import { Duration } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, Stats, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { type Figure, NAMESPACE } from '../lambdas/core/figures.ts';

export interface AlarmsProps {
  /** The deployment's name, in those of its log groups and its policy parameter. */
  readonly deployment: string;
  readonly clusters: readonly {
    readonly name: string;
    /** Nodes wait for us to take a taint off. */
    readonly gate: boolean;
  }[];
  readonly sweepEvery: Duration;
  /** We are the only ones who give nodes addresses: then a sweep that does not come is an outage to be. */
  readonly soleAllocator: boolean;
  /** SNS topic to notify; its own policy has to let CloudWatch publish. */
  readonly topicArn: string | undefined;
}

interface Watch {
  /** End of the alarm's name. */
  readonly name: string;
  readonly figure: Figure;
  /** Whose it is; the cluster's, unless said otherwise. */
  readonly of?: 'account';
  /** What it means, and how to look. */
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

export class Alarms extends Construct {
  constructor(scope: Construct, id: string, props: AlarmsProps) {
    super(scope, id);
    const { deployment, clusters, topicArn } = props;
    const notify =
      topicArn === undefined ? undefined : new SnsAction(Topic.fromTopicArn(this, 'Topic', topicArn));
    const all = clusters.flatMap(({ name: cluster, gate }, index) =>
      watches({ ...props, gate })
        .filter(({ of }) => of !== 'account' || index === 0)
        .map((watch) => ({ ...watch, cluster: watch.of === 'account' ? deployment : cluster })),
    );
    for (const { cluster, ...watch } of all) {
      const id = cluster === deployment ? pascal(watch.name) : `${pascal(watch.name)}-${cluster}`;
      const alarm = new Alarm(this, id, {
        alarmName: `eks-ip-prewarmer/${cluster}/${watch.name}`,
        alarmDescription: watch.description,
        metric: new Metric({
          namespace: NAMESPACE,
          metricName: watch.figure,
          ...(watch.of !== 'account' && { dimensionsMap: { cluster } }),
          statistic: watch.statistic,
          period: watch.period,
        }),
        threshold: watch.below ?? watch.atLeast ?? 1,
        comparisonOperator:
          watch.below === undefined
            ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
            : ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluationPeriods: watch.periods ?? 1,
        datapointsToAlarm: watch.ofThem ?? watch.periods ?? 1,
        treatMissingData: watch.silenceIsTrouble
          ? TreatMissingData.BREACHING
          : TreatMissingData.NOT_BREACHING,
      });
      if (notify !== undefined) {
        alarm.addAlarmAction(notify);
        alarm.addOkAction(notify);
      }
    }
  }
}

function watches({
  deployment,
  sweepEvery,
  soleAllocator,
  gate,
}: Omit<AlarmsProps, 'clusters'> & { readonly gate: boolean }): readonly Watch[] {
  const logs = `/eks-ip-prewarmer/${deployment}`;
  // The sweep tells how things stand: in any two of its intervals there is at least one of its figures.
  const twoSweeps = Duration.minutes(2 * sweepEvery.toMinutes());
  const fiveMinutes = Duration.minutes(5);
  return [
    {
      name: 'circuit-open',
      figure: 'CircuitOpen',
      of: 'account',
      description:
        'Most of our recent EC2 calls failed for reasons other than throttling, so nothing is changed until a trial call succeeds; ' +
        `it closes by itself. Look for "call failed" in the log groups ${logs}/*: the codes say what EC2 objects to.`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'kill-switch-on',
      figure: 'KillSwitchOn',
      description:
        'Nothing in EC2 is changed: the policy says "stopped", or it cannot be understood and may have meant to. Read the ' +
        `parameter /eks-ip-prewarmer/${deployment}/policy; "policy not understood" in the log groups ${logs}/* names what is wrong with it.`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'policy-rejected',
      figure: 'PolicyRejected',
      description:
        'The policy has a mistake, so the last good version holds instead (and nothing is changed where none is known, or where the document may ' +
        `have meant to stop). Look for "policy not understood" in the log groups ${logs}/*: it names field, expectation and value.`,
      // Every function says so at each read, sweeps too.
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'node-groups-observed',
      figure: 'NodeGroupsObserved',
      description:
        'More than 2 % of the last 50 attaches of a node group came too late, so nothing is changed there any more. Look for "node group observed" in ' +
        `the log group ${logs}/sweep. Once the cause is mended, set resumedAt of that node group in the policy to the present time.`,
      statistic: Stats.MAXIMUM,
      period: twoSweeps,
    },
    {
      name: 'late-attaches',
      figure: 'LateAttaches',
      description:
        "Interfaces were attached after the node's address manager had started: what we promise not to cause, and pods there may wait " +
        `longer than without us. Look for "verified" with lateAttach in the log group ${logs}/look-again, and compare startP05Ms of the policy.`,
      // 2 % of 50 launches, one, is what a node group is allowed before it goes back to observe; two in an hour are more.
      statistic: Stats.SUM,
      atLeast: 2,
      period: Duration.hours(1),
    },
    {
      name: 'not-allowed',
      figure: 'NotAllowed',
      description:
        'EC2 refused a call for want of a right, which no retry mends: a service control policy, a permission boundary, or a VPC other than ' +
        `the stack's. Look for "call failed" in the log groups ${logs}/*: it names the action.`,
      // One is enough: it will be refused for every node until somebody grants it. The same holds for a quota.
      statistic: Stats.SUM,
      period: fiveMinutes,
    },
    {
      name: 'quota-reached',
      figure: 'QuotaReached',
      description:
        'EC2 refused a call because a quota of the account is used up (network interfaces per Region, most likely). Nodes are left ' +
        `unwarmed until it is raised: Service Quotas, Amazon VPC. Look for "call failed" in the log groups ${logs}/*.`,
      statistic: Stats.SUM,
      period: fiveMinutes,
    },
    {
      name: 'budget-table-unreachable',
      figure: 'BudgetTableUnreachable',
      of: 'account',
      description:
        'The table of the shared request budget does not answer, so each function goes on at a low rate of its own. Look at the table ' +
        "in the stack's output BudgetTable (is it there, may the functions use it), then at the health of DynamoDB.",
      // One unanswered request is everyday life; some in two of three five minutes are not.
      statistic: Stats.SUM,
      period: fiveMinutes,
      periods: 3,
      ofThem: 2,
    },
    {
      name: 'orphans-stay',
      figure: 'OldestOrphan',
      description:
        'An unattached interface of ours has been there for two hours, and holds addresses of its subnet. In observe mode nothing ' +
        `deletes them. In warm mode look for "orphan not deleted" in the log group ${logs}/sweep.`,
      // A suspect goes within a quarter of an hour, 25 in a sweep: the 300 that 150 nodes could leave behind if they all died
      // unfinished (S2) take 12 sweeps, an hour. Twice that is not normal.
      statistic: Stats.MAXIMUM,
      atLeast: Duration.hours(2).toMilliseconds(),
      period: twoSweeps,
    },
    ...(gate ? [gatesStuck(logs, twoSweeps)] : []),
    ...(soleAllocator ? soleAllocatorWatches(logs) : []),
  ];
}

const gatesStuck = (logs: string, twoSweeps: Duration): Watch => ({
  name: 'gates-stuck',
  figure: 'GatesStuck',
  description:
    'Launch gates are closed past their deadline and cannot be opened, or the API server does not answer us, so pods may wait behind them. ' +
    `Look for "lens: not seen" in the log groups ${logs}/*: it says what to do. To open one by hand: kubectl taint node NAME eks-ip-prewarmer/warming-`,
  // Two sweeps in a row: one that fails by itself is tried again.
  statistic: Stats.MINIMUM,
  period: twoSweeps,
});

/** Pods on a node that is short of addresses fail until we act, and nobody else will. A node counts once it is three minutes
 *  old; three sweeps more, a minute apart, are one to see it, one to act, one to confirm. */
const soleAllocatorWatches = (logs: string): readonly Watch[] => [
  {
    name: 'nodes-short',
    figure: 'NodesShort',
    description:
      "Nodes that launched minutes ago still have fewer addresses than they should, and the CNI's own provisioning is disabled: pods there fail. " +
      `Look for "plan" in the log group ${logs}/sweep: each node's step, or the reason why there is none.`,
    statistic: Stats.MAXIMUM,
    period: Duration.minutes(1),
    periods: 3,
  },
  {
    name: 'sweep-silent',
    figure: 'NodesShort',
    description:
      "No sweep has finished for three minutes, and the CNI's own provisioning is disabled: nobody gives nodes addresses. Look at the " +
      `log group ${logs}/sweep and the function's errors and throttles. If it does not come back soon, enable the CNI's provisioning.`,
    // Every sweep says how many nodes are short, none too: it is the last thing it does, so a sweep that fails is silent.
    statistic: Stats.SAMPLE_COUNT,
    below: 1,
    period: Duration.minutes(1),
    periods: 3,
    silenceIsTrouble: true,
  },
];

const pascal = (name: string): string => name.replaceAll(/(?:^|-)(\w)/g, (_, letter) => letter.toUpperCase());
