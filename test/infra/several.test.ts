/** One deployment for several clusters: what each of them gets, and how many fit. */
import type { Template } from 'aws-cdk-lib/assertions';
import { expect, test } from 'vitest';
import { MOST_CLUSTERS } from '../../infra/cluster-settings.ts';
import type { ClusterProps, IpPrewarmerProps } from '../../infra/props.ts';
import { readEnvironment } from '../../lambdas/adapters/env-config.ts';
import { EVERYTHING, stackWith, statementsOf, templateWith } from './synthesized.ts';

const SHOP_VPC = 'vpc-0123456789abcdef0';
const BATCH_VPC = 'vpc-0fedcba9876543210';
const SHOP: ClusterProps = { name: 'shop', mode: 'warm', vpcId: SHOP_VPC };
const BATCH: ClusterProps = { name: 'batch', mode: 'warm', vpcId: BATCH_VPC };
/** Its name and its VPC must not be found in any right to change something. */
const WATCHED: ClusterProps = { name: 'watched', vpcId: 'vpc-00000000000000000' };
const three = templateWith({ clusters: [SHOP, WATCHED, BATCH], policy: { launchHook: 'prewarm' } });

/** Rights to change something in EC2. */
const changesIn = (template: Template) =>
  statementsOf(template).filter(
    ({ effect, actions }) =>
      effect === 'Allow' &&
      actions.some((action) => action.startsWith('ec2:') && !action.startsWith('ec2:Describe')),
  );

test('rights to change something list the tags, nodes and VPCs of warm clusters, and of no other', () => {
  const conditions = changesIn(three)
    .filter(({ holder }) => holder === 'Sweep')
    .map(({ sid, condition }) => [sid, condition]);
  const ours = ['shop', 'batch'];
  const inVpcs = {
    ArnEquals: { 'ec2:Vpc': [`arn:aws:ec2:R:A:vpc/${SHOP_VPC}`, `arn:aws:ec2:R:A:vpc/${BATCH_VPC}`] },
  };
  const onNodesOf = (name: string) => ({
    StringEquals: { [`aws:ResourceTag/kubernetes.io/cluster/${name}`]: 'owned' },
  });
  const onOurs = { StringEquals: { 'aws:ResourceTag/eks-ip-prewarmer/cluster': ours } };
  expect(conditions).toMatchObject([
    ['CreateTagged', { StringEquals: { 'aws:RequestTag/eks-ip-prewarmer/cluster': ours } }],
    ['CreateInVpc', inVpcs],
    [
      'TagWhileCreating',
      {
        StringEquals: {
          'ec2:CreateAction': 'CreateNetworkInterface',
          'aws:RequestTag/eks-ip-prewarmer/cluster': ours,
        },
      },
    ],
    ['AttachToNodes', onNodesOf('shop')],
    ['AttachToNodes2', onNodesOf('batch')],
    ['AttachOurs', onOurs],
    ['Fill', inVpcs],
    ['DeleteOurs', onOurs],
  ]);
});

test('every right to change something is bounded by a condition, in which no cluster is that is only observed', () => {
  const changes = changesIn(three);
  expect(new Set(changes.map(({ holder }) => holder))).toEqual(
    new Set(['OnSignal', 'LookAgain', 'Sweep', 'WarmWave']),
  );
  for (const { condition } of changes) {
    expect(condition).toBeDefined();
    expect(JSON.stringify(condition)).not.toMatch(/watched|vpc-00000000000000000/);
  }
});

test('where every cluster is observed, no right to change anything in EC2 is there', () => {
  const observed = templateWith({ clusters: [{ ...SHOP, mode: 'observe' }, WATCHED] });
  expect(changesIn(observed)).toEqual([]);
  expect(JSON.stringify(observed.toJSON())).not.toMatch(/ec2:(?!Describe)/);
  observed.resourceCountIs('AWS::StepFunctions::StateMachine', 0);
});

test('names of statements are one each in a role, as IAM wants them', () => {
  const bySid = new Map<string, number>();
  for (const { holder, sid } of statementsOf(three))
    if (sid !== undefined) bySid.set(`${holder} ${sid}`, (bySid.get(`${holder} ${sid}`) ?? 0) + 1);
  expect([...bySid].filter(([, count]) => count > 1)).toEqual([]);
});

