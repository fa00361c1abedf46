import { describe, expect, test } from 'vitest';
import type { NodeGroupOptions } from '../../sim/cluster/node-group.ts';
import { fullNodes, listening, minutes, SUBNET_A, seconds, until, WORKERS, world } from './cluster-stage.ts';

const HOOK = { name: 'warm', heartbeatMs: 600_000, defaultResult: 'CONTINUE' } as const;

/** One node of the group, asked for at the beginning. */
function launched(options: Partial<NodeGroupOptions>, seed = 5) {
  const shop = world({ seed });
  const heard = listening(shop);
  const group = shop.addNodeGroup({ ...WORKERS, ...options });
  group.scaleTo(1);
  const state = () => group.members[0]?.state;
  return { shop, group, heard, state, node: () => group.nodes[0] };
}

const typesOf = (events: readonly { 'detail-type': string }[]): string[] =>
  events.map((event) => event['detail-type']);

describe('who launches a node shows in its tags', () => {
  test.each([
    ['managed', ['aws:autoscaling:groupName', 'eks:cluster-name', 'eks:nodegroup-name']],
    ['self-managed', ['Name', 'aws:autoscaling:groupName']],
    [
      'karpenter',
      [
        'eks:eks-cluster-name',
        'karpenter.k8s.aws/ec2nodeclass',
        'karpenter.sh/nodeclaim',
        'karpenter.sh/nodepool',
      ],
    ],
  ] as const)('%s', async (launchedBy, expected) => {
    const { shop, node } = launched({ launchedBy });
    await until(shop, () => node()?.ready === true);
    const tags = node()?.instance.tags;
    expect([...(tags?.keys() ?? [])].sort()).toEqual([...expected, 'kubernetes.io/cluster/shop'].sort());
    expect(shop.autoScaling.groups).toHaveLength(launchedBy === 'karpenter' ? 0 : 1);
  });

  test('Karpenter has no Auto Scaling group, so no event of one, no hook and no warm pool', async () => {
    const { shop, heard } = launched({ launchedBy: 'karpenter' });
    await shop.kernel.run(minutes(10));
    expect(new Set(typesOf(heard()))).toEqual(new Set(['EC2 Instance State-change Notification']));
    expect(() =>
      world().addNodeGroup({ ...WORKERS, launchedBy: 'karpenter', warmPool: { size: 1 } }),
    ).toThrow('no warm pool');
  });
});

describe('a lifecycle hook', () => {
  test('holds the group’s state and nothing else: the node boots, joins and runs pods meanwhile', async () => {
    const { shop, state, node, group, heard } = launched({ lifecycleHook: HOOK });
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 5 });
    await until(shop, () => web.done);
    expect([state(), node()?.instance.state, node()?.ready]).toEqual(['Pending:Wait', 'running', true]);
    expect(typesOf(heard())).not.toContain('EC2 Instance Launch Successful');
    const instanceId = node()?.instanceId ?? '';
    expect(group.completeLifecycleAction({ instanceId }, 'CONTINUE')).toBe(true);
    await shop.kernel.run(shop.kernel.nowMs + minutes(5));
    expect(state()).toBe('InService');
    expect(typesOf(heard())).toContain('EC2 Instance Launch Successful');
    expect(group.completeLifecycleAction({ instanceId }, 'CONTINUE')).toBe(false);
  });

  test('its event is AWS’s own, field by field', async () => {
    const { shop, group, node, heard } = launched({ lifecycleHook: HOOK });
    await shop.kernel.run(minutes(2));
    const [scaling] = shop.autoScaling.groups;
    const event = heard().find(({ source }) => source === 'aws.autoscaling');
    expect(event).toMatchObject({
      version: '0',
      'detail-type': 'EC2 Instance-launch Lifecycle Action',
      source: 'aws.autoscaling',
      account: '111122223333',
      region: 'eu-central-1',
      resources: [scaling?.arn],
    });
    expect(event?.detail).toEqual({
      LifecycleActionToken: group.members[0]?.waiting?.token,
      AutoScalingGroupName: scaling?.name,
      LifecycleHookName: 'warm',
      EC2InstanceId: node()?.instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
    });
  });

  test('nobody answers: the default decides after one heartbeat, ABANDON launches another instance', async () => {
    const { shop, group, state } = launched({ lifecycleHook: { ...HOOK, heartbeatMs: 60_000 } });
    await until(shop, () => state() === 'InService', minutes(3));
    const given = launched({ lifecycleHook: { heartbeatMs: 60_000 } });
    await until(given.shop, () => given.state() === 'Pending:Wait');
    const first = given.node()?.instanceId ?? '';
    await given.shop.kernel.run(given.shop.kernel.nowMs + seconds(61));
    expect(given.shop.account.instance(first).state).toBe('terminated');
    await until(given.shop, () => given.state() === 'Pending:Wait');
    expect(given.node()?.instanceId).not.toBe(first);
    expect([group.desired, given.group.desired]).toEqual([1, 1]);
  });

  test('a heartbeat starts the time anew', async () => {
    const { shop, group, state, node } = launched({ lifecycleHook: { ...HOOK, heartbeatMs: 60_000 } });
    await until(shop, () => state() === 'Pending:Wait');
    const fromMs = shop.kernel.nowMs;
    await shop.kernel.run(fromMs + seconds(50));
    expect(group.recordHeartbeat({ instanceId: node()?.instanceId ?? '' })).toBe(true);
    await shop.kernel.run(fromMs + seconds(109));
    expect(state()).toBe('Pending:Wait');
    await shop.kernel.run(fromMs + seconds(111));
    expect(state()).toBe('InService');
  });
});

