/** Every event on file, and what it becomes. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readSignals } from '../../lambdas/adapters/eventbridge-signals.ts';
import { readPolicy } from '../../lambdas/core/policy.ts';

const EVENTS = join(import.meta.dirname, '../events');
const event = (file: string) => JSON.parse(readFileSync(join(EVENTS, `${file}.json`), 'utf8'));

const HOME = { accountId: '111122223333', region: 'eu-central-1' };
const NINE = Date.UTC(2026, 0, 31, 9);
const CART = {
  cluster: 'shop',
  workload: { kind: 'Deployment', namespace: 'checkout', name: 'cart' },
  replicas: { from: 20, to: 40 },
};
const { policy, complaints } = readPolicy({
  routes: [
    { when: { codepipeline: 'cart', state: 'STARTED' }, announce: { ...CART, startsInSeconds: 300 } },
    { when: { codedeploy: 'cart/production' }, announce: CART },
    { when: { codebuild: 'cart' }, announce: CART },
    { when: { ecr: 'shop/cart', tag: 'prod' }, announce: CART },
    { when: { alarm: 'cart queue is long' }, announce: CART },
    { when: { codepipeline: 'cart' }, announce: { ...CART, workload: { ...CART.workload, name: 'api' } } },
  ],
  schedules: { morning: { at: 'cron(40 8 ? * MON-FRI *)', leadSeconds: 1200, announce: CART } },
});
const read = (raw: unknown) => readSignals(raw, { home: HOME, policy });

const NODE = 'i-0abcd111122223333';
const launching = { kind: 'node-launching', nodeId: NODE, phase: 'pending', atMs: NINE, attempt: 0 };
const displaced = { kind: 'pods-displaced', nodeId: NODE, atMs: NINE, attempt: 0 };
const GROUP = { by: 'Auto Scaling group', name: 'eks-workers-a0c5d1f2-3b4c-5d6e-7f80-91a2b3c4d5e6' };
const WORKERS = { by: 'node group', cluster: 'shop', name: 'workers' };
const scaleOut = {
  kind: 'scale-out-coming',
  requestId: '0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9',
  atMs: NINE,
  attempt: 0,
};
const TWENTY = { are: 'desired', count: 20 };
const rollout = (announcementId: string, startsInMs = 0) => ({
  kind: 'rollout-announced',
  announcementId,
  ...CART,
  startsAtMs: NINE + startsInMs,
});
const ignored = (as: string, why: RegExp) => ({ kind: 'ignored', as, why: expect.stringMatching(why) });

/** By file; those that are not here are read in eventbridge-signals.test.ts. */
const BECOMES: Readonly<Record<string, unknown>> = {
  'ec2-instance-pending': launching,
  'ec2-instance-running': { ...launching, phase: 'running', atMs: NINE + 12_000 },
  'ec2-instance-stopped': ignored('no address needed', /^detail\.state: .* got "stopped"$/),
  'ec2-instance-shutting-down': ignored('no address needed', /^detail\.state: .* got "shutting-down"$/),
  'ec2-spot-interruption': { ...displaced, cause: 'spot interruption' },
  'ec2-rebalance-recommendation': { ...displaced, cause: 'rebalance recommendation' },
  'asg-launch-lifecycle-action': launching,
  'asg-launch-lifecycle-action-bare': launching,
  'asg-launch-lifecycle-action-to-warm-pool': launching,
  'asg-launch-lifecycle-action-from-warm-pool': launching,
  'asg-instance-launch-successful': launching,
  'asg-instance-launch-successful-to-warm-pool': launching,
  'asg-instance-launch-unsuccessful': ignored(
    'no address needed',
    /^detail\.StatusMessage: expected an instance that launched, got "We currently do not have/,
  ),
  'asg-instance-refresh-started': {
    ...scaleOut,
    group: GROUP,
    nodes: { are: 'replaced' },
    requestId: '08b91cf7-8fa6-48af-b6a6-d227f40f1b9b',
  },
  'cloudtrail-set-desired-capacity': { ...scaleOut, group: GROUP, nodes: TWENTY },
  'cloudtrail-set-desired-capacity-refused': ignored(
    'no address needed',
    /^detail\.errorCode: expected a call that succeeded, got "ValidationException"$/,
  ),
  'cloudtrail-update-auto-scaling-group': { ...scaleOut, group: GROUP, nodes: TWENTY },
  'cloudtrail-update-auto-scaling-group-tags-only': ignored(
    'no address needed',
    /^detail\.requestParameters\.desiredCapacity: .*, got nothing$/,
  ),
  'cloudtrail-update-nodegroup-config': { ...scaleOut, group: WORKERS, nodes: TWENTY },
  'cloudtrail-update-nodegroup-config-cluster-name': { ...scaleOut, group: WORKERS, nodes: TWENTY },
  'cloudtrail-update-nodegroup-version': { ...scaleOut, group: WORKERS, nodes: { are: 'replaced' } },
  'cloudtrail-create-fleet': {
    ...scaleOut,
    group: { by: 'node pool', name: 'general' },
    nodes: { are: 'more', count: 3 },
  },
  'cloudtrail-create-fleet-of-one-tag': {
    ...scaleOut,
    group: { by: 'node pool', name: 'general' },
    nodes: { are: 'more', count: 1 },
  },
  'codepipeline-started': rollout('codepipeline/0/01234567-0123-0123-0123-012345678901', 300_000),
  'codepipeline-superseded': ignored(
    'no route',
    /^policy\.routes: .*, got \{"codepipeline":"cart","state":"SUPERSEDED"\}$/,
  ),
  'codedeploy-deployment-start': rollout('codedeploy/1/d-123456789'),
  'codebuild-succeeded': rollout('codebuild/2/8745a7a9-c340-456a-9166-edf953571bee'),
  'ecr-image-pushed': rollout(
    'ecr/3/sha256:7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234abcd',
  ),
  'ecr-image-pushed-untagged': ignored('no route', /got \{"ecr":"shop\/cart"\}$/),
  'ecr-image-deleted': ignored('no address needed', /got "DELETE with SUCCESS"$/),
  'cloudwatch-alarm': rollout('alarm/4/2026-01-31T09:00:00.124+0000'),
  'cloudwatch-alarm-ok': ignored('no route', /"state":"OK"\}$/),
  'deployment-announced': rollout('b1f7a3c2-6d0e-4c55-9c7e-2f8f0f6f0a11'),
  'deployment-announced-in-full': rollout('cart/2026-01-31.4', 300_000),
  'deployment-announced-blue-green': {
    kind: 'rollout-announced',
    replicas: { from: 40, to: 20 },
    strategy: { type: 'blue-green' },
    startsAtMs: NINE + 1_200_000,
  },
  'deployment-announced-stateful-set': {
    kind: 'rollout-announced',
    strategy: { type: 'stateful-set', podManagement: 'parallel', maxUnavailable: '50%' },
  },
  'deployment-announced-job': {
    kind: 'rollout-announced',
    strategy: { type: 'job', completions: 600, podRunMs: 45_000, everyMs: 900_000 },
  },
  'deployment-announced-elsewhere': ignored(
    'elsewhere',
    /^account: expected 111122223333, got "444455556666"; region: expected eu-central-1, got "us-east-1"$/,
  ),
  'prewarm-due': rollout(`morning/${event('prewarm-due').id}`, 1_200_000),
  'prewarm-continuation': { kind: 'node-launching', attempt: 1 },
  'plan-question': { kind: 'asked', want: 'plan', about: { kind: 'rollout-announced' } },
};
const REPLICAS: Readonly<Record<string, object>> = {
  'deployment-announced': { from: 20, to: 120 },
  'deployment-announced-in-full': { from: 120, to: 120 },
};