test('hooks of every cluster are answered; every cluster and its CNI are read', () => {
  const held = statementsOf(three).filter(({ holder }) => holder === 'OnSignal');
  expect(held.filter(({ sid }) => sid?.startsWith('AnswerHooks')).map(({ condition }) => condition)).toEqual(
    ['shop', 'watched', 'batch'].map((name) => ({
      StringEquals: { [`aws:ResourceTag/kubernetes.io/cluster/${name}`]: 'owned' },
    })),
  );
  expect(held.find(({ sid }) => sid === 'ReadCluster')?.resources).toEqual(
    ['shop', 'watched', 'batch'].map((name) => `arn:aws:eks:R:A:cluster/${name}`),
  );
});

test('functions learn of every cluster; logs, parameter and account-wide alarms are called after the first', () => {
  const mixed = templateWith({ clusters: [SHOP, { ...WATCHED, lens: true, gate: true }] });
  for (const { Properties } of Object.values(mixed.findResources('AWS::Lambda::Function'))) {
    const { Variables } = Properties.Environment;
    expect(JSON.parse(Variables.CLUSTERS)).toEqual([
      { name: 'shop', mode: 'warm' },
      { name: 'watched', mode: 'observe', lens: true, gate: true },
    ]);
  }
  const logs = Object.values(mixed.findResources('AWS::Logs::LogGroup'));
  for (const { Properties } of logs) expect(Properties.LogGroupName).toContain('eks-ip-prewarmer/shop/');
  mixed.hasResourceProperties('AWS::SSM::Parameter', { Name: '/eks-ip-prewarmer/shop/policy' });
  const alarms = Object.values(mixed.findResources('AWS::CloudWatch::Alarm')).map(
    ({ Properties }) => Properties.AlarmName,
  );
  expect(alarms.filter((name) => name.endsWith('/circuit-open'))).toEqual([
    'eks-ip-prewarmer/shop/circuit-open',
  ]);
  expect(alarms.filter((name) => name.endsWith('/kill-switch-on'))).toEqual([
    'eks-ip-prewarmer/shop/kill-switch-on',
    'eks-ip-prewarmer/watched/kill-switch-on',
  ]);
  expect(alarms.filter((name) => name.endsWith('/gates-stuck'))).toEqual([
    'eks-ip-prewarmer/watched/gates-stuck',
  ]);
});

test('a cluster with the lens alone knows our functions; none of it that is observed knows those of waves', () => {
  const entries = (clusters: readonly ClusterProps[]) =>
    Object.values(templateWith({ clusters }).findResources('AWS::EKS::AccessEntry')).map(
      ({ Properties }) =>
        `${Properties.ClusterName} ${String(Properties.PrincipalArn['Fn::GetAtt'][0]).replace(/Role.*$/, '')}`,
    );
  expect(entries([SHOP, { ...WATCHED, lens: true }]).sort()).toEqual(['watched OnSignal', 'watched Sweep']);
  expect(entries([{ ...SHOP, lens: true }, WATCHED])).toHaveLength(6);
});

test('a second cluster changes no logical id of the first', () => {
  const ids = (clusters: readonly ClusterProps[]) =>
    Object.keys(templateWith({ clusters }).toJSON()['Resources']);
  const alone = ids([{ ...SHOP, lens: true, gate: true }]);
  const both = ids([{ ...SHOP, lens: true, gate: true }, WATCHED]);
  expect(alone.filter((id) => !both.includes(id))).toEqual([]);
});

test('the sweep has a minute for each cluster, and ends before the next one begins', () => {
  const seconds = (clusters: readonly ClusterProps[], policy = {}) =>
    Object.entries(templateWith({ clusters, policy }).findResources('AWS::Lambda::Function')).find(([id]) =>
      id.startsWith('Sweep'),
    )?.[1]['Properties'].Timeout;
  expect(seconds([SHOP])).toBe(60);
  expect(seconds([SHOP, WATCHED])).toBe(120);
  expect(seconds(most('w'))).toBe(300);
  expect(seconds([SHOP, WATCHED], { soleAllocator: true })).toBe(60);
});

/** As many clusters as there may be, with names of `length` letters and every option. */
function most(letter: string, length = 12): ClusterProps[] {
  return Array.from({ length: MOST_CLUSTERS }, (_, index) => ({
    name: `${letter.repeat(length - 2)}${String(index).padStart(2, '0')}`,
    mode: 'warm',
    vpcId: `vpc-${String(index).padStart(17, '0')}`,
    lens: true,
    gate: true,
  }));
}

