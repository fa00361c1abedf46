/**
 * What a person should hear of. Figures reach CloudWatch with the dimension `cluster` (adapters/powertools-journal.ts), or
 * with none where they are the account's, and then every stack of the account rings. Each alarm says what it means and how
 * to look, and names its paragraph in the runbook; how often and for how long is derived in watches.ts.
 */
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { Construct } from 'constructs';
import { metricOf } from './figure-metrics.ts';
import { clusterWatches, stackWatches, type Watch, type Watched, type WatchedCluster } from './watches.ts';

export interface AlarmsProps extends Watched {
  readonly clusters: readonly WatchedCluster[];
  /** SNS topic to notify; its own policy has to let CloudWatch publish. */
  readonly topicArn: string | undefined;
}

export class Alarms extends Construct {
  readonly all: readonly Alarm[];

  constructor(scope: Construct, id: string, { clusters, topicArn, ...watched }: AlarmsProps) {
    super(scope, id);
    const notify =
      topicArn === undefined ? undefined : new SnsAction(Topic.fromTopicArn(this, 'Topic', topicArn));
    const watches = [
      ...stackWatches(watched).map((watch) => ({ watch, whose: watched.deployment })),
      ...clusters.flatMap((cluster) =>
        clusterWatches(cluster, watched).map((watch) => ({ watch, whose: cluster.name })),
      ),
    ];
    this.all = watches.map(({ watch, whose }) => this.#alarm(watch, whose));
    if (notify === undefined) return;
    for (const alarm of this.all) {
      alarm.addAlarmAction(notify);
      alarm.addOkAction(notify);
    }
  }

  #alarm(watch: Watch, whose: string): Alarm {
    const { name, paragraph = name, description, below, atLeast = 1, periods = 1 } = watch;
    return new Alarm(this, `${name}-${whose}`, {
      alarmName: `eks-ip-prewarmer/${whose}/${name}`,
      alarmDescription: `${description} Runbook: docs/runbook.md#${paragraph}`,
      metric: metricIn(watch, whose),
      threshold: below ?? atLeast,
      comparisonOperator:
        below === undefined
          ? ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD
          : ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: periods,
      datapointsToAlarm: watch.ofThem ?? periods,
      treatMissingData: watch.silenceIsTrouble ? TreatMissingData.BREACHING : TreatMissingData.NOT_BREACHING,
    });
  }
}

const metricIn = ({ of, statistic, period }: Watch, cluster: string): IMetric =>
  typeof of === 'string'
    ? metricOf(of, cluster, { statistic, period })
    : of.metricApproximateNumberOfMessagesVisible({ statistic, period });
