import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CfnResource } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { CONTEXT_KEYS } from '../../infra/context.ts';
import { SIGNAL_DEFAULTS } from '../../infra/signal-events.ts';
import { readEnvironment } from '../../lambdas/adapters/env-config.ts';
import { readQueueBody } from '../../lambdas/adapters/eventbridge-signals.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';
import { EVERYTHING, OBSERVE, stackOf, standInBundles, templateOf, WARM } from './synthesized.ts';

const template = templateOf(OBSERVE);
/** What the CDK's linter reads: every setting there is. The one with most comes first: what the linter then knows of resources
 *  does for the others. */
const LINTED: Readonly<Record<string, Record<string, unknown>>> = {
  'every option': EVERYTHING,
  observe: OBSERVE,
  warm: WARM,
  'hooks and a gate endpoint for signed calls': {
    ...WARM,
    gateEndpoint: 'iam',
    policy: { launchHook: 'prewarm' },
  },
  'a VPC, a boundary and an e-mail address': {
    ...{ ...WARM, name: 'platform', gateEndpoint: 'secret', logRetentionDays: 90 },
    vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
    permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
    alarmEmail: 'platform@example.com',
  },
};

interface Resource {
  readonly Properties: Record<string, unknown>;
  readonly DeletionPolicy?: string;
}
const all = (type: string): [string, Resource][] =>
  Object.entries(template.findResources(type)) as [string, Resource][];

test.each(Object.entries(LINTED))(
  "synthesizes in %s without findings of the CDK's own linter, warnings included",
  (_, context) => {
    const { directory } = stackOf(context, { linted: true }).app.synth();
    const report: unknown = JSON.parse(readFileSync(join(directory, 'validation-report.json'), 'utf8'));
    expect(report).toMatchObject({ pluginReports: [] });
  },
);

test('that is with every setting there is', () => {
  const said = new Set(Object.values(LINTED).flatMap(Object.keys));
  // A look at EKS changes nothing of a template.
  expect(CONTEXT_KEYS.filter((key) => key !== 'lookup' && !said.has(key))).toEqual([]);
});

test('the linter is awake: a runtime that is gone stops the synth', () => {
  const { app, stack } = stackOf(OBSERVE, { linted: true });
  new CfnResource(stack, 'Gone', {
    type: 'AWS::Lambda::Function',
    properties: { Code: { ZipFile: 'x' }, Role: 'arn:aws:iam::123456789012:role/x', Runtime: 'nodejs12.x' },
  });
  expect(() => app.synth()).toThrow("Runtime 'nodejs12.x' was deprecated");
});

test('a missing bundle is named, with the command that makes it', () => {
  expect(() => stackOf(OBSERVE, { bundles: standInBundles('on-signal', 'sweep') })).toThrow(
    /look-again: run npm run build first/,
  );
});

test('three functions on Node 24 and arm64, each with its own log group that ends', () => {
  const functions = all('AWS::Lambda::Function');
  expect(functions.map(([id]) => id.replace(/Function[0-9A-F]{8}$/, '')).sort()).toEqual([
    'LookAgain',
    'OnSignal',
    'Sweep',
  ]);
  for (const [, { Properties }] of functions) {
    expect(Properties).toMatchObject({
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      MemorySize: 512,
      TracingConfig: { Mode: 'Active' },
    });
    expect(Properties).toHaveProperty('LoggingConfig.LogGroup.Ref');
  }
  expect(all('AWS::Logs::LogGroup').map(([, { Properties }]) => Properties)).toEqual(
    ['on-signal', 'look-again', 'sweep'].map((name) => ({
      LogGroupName: `/eks-ip-prewarmer/demo/${name}`,
      RetentionInDays: 30,
    })),
  );
});