test('the policy of these tests is one that is taken', () => {
  expect(complaints).toEqual([]);
});

test('every event on file is read here, and is in the index that says where its shape comes from', () => {
  const files = readdirSync(EVENTS).filter((file) => file.endsWith('.json'));
  expect(files.map((file) => file.replace('.json', '')).sort()).toEqual(Object.keys(BECOMES).sort());
  const index = readFileSync(join(EVENTS, 'README.md'), 'utf8');
  expect(files.filter((file) => !index.includes(`\`${file}\``))).toEqual([]);
});

test.each(Object.entries(BECOMES))('%s', (file, becomes) => {
  const replicas = REPLICAS[file];
  expect(read(event(file))[0]).toMatchObject({
    ...(becomes as object),
    ...(replicas !== undefined && { replicas }),
  });
});

describe('what AWS changes one day does not disturb us', () => {
  test.each(Object.keys(BECOMES).filter((file) => /^(ec2|asg|cloud|code|ecr)/.test(file)))(
    '%s of an unknown version, with more fields',
    (file) => {
      const whole = event(file);
      const more = {
        ...whole,
        version: '7',
        'replay-name': 'r',
        detail: { ...whole.detail, version: 'x', more: [1] },
      };
      expect(read(more)).toEqual(read(whole));
    },
  );
});

