/** What EKS said, held against settings: a table of deviations from settings that fit. */
import { describe, expect, test } from 'vitest';
import type { ClusterSeen, Seen } from '../../infra/clusters-seen.ts';
import { readSaid, saidIn } from '../../infra/context.ts';
import { sayTrouble } from '../../infra/trouble.ts';

const VPC = 'vpc-0123456789abcdef0';
const OTHER_VPC = 'vpc-00000000000000009';
const SHOP: ClusterSeen = {
  ...{ status: 'ACTIVE', vpcId: VPC, ipFamily: 'ipv4', autoMode: false },
  nodeGroups: { managed: ['web', 'batch'] },
};
const WARM = { name: 'shop', mode: 'warm', vpcId: VPC, nodeGroups: { batch: { mode: 'observe' } } };

const seeing = (clusters: Record<string, ClusterSeen | 'none'>, names?: string[]): Seen => ({
  ...{ account: '111122223333', region: 'eu-central-1' },
  ...{ clusters: new Map(Object.entries(clusters)), names },
});

/** What a synth says to these settings, where EKS answered so. */
function said(config: object, seen: Seen, context: Record<string, unknown> = {}) {
  const { troubles = [], warnings, props } = readSaid(saidIn(context, config), seen);
  return { troubles: troubles.map(sayTrouble), warnings, clusters: props?.clusters };
}

test('settings that fit are deployed as they are, and nothing is said', () => {
  const { troubles, warnings, clusters } = said({ clusters: [WARM] }, seeing({ shop: SHOP }));
  expect([troubles, warnings, clusters]).toEqual([[], [], [WARM]]);
});

const FIELD = 'policy.clusters.shop.nodeGroups.bach';
const GROUP = { ...WARM, nodeGroups: { bach: { mode: 'observe' } } };

describe('refused, with what there is instead', () => {
  test.each([
    [
      'no such cluster',
      WARM,
      'none',
      /^clusters\.0\.name: expected an EKS cluster of account 111122223333 in eu-central-1 \(there is bank, stage\), got "shop"\. Correct the name, .*AWS_REGION.*AWS_PROFILE/,
    ],
    [
      "another cluster's VPC",
      { ...WARM, vpcId: OTHER_VPC },
      SHOP,
      /^clusters\.0\.vpcId: expected the VPC of shop, vpc-0123456789abcdef0, got "vpc-00000000000000009"\. Correct it, or leave it out/,
    ],
    [
      'a node group that neither EKS nor a node knows, where all nodes are of managed ones',
      GROUP,
      { ...SHOP, nodeGroups: { managed: ['web', 'batch'], ofNodes: ['web'] } },
      /^policy\.clusters\.shop\.nodeGroups\.bach: expected a node group of shop \(there is batch, web\), got "bach"\. Correct the name; .*lookup=false/,
    ],
    [
      'a node group, where there is none at all',
      GROUP,
      { ...SHOP, nodeGroups: { managed: [], ofNodes: [] } },
      /expected a node group of shop \(there is none\)/,
    ],
  ] as const)('%s', (_, cluster, shop, line) => {
    const { troubles, warnings } = said({ clusters: [cluster] }, seeing({ shop }, ['bank', 'stage']));
    expect(troubles).toEqual([expect.stringMatching(line)]);
    expect(warnings).toEqual([]);
  });

  test('all at once, beside what is wrong by itself, in the words of the command line', () => {
    const context = { cluster: 'shop,till', mode: 'warm', vpcId: OTHER_VPC, lookup: 'maybe' };
    const config = { policy: { budgetShare: 0, clusters: { shop: { nodeGroups: { bach: {} } } } } };
    const shop = { ...SHOP, nodeGroups: { managed: ['web'], ofNodes: ['web'] } };
    const { troubles } = said(config, seeing({ shop, till: 'none' }), context);
    expect(troubles.map((line) => line.split(':')[0])).toEqual([
      'lookup',
      'policy.budgetShare',
      'vpcId',
      FIELD,
      'cluster',
    ]);
  });
});

describe('of another place than the one deployed to', () => {
  const topic = (region: string) => ({ alarmTopicArn: `arn:aws:sns:${region}:111122223333:pager` });
  const boundary = (owner: string) => ({ permissionsBoundary: `arn:aws:iam::${owner}:policy/boundary` });

  test.each([
    [
      topic('eu-west-1'),
      'alarmTopicArn: expected a topic in eu-central-1, where the alarms are, got "arn:aws:sns:eu-west-1:111122223333:pager". To find one: aws sns list-topics --region eu-central-1',
    ],
    [
      boundary('444455556666'),
      'permissionsBoundary: expected a policy of account 111122223333, where the roles are, got "arn:aws:iam::444455556666:policy/boundary". To find one: aws iam list-policies --scope Local',
    ],
  ])('%o is refused', (setting, line) => {
    const { troubles } = said({ clusters: [WARM], ...setting }, seeing({ shop: SHOP }));
    expect(troubles).toEqual([line]);
  });

  test.each([topic('eu-central-1'), boundary('111122223333'), boundary('aws')])('%o is not', (setting) => {
    expect(said({ clusters: [WARM], ...setting }, seeing({ shop: SHOP })).troubles).toEqual([]);
  });
});

