import { expect, test } from 'vitest';
import {
  EVERYTHING,
  OBSERVE,
  type Statement,
  statementsOf,
  templateOf,
  VPC_ID,
  WARM,
} from './synthesized.ts';

const observe = templateOf(OBSERVE);
const warm = templateOf(WARM);
const FUNCTIONS = {
  observe: ['OnSignal', 'LookAgain', 'Sweep'],
  warm: [
    'OnSignal',
    'LookAgain',
    'Sweep',
    'PlanRollout',
    'WarmWave',
    'VerifyWave',
    'HoldWave',
    'AdvanceWave',
    'ReportRollout',
  ],
};
const READS = /^(ec2:Describe|eks:Describe)/;

const ec2Of = (holder: Statement['holder']) =>
  statementsOf(warm)
    .filter((statement) => statement.holder === holder)
    .filter(({ actions }) => actions.some((action) => action.startsWith('ec2:') && !READS.test(action)))
    .map(({ holder: _, ...rest }) => rest);

test('In observe mode nobody can change anything in EC2: no mutating action appears in the whole template', () => {
  const actions = statementsOf(observe).flatMap((statement) => statement.actions);
  expect(actions.filter((action) => action.startsWith('ec2:')).every((action) => READS.test(action))).toBe(
    true,
  );
  expect(JSON.stringify(observe.toJSON())).not.toMatch(
    /ec2:(?!Describe)|NetworkInterfaceAttribute|PrivateIpAddresses|CreateTags/,
  );
});

test('In observe mode with the VPC named all the same, nothing is added', () => {
  expect(statementsOf(templateOf({ ...OBSERVE, vpcId: VPC_ID }))).toEqual(statementsOf(observe));
});

test('In warm mode without the VPC named, the deployment has to name it, and the rights end there all the same', () => {
  const template = templateOf({ cluster: 'demo', mode: 'warm' });
  expect(template.findParameters('VpcId')).toEqual({
    VpcId: { Type: 'AWS::EC2::VPC::Id', Description: expect.any(String) },
  });
  const fills = statementsOf(template).filter(
    ({ effect, actions }) => effect === 'Allow' && actions.includes('ec2:AssignPrivateIpAddresses'),
  );
  expect(fills.map(({ holder }) => holder).sort()).toEqual(['OnSignal', 'Sweep', 'WarmWave']);
  for (const { condition } of fills) expect(JSON.stringify(condition)).toMatch(/ec2:Vpc.*vpc\/.*VpcId/);
});

test('In warm mode on-signal may create, attach and fill, each bounded by our tag, the VPC or the cluster', () => {
  const interfaces = ['arn:aws:ec2:R:A:network-interface/*'];
  const asked = { 'aws:RequestTag/eks-ip-prewarmer/cluster': 'demo' };
  const oursAlone = {
    'ForAllValues:StringEquals': {
      'aws:TagKeys': ['eks-ip-prewarmer/cluster', 'eks-ip-prewarmer/node', 'eks-ip-prewarmer/demand'],
    },
    Null: { 'aws:TagKeys': 'false' },
  };
  const inVpc = { ArnEquals: { 'ec2:Vpc': `arn:aws:ec2:R:A:vpc/${VPC_ID}` } };
  expect(ec2Of('OnSignal')).toEqual([
    {
      sid: 'CreateTagged',
      effect: 'Allow',
      actions: ['ec2:CreateNetworkInterface'],
      resources: interfaces,
      condition: { StringEquals: asked, ...oursAlone },
    },
    {
      sid: 'CreateInVpc',
      effect: 'Allow',
      actions: ['ec2:CreateNetworkInterface'],
      resources: ['arn:aws:ec2:R:A:subnet/*', 'arn:aws:ec2:R:A:security-group/*'],
      condition: inVpc,
    },
    {
      sid: 'TagWhileCreating',
      effect: 'Allow',
      actions: ['ec2:CreateTags'],
      resources: interfaces,
      condition: {
        StringEquals: { 'ec2:CreateAction': 'CreateNetworkInterface', ...asked },
        ...oursAlone,
      },
    },
    {
      sid: 'AttachToNodes',
      effect: 'Allow',
      actions: ['ec2:AttachNetworkInterface', 'ec2:ModifyNetworkInterfaceAttribute'],
      resources: ['arn:aws:ec2:R:A:instance/*'],
      condition: { StringEquals: { 'aws:ResourceTag/kubernetes.io/cluster/demo': 'owned' } },
    },
    {
      sid: 'AttachOurs',
      effect: 'Allow',
      actions: ['ec2:AttachNetworkInterface', 'ec2:ModifyNetworkInterfaceAttribute'],
      resources: interfaces,
      condition: { StringEquals: { 'aws:ResourceTag/eks-ip-prewarmer/cluster': 'demo' } },
    },
    {
      sid: 'Fill',
      effect: 'Allow',
      actions: ['ec2:AssignPrivateIpAddresses'],
      resources: interfaces,
      condition: inVpc,
    },
    {
      sid: 'StayOffAutoMode',
      effect: 'Deny',
      actions: ['ec2:AttachNetworkInterface', 'ec2:AssignPrivateIpAddresses'],
      resources: ['*'],
      condition: { Null: { 'ec2:ManagedResourceOperator': 'false' } },
    },
    notOf('StayOffOtherClusters', 'aws:ResourceTag/cluster.k8s.amazonaws.com/name'),
    notOf('StayOffOtherStacks', 'aws:ResourceTag/eks-ip-prewarmer/cluster'),
  ]);
});