test('every function learns its cluster, policy, tables and queues from its environment', () => {
  const warmWithPolicy = templateOf({ ...WARM, policy: '{"margin":1.5}' });
  for (const { Properties } of Object.values(warmWithPolicy.findResources('AWS::Lambda::Function')))
    expect(Properties.Environment.Variables).toEqual({
      CLUSTERS: JSON.stringify([{ name: 'demo', mode: 'warm' }]),
      POLICY_PARAMETER: { Ref: expect.stringMatching(/^PolicyParameter/) },
      LEDGER_TABLE: { Ref: expect.stringMatching(/^TablesLedger/) },
      BUDGET_TABLE: { Ref: expect.stringMatching(/^TablesBudget/) },
      LAUNCH_QUEUE_URL: { Ref: expect.stringMatching(/^LaunchesQueue/) },
      SIGNAL_QUEUE_URL: { Ref: expect.stringMatching(/^SignalsQueue/) },
      VERIFY_QUEUE_URL: { Ref: expect.stringMatching(/^VerificationsQueue/) },
      LAUNCH_DEAD_LETTERS_URL: { Ref: expect.stringMatching(/^LaunchesDeadLetters/) },
      SIGNAL_DEAD_LETTERS_URL: { Ref: expect.stringMatching(/^SignalsDeadLetters/) },
      VERIFY_DEAD_LETTERS_URL: { Ref: expect.stringMatching(/^VerificationsDeadLetters/) },
      ACCOUNT_ID: { Ref: 'AWS::AccountId' },
      POWERTOOLS_SERVICE_NAME: expect.stringMatching(/^[a-z]+-[a-z]+$|^sweep$/),
      POWERTOOLS_LOG_LEVEL: 'INFO',
      // It alone starts rollouts.
      ...(Properties.Environment.Variables.POWERTOOLS_SERVICE_NAME === 'on-signal' && {
        ROLLOUT_MACHINE_ARN: { Ref: expect.stringMatching(/^RolloutsRolloutMachine/) },
      }),
    });
  template.hasResourceProperties('AWS::Lambda::Function', {
    Environment: { Variables: { CLUSTERS: JSON.stringify([{ name: 'demo', mode: 'observe' }]) } },
  });
});

test('that environment, once deployed, is one the functions accept', () => {
  for (const { Properties } of Object.values(templateOf(WARM).findResources('AWS::Lambda::Function'))) {
    const variables: Record<string, unknown> = Properties.Environment.Variables;
    const env = Object.entries(variables).map(([name, value]) => [name, asDeployed(name, value)]);
    const read = readEnvironment({ AWS_REGION: 'eu-central-1', ...Object.fromEntries(env) });
    expect(read).toMatchObject({
      ok: true,
      config: {
        settings: { clusters: [{ name: 'demo', mode: 'warm' }] },
        policyParameter: '/eks-ip-prewarmer/demo/policy',
      },
    });
  }
});

test.each([
  ['the policy given', '{"margin":1.5,"launchDemand":"none"}', { margin: 1.5, launchDemand: 'none' }],
  ['without one the defaults', undefined, {}],
])(
  'the policy parameter holds %s, as a policy that can be read; an output names it',
  (_, policy, document) => {
    const deployed = templateOf({ ...WARM, ...(policy !== undefined && { policy }) });
    const [[id, parameter] = []] = Object.entries(deployed.findResources('AWS::SSM::Parameter'));
    expect(parameter?.['Properties']).toMatchObject({
      Name: '/eks-ip-prewarmer/demo/policy',
      Type: 'String',
      Tier: 'Standard',
    });
    const value: unknown = JSON.parse(parameter?.['Properties'].Value);
    expect(value).toEqual(document);
    expect(readPolicy(value).complaints).toEqual([]);
    deployed.hasOutput('PolicyParameter', { Value: { Ref: id } });
  },
);

/** What CloudFormation makes of a reference: an account, a parameter's or table's name, a queue's URL. */
function asDeployed(name: string, value: unknown): unknown {
  if (typeof value === 'string') return value;
  if (name === 'ACCOUNT_ID') return '123456789012';
  if (name === 'ROLLOUT_MACHINE_ARN') return 'arn:aws:states:eu-central-1:123456789012:stateMachine:rollout';
  if (name === 'POLICY_PARAMETER') return '/eks-ip-prewarmer/demo/policy';
  return name.endsWith('_URL') ? 'https://sqs.eu-central-1.amazonaws.com/123456789012/queue' : 'demo-table';
}

