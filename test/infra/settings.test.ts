import { expect, test } from 'vitest';
import { MOST_CLUSTERS } from '../../infra/cluster-settings.ts';
import { readSettings } from '../../infra/settings.ts';
import { SIGNAL_DEFAULTS } from '../../infra/signal-events.ts';
import { complain } from '../../infra/trouble.ts';

const VPC_ID = 'vpc-0123456789abcdef0';
const SUBNET = 'subnet-0123456789abcdef0';
const GROUP = 'sg-0123456789abcdef0';
const ARN = 'arn:aws:dynamodb:eu-central-1:111122223333';
const TOPIC = 'arn:aws:sns:eu-central-1:111122223333:pager';
const PERFECT = { clusters: [{ name: 'demo', mode: 'warm', vpcId: VPC_ID }] };
/** The perfect cluster but for something. */
const but = (deviation: object) => ({ clusters: [{ ...PERFECT.clusters[0], ...deviation }] });
const beside = (other: object) => ({ clusters: [...PERFECT.clusters, other] });
const troublesOf = (given: unknown) => readSettings(given).troubles ?? [];

test('a cluster alone is enough: mode is observe, and no VPC is asked for', () => {
  expect(readSettings({ clusters: [{ name: 'demo' }] }).settings).toEqual({
    name: 'demo',
    clusters: [{ name: 'demo', mode: 'observe', vpcId: undefined, lens: false, gate: false }],
    policy: {},
    signals: SIGNAL_DEFAULTS,
    gateEndpoint: undefined,
    budgetTable: undefined,
    alarmTopicArn: undefined,
    alarmEmail: undefined,
    logRetentionDays: 30,
    permissionsBoundary: undefined,
    vpc: undefined,
  });
});

test('everything said is taken over; a second cluster does not change the name of the deployment', () => {
  const said = {
    ...beside({ name: 'shop', lens: true, gate: true }),
    signals: { ecr: true, spot: false },
    gateEndpoint: 'iam',
    budgetTable: 'account-budget',
    alarmEmail: 'platform@example.com',
    logRetentionDays: 7,
    permissionsBoundary: 'arn:aws:iam::111122223333:policy/boundary',
    vpc: { subnetIds: [SUBNET], securityGroupIds: [GROUP] },
  };
  expect(readSettings(said).settings).toMatchObject({
    ...said,
    name: 'demo',
    signals: { ...SIGNAL_DEFAULTS, ecr: true, spot: false },
  });
  expect(readSettings({ ...said, name: 'platform' }).settings?.name).toBe('platform');
});

test('what is said of node groups becomes part of the policy, beside what the policy says of the cluster', () => {
  const nodeGroups = { batch: { mode: 'observe' }, web: { launchDemand: 'skeleton' } };
  const policy = { margin: 1.5, clusters: { demo: { budgetShare: 0.25 } } };
  expect(readSettings({ ...but({ nodeGroups }), policy }).settings?.policy).toEqual({
    margin: 1.5,
    clusters: { demo: { budgetShare: 0.25, nodeGroups } },
  });
});

test('what a route would announce is looked at before anything is deployed', () => {
  const routes = [
    { when: { ecr: 'cart' }, announce: { cluster: 'demo', replicas: { from: 0, to: 'many' } } },
  ];
  const troubles = troublesOf({ ...PERFECT, policy: { routes } });
  expect(troubles.map(({ field }) => field)).toEqual(['policy.routes.0.announce']);
  expect(troubles[0]?.expected).toContain('announce.replicas.to: expected a whole number of pods');
});

const many = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: `shop-${index}`, mode: 'observe' }));