const notOf = (sid: string, key: string) => ({
  sid,
  effect: 'Deny',
  actions: ['ec2:AssignPrivateIpAddresses'],
  resources: ['*'],
  condition: { Null: { [key]: 'false' }, StringNotEquals: { [key]: 'demo' } },
});

test('In warm mode a wave may be given exactly what a signal may', () => {
  expect(ec2Of('WarmWave')).toEqual(ec2Of('OnSignal'));
});

test('In warm mode whoever verifies a wave may look, and nothing else', () => {
  expect(ec2Of('VerifyWave')).toEqual([]);
});

test('In warm mode whoever plans, holds, releases or reports a rollout can change nothing in EC2, nor read it', () => {
  for (const holder of ['PlanRollout', 'HoldWave', 'AdvanceWave', 'ReportRollout'] as const)
    expect(
      statementsOf(warm)
        .filter((statement) => statement.holder === holder)
        .flatMap(({ actions }) => actions)
        .filter((action) => /^(ec2|eks|sqs|states):/.test(action)),
    ).toEqual([]);
});

test('In warm mode the sweep may do the same for launches nobody heard of, and it alone may delete, only what is ours', () => {
  expect(ec2Of('Sweep')).toEqual([
    ...ec2Of('OnSignal'),
    {
      sid: 'DeleteOurs',
      effect: 'Allow',
      actions: ['ec2:DeleteNetworkInterface'],
      resources: ['arn:aws:ec2:R:A:network-interface/*'],
      condition: { StringEquals: { 'aws:ResourceTag/eks-ip-prewarmer/cluster': 'demo' } },
    },
  ]);
});

test('In warm mode look-again looks, and may tell interfaces of ours to go away with their node: nothing else', () => {
  expect(ec2Of('LookAgain')).toEqual([
    {
      sid: 'FinishOurs',
      effect: 'Allow',
      actions: ['ec2:ModifyNetworkInterfaceAttribute'],
      resources: ['arn:aws:ec2:R:A:network-interface/*'],
      condition: { StringEquals: { 'aws:ResourceTag/eks-ip-prewarmer/cluster': 'demo' } },
    },
    {
      sid: 'FinishOnNodes',
      effect: 'Allow',
      actions: ['ec2:ModifyNetworkInterfaceAttribute'],
      resources: ['arn:aws:ec2:R:A:instance/*'],
      condition: { StringEquals: { 'aws:ResourceTag/kubernetes.io/cluster/demo': 'owned' } },
    },
  ]);
});

test('An address in use is never taken away: no mode holds Unassign, Detach or a wildcard that would include them', () => {
  for (const template of [observe, warm]) {
    expect(JSON.stringify(template.toJSON())).not.toMatch(/Unassign|Detach|ec2:\*|"Action":"\*"/);
    for (const { actions } of statementsOf(template)) expect(actions.join()).not.toContain('*');
  }
});

test('Warm mode adds EC2 rights, and batched rollouts with their word to followers', () => {
  const added = statementsOf(warm).filter(({ sid, holder }) =>
    statementsOf(observe).every((statement) => statement.sid !== sid || statement.holder !== holder),
  );
  const old = added.filter(({ holder }) => ['OnSignal', 'LookAgain', 'Sweep'].includes(holder));
  expect(old.filter(({ actions }) => !actions.some((action) => action.startsWith('ec2:')))).toMatchObject([
    {
      holder: 'OnSignal',
      actions: ['events:PutEvents'],
      resources: ['arn:aws:events:R:A:event-bus/default'],
      condition: {
        'ForAllValues:StringEquals': { 'events:source': ['eks-ip-prewarmer'] },
        Null: { 'events:source': 'false' },
      },
    },
    { holder: 'OnSignal', actions: ['states:StartExecution', 'states:SendTaskSuccess'] },
  ]);
});