test('every queue is encrypted, refuses plain HTTP, and has dead letters (which need none)', () => {
  const queues = all('AWS::SQS::Queue');
  const guarded = all('AWS::SQS::QueuePolicy')
    .filter(([, { Properties }]) => JSON.stringify(Properties).includes('"aws:SecureTransport":"false"'))
    .map(([, { Properties }]) => (Properties['Queues'] as { Ref: string }[])[0]?.Ref);
  for (const [id, { Properties }] of queues) {
    expect(Properties, id).toMatchObject({ SqsManagedSseEnabled: true });
    expect(guarded, id).toContain(id);
    if (!id.includes('DeadLetters'))
      expect(Properties, id).toMatchObject({ RedrivePolicy: { maxReceiveCount: 5 } });
  }
  expect(queues.filter(([id]) => !id.includes('DeadLetters'))).toHaveLength(3);
});

test('a batch at work never comes back: queues wait six time limits and the window of their reader', () => {
  const readers = all('AWS::Lambda::EventSourceMapping').map(([, { Properties }]) => Properties);
  const windows = readers.map((reader) => ({
    reader: JSON.stringify(reader['FunctionName']).includes('OnSignal') ? 'on-signal' : 'look-again',
    batch: reader['BatchSize'],
    seconds: reader['MaximumBatchingWindowInSeconds'],
    atOnce: (reader['ScalingConfig'] as { MaximumConcurrency: number }).MaximumConcurrency,
  }));
  expect(windows).toEqual([
    { reader: 'on-signal', batch: 100, seconds: 1, atOnce: 5 },
    { reader: 'on-signal', batch: 2, seconds: 1, atOnce: 2 },
    { reader: 'look-again', batch: 10, seconds: 1, atOnce: 2 },
  ]);
  for (const reader of readers)
    expect(reader).toMatchObject({ FunctionResponseTypes: ['ReportBatchItemFailures'] });
  expect(
    all('AWS::SQS::Queue')
      .filter(([id]) => !id.includes('DeadLetters'))
      .map(([, { Properties }]) => Properties['VisibilityTimeout']),
  ).toEqual([6 * 30 + 1, 6 * 30 + 1, 6 * 30 + 1]);
});

test("signals that wait go back on their queue up to twenty times: Lambda's loop guard, which bites at sixteen, is off", () => {
  for (const [id, { Properties }] of all('AWS::Lambda::Function'))
    expect(Properties, id).toMatchObject({ RecursiveLoop: 'Allow' });
});

const rulesOf = (context: Record<string, unknown>) =>
  Object.entries(templateOf(context).findResources('AWS::Events::Rule')).map(([id, { Properties }]) => ({
    id: id.replace(/^Rules/, '').replace(/[0-9A-F]{8}$/, ''),
    ...Properties,
  }));

test('events that need nothing beside reach their queues, and the clock its sweep; what cannot be delivered is kept', () => {
  const rules = rulesOf(OBSERVE);
  expect(rules.map(({ id }) => id)).toEqual([
    'InstanceLaunching',
    'LifecycleAction',
    'WarmPoolFilled',
    'InstanceRefresh',
    'NodesLeaving',
    'DeploymentAnnounced',
    'SweepDue',
  ]);
  for (const rule of rules) {
    expect(rule).not.toHaveProperty('EventBusName');
    expect(rule).toHaveProperty('Targets.0.DeadLetterConfig.Arn');
  }
});

