/** One page for the stack: what rings, then for each cluster what was done, what was left, and what room there is, then what
 *  is the account's. Every figure is one that the code publishes (figures.ts), by what it is told apart by. */
import { Duration } from 'aws-cdk-lib';
import {
  type Alarm,
  AlarmStatusWidget,
  Dashboard,
  GraphWidget,
  type IMetric,
  type IWidget,
  Stats,
  TextWidget,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import type { Figure } from '../lambdas/core/figures.ts';
import type { Mode } from '../lambdas/core/policy.ts';
import { dimensionsOf, metricOf, searchOf } from './figure-metrics.ts';
import type { SignalQueue } from './signal-queue.ts';

export interface ShownCluster {
  readonly name: string;
  /** Where it is warm, rollouts can go out in waves. */
  readonly mode: Mode;
  /** Its pods can be seen. */
  readonly lens: boolean;
}

export interface PrewarmerDashboardProps {
  readonly deployment: string;
  readonly clusters: readonly ShownCluster[];
  readonly alarms: readonly Alarm[];
  readonly queues: Readonly<Record<string, SignalQueue>>;
  /** Those that every deployment has, by the ends of their log groups' names. */
  readonly functions: Readonly<Record<string, IFunction>>;
  /** Takes rollouts from wave to wave. */
  readonly machine?: IStateMachine;
}

/** The sweep's interval: every graph has a point for each. */
const PERIOD = Duration.minutes(5);
/** Of 24 columns. */
const THIRD = 8;
const HALF = 12;
const HEIGHT = 6;

export class PrewarmerDashboard extends Construct {
  constructor(scope: Construct, id: string, props: PrewarmerDashboardProps) {
    super(scope, id);
    const { deployment, clusters, alarms } = props;
    new Dashboard(this, 'Dashboard', {
      // Letters, digits, - and _ (CloudWatch API reference, PutDashboard): what a cluster's name has.
      dashboardName: `eks-ip-prewarmer-${deployment}`,
      defaultInterval: Duration.hours(12),
      widgets: [
        [new AlarmStatusWidget({ title: 'Alarms (docs/runbook.md)', alarms: [...alarms], width: 24 })],
        ...clusters.flatMap(clusterRows),
        ...accountRows(),
        pipelineRow(props),
      ],
    });
  }
}

function clusterRows({ name: cluster, mode, lens }: ShownCluster): IWidget[][] {
  const all = (figure: Figure, statistic: string, label: string = figure): IMetric =>
    metricOf(figure, cluster, { statistic, period: PERIOD, label });
  const each = (figure: Figure, statistic: string): IMetric =>
    searchOf(figure, cluster, { statistic, period: PERIOD });
  const sums = (...figures: Figure[]): IMetric[] => figures.map((figure) => all(figure, Stats.SUM));
  return [
    [
      new TextWidget({
        markdown: `## ${cluster}\nSaved queries of Logs Insights: eks-ip-prewarmer`,
        width: 24,
        height: 2,
      }),
    ],
    [
      graph('Nodes warmed, seen, late, not seen', THIRD, {
        left: sums('NodesWarmed', 'NodesSeen', 'LateAttaches', 'NodesNotSeen'),
      }),
      graph('Nodes left, by reason', THIRD, { left: [each('NodesLeft', Stats.SUM)], stacked: true }),
      graph('What observing alone kept from being done', THIRD, {
        left: sums('WouldWarmNodes', 'WouldAttachInterfaces'),
        right: sums('WouldTakeAddresses'),
      }),
    ],
    [
      graph('Lead time: from our attach to the look that saw it, launches', THIRD, {
        left: [all('LeadTime', Stats.p(50), 'p50'), all('LeadTime', Stats.p(95), 'p95')],
      }),
      graph('Adoption delay, at most, on nodes that ran already', THIRD, {
        left: [all('AdoptionDelay', Stats.p(50), 'p50'), all('AdoptionDelay', Stats.p(95), 'p95')],
      }),
      graph('Learnt: earliest start of ipamd, longest adoption, by node group', THIRD, {
        left: [each('BootP05', Stats.MINIMUM), each('AdoptionMost', Stats.MAXIMUM)],
      }),
    ],
    [
      graph('Subnets: free addresses', THIRD, { left: [each('SubnetFreeAddresses', Stats.MINIMUM)] }),
      graph('Subnets: free /28 blocks', THIRD, {
        left: [each('SubnetFreeBlocks', Stats.MINIMUM)],
        right: [all('SubnetsWithoutBlock', Stats.MAXIMUM)],
      }),
      graph('Largest burst known beforehand, what it lacks; interfaces', THIRD, {
        left: [all('PlannedBurst', Stats.MAXIMUM), all('BurstLacks', Stats.MAXIMUM)],
        right: [all('InterfaceQuotaUsed', Stats.MAXIMUM, 'interfaces, % of quota')],
      }),
    ],
    [
      graph('Pods that wait for nodes', THIRD, {
        left: [
          all('OpenDemandPods', Stats.MAXIMUM),
          ...(lens ? [all('PodsPending', Stats.MAXIMUM), all('PodsOnPrewarmed', Stats.AVERAGE)] : []),
        ],
      }),
      graph('Orphans, node groups observed, nodes swept', THIRD, {
        left: [
          all('OrphansSuspected', Stats.MAXIMUM),
          all('OrphansDeleted', Stats.SUM),
          all('NodeGroupsObserved', Stats.SUM),
        ],
        right: [all('NodesSwept', Stats.MAXIMUM)],
      }),
      graph('EC2 calls that changed something, by action', THIRD, {
        left: [each('CallsSpent', Stats.SUM)],
        right: [each('Throttled', Stats.SUM)],
        stacked: true,
      }),
    ],
    ...(mode === 'observe'
      ? []
      : [
          [
            graph('Rollouts in waves: pods released, pods left', THIRD, {
              left: [all('PodsReleased', Stats.SUM), all('RolloutPodsLeft', Stats.MAXIMUM)],
            }),
            graph('How long the wave under way has waited', THIRD, {
              left: [all('WaveWaited', Stats.MAXIMUM)],
            }),
            graph('Rollouts completed, stopped', THIRD, {
              left: sums('RolloutsCompleted', 'RolloutsStopped'),
            }),
          ],
        ]),
  ];
}

/** The request budget is one for all clusters of the account and Region. */
function accountRows(): IWidget[][] {
  const each = (figure: Figure, statistic: string): IMetric =>
    dimensionsOf(figure).length === 0
      ? metricOf(figure, undefined, { statistic, period: PERIOD, label: figure })
      : searchOf(figure, undefined, { statistic, period: PERIOD });
  return [
    [
      graph('Request budget left, by action', THIRD, { left: [each('BudgetTokens', Stats.MINIMUM)] }),
      graph('Pace of the budget, % (halved by each throttle)', THIRD, {
        left: [each('BudgetPace', Stats.MINIMUM)],
      }),
      graph('Circuit open, budget’s table unreachable', THIRD, {
        left: [each('CircuitOpen', Stats.MAXIMUM), each('BudgetTableUnreachable', Stats.SUM)],
      }),
    ],
    [graph('Ignored, by reason', 24, { left: [each('Ignored', Stats.SUM)], stacked: true })],
  ];
}

function pipelineRow({ queues, functions, machine }: PrewarmerDashboardProps): IWidget[] {
  const reading = { period: PERIOD };
  return [
    graph('Queues: age of the oldest message, s; dead letters', HALF, {
      left: Object.entries(queues).map(([label, { queue }]) =>
        queue.metricApproximateAgeOfOldestMessage({ ...reading, label, statistic: Stats.MAXIMUM }),
      ),
      right: Object.entries(queues).map(([label, { deadLetters }]) =>
        deadLetters.metricApproximateNumberOfMessagesVisible({
          ...reading,
          label: `${label} dead letters`,
          statistic: Stats.MAXIMUM,
        }),
      ),
    }),
    graph('Functions: longest run; errors, executions of the machine that failed', HALF, {
      left: Object.entries(functions).map(([label, fn]) =>
        fn.metricDuration({ ...reading, label, statistic: Stats.MAXIMUM }),
      ),
      right: [
        ...Object.entries(functions).map(([label, fn]) =>
          fn.metricErrors({ ...reading, label: `${label} errors` }),
        ),
        ...(machine === undefined
          ? []
          : [machine.metricFailed({ ...reading, label: 'executions failed', statistic: Stats.SUM })]),
      ],
    }),
  ];
}

const graph = (
  title: string,
  width: number,
  { left, right, stacked = false }: { left: IMetric[]; right?: IMetric[]; stacked?: boolean },
): IWidget =>
  new GraphWidget({
    title,
    width,
    height: HEIGHT,
    period: PERIOD,
    stacked,
    left,
    ...(right !== undefined && { right }),
    leftYAxis: { min: 0 },
  });
