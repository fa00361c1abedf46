/** What the roles may do elsewhere than in EC2, asked request by request as in iam-requests.test.ts. */
import { expect, test } from 'vitest';
import { ACCOUNT, allowed, arn } from './deployed-policies.ts';
import { heldByConditions, judge, may, mayNot, one, type Row, warm } from './iam-rows.ts';

const ledger = warm.arnOf('AWS::DynamoDB::Table', 'Ledger');
const budget = arn('dynamodb', 'table/account-budget');
const policy = arn('ssm', 'parameter/eks-ip-prewarmer/demo/policy');
const secret = warm.arnOf('AWS::SecretsManager::Secret');
const machine = warm.arnOf('AWS::StepFunctions::StateMachine');
const queue = (name: string) => warm.arnOf('AWS::SQS::Queue', name);
const log = (name: string): string => `log-group:/eks-ip-prewarmer/demo/${name}:log-stream:today`;
const ofSource = (source: string) => ({ 'events:source': source, 'events:detail-type': 'Wave Ready' });
const underKey = (key: string) => ({ 'dynamodb:LeadingKeys': [key] });
const group = (owner: string) => ({ [`aws:ResourceTag/kubernetes.io/cluster/${owner}`]: 'owned' });
const asg = arn(
  'autoscaling',
  'autoScalingGroup:11111111-2222-3333-4444-555555555555:autoScalingGroupName/nodes',
);

