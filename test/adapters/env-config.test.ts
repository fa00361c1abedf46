import { expect, test } from 'vitest';
import { readEnvironment } from '../../lambdas/adapters/env-config.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';

const QUEUES = 'https://sqs.eu-central-1.amazonaws.com/111122223333';
const GOOD = {
  CLUSTERS: '[{"name":"shop","mode":"warm"},{"name":"depot","mode":"observe"}]',
  POLICY: '{"margin":1.5}',
  LEDGER_TABLE: 'prewarmer-ledger',
  BUDGET_TABLE: 'prewarmer-budget',
  LAUNCH_QUEUE_URL: `${QUEUES}/launches`,
  SIGNAL_QUEUE_URL: `${QUEUES}/signals`,
  VERIFY_QUEUE_URL: `${QUEUES}/verifications`,
  ACCOUNT_ID: '111122223333',
  AWS_REGION: 'eu-central-1',
  POWERTOOLS_LOG_LEVEL: 'INFO',
};

const complaints = (env: Readonly<Record<string, string | undefined>>): string[] => {
  const read = readEnvironment(env);
  return read.ok ? [] : read.message.split('\n').slice(1);
};

test('a complete environment is settings and places', () => {
  expect(readEnvironment(GOOD)).toEqual({
    ok: true,
    config: {
      settings: {
        clusters: [
          { name: 'shop', mode: 'warm' },
          { name: 'depot', mode: 'observe' },
        ],
        policy: { ...DEFAULT_POLICY, margin: 1.5 },
      },
      policyParameter: undefined,
      ledgerTable: 'prewarmer-ledger',
      budgetTable: 'prewarmer-budget',
      launchQueueUrl: `${QUEUES}/launches`,
      signalQueueUrl: `${QUEUES}/signals`,
      verifyQueueUrl: `${QUEUES}/verifications`,
      deadLettersOf: {},
      rolloutMachineArn: undefined,
      accountId: '111122223333',
      region: 'eu-central-1',
    },
  });
});

test('without a policy the defaults hold', () => {
  const { POLICY: _policy, ...env } = GOOD;
  for (const given of [env, { ...env, POLICY: '' }]) {
    const read = readEnvironment(given);
    expect(read.ok && read.config.settings.policy).toEqual(DEFAULT_POLICY);
  }
});

test('the policy may be in a parameter instead; what is in it is read later', () => {
  const { POLICY: _policy, ...env } = GOOD;
  const read = readEnvironment({ ...env, POLICY_PARAMETER: '/eks-ip-prewarmer/shop/policy' });
  expect(read).toMatchObject({ ok: true, config: { policyParameter: '/eks-ip-prewarmer/shop/policy' } });
});

test('everything that is missing is named at once', () => {
  const said = complaints({});
  const names = ['CLUSTERS', 'LEDGER_TABLE', 'BUDGET_TABLE', 'LAUNCH_QUEUE_URL', 'SIGNAL_QUEUE_URL'];
  const more = ['VERIFY_QUEUE_URL', 'ACCOUNT_ID', 'AWS_REGION'];
  expect(said.map((line) => line.split(':')[0])).toEqual([...names, ...more]);
  expect(said.every((line) => line.endsWith('got nothing'))).toBe(true);
});

test.each([
  ['CLUSTERS', 'shop', 'CLUSTERS: expected JSON, got "shop"'],
  ['CLUSTERS', '[]', 'CLUSTERS: expected a list such as [{"name":"shop","mode":"observe"}], got []'],
  ['CLUSTERS', '[{"name":"shop","mode":"hot"}]', 'CLUSTERS.0.mode: expected "observe" or "warm", got "hot"'],
  [
    'CLUSTERS',
    '[{"name":"a b","mode":"warm"}]',
    'CLUSTERS.0.name: expected the name of an EKS cluster, got "a b"',
  ],
  [
    'CLUSTERS',
    '[{"name":"shop","mode":"warm"},{"name":"shop","mode":"observe"}]',
    'CLUSTERS: expected each cluster once, got "shop"',
  ],
  ['POLICY', '{', 'POLICY: expected JSON, got "{"'],
  ['POLICY', '{"margin":0}', 'policy.margin: expected a number from 1 to 10, got 0'],
  [
    'POLICY_PARAMETER',
    '/shop/policy',
    'POLICY_PARAMETER: expected nothing beside POLICY, got "/shop/policy"',
  ],
  ['LEDGER_TABLE', '', 'LEDGER_TABLE: expected the name of a DynamoDB table, got ""'],
  ['LAUNCH_QUEUE_URL', 'launches', 'LAUNCH_QUEUE_URL: expected the URL of an SQS queue, got "launches"'],
  ['ACCOUNT_ID', '42', 'ACCOUNT_ID: expected an account id of twelve digits, got "42"'],
  ['AWS_REGION', 'Frankfurt', 'AWS_REGION: expected a Region such as "eu-central-1", got "Frankfurt"'],
])('%s = %s is the only complaint', (name, given, expected) => {
  expect(complaints({ ...GOOD, [name]: given })).toEqual([expected]);
});

test('a parameter that cannot exist is complained of', () => {
  const { POLICY: _policy, ...env } = GOOD;
  expect(complaints({ ...env, POLICY_PARAMETER: 'the policy' })).toEqual([
    'POLICY_PARAMETER: expected the name of a Systems Manager parameter, got "the policy"',
  ]);
});

test('a stack may have no state machine of rollouts; one it has is named by its ARN', () => {
  const arn = 'arn:aws:states:eu-central-1:111122223333:stateMachine:shop-rollout';
  const machineOf = (ROLLOUT_MACHINE_ARN: string): unknown => {
    const read = readEnvironment({ ...GOOD, ROLLOUT_MACHINE_ARN });
    return read.ok ? read.config.rolloutMachineArn : read.message.split('\n').slice(1);
  };
  expect(machineOf('')).toBeUndefined();
  expect(machineOf(arn)).toBe(arn);
  expect(machineOf(arn.replace('aws', 'aws-cn'))).toBe(arn.replace('aws', 'aws-cn'));
  expect(machineOf('rollout')).toEqual([
    'ROLLOUT_MACHINE_ARN: expected the ARN of a Step Functions state machine, got "rollout"',
  ]);
});

test('lens and gate are off unless said, and the gate needs the lens', () => {
  const clustersOf = (CLUSTERS: string): unknown => {
    const read = readEnvironment({ ...GOOD, CLUSTERS });
    return read.ok ? read.config.settings.clusters : read.message.split('\n').slice(1);
  };
  expect(clustersOf('[{"name":"shop","mode":"warm","lens":true,"gate":true}]')).toEqual([
    { name: 'shop', mode: 'warm', lens: true, gate: true },
  ]);
  expect(clustersOf('[{"name":"shop","mode":"warm","lens":false}]')).toEqual([
    { name: 'shop', mode: 'warm' },
  ]);
  expect(clustersOf('[{"name":"shop","mode":"warm","gate":true}]')).toEqual([
    'CLUSTERS: expected "lens": true beside "gate", got "shop"',
  ]);
  expect(clustersOf('[{"name":"shop","mode":"warm","lens":"yes"}]')).toEqual([
    'CLUSTERS.0.lens: expected true or false, got "yes"',
  ]);
});
