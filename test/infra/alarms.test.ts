import { App, Duration, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { expect, test } from 'vitest';
import { Alarms } from '../../infra/alarms.ts';
import { PowertoolsJournal } from '../../lambdas/adapters/powertools-journal.ts';
import { FIGURES, type Figure, type Of } from '../../lambdas/core/figures.ts';
import { CLUSTER, inWorld, staged } from '../scenarios/stage.ts';
import { EVERYTHING, OBSERVE, templateOf, WARM } from './synthesized.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
  readonly Namespace: string;
  readonly MetricName: string;
  readonly Dimensions?: readonly { readonly Name: string; readonly Value: string }[];
  readonly Period: number;
  readonly EvaluationPeriods: number;
  readonly DatapointsToAlarm: number;
  readonly TreatMissingData: string;
  readonly ComparisonOperator: string;
  readonly Threshold: number;
  readonly Statistic: string;
}

const alarmsOf = (context: Record<string, unknown>): readonly AlarmProperties[] =>
  Object.values(templateOf(context).findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties as AlarmProperties,
  );
const named = (alarms: readonly AlarmProperties[], cluster = 'demo'): ReadonlyMap<string, AlarmProperties> =>
  new Map(alarms.map((alarm) => [alarm.AlarmName.replace(`eks-ip-prewarmer/${cluster}/`, ''), alarm]));

const EVERYWHERE = [
  'circuit-open',
  'budget-table-unreachable',
  'dead-letters-launches',
  'dead-letters-signals',
  'dead-letters-verifications',
  'kill-switch-on',
  'policy-rejected',
  'node-groups-observed',
  'late-attaches',
  'throttled',
  'not-allowed',
  'quota-reached',
  'orphans-stay',
  'subnet-nearly-full',
  'burst-does-not-fit',
  'no-free-block',
  'interface-quota',
  'sweep-silent',
];
const IN_WARM = [...EVERYWHERE, 'rollout-stopped', 'wave-waits'];
/** Of AWS's own: messages in queues, each of whose dimensions is its name. */
const isQueues = ({ Namespace }: AlarmProperties): boolean => Namespace === 'AWS/SQS';

test.each([
  ['observe', OBSERVE, EVERYWHERE],
  ['warm', WARM, IN_WARM],
  ['everything', EVERYTHING, [...IN_WARM, 'gates-stuck', 'nodes-short']],
])('%s has its alarms', (_, context, names) => {
  expect([...named(alarmsOf(context)).keys()]).toEqual(names);
});

test('every alarm looks at a figure we publish, and says what it means and where to look', () => {
  for (const alarm of alarmsOf(EVERYTHING)) {
    if (!isQueues(alarm)) {
      expect(alarm, alarm.AlarmName).toMatchObject({ Namespace: 'eks-ip-prewarmer' });
      expect(Object.keys(FIGURES)).toContain(alarm.MetricName);
    }
    expect(alarm.AlarmDescription).toMatch(/\. .*(look|read the parameter)/i);
    // CloudWatch API reference, PutMetricAlarm: description at most 1,024 characters, a day looked at at most.
    expect(alarm.AlarmDescription.length).toBeLessThanOrEqual(1_024);
    expect(alarm.Period * alarm.EvaluationPeriods).toBeLessThanOrEqual(86_400);
    expect(alarm.AlarmDescription).toMatch(/^[ -~]*$/);
  }
});

/** How CloudWatch tells metrics apart. */
const metric = (name: string, dimensions: readonly { Name: string; Value: string }[] = []): string =>
  `${name}{${dimensions.map(({ Name, Value }) => `${Name}=${Value}`).join()}}`;

test('what a sweep publishes is what the alarms look at: name, cluster, and nothing more', async () => {
  const { world, stage } = staged({ seed: 41 }, { policy: { stopped: true } });
  world.established('m5.large', [9]);
  await inWorld(world, () => stage.sweepNow());
  const published = new Set<string>();
  const journal = new PowertoolsJournal(() => world.clockMs, {
    line: (text) => {
      const line = JSON.parse(text);
      for (const { Dimensions, Metrics } of line._aws.CloudWatchMetrics)
        for (const { Name } of Metrics)
          for (const names of Dimensions as string[][])
            published.add(
              metric(
                Name,
                names.map((name) => ({ Name: name, Value: line[name] })),
              ),
            );
    },
  });
  for (const { figures, of } of stage.figures) journal.measure(figures, of as Of<Figure>);

  const alarms = named(alarmsOf({ ...WARM, cluster: CLUSTER }), CLUSTER);
  for (const name of [
    'circuit-open',
    'kill-switch-on',
    'orphans-stay',
    'subnet-nearly-full',
    'burst-does-not-fit',
    'interface-quota',
    'sweep-silent',
  ]) {
    const alarm = alarms.get(name);
    expect(published).toContain(metric(alarm?.MetricName ?? name, alarm?.Dimensions));
  }
});