const BESIDE_EC2: readonly Row[] = [
  may('on-signal', 'write in the ledger', one('dynamodb:PutItem', ledger, underKey('node#i-0a'))),
  mayNot('on-signal', 'delete from the ledger', one('dynamodb:DeleteItem', ledger)),
  mayNot('on-signal', 'read all of the ledger', one('dynamodb:Scan', ledger)),
  mayNot(
    'on-signal',
    'write in a table of somebody else',
    one('dynamodb:PutItem', arn('dynamodb', 'table/orders')),
  ),
  may('on-signal', 'spend from the shared budget', one('dynamodb:PutItem', budget)),
  mayNot('on-signal', 'update a budget item in place', one('dynamodb:UpdateItem', budget)),
  mayNot('plan-rollout', 'spend from the budget', one('dynamodb:PutItem', budget)),
  mayNot('verify-wave', 'read the budget', one('dynamodb:GetItem', budget)),
  may(
    'answer-gate',
    'look up what is said of the cluster',
    one('dynamodb:GetItem', ledger, underKey('cluster#demo')),
  ),
  mayNot(
    'answer-gate',
    "look up a rollout, with its gate's token",
    one('dynamodb:GetItem', ledger, underKey('rollout#r-1')),
  ),
  mayNot(
    'answer-gate',
    'look up another cluster',
    one('dynamodb:GetItem', ledger, underKey('cluster#billing')),
  ),
  mayNot('answer-gate', 'write in the ledger', one('dynamodb:PutItem', ledger, underKey('cluster#demo'))),

  may('on-signal', 'read the policy', one('ssm:GetParameter', policy)),
  mayNot('on-signal', 'write the policy, which holds the kill switch', one('ssm:PutParameter', policy)),
  mayNot(
    'on-signal',
    "read another cluster's policy",
    one('ssm:GetParameter', arn('ssm', 'parameter/eks-ip-prewarmer/billing/policy')),
  ),
  mayNot(
    'answer-gate',
    'read a parameter of somebody else',
    one('ssm:GetParameter', arn('ssm', 'parameter/db/password')),
  ),

  may('answer-gate', 'read its secret', one('secretsmanager:GetSecretValue', secret)),
  mayNot('answer-gate', 'change its secret', one('secretsmanager:PutSecretValue', secret)),
  mayNot(
    'answer-gate',
    'read a secret of somebody else',
    one('secretsmanager:GetSecretValue', arn('secretsmanager', 'secret:db-AbCdEf')),
  ),
  mayNot('on-signal', 'read the secret of the gate', one('secretsmanager:GetSecretValue', secret)),

  may('on-signal', 'put what must wait back on its queue', one('sqs:SendMessage', queue('SignalsQueue'))),
  may('on-signal', 'bury a launch that cannot be read', one('sqs:SendMessage', queue('LaunchesDeadLetters'))),
  may('on-signal', 'receive launches', one('sqs:ReceiveMessage', queue('LaunchesQueue'))),
  may('on-signal', 'hide a launch', one('sqs:ChangeMessageVisibility', queue('LaunchesQueue'))),
  mayNot('on-signal', 'receive verifications', one('sqs:ReceiveMessage', queue('VerificationsQueue'))),
  mayNot('on-signal', 'receive dead letters', one('sqs:ReceiveMessage', queue('LaunchesDeadLetters'))),
  mayNot('on-signal', 'empty a queue', one('sqs:PurgeQueue', queue('SignalsQueue'))),
  mayNot('on-signal', 'send to a queue of somebody else', one('sqs:SendMessage', arn('sqs', 'orders'))),
  mayNot('sweep', 'receive launches', one('sqs:ReceiveMessage', queue('LaunchesQueue'))),
  mayNot('answer-gate', 'send to any queue', one('sqs:SendMessage', queue('SignalsQueue'))),
  may('a schedule', 'send to the queue of signals', one('sqs:SendMessage', queue('SignalsQueue'))),
  mayNot('a schedule', 'send launches', one('sqs:SendMessage', queue('LaunchesQueue'))),

  may('on-signal', 'start a rollout', one('states:StartExecution', machine)),
  may('on-signal', 'open a gate of the rollout machine', one('states:SendTaskSuccess', machine)),
  mayNot('on-signal', 'make a gate fail', one('states:SendTaskFailure', machine)),
  mayNot(
    'on-signal',
    'stop a rollout',
    one('states:StopExecution', `${machine.replace('stateMachine', 'execution')}:r-1`),
  ),
  mayNot(
    'on-signal',
    'start another machine',
    one('states:StartExecution', arn('states', 'stateMachine:orders')),
  ),
  mayNot(
    'on-signal',
    "open another machine's gate",
    one('states:SendTaskSuccess', arn('states', 'stateMachine:orders')),
  ),
  mayNot('hold-wave', 'open the gate that it closed', one('states:SendTaskSuccess', machine)),
  may(
    'the rollout machine',
    'call warm-wave',
    one('lambda:InvokeFunction', warm.arnOf('AWS::Lambda::Function', 'WarmWave')),
  ),
  mayNot(
    'the rollout machine',
    'call on-signal',
    one('lambda:InvokeFunction', warm.arnOf('AWS::Lambda::Function', 'OnSignal')),
  ),
  mayNot(
    'on-signal',
    'call a function itself',
    one('lambda:InvokeFunction', warm.arnOf('AWS::Lambda::Function', 'WarmWave')),
  ),

  may(
    'hold-wave',
    'tell followers, as us',
    one('events:PutEvents', arn('events', 'event-bus/default'), ofSource('eks-ip-prewarmer')),
  ),
  mayNot(
    'hold-wave',
    'put an event in the name of somebody else',
    one('events:PutEvents', arn('events', 'event-bus/default'), ofSource('aws-deployments')),
  ),
  mayNot(
    'hold-wave',
    'put an event on another bus',
    one('events:PutEvents', arn('events', 'event-bus/orders'), ofSource('eks-ip-prewarmer')),
  ),
  mayNot(
    'answer-gate',
    'put an event',
    one('events:PutEvents', arn('events', 'event-bus/default'), ofSource('eks-ip-prewarmer')),
  ),

  may(
    'on-signal',
    "answer a hook of the cluster's group",
    one('autoscaling:CompleteLifecycleAction', asg, group('demo')),
  ),
  mayNot(
    'on-signal',
    "answer a hook of another cluster's group",
    one('autoscaling:CompleteLifecycleAction', asg, group('billing')),
  ),
  mayNot(
    'on-signal',
    "resize the cluster's group",
    one('autoscaling:SetDesiredCapacity', asg, group('demo')),
  ),
  mayNot(
    'sweep',
    "answer a hook of the cluster's group",
    one('autoscaling:CompleteLifecycleAction', asg, group('demo')),
  ),

  may('on-signal', 'look up the cluster', one('eks:DescribeCluster', arn('eks', 'cluster/demo'))),
  may('on-signal', 'look up its VPC CNI', one('eks:DescribeAddon', arn('eks', 'addon/demo/vpc-cni/1b2c3d'))),
  mayNot('on-signal', 'look up another cluster', one('eks:DescribeCluster', arn('eks', 'cluster/billing'))),
  mayNot(
    'on-signal',
    'look up another add-on',
    one('eks:DescribeAddon', arn('eks', 'addon/demo/coredns/1b2c3d')),
  ),
  mayNot(
    'on-signal',
    "change the VPC CNI's settings",
    one('eks:UpdateAddon', arn('eks', 'addon/demo/vpc-cni/1b2c3d')),
  ),
  mayNot('sweep', 'let somebody into the cluster', one('eks:CreateAccessEntry', arn('eks', 'cluster/demo'))),

  may('on-signal', 'write its log', one('logs:PutLogEvents', arn('logs', log('on-signal')))),
  mayNot('on-signal', "write another function's log", one('logs:PutLogEvents', arn('logs', log('sweep')))),
  mayNot('on-signal', 'make a log group', one('logs:CreateLogGroup', arn('logs', 'log-group:/aws/lambda/x'))),
  mayNot('on-signal', 'read its log', one('logs:GetLogEvents', arn('logs', log('on-signal')))),
  mayNot('on-signal', 'decrypt by a key of the account', one('kms:Decrypt', arn('kms', 'key/1111-2222'))),
  mayNot('on-signal', 'hand on a role', one('iam:PassRole', `arn:aws:iam::${ACCOUNT}:role/admin`)),
  mayNot('on-signal', 'take another role', one('sts:AssumeRole', `arn:aws:iam::${ACCOUNT}:role/admin`)),
];

judge(warm, BESIDE_EC2);

test('the rows can fail: conditions alone hold back some of what may not be', async () => {
  expect((await heldByConditions(warm, BESIDE_EC2)).length).toBeGreaterThanOrEqual(4);
});

test('the ledger is one for all that is deployed together: whoever acts may read every rollout in it', async () => {
  const rollout = one('dynamodb:GetItem', ledger, underKey('rollout#r-1'));
  expect(await allowed(warm.policiesOf('on-signal'), rollout)).toBe(true);
});
