import { expect, test } from 'vitest';
import { PowertoolsJournal } from '../../lambdas/adapters/powertools-journal.ts';
import { FIGURES } from '../../lambdas/core/figures.ts';
import { CLUSTER, inWorld, staged } from '../scenarios/stage.ts';
import { EVERYTHING, OBSERVE, templateOf, WARM } from './synthesized.ts';

interface AlarmProperties {
  readonly AlarmName: string;
  readonly AlarmDescription: string;
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
  'kill-switch-on',
  'policy-rejected',
  'node-groups-observed',
  'late-attaches',
  'not-allowed',
  'quota-reached',
  'budget-table-unreachable',
  'orphans-stay',
];

test.each([
  ['observe', OBSERVE, EVERYWHERE],
  ['warm', WARM, EVERYWHERE],
  ['everything', EVERYTHING, [...EVERYWHERE, 'gates-stuck', 'nodes-short', 'sweep-silent']],
])('%s has its alarms', (_, context, names) => {
  expect([...named(alarmsOf(context)).keys()]).toEqual(names);
});

test('every alarm looks at a figure we publish, and says what it means and where to look', () => {
  for (const alarm of alarmsOf(EVERYTHING)) {
    expect(alarm, alarm.AlarmName).toMatchObject({ Namespace: 'eks-ip-prewarmer' });
    expect(Object.keys(FIGURES)).toContain(alarm.MetricName);
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
  for (const { figures, of } of stage.figures) journal.measure(figures, of);

  const alarms = named(alarmsOf({ ...WARM, cluster: CLUSTER }), CLUSTER);
  for (const name of ['circuit-open', 'kill-switch-on', 'orphans-stay']) {
    const alarm = alarms.get(name);
    expect(published).toContain(metric(alarm?.MetricName ?? name, alarm?.Dimensions));
  }
});

test("the circuit and the budget's table are the account's, all else the cluster's", () => {
  const ofAll = alarmsOf(EVERYTHING).filter(({ Dimensions }) => Dimensions === undefined);
  expect([...named(ofAll).keys()]).toEqual(['circuit-open', 'budget-table-unreachable']);
  for (const { Dimensions } of alarmsOf(EVERYTHING))
    if (Dimensions !== undefined) expect(Dimensions).toEqual([{ Name: 'cluster', Value: 'demo' }]);
});

test('silence is peace, but not of the only allocator: three minutes without a word of the sweep are an alarm', () => {
  const alarms = named(alarmsOf(EVERYTHING));
  const breaching = [...alarms].filter(([, { TreatMissingData }]) => TreatMissingData === 'breaching');
  expect(breaching.map(([name]) => name)).toEqual(['sweep-silent']);
  expect(alarms.get('sweep-silent')).toMatchObject({
    MetricName: 'NodesShort',
    Statistic: 'SampleCount',
    ComparisonOperator: 'LessThanThreshold',
    Threshold: 1,
    Period: 60,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
  });
  expect(alarms.get('nodes-short')).toMatchObject({
    Statistic: 'Maximum',
    ComparisonOperator: 'GreaterThanOrEqualToThreshold',
    Threshold: 1,
    Period: 60,
    EvaluationPeriods: 3,
    DatapointsToAlarm: 3,
  });
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