test.each<[string, unknown, string, string, unknown, string]>([
  ['nothing', undefined, 'settings', 'an object', undefined, 'Name a cluster'],
  ['no list of clusters', { clusters: 'demo' }, 'clusters', 'a list such as', 'demo', '-c cluster=NAME'],
  ['no cluster', { clusters: [] }, 'clusters', 'a list such as', [], '-c cluster=NAME'],
  ['a cluster by name alone', { clusters: ['demo'] }, 'clusters.0', 'an object', 'demo', 'Name a cluster'],
  [
    'a cluster with a space',
    but({ name: 'my cluster' }),
    'clusters.0.name',
    'the name of an EKS cluster',
    'my cluster',
    'aws eks list-clusters',
  ],
  ['a cluster twice', beside({ name: 'demo' }), 'clusters.1.name', 'each cluster once', 'demo', 'Leave'],
  [
    'more clusters than a deployment can hold',
    { clusters: many(MOST_CLUSTERS + 1) },
    'clusters',
    'at most 12 clusters in one deployment',
    13,
    'a stack of their own that shares the budgetTable',
  ],
  ['an unknown mode', but({ mode: 'hot' }), 'clusters.0.mode', '"observe" or "warm"', 'hot', 'Leave it out'],
  [
    'a VPC by name',
    but({ vpcId: 'main' }),
    'clusters.0.vpcId',
    '"vpc-0123456789abcdef0"',
    'main',
    'aws eks describe-cluster',
  ],
  [
    'a second warm cluster without its VPC',
    beside({ name: 'shop', mode: 'warm' }),
    'clusters.1.vpcId',
    'the id of its VPC',
    undefined,
    'describe-cluster --name shop',
  ],
  ['a misspelt setting', { ...PERFECT, vpcID: 1 }, 'vpcID', 'one of clusters, policy', 1, 'Correct the name'],
  [
    'a misspelt setting of a cluster',
    but({ vpc: VPC_ID }),
    'clusters.0.vpc',
    'one of name, mode, vpcId',
    VPC_ID,
    'Correct the name',
  ],
  [
    'a lens that is neither on nor off',
    but({ lens: 'maybe' }),
    'clusters.0.lens',
    'true or false',
    'maybe',
    '',
  ],
  [
    'a gate without the lens',
    but({ gate: true }),
    'clusters.0.gate',
    'lens: true beside it',
    true,
    'lens.md',
  ],
  [
    'a node group with a misspelt setting',
    but({ nodeGroups: { web: { mod: 'observe' } } }),
    'policy.clusters.demo.nodeGroups.web.mod',
    'one of mode,',
    'mod',
    'docs/policy.md',
  ],
  [
    'a node group in two places',
    { ...but({ nodeGroups: {} }), policy: { clusters: { demo: { nodeGroups: { a: {} } } } } },
    'policy.clusters.demo.nodeGroups',
    'nothing beside nodeGroups of the cluster',
    { a: {} },
    'in one of the two places',
  ],
  [
    'a warm node group in a cluster that is observed',
    but({ mode: 'observe', nodeGroups: { web: { mode: 'warm' } } }),
    'policy.clusters.demo.nodeGroups.web.mode',
    '"observe", as its cluster is',
    'warm',
    'Say mode warm of the cluster demo',
  ],
  [
    'a policy that warms what is deployed to observe',
    { ...but({ mode: 'observe' }), policy: { clusters: { demo: { mode: 'warm' } } } },
    'policy.clusters.demo.mode',
    '"observe", as its cluster is',
    'warm',
    'Say mode warm of the cluster demo',
  ],
  [
    'the only allocator, which may not allocate',
    { ...but({ mode: 'observe' }), policy: { soleAllocator: true } },
    'policy.soleAllocator',
    'false where no cluster is warm',
    true,
    "enable the CNI's own provisioning",
  ],
  ['a policy that is not JSON', { ...PERFECT, policy: 'margin=2' }, 'policy', 'an object', 'margin=2', ''],
  [
    'a policy out of bounds',
    { ...PERFECT, policy: { margin: 99 } },
    'policy.margin',
    'a number from 1 to 10',
    99,
    'docs/policy.md',
  ],
  ...[0, 2].map((share): [string, unknown, string, string, unknown, string] => [
    `a budget share of ${share}`,
    { ...PERFECT, policy: { budgetShare: share } },
    'policy.budgetShare',
    'a number from 0.01 to 1',
    share,
    '0.5 leaves half to the CNI and others; to change nothing, say mode observe',
  ]),
  [
    'a policy for another cluster',
    { ...PERFECT, policy: { clusters: { shpo: { mode: 'observe' } } } },
    'policy.clusters.shpo',
    'a cluster that is deployed here, one of demo',
    'shpo',
    'add the cluster to this deployment',
  ],
  [
    'a policy too long for its parameter',
    { ...PERFECT, policy: { cniEnv: { X: 'x'.repeat(4_096) } } },
    'policy',
    'at most 4096 characters of JSON',
    4_115,
    'Leave out what is as the defaults are',
  ],
  ['signals that are no object', { ...PERFECT, signals: 'all' }, 'signals', 'an object', 'all', 'Name only'],
  [
    'a signal that is neither on nor off',
    { ...PERFECT, signals: { spot: 1 } },
    'signals.spot',
    'true or false',
    1,
    'Name only',
  ],
  [
    'a signal that does not exist',
    { ...PERFECT, signals: { jenkins: true } },
    'signals.jenkins',
    'one of instances',
    true,
    'Correct the name',
  ],
  ['an impossible name', { ...PERFECT, name: 'a b' }, 'name', 'letters, digits', 'a b', 'the first cluster'],
  [
    'an impossible table',
    { ...PERFECT, budgetTable: 'our table' },
    'budgetTable',
    'a DynamoDB table',
    'our table',
    'Leave it out',
  ],
  [
    'a table by ARN',
    { ...PERFECT, budgetTable: `${ARN}:table/b` },
    'budgetTable',
    'a DynamoDB table',
    `${ARN}:table/b`,
    'Leave it out',
  ],
  [
    'a gate endpoint for everybody',
    { ...PERFECT, gateEndpoint: 'open' },
    'gateEndpoint',
    '"iam" or "secret"',
    'open',
    'leave it out for no URL',
  ],
  [
    'a topic by name',
    { ...PERFECT, alarmTopicArn: 'pager' },
    'alarmTopicArn',
    'the ARN of an SNS topic',
    'pager',
    'aws sns list-topics',
  ],
  [
    'an e-mail address that is none',
    { ...PERFECT, alarmEmail: 'platform' },
    'alarmEmail',
    'an e-mail address',
    'platform',
    'platform@example.com',
  ],
  [
    'a topic and an address',
    { ...PERFECT, alarmTopicArn: TOPIC, alarmEmail: 'a@b.de' },
    'alarmEmail',
    'nothing beside alarmTopicArn',
    'a@b.de',
    'Leave one of the two out',
  ],
  ...[0, 31, 9_999, '30'].map((days): [string, unknown, string, string, unknown, string] => [
    `logs kept for ${JSON.stringify(days)} days`,
    { ...PERFECT, logRetentionDays: days },
    'logRetentionDays',
    "one of CloudWatch's values in days, 1, 3, 5, 7, 14, 30, 60,",
    days,
    'Leave it out for 30',
  ]),
  [
    'a boundary by name',
    { ...PERFECT, permissionsBoundary: 'boundary' },
    'permissionsBoundary',
    'the ARN of an IAM policy',
    'boundary',
    'aws iam list-policies',
  ],
  [
    'a VPC that is no object',
    { ...PERFECT, vpc: VPC_ID },
    'vpc',
    'an object such as',
    VPC_ID,
    'private subnets',
  ],
  [
    'a VPC without subnets',
    { ...PERFECT, vpc: { subnetIds: [], securityGroupIds: [GROUP] } },
    'vpc.subnetIds',
    'ids of subnets, at least one',
    [],
    'private subnets',
  ],
  [
    'a VPC without security groups',
    { ...PERFECT, vpc: { subnetIds: [SUBNET] } },
    'vpc.securityGroupIds',
    'ids of security groups, at least one',
    undefined,
    'a security group that lets HTTPS out',
  ],
])('%s is one line: field, expectation, value, and what to do', (_, given, field, expected, got, remedy) => {
  expect(troublesOf(given)).toEqual([
    { field, expected: expect.stringContaining(expected), got, remedy: expect.stringContaining(remedy) },
  ]);
});

test('a malformed VPC is refused in observe too: it would be wrong on the day of the switch to warm', () => {
  expect(troublesOf(but({ mode: 'observe', vpcId: 'vpc-XYZ' }))).toHaveLength(1);
});

test('everything wrong is said at once, one line each', () => {
  const troubles = troublesOf({
    ...but({ name: undefined, mode: 'hot', vpcId: 7 }),
    plan: true,
    policy: { hurry: 1 },
    logRetentionDays: 2,
  });
  expect(complain(troubles).split('\n').slice(1, -1)).toEqual([
    expect.stringMatching(/^ {2}plan: expected .*, got true\. .*$/),
    expect.stringMatching(/^ {2}clusters\.0\.name: expected .*, got nothing\. .*$/),
    expect.stringMatching(/^ {2}clusters\.0\.mode: expected .*, got "hot"\. .*$/),
    expect.stringMatching(/^ {2}clusters\.0\.vpcId: expected .*, got 7\. .*$/),
    expect.stringMatching(/^ {2}logRetentionDays: expected .*, got 2\. .*$/),
    expect.stringMatching(/^ {2}policy\.hurry: expected .*, got "hurry"\. .*$/),
  ]);
});