describe('may be meant so: a warning, and it is deployed', () => {
  test.each([
    [
      'a name that may be a node pool without a node',
      GROUP,
      { ...SHOP, nodeGroups: { managed: ['web'], ofNodes: ['web', 'spot-pool'] } },
      /^policy\.clusters\.shop\.nodeGroups\.bach: expected a node group of shop \(there is spot-pool, web\)/,
    ],
    ['a cluster that is being made', WARM, { ...SHOP, status: 'CREATING' }, /shop is CREATING, not ACTIVE/],
    ['IPv6', WARM, { ...SHOP, ipFamily: 'ipv6' }, /shop has IPv6, .* left alone/],
    ['Auto Mode', WARM, { ...SHOP, autoMode: true }, /shop has EKS Auto Mode, .* left alone/],
  ] as const)('%s', (_, cluster, shop, line) => {
    const { troubles, warnings, clusters } = said({ clusters: [cluster] }, seeing({ shop }));
    expect(warnings).toEqual([expect.stringMatching(line)]);
    expect([troubles, clusters]).toEqual([[], [cluster]]);
  });
});

test.each([
  ['a node pool that has nodes', { ...SHOP, nodeGroups: { managed: [], ofNodes: ['bach', 'web'] } }],
  ['nobody was allowed to look at nodes', { ...SHOP, nodeGroups: { managed: ['web'] } }],
  ['a cluster that is being updated', { ...SHOP, status: 'UPDATING' }],
])('nothing to say: %s', (_, shop) => {
  const { troubles, warnings } = said({ clusters: [GROUP] }, seeing({ shop }));
  expect([troubles, warnings]).toEqual([[], []]);
});

test('of a cluster of which nobody answered nothing is said', () => {
  const { troubles, warnings, clusters } = said({ clusters: [WARM] }, seeing({}));
  expect([troubles, warnings, clusters]).toEqual([[], [], [WARM]]);
});

test('many names are cut short', () => {
  const names = Array.from({ length: 12 }, (_, index) => `c${index}`);
  const { troubles } = said({ clusters: [WARM] }, seeing({ shop: 'none' }, names));
  expect(troubles[0]).toContain('(there is c0, c1, c2, c3, c4, c5, c6, c7, c8, c9 and others)');
});

test('a warm cluster takes the VPC that EKS names, of several each its own; an observed one needs none', () => {
  const till = { ...SHOP, vpcId: OTHER_VPC };
  const { clusters } = said(
    { clusters: [{ name: 'shop', mode: 'warm' }, { name: 'till', mode: 'warm' }, { name: 'bank' }] },
    seeing({ shop: SHOP, till, bank: SHOP }),
  );
  expect(clusters).toEqual([
    { name: 'shop', mode: 'warm', vpcId: VPC },
    { name: 'till', mode: 'warm', vpcId: OTHER_VPC },
    { name: 'bank' },
  ]);
});

describe('what is asked about', () => {
  const asked = (context: Record<string, unknown>, config: unknown) => saidIn(context, config).asked;

  test('each cluster, with the node groups that either place names', () => {
    const policy = { clusters: { shop: { nodeGroups: { web: {} } }, bank: {} } };
    expect(asked({}, { clusters: [WARM, { name: 'bank' }], policy })).toEqual([
      { field: 'clusters.0', name: 'shop', vpcId: VPC, nodeGroups: ['batch', 'web'] },
      { field: 'clusters.1', name: 'bank', vpcId: undefined, nodeGroups: [] },
    ]);
  });

  test.each([
    ['the operator does not want it', { lookup: 'false' }, { clusters: [WARM] }],
    ['cdk.json says so', { lookup: false }, { clusters: [WARM] }],
    [
      'the CDK deploys nothing, as to destroy or list',
      { 'aws:cdk:bundling-stacks': [] },
      { clusters: [WARM] },
    ],
    ['no cluster', {}, {}],
    ['what cannot be a cluster', {}, { clusters: ['shop', { name: 'my shop' }, { name: 7 }] }],
    ['no settings', {}, 'shop'],
  ])('nothing: %s', (_, context, config) => {
    expect(asked(context, config)).toEqual([]);
  });
});