describe('a warm pool', () => {
  test('its instances really wait: stopped, no node, no ipamd, until they are wanted', async () => {
    const shop = world();
    const heard = listening(shop);
    const group = shop.addNodeGroup({ ...WORKERS, warmPool: { size: 2 } });
    await shop.kernel.run(minutes(60));
    expect(group.members.map(({ state, node }) => [state, node?.instance.state])).toEqual([
      ['Warmed:Stopped', 'stopped'],
      ['Warmed:Stopped', 'stopped'],
    ]);
    expect(shop.account.calls.of('*').size).toBe(0);
    expect([group.nodes, shop.cluster().nodes.filter(({ ready }) => ready)]).toEqual([[], []]);

    const waiting = group.members.map(({ node }) => node?.instanceId);
    group.scaleTo(1);
    await until(shop, () => group.nodes[0]?.ready === true);
    expect(waiting).toContain(group.nodes[0]?.instanceId);
    await shop.kernel.run(shop.kernel.nowMs + minutes(10));
    expect(group.members.filter(({ state }) => state === 'Warmed:Stopped')).toHaveLength(2);
    const successes = heard().filter((event) => event['detail-type'] === 'EC2 Instance Launch Successful');
    const pooled = { Origin: 'EC2', Destination: 'WarmPool' };
    expect(successes.map(({ detail }) => detail)).toMatchObject([
      pooled,
      pooled,
      { Origin: 'WarmPool', Destination: 'AutoScalingGroup', EC2InstanceId: group.nodes[0]?.instanceId },
      pooled,
    ]);
  });

  test('interfaces attached while it is stopped are there when ipamd starts', async () => {
    const shop = world();
    const group = shop.addNodeGroup({ ...WORKERS, warmPool: { size: 1 } });
    await shop.kernel.run(minutes(10));
    const instanceId = group.members[0]?.node?.instanceId ?? '';
    for (const deviceIndex of [1, 2]) {
      const { networkInterface } = shop.account.perform('CreateNetworkInterface', {
        subnetId: shop.account.instance(instanceId).subnetId,
        secondaryPrivateIpAddressCount: 9,
      });
      shop.account.perform('AttachNetworkInterface', {
        networkInterfaceId: networkInterface.id,
        instanceId,
        deviceIndex,
      });
    }
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 18 });
    group.scaleTo(1);
    await until(shop, () => web.done);
    expect(web.failedRequests).toBe(0);
  });
});

test('a start-up taint keeps pods away from a Ready node until it is taken off', async () => {
  const { shop, node } = launched({ startupTaint: 'ip-prewarmer/warming' });
  const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 3 });
  await until(shop, () => node()?.ready === true);
  await shop.kernel.run(shop.kernel.nowMs + minutes(1));
  expect(web.available).toBe(0);
  node()?.removeTaint('ip-prewarmer/warming');
  expect(web.pods.map(({ scheduledAtMs }) => scheduledAtMs)).toEqual(Array(3).fill(shop.kernel.nowMs));
});