test('Rights without a resource are reads of EC2 and X-Ray segments only, which know none', () => {
  const open = statementsOf(warm).filter(
    ({ effect, resources }) => effect === 'Allow' && resources.includes('*'),
  );
  expect([...new Set(open.flatMap(({ actions }) => actions))].sort()).toEqual([
    'ec2:DescribeInstances',
    'ec2:DescribeNetworkInterfaces',
    'ec2:DescribeSubnets',
    // Step Functions writes its log through these alone. Source: Developer Guide, logging, IAM policies.
    'logs:CreateLogDelivery',
    'logs:DeleteLogDelivery',
    'logs:DescribeLogGroups',
    'logs:DescribeResourcePolicies',
    'logs:GetLogDelivery',
    'logs:ListLogDeliveries',
    'logs:PutResourcePolicy',
    'logs:UpdateLogDelivery',
    'xray:GetSamplingRules',
    'xray:GetSamplingTargets',
    'xray:PutTelemetryRecords',
    'xray:PutTraceSegments',
  ]);
});

test('EKS is read for the named cluster and its VPC CNI only', () => {
  const eks = statementsOf(warm).filter(({ actions }) => actions.some((action) => action.startsWith('eks:')));
  expect(new Set(eks.flatMap(({ resources }) => resources))).toEqual(
    new Set(['arn:aws:eks:R:A:cluster/demo', 'arn:aws:eks:R:A:addon/demo/vpc-cni/*']),
  );
});

test('No role carries a managed policy, which would widen it without anyone noticing', () => {
  for (const role of Object.values(warm.findResources('AWS::IAM::Role')))
    expect(role).not.toHaveProperty('Properties.ManagedPolicyArns');
});

test.each([
  ['observe', observe, FUNCTIONS.observe],
  ['warm', warm, FUNCTIONS.warm],
])(
  'in %s every function may read its policy and no other parameter, and write none',
  (_, template, holders) => {
    const ssm = statementsOf(template).filter(({ actions }) => actions.some((one) => one.startsWith('ssm:')));
    expect(ssm.map(({ holder, actions }) => ({ holder, actions }))).toEqual(
      holders.map((holder) => ({ holder, actions: ['ssm:GetParameter'] })),
    );
    const [id] = Object.keys(template.findResources('AWS::SSM::Parameter'));
    expect(new Set(ssm.flatMap(({ resources }) => resources))).toEqual(
      // The parameter's reference is its name, which begins with a slash.
      new Set([`arn:aws:ssm:R:A:parameter${id}`]),
    );
  },
);

test('every function has the ledger; those that act, and the looks, spend requests, wherever the budget is', () => {
  const uses = (template: typeof warm, sid: string) =>
    statementsOf(template)
      .filter((statement) => statement.sid === sid)
      .map(({ holder, resources }) => [holder, ...resources]);
  const [ledger, budget] = Object.keys(warm.findResources('AWS::DynamoDB::Table'));
  const holders = ['OnSignal', 'LookAgain', 'Sweep', 'WarmWave'];
  expect(uses(warm, 'UseLedger')).toEqual(FUNCTIONS.warm.map((holder) => [holder, `${ledger}.Arn`]));
  expect(uses(warm, 'UseBudget')).toEqual(holders.map((holder) => [holder, `${budget}.Arn`]));
  expect(uses(templateOf(EVERYTHING), 'UseBudget')).toEqual(
    holders.map((holder) => [holder, 'arn:aws:dynamodb:R:A:table/account-budget']),
  );
});

test('hooks are answered by on-signal alone, of the cluster’s groups, and only where the policy names one', () => {
  const answers = (context: Record<string, unknown>) =>
    statementsOf(templateOf(context)).filter(({ actions }) =>
      actions.some((action) => action.startsWith('autoscaling:')),
    );
  expect([...answers(OBSERVE), ...answers(WARM)]).toEqual([]);
  expect(answers({ ...WARM, policy: { launchHook: 'prewarm' } })).toMatchObject([
    {
      holder: 'OnSignal',
      actions: ['autoscaling:CompleteLifecycleAction'],
      resources: ['arn:aws:autoscaling:R:A:autoScalingGroup:*:autoScalingGroupName/*'],
      condition: { StringEquals: { 'aws:ResourceTag/kubernetes.io/cluster/demo': 'owned' } },
    },
  ]);
});

test('a schedule may put messages on queues of ours, and nothing else', () => {
  const held = statementsOf(templateOf(EVERYTHING)).filter(({ holder }) => holder === 'Schedules');
  expect([...new Set(held.flatMap(({ actions }) => actions))]).toEqual(['sqs:SendMessage']);
  for (const resource of held.flatMap(({ resources }) => resources)) expect(resource).toMatch(/^Signals/);
});

test('no option widens what may be done in EC2', () => {
  const ec2 = (template: typeof warm) =>
    statementsOf(template).filter(({ actions }) => actions.some((action) => action.startsWith('ec2:')));
  expect(ec2(templateOf(EVERYTHING))).toEqual(ec2(warm));
});
