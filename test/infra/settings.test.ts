import { expect, test } from 'vitest';
import { complain, readSettings } from '../../infra/settings.ts';
import { SIGNAL_DEFAULTS } from '../../infra/signal-events.ts';

const ARN = 'arn:aws:dynamodb:eu-central-1:111122223333';
const PERFECT = { cluster: 'demo', mode: 'warm', vpcId: 'vpc-0123456789abcdef0' };
test('a cluster alone is enough: mode is observe, and no VPC is asked for', () => {
  expect(readSettings({ cluster: 'demo' }).settings).toEqual({
    cluster: 'demo',
    mode: 'observe',
    vpcId: undefined,
    policy: undefined,
    budgetTable: undefined,
    alarmTopicArn: undefined,
    signals: SIGNAL_DEFAULTS,
    lens: false,
    gate: false,
    gateEndpoint: undefined,
  });
});

test('signals are switched one by one; what is not named stays as it is', () => {
  const { settings } = readSettings({ cluster: 'demo', signals: '{"ecr":true,"spot":false}' });
  expect(settings?.signals).toEqual({ ...SIGNAL_DEFAULTS, ecr: true, spot: false });
  const { complaints } = readSettings({ cluster: 'demo', signals: { spot: 1, jenkins: true } });
  expect(complaints?.map(({ field }) => field)).toEqual(['signals.spot', 'signals.jenkins']);
  expect(readSettings({ cluster: 'demo', signals: 'all' }).complaints?.map(({ field }) => field)).toEqual([
    'signals',
  ]);
});

test('what a route would announce is looked at before anything is deployed', () => {
  const routes = [
    { when: { ecr: 'cart' }, announce: { cluster: 'demo', replicas: { from: 0, to: 'many' } } },
  ];
  const { complaints } = readSettings({ cluster: 'demo', policy: { routes } });
  expect(complaints?.map(({ field }) => field)).toEqual(['policy.routes.0.announce']);
  expect(complaints?.[0]?.expected).toContain('announce.replicas.to: expected a whole number of pods');
});

test("warm with its VPC is accepted, beside the CDK's own context", () => {
  expect(
    readSettings({
      ...PERFECT,
      'aws:cdk:version-reporting': false,
      '@aws-cdk/core:newStyleStackSynthesis': true,
      'availability-zones:account=1:region=eu-central-1': [],
      'acknowledged-issue-numbers': [1],
    }).settings,
  ).toMatchObject({ mode: 'warm', vpcId: 'vpc-0123456789abcdef0' });
});

test.each([
  ['no cluster', { cluster: undefined }, 'cluster', 'the name of an EKS cluster', undefined],
  [
    'a cluster with a space',
    { cluster: 'my cluster' },
    'cluster',
    'the name of an EKS cluster',
    'my cluster',
  ],
  ['an unknown mode', { mode: 'hot' }, 'mode', '"observe" or "warm"', 'hot'],
  ['a VPC by name', { vpcId: 'main' }, 'vpcId', '"vpc-0123456789abcdef0"', 'main'],
  [
    'a misspelt setting',
    { vpcID: 'vpc-1' },
    'vpcID',
    'one of cluster, mode, vpcId, policy, budgetTable',
    'vpc-1',
  ],
  ['a policy that is not JSON', { policy: 'margin=2' }, 'policy', 'an object', 'margin=2'],
  ['a policy out of bounds', { policy: '{"margin":99}' }, 'policy.margin', 'a number from 1 to 10', 99],
  [
    'a policy for another cluster',
    { policy: { clusters: { shpo: { mode: 'observe' } } } },
    'policy.clusters.shpo',
    'a cluster that is deployed here, one of demo',
    'shpo',
  ],
  [
    'a policy too long for its parameter',
    { policy: { cniEnv: { X: 'x'.repeat(4_096) } } },
    'policy',
    'at most 4096 characters of JSON',
    4_115,
  ],
  ['an impossible table', { budgetTable: 'our table' }, 'budgetTable', 'a DynamoDB table', 'our table'],
  ['a table by ARN', { budgetTable: `${ARN}:table/b` }, 'budgetTable', 'a DynamoDB table', `${ARN}:table/b`],
  ['a lens that is neither on nor off', { lens: 'maybe' }, 'lens', 'true or false', 'maybe'],
  ['a gate without the lens', { gate: 'true' }, 'gate', '-c lens=true beside it', 'true'],
  ['a gate endpoint for everybody', { gateEndpoint: 'true' }, 'gateEndpoint', '"iam" or "secret"', 'true'],
  ['a topic by name', { alarmTopicArn: 'pager' }, 'alarmTopicArn', 'the ARN of an SNS topic', 'pager'],
])('%s is one complaint: field, expectation, value', (_, deviation, field, expected, got) => {
  expect(readSettings({ ...PERFECT, ...deviation }).complaints).toEqual([
    { field, expected: expect.stringContaining(expected), got },
  ]);
});

test('a malformed VPC is refused in observe too: it would be wrong on the day of the switch to warm', () => {
  expect(readSettings({ cluster: 'demo', vpcId: 'vpc-XYZ' }).complaints).toHaveLength(1);
});

test('everything wrong is said at once, one line each', () => {
  const { complaints } = readSettings({ mode: 'hot', vpcId: 7, plan: true, policy: { hurry: 1 } });
  expect(
    complain(complaints ?? [])
      .split('\n')
      .slice(1, -1),
  ).toEqual([
    expect.stringMatching(/^ {2}plan: expected .*, got true$/),
    expect.stringMatching(/^ {2}cluster: expected .*, got nothing$/),
    expect.stringMatching(/^ {2}mode: expected .*, got "hot"$/),
    expect.stringMatching(/^ {2}vpcId: expected .*, got 7$/),
    expect.stringMatching(/^ {2}policy\.hurry: expected .*, got "hurry"$/),
  ]);
});