describe('routes', () => {
  test('one pipeline may mean several workloads: each is announced, under an id of its own', () => {
    expect(read(event('codepipeline-started'))).toMatchObject([
      { announcementId: 'codepipeline/0/01234567-0123-0123-0123-012345678901', workload: { name: 'cart' } },
      { announcementId: 'codepipeline/5/01234567-0123-0123-0123-012345678901', workload: { name: 'api' } },
    ]);
  });

  test('the same thing told twice, by two events, is one announcement', () => {
    const pushed = event('ecr-image-pushed');
    const [first] = read(pushed);
    const [second] = read({ ...pushed, id: 'another', time: '2026-01-31T09:00:05Z' });
    expect(second).toMatchObject({
      announcementId: first?.kind === 'rollout-announced' && first.announcementId,
    });
  });

  test('what no route is for is told as a route would say it', () => {
    const pushed = event('ecr-image-pushed');
    const [one] = read({ ...pushed, detail: { ...pushed.detail, 'image-tag': 'nightly' } });
    expect(one).toMatchObject({
      why: 'policy.routes: expected a route for the event, got {"ecr":"shop/cart","tag":"nightly"}',
    });
  });

  test('a mistake in what a route announces is named where it stands', () => {
    const { policy: bent } = readPolicy({
      routes: [{ when: { ecr: 'shop/cart' }, announce: { ...CART, replicas: 5, announcementId: 'x' } }],
    });
    const [one] = readSignals(event('ecr-image-pushed'), { home: HOME, policy: bent });
    expect(one).toMatchObject({
      kind: 'ignored',
      as: 'malformed',
      why: 'policy.routes.0.announce.announcementId: expected nothing: the event says it, got "x"',
    });
    const { policy: short } = readPolicy({
      routes: [{ when: { ecr: 'shop/cart' }, announce: { ...CART, replicas: 5 } }],
    });
    expect(readSignals(event('ecr-image-pushed'), { home: HOME, policy: short })[0]).toMatchObject({
      why: 'policy.routes.0.announce.replicas: expected an object, got 5',
    });
  });

  test.each([
    ['no list', {}],
    ['no service', [{ when: {}, announce: CART }]],
    ['two services', [{ when: { ecr: 'a', codebuild: 'b' }, announce: CART }]],
    ['an unknown one', [{ when: { jenkins: 'a' }, announce: CART }]],
    ['a tag of a pipeline', [{ when: { codepipeline: 'a', tag: 'prod' }, announce: CART }]],
    ['nothing to announce', [{ when: { ecr: 'a' } }]],
    ['something beside', [{ when: { ecr: 'a' }, announce: CART, also: 1 }]],
  ])('refused in a policy: %s', (_, routes) => {
    expect(readPolicy({ routes }).complaints.map(({ field }) => field)).toEqual(['policy.routes']);
  });

  test.each([
    ['a name Scheduler does not take', { 'a b': { at: 'rate(1 day)', leadSeconds: 0, announce: CART } }],
    ['a time that is none', { a: { at: 'tomorrow', leadSeconds: 0, announce: CART } }],
    ['a lead below zero', { a: { at: 'rate(1 day)', leadSeconds: -1, announce: CART } }],
    ['no announcement', { a: { at: 'rate(1 day)', leadSeconds: 1 } }],
  ])('refused in schedules: %s', (_, schedules) => {
    expect(readPolicy({ schedules }).complaints.map(({ field }) => field)).toEqual(['policy.schedules']);
  });
});
