/** Settings on the command line, over those of a configuration. */
import { expect, test } from 'vitest';
import { readContext } from '../../infra/context.ts';

const VPC_ID = 'vpc-0123456789abcdef0';
const CONFIG = {
  clusters: [{ name: 'shop', mode: 'warm', vpcId: VPC_ID, lens: true }, { name: 'batch' }],
  logRetentionDays: 7,
  policy: { margin: 1.5 },
};

test("texts of the command line become what they mean, beside the CDK's own context", () => {
  const { props, troubles } = readContext({
    cluster: 'demo',
    mode: 'warm',
    vpcId: VPC_ID,
    lens: 'true',
    gate: 'false',
    policy: '{"margin":1.5}',
    signals: '{"ecr":true}',
    logRetentionDays: '90',
    'aws:cdk:version-reporting': false,
    '@aws-cdk/core:newStyleStackSynthesis': true,
    'availability-zones:account=1:region=eu-central-1': [],
    'acknowledged-issue-numbers': [1],
  });
  expect(troubles).toBeUndefined();
  expect(props).toEqual({
    clusters: [{ name: 'demo', mode: 'warm', vpcId: VPC_ID, lens: true, gate: false }],
    policy: { margin: 1.5 },
    signals: { ecr: true },
    logRetentionDays: 90,
  });
});

test('several names with commas are several clusters in the same mode', () => {
  expect(readContext({ cluster: 'shop, batch' }).props?.clusters).toEqual([
    { name: 'shop' },
    { name: 'batch' },
  ]);
});

test('a configuration counts as it is; each key of the context replaces what it says', () => {
  expect(readContext({}, CONFIG).props).toEqual(CONFIG);
  expect(readContext({ logRetentionDays: '30', policy: '{}' }, CONFIG).props).toEqual({
    ...CONFIG,
    logRetentionDays: 30,
    policy: {},
  });
});

test('a cluster named on the command line is the one of the configuration, as far as that knows it', () => {
  expect(readContext({ cluster: 'shop' }, CONFIG).props?.clusters).toEqual([CONFIG.clusters[0]]);
  expect(readContext({ cluster: 'shop', mode: 'observe' }, CONFIG).props?.clusters).toEqual([
    { ...CONFIG.clusters[0], mode: 'observe' },
  ]);
  expect(readContext({ cluster: 'other' }, CONFIG).props?.clusters).toEqual([{ name: 'other' }]);
});

test('clusters chosen on the command line are no longer the deployment that the configuration names', () => {
  const named = { ...CONFIG, name: 'platform' };
  expect(readContext({}, named).props?.name).toBe('platform');
  expect(readContext({ cluster: 'batch' }, named).props?.name).toBeUndefined();
  expect(readContext({ cluster: 'batch', name: 'nightly' }, named).props?.name).toBe('nightly');
});

test('complaints name what the operator wrote, and once though several clusters have it', () => {
  const { troubles } = readContext({
    cluster: 'my shop,batch',
    mode: 'hot',
    gate: 'true',
    plan: true,
    policy: '{"budgetShare": 2}',
  });
  expect(troubles?.map(({ field, got }) => [field, got])).toEqual([
    ['plan', true],
    ['cluster', 'my shop'],
    ['mode', 'hot'],
    ['gate', true],
    ['policy.budgetShare', 2],
  ]);
});

test('of a configuration they name its own field', () => {
  const { troubles } = readContext({}, { clusters: [{ name: 'shop', mode: 'hot' }] });
  expect(troubles?.map(({ field }) => field)).toEqual(['clusters.0.mode']);
  expect(readContext({}, { clusters: ['shop', { name: 'batch' }] }).troubles).toMatchObject([
    { field: 'clusters.0', got: 'shop' },
  ]);
  expect(readContext({}, 'shop').troubles).toMatchObject([{ field: 'settings', got: 'shop' }]);
  expect(readContext({}).troubles).toMatchObject([{ field: 'clusters' }]);
});

test('warm with several clusters needs each VPC: one on the command line is said of all', () => {
  expect(readContext({ cluster: 'shop,batch', mode: 'warm' }).troubles?.map(({ field }) => field)).toEqual([
    'clusters.0.vpcId',
    'clusters.1.vpcId',
  ]);
});