test("the circuit and the budget's table are the account's, all else the cluster's", () => {
  const ofAll = alarmsOf(EVERYTHING).filter(({ Dimensions }) => Dimensions === undefined);
  expect([...named(ofAll).keys()]).toEqual(['circuit-open', 'budget-table-unreachable']);
  for (const alarm of alarmsOf(EVERYTHING))
    if (alarm.Dimensions !== undefined && !isQueues(alarm))
      expect(alarm.Dimensions).toEqual([{ Name: 'cluster', Value: 'demo' }]);
});

test.each([
  ['every five minutes', WARM, 300],
  ['every minute', EVERYTHING, 60],
])(
  'silence is peace, but not of the sweep: where it runs %s, three of them that say nothing are an alarm',
  (_, context, seconds) => {
    const alarms = named(alarmsOf(context));
    const breaching = [...alarms].filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching');
    expect(breaching.map(([name]) => name)).toEqual(['sweep-silent']);
    expect(alarms.get('sweep-silent')).toMatchObject({
      MetricName: 'NodesSwept',
      Statistic: 'SampleCount',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: 1,
      Period: seconds,
      EvaluationPeriods: 3,
      DatapointsToAlarm: 3,
    });
  },
);

test('where we are the only allocator, three minutes of nodes that are short are an alarm', () => {
  expect(named(alarmsOf(EVERYTHING)).get('nodes-short')).toMatchObject({
    Statistic: 'Maximum',
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: 1,
    Period: 60,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
  });
});

test('a subnet is nearly full below what the policy keeps back and one largest interface', () => {
  const policy = { subnetReserveAddresses: 200 };
  for (const [context, threshold] of [
    [WARM, 16 + 64],
    [{ ...WARM, policy }, 200 + 64],
  ] as const)
    expect(named(alarmsOf(context)).get('subnet-nearly-full')).toMatchObject({
      MetricName: 'SubnetFreeAddresses',
      Statistic: 'Minimum',
      ComparisonOperator: 'LessThanThreshold',
      Threshold: threshold,
    });
});

test('each queue’s dead letters ring, and the queue is the one that collects them', () => {
  const template = templateOf(WARM);
  const collecting = Object.values(template.findResources('AWS::SQS::Queue')).flatMap(
    ({ Properties }) => Properties.RedrivePolicy?.deadLetterTargetArn['Fn::GetAtt'][0] ?? [],
  );
  const watched = alarmsOf(WARM)
    .filter(isQueues)
    .map(({ Dimensions = [] }) => (Dimensions[0] as { Value: unknown } | undefined)?.Value)
    .map((value) => (value as { 'Fn::GetAtt': string[] })['Fn::GetAtt'][0]);
  expect(watched.toSorted()).toEqual(collecting.toSorted());
  expect(watched).toHaveLength(3);
});

test('several clusters have their alarms each; what is the stack’s rings once', () => {
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'two');
  const { all } = new Alarms(stack, 'Alarms', {
    deployment: 'all',
    clusters: [
      { name: 'a', mode: 'warm', gate: true },
      { name: 'b', mode: 'observe', gate: false },
    ],
    sweepEvery: Duration.minutes(5),
    ...{ soleAllocator: false, subnetReserveAddresses: 16, topicArn: undefined },
    deadLetters: { signals: new Queue(stack, 'Queue') },
  });
  const names = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => String(Properties.AlarmName).replace('eks-ip-prewarmer/', ''),
  );
  expect(names).toHaveLength(all.length);
  expect(names.filter((name) => name.startsWith('all/'))).toEqual([
    'all/circuit-open',
    'all/budget-table-unreachable',
    'all/dead-letters-signals',
  ]);
  const of = (cluster: string) =>
    names.filter((name) => name.startsWith(`${cluster}/`)).map((name) => name.slice(2));
  expect(of('b')).toContain('late-attaches');
  expect(of('a').filter((name) => !of('b').includes(name))).toEqual([
    'rollout-stopped',
    'wave-waits',
    'gates-stuck',
  ]);
});

test.each([
  ['every five minutes', WARM, 600],
  ['every minute', EVERYTHING, 120],
])('what the sweep tells %s is looked for in two of its intervals', (_, context, seconds) => {
  const alarms = named(alarmsOf(context));
  for (const name of ['circuit-open', 'kill-switch-on'])
    expect(alarms.get(name)).toMatchObject({ Statistic: 'Maximum', Period: seconds, Threshold: 1 });
});

test('one late attach in an hour is within what 50 launches are allowed, two are not', () => {
  expect(named(alarmsOf(WARM)).get('late-attaches')).toMatchObject({
    Statistic: 'Sum',
    Period: 3_600,
    Threshold: 2,
  });
});

test('with a topic it hears of every alarm and of its end; without one nobody is told', () => {
  for (const alarm of alarmsOf(EVERYTHING))
    expect(alarm).toMatchObject({
      AlarmActions: [EVERYTHING.alarmTopicArn],
      OKActions: [EVERYTHING.alarmTopicArn],
    });
  for (const alarm of alarmsOf(WARM)) expect(alarm).not.toHaveProperty('AlarmActions');
});