test('each kind of event can be switched on and off', () => {
  const signals = {
    spot: false,
    autoScaling: false,
    cloudTrail: true,
    codePipeline: true,
    codeDeploy: true,
    codeBuild: true,
    ecr: true,
    alarms: true,
  };
  expect(rulesOf({ ...OBSERVE, signals }).map(({ id }) => id)).toEqual([
    'InstanceLaunching',
    'DeploymentAnnounced',
    'NodesAskedFor',
    'PipelineChanged',
    'DeploymentChanged',
    'BuildChanged',
    'ImagePushed',
    'AlarmChanged',
    'SweepDue',
  ]);
  const none = Object.fromEntries(Object.keys(SIGNAL_DEFAULTS).map((name) => [name, false]));
  expect(rulesOf({ ...OBSERVE, signals: none }).map(({ id }) => id)).toEqual(['SweepDue']);
});

test('a schedule of the policy fires into the queue as an event that the functions read', () => {
  const announce = {
    cluster: 'demo',
    workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
    replicas: { from: 20, to: 120 },
  };
  const schedules = { morning: { at: 'cron(40 8 ? * MON-FRI *)', leadSeconds: 1200, announce } };
  const found = templateOf({ ...OBSERVE, policy: { schedules } }).findResources('AWS::Scheduler::Schedule');
  const [properties] = Object.values(found).map(({ Properties }) => Properties);
  expect(properties).toMatchObject({
    ScheduleExpression: 'cron(40 8 ? * MON-FRI *)',
    Target: { Arn: { 'Fn::GetAtt': [expect.stringMatching(/^SignalsQueue/), 'Arn'] } },
  });
  const parts: unknown[] = properties === undefined ? [] : properties.Target.Input['Fn::Join'][1];
  const body = parts
    .map((part) => (typeof part === 'string' ? part : 'Ref' in (part as object) ? refOf(part) : ''))
    .join('')
    .replace('<aws.scheduler.execution-id>', '0e1f2a3b4c5d')
    .replace('<aws.scheduler.scheduled-time>', '2026-01-31T08:40:00Z');
  const home = { accountId: '123456789012', region: 'eu-central-1' };
  expect(readQueueBody(body, { home, policy: readPolicy({ schedules }).policy })).toMatchObject([
    { kind: 'rollout-announced', cluster: 'demo', startsAtMs: Date.UTC(2026, 0, 31, 9) },
  ]);
});

const refOf = (part: unknown): string =>
  (part as { Ref: string }).Ref === 'AWS::AccountId' ? '123456789012' : 'eu-central-1';

test('tables: on demand, encrypted, restorable, gone with the stack; the ledger expires its items', () => {
  const [ledger, budget] = all('AWS::DynamoDB::Table').map(([, resource]) => resource);
  for (const table of [ledger, budget])
    expect(table?.Properties).toMatchObject({
      BillingMode: 'PAY_PER_REQUEST',
      SSESpecification: { SSEEnabled: true },
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
  expect(ledger).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: {
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
    },
  });
  expect(budget).toMatchObject({
    DeletionPolicy: 'Delete',
    Properties: { KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }] },
  });
});

test("a second stack of the account may count in the first one's budget table: it has none of its own", () => {
  const second = templateOf({ ...WARM, cluster: 'second', budgetTable: 'first-budget' });
  expect(Object.keys(second.findResources('AWS::DynamoDB::Table'))).toEqual([
    expect.stringMatching(/^TablesLedger/),
  ]);
  for (const { Properties } of Object.values(second.findResources('AWS::Lambda::Function')))
    expect(Properties.Environment.Variables.BUDGET_TABLE).toBe('first-budget');
  second.hasOutput('BudgetTable', { Value: 'first-budget' });
  template.hasOutput('BudgetTable', { Value: { Ref: all('AWS::DynamoDB::Table')[1]?.[0] } });
});

test('where we are the sole allocator the sweep comes every minute', () => {
  const schedules = (context: Record<string, unknown>): unknown[] =>
    Object.values(templateOf(context).findResources('AWS::Events::Rule')).flatMap(
      ({ Properties }) => Properties.ScheduleExpression ?? [],
    );
  expect(schedules({ ...WARM, policy: { soleAllocator: true } })).toEqual(['rate(1 minute)']);
  expect(schedules({ ...WARM, policy: { soleAllocator: false } })).toEqual(['rate(5 minutes)']);
});