describe('an autoscaler', () => {
  test('launches for pods that fit nowhere: packed by max-pods, after its delay, counting nodes on their way', async () => {
    const shop = world();
    const group = shop.addNodeGroup({ ...fullNodes(1), autoscale: { afterMs: 30_000 } });
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 27 });
    web.scaleTo(127, minutes(3));
    await shop.kernel.run(seconds(30) + 29_999);
    expect(group.desired).toBe(1);
    await until(shop, () => web.done && web.replicas === 127);
    expect(group.desired).toBe(1 + Math.ceil(100 / 27));
    expect(web.failedRequests).toBeGreaterThan(0);
  });

  test('never more than it may, and only a group the pods may go to', async () => {
    const shop = world();
    const first = shop.addNodeGroup({ ...WORKERS, autoscale: { afterMs: 1_000, most: 2 } });
    const second = shop.addNodeGroup({ ...WORKERS, name: 'batch', autoscale: { afterMs: 1_000 } });
    const web = shop.deploy({
      kind: 'Deployment',
      name: 'web',
      replicas: 100,
      selector: { nodeGroups: ['workers'] },
    });
    await shop.kernel.run(minutes(10));
    expect([first.nodes.length, second.nodes.length, web.available]).toEqual([2, 0, 54]);
  });

  test('two groups that both fit: pods are not provided for twice', async () => {
    const shop = world();
    const groups = ['one', 'two'].map((name) =>
      shop.addNodeGroup({ ...WORKERS, name, launchedBy: 'karpenter', autoscale: { afterMs: 5_000 } }),
    );
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 54 });
    await until(shop, () => web.done);
    expect(groups.map(({ nodes }) => nodes.length)).toEqual([2, 0]);
  });
});

describe('nodes go away', () => {
  test('a managed group drains: pods run elsewhere before the instance ends', async () => {
    const shop = world();
    const group = shop.addNodeGroup(fullNodes(3));
    await shop.kernel.run(seconds(30));
    const web = shop.deploy({ kind: 'Deployment', name: 'web', replicas: 20, exitMs: 5_000 });
    await until(shop, () => web.done);
    group.scaleTo(2);
    expect(group.nodes.filter(({ cordoned }) => cordoned)).toHaveLength(1);
    await shop.kernel.run(shop.kernel.nowMs + seconds(5));
    expect([group.nodes.length, web.done]).toEqual([2, true]);
    expect(shop.nodes.filter(({ terminated }) => terminated)).toHaveLength(1);
  });

  test('a spot node is warned and ends two minutes later; the group replaces it', async () => {
    const { shop, group, heard, node } = launched({});
    await until(shop, () => node()?.ready === true);
    const lost = node();
    if (lost === undefined) throw new Error('no node');
    const fromMs = shop.kernel.nowMs;
    group.interrupt(lost);
    await shop.kernel.run(fromMs + seconds(119));
    expect(lost.terminated).toBe(false);
    const [warning] = heard().filter((event) => event['detail-type'].includes('Spot'));
    expect(warning).toMatchObject({
      source: 'aws.ec2',
      'detail-type': 'EC2 Spot Instance Interruption Warning',
      detail: { 'instance-id': lost.instanceId, 'instance-action': 'terminate' },
    });
    await shop.kernel.run(fromMs + seconds(121));
    expect(lost.terminated).toBe(true);
    await until(shop, () => node()?.ready === true);
  });
});

describe('subnets', () => {
  test('a group balances zones; one subnet is full: the other takes all', async () => {
    const shop = world();
    const group = shop.addNodeGroup(WORKERS);
    group.scaleTo(6);
    await shop.kernel.run(minutes(5));
    const zones = () => group.nodes.map(({ zone }) => zone).sort();
    expect(zones().filter((zone) => zone === 'eu-central-1a')).toHaveLength(3);
    shop.account.othersLeaveFree(SUBNET_A, { addresses: 0, prefixes: 0 });
    group.scaleTo(10);
    await shop.kernel.run(minutes(10));
    expect(zones().filter((zone) => zone === 'eu-central-1b')).toHaveLength(7);
  });

  test('no subnet has room: the group asks again until one has', async () => {
    const shop = world();
    const group = shop.addNodeGroup({ ...WORKERS, subnets: [SUBNET_A] });
    shop.account.addFault({
      kind: 'subnetExhausted',
      subnetId: SUBNET_A,
      fromMs: 0,
      toMs: minutes(5),
    });
    group.scaleTo(1);
    await shop.kernel.run(minutes(4));
    expect(shop.account.instances()).toEqual([]);
    await until(shop, () => group.nodes[0]?.ready === true, minutes(4));
  });
});