/** The largest deployment: names as long as EKS allows, and every option. */
const largest = (): IpPrewarmerProps => ({
  clusters: most('x', 100),
  policy: { soleAllocator: true, launchHook: 'prewarm' },
  signals: EVERYTHING.signals,
  gateEndpoint: 'secret',
  alarmEmail: 'platform@example.com',
  vpc: { subnetIds: ['subnet-0123456789abcdef0'], securityGroupIds: ['sg-0123456789abcdef0'] },
});

test(`${MOST_CLUSTERS} clusters with the longest names and every option fit into a stack, a role, and an environment`, () => {
  const template = templateWith(largest());
  // CloudFormation quotas: resources in a template.
  expect(Object.keys(template.toJSON()['Resources']).length).toBeLessThanOrEqual(450);

  // IAM quotas: 10,240 characters in a role's own policies; 6,144 in a policy by itself, ten of which a role may have.
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Policy')))
    expect(deployedLength(Properties.PolicyDocument)).toBeLessThanOrEqual(10_240);
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::ManagedPolicy')))
    expect(deployedLength(Properties.PolicyDocument)).toBeLessThanOrEqual(6_144);
  for (const { Properties } of Object.values(template.findResources('AWS::IAM::Role')))
    expect((Properties.ManagedPolicyArns ?? []).length).toBeLessThanOrEqual(10);

  // Lambda quotas: 4 KB of names and values.
  for (const { Properties } of Object.values(template.findResources('AWS::Lambda::Function'))) {
    const variables: [string, unknown][] = Object.entries(Properties.Environment.Variables);
    const bytes = variables.reduce((sum, [name, value]) => sum + name.length + longest(name, value), 0);
    expect(bytes).toBeLessThanOrEqual(4_096);
  }
});

test('that environment is one that the functions accept', () => {
  const [{ Properties } = { Properties: undefined }] = Object.values(
    templateWith(largest()).findResources('AWS::Lambda::Function'),
  );
  expect(
    readEnvironment({
      ...{ AWS_REGION: 'eu-central-1', ACCOUNT_ID: '111122223333' },
      ...{ LEDGER_TABLE: 'ledger', BUDGET_TABLE: 'budget' },
      ...Object.fromEntries(
        ['LAUNCH_QUEUE_URL', 'SIGNAL_QUEUE_URL', 'VERIFY_QUEUE_URL'].map((name) => [name, 'https://sqs/q']),
      ),
      CLUSTERS: Properties?.Environment.Variables.CLUSTERS,
    }),
  ).toMatchObject({ ok: true, config: { settings: { clusters: { length: MOST_CLUSTERS } } } });
});

/** Characters of a policy once CloudFormation has filled it in: each reference as long as an ARN of ours can get. */
function deployedLength(document: unknown): number {
  const spelled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(spelled);
    if (typeof value !== 'object' || value === null) return value;
    if ('Fn::Join' in value)
      return (value as { 'Fn::Join': [string, unknown[]] })['Fn::Join'][1].map(spelled).join('');
    if ('Ref' in value) return REFERENCES[String(value.Ref)] ?? 'x'.repeat(120);
    if ('Fn::GetAtt' in value) return `arn:aws:service:ap-southeast-1:111122223333:${'x'.repeat(120)}`;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, spelled(inner)]));
  };
  return JSON.stringify(spelled(document)).length;
}
const REFERENCES: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': 'ap-southeast-1',
  'AWS::AccountId': '111122223333',
};

/** Characters of a variable, once deployed, at most. Names that CloudFormation makes: of queues 80, of tables 255, of state
 *  machines 80 (quotas of SQS, DynamoDB and Step Functions); of a secret its ARN. */
function longest(name: string, value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (name.endsWith('_URL')) return 'https://sqs.ap-southeast-1.amazonaws.com.cn/111122223333/'.length + 80;
  if (name.endsWith('_TABLE')) return 255;
  if (name === 'ROLLOUT_MACHINE_ARN')
    return 'arn:aws-us-gov:states:ap-southeast-1:111122223333:stateMachine:'.length + 80;
  if (name === 'GATE_SECRET')
    return 'arn:aws-us-gov:secretsmanager:ap-southeast-1:111122223333:secret:'.length + 100;
  if (name === 'POLICY_PARAMETER') return '/eks-ip-prewarmer//policy'.length + 100;
  return 'ap-southeast-1'.length;
}

test.each([
  ['three clusters', { ...largest(), clusters: [SHOP, WATCHED, BATCH] }],
  [`${MOST_CLUSTERS} clusters`, largest()],
])('%s synthesize without findings of the linter of the CDK', (_, props) => {
  const { app } = stackWith(props, { linted: true });
  expect(() => app.synth()).not.toThrow();
});
