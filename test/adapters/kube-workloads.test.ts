/** The lens against the embedded API server, in virtual time: what it reads, what it costs, and what it says when it cannot. */
import { EKSClient } from '@aws-sdk/client-eks';
import { describe, expect, test } from 'vitest';
import { KubeApi } from '../../lambdas/adapters/kube-api.ts';
import type { KubeRequest } from '../../lambdas/adapters/kube-https.ts';
import { KubeWorkloads } from '../../lambdas/adapters/kube-workloads.ts';
import type { NamedNode } from '../../lambdas/core/kubernetes.ts';
import { GATE_TAINT, type NodeId } from '../../lambdas/core/model.ts';
import type { Node } from '../../sim/cluster/node.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { kubeDoor } from '../../sim/wire/kube-door.ts';
import { World } from '../../sim/world.ts';
import { CLUSTER, inWorld, minutes, SUBNET, seconds } from '../scenarios/stage.ts';

interface Lens {
  readonly world: World;
  readonly lens: KubeWorkloads;
  readonly asked: KubeRequest[];
  /** Runs a question in virtual time. */
  readonly ask: <T>(question: (lens: KubeWorkloads) => Promise<T>) => Promise<T>;
  /** What happens just before a request is sent. */
  before: (request: KubeRequest) => void;
}

function lensOn(world: World, cluster = CLUSTER): Lens {
  const { region } = world;
  const eks = new EKSClient(
    virtualClient({ door: inProcessDoor(world), service: 'eks', region, callerName: 'prewarmer' }),
  );
  const door = kubeDoor(world);
  const clock = (): number => world.clockMs;
  const asked: KubeRequest[] = [];
  const api = new KubeApi(
    eks,
    region,
    (request) => {
      made.before(request);
      asked.push(request);
      return door(request);
    },
    clock,
  );
  const lens = new KubeWorkloads(api, clock);
  const made: Lens = {
    world,
    lens,
    asked,
    ask: (question) => inWorld(world, () => question(lens)),
    before: () => {},
  };
  expect(world.cluster(cluster).name).toBe(cluster);
  return made;
}

/** Two nodes of a quiet cluster; a Deployment of 12 pods runs on them. */
async function settled(nodes = 2): Promise<Lens> {
  const world = new World({ seed: 3, cluster: CLUSTER, subnets: [{ ...SUBNET, cidr: '10.0.0.0/20' }] });
  world.addNodeGroup({
    name: 'workers',
    type: 'm5.large',
    launchedBy: 'managed',
    established: { nodes, addresses: [9, 9] },
  });
  await world.kernel.run(minutes(1));
  world.deploy({ kind: 'Deployment', name: 'checkout', replicas: 6 * nodes, strategy: { maxSurge: 3 } });
  await world.kernel.run(minutes(3));
  return lensOn(world);
}

const dnsName = ({ instance }: Node): string =>
  `ip-${instance.enis[0]?.privateIp.replaceAll('.', '-')}.eu-central-1.compute.internal`;
const named = (node: Node): NamedNode => ({ nodeId: node.instanceId as NodeId, name: dnsName(node) });
const selectors = (asked: readonly KubeRequest[]): (string | null)[] =>
  asked.map(({ url }) => new URL(url).searchParams.get('fieldSelector'));

test('pods with an address are counted node by node; those on the host network are not', async () => {
  const { ask, asked, world } = await settled();
  const answer = await ask((lens) => lens.pods(CLUSTER, world.nodes.map(named), 2));
  expect(answer.ok && [...answer.value].map(([id, { count, ips }]) => [id, count, ips.length])).toEqual(
    world.nodes.map((node) => [node.instanceId, 6, 6]),
  );
  const ips = world.nodes.flatMap(({ pods }) => pods.map(({ ip }) => ip));
  expect(answer.ok && [...answer.value.values()].flatMap((on) => on.ips).sort()).toEqual(ips.sort());
  expect(selectors(asked)).toEqual(
    world.nodes.map((node) => `spec.nodeName=${dnsName(node)},status.phase!=Succeeded,status.phase!=Failed`),
  );
  expect(asked.every(({ url }) => url.includes('resourceVersion=0'))).toBe(true);
});

test('a pod that is ending still counts, one of a Job that has ended does not', async () => {
  const { ask, world } = await settled(1);
  world.deploy({ kind: 'CronJob', name: 'report', everyMs: minutes(1), replicas: 4, runMs: seconds(5) });
  world.deploy({ kind: 'Deployment', name: 'slow', replicas: 2, exitMs: seconds(30) });
  await world.kernel.run(world.kernel.nowMs + seconds(80));
  const slow = world.pods.filter(({ name }) => name.startsWith('slow'));
  for (const pod of slow) pod.node?.end(pod);
  const answer = await ask((lens) => lens.pods(CLUSTER, world.nodes.map(named), 1));
  const [on] = answer.ok ? [...answer.value.values()] : [];
  // The Deployment has made two anew beside the two that end.
  expect(on?.count).toBe(6 + 2 + 2);
  expect(
    world
      .cluster()
      .kubernetes.pods()
      .filter(({ phase }) => phase === 'Succeeded'),
  ).toHaveLength(4);
});

test('nodes called after their instance are found too; one that is not there is not made up', async () => {
  const { ask, asked, world } = await settled(1);
  const gone = { nodeId: 'i-0123456789abcdef0', name: 'ip-10-9-9-9.eu-central-1.compute.internal' } as const;
  const answer = await ask((lens) => lens.pods(CLUSTER, [...world.nodes.map(named), gone], 2));
  expect(answer.ok && [...answer.value.keys()]).toEqual([world.nodes[0]?.instanceId]);
  expect(selectors(asked).at(-1)).toMatch(/^spec\.nodeName=i-0123456789abcdef0,/);
});

test('all of a larger cluster is read in pages of 500 instead, as long as half of it is asked for', async () => {
  const { ask, asked, world } = await settled(60);
  const all = world.nodes.map(named);
  const answer = await ask((lens) => lens.pods(CLUSTER, all, 60));
  expect(answer.ok && [...answer.value.values()].map(({ count }) => count)).toEqual(Array(60).fill(6));
  // 6 pods and 2 on the host's network each: 480 in one page.
  expect(asked).toHaveLength(1);
  world.deploy({ kind: 'Deployment', name: 'more', replicas: 600 });
  await world.kernel.run(world.kernel.nowMs + minutes(2));
  asked.length = 0;
  const more = await ask((lens) => lens.pods(CLUSTER, all, 60));
  expect(more.ok && [...more.value.values()].reduce((sum, { count }) => sum + count, 0)).toBe(360 + 600);
  expect(asked.map(({ url }) => new URL(url).searchParams.has('continue'))).toEqual([false, true, true]);
  asked.length = 0;
  await ask((lens) => lens.pods(CLUSTER, all.slice(0, 29), 60));
  expect(asked).toHaveLength(29);
});

test('pods that wait for a node are counted', async () => {
  const { ask, world } = await settled(1);
  expect(await ask((lens) => lens.pendingPods(CLUSTER))).toEqual({ ok: true, value: 0 });
  for (let pod = 0; pod < 40; pod++) world.createPod(`waits-${pod}`);
  expect(await ask((lens) => lens.pendingPods(CLUSTER))).toEqual({ ok: true, value: 40 - (27 - 6) });
});

test("a Deployment's own settings, and none of one that is not there", async () => {
  const { ask } = await settled(1);
  const checkout = { namespace: 'default', name: 'checkout' };
  expect(await ask((lens) => lens.deployment(CLUSTER, checkout))).toEqual({
    ok: true,
    value: {
      replicas: 6,
      strategy: { type: 'rolling-update', maxSurge: 3, maxUnavailable: '25%' },
      terminationGraceMs: 30_000,
      hostNetwork: false,
      readyReplicas: 6,
    },
  });
  const none = await ask((lens) => lens.deployment(CLUSTER, { ...checkout, name: 'nothing' }));
  expect(none).toEqual({ ok: true, value: undefined });
});

test('pods that are ready are told apart from those that are wanted; none ready is none, though the server says nothing', async () => {
  const { ask, world } = await settled(1);
  world.deploy({ kind: 'Deployment', name: 'slow', replicas: 4, readyAfterMs: seconds(60) });
  await world.kernel.run(world.kernel.nowMs + seconds(30));
  const slow = { namespace: 'default', name: 'slow' };
  const read = (lens: KubeWorkloads) => lens.deployment(CLUSTER, slow);
  expect(await ask(read)).toMatchObject({ ok: true, value: { replicas: 4, readyReplicas: 0 } });
  await world.kernel.run(world.kernel.nowMs + minutes(1));
  expect(await ask(read)).toMatchObject({ ok: true, value: { replicas: 4, readyReplicas: 4 } });
});

describe('scaling a Deployment', () => {
  const checkout = { namespace: 'default', name: 'checkout' };
  const podsOf = (world: World) => world.pods.filter(({ name, alive }) => alive && /^checkout/.test(name));

  test('its pods are made in the world, or end; the same number again changes nothing', async () => {
    const { ask, asked, world } = await settled(2);
    for (const replicas of [15, 15, 4]) {
      expect(await ask((lens) => lens.scale(CLUSTER, checkout, replicas))).toEqual({ ok: true });
      expect(podsOf(world)).toHaveLength(replicas);
    }
    await world.kernel.run(world.kernel.nowMs + minutes(2));
    expect(podsOf(world).filter(({ ip }) => ip !== undefined)).toHaveLength(4);
    // 12 at first, then three more: none for being asked twice.
    expect(world.pods).toHaveLength(15);
    expect(asked[0]).toMatchObject({
      method: 'PATCH',
      url: expect.stringMatching(/\/apis\/apps\/v1\/namespaces\/default\/deployments\/checkout\/scale$/),
      headers: { 'content-type': 'application/merge-patch+json' },
      body: '{"spec":{"replicas":15}}',
    });
  });

  test('one that is not there: the failure says so, and nothing else is touched', async () => {
    const { ask, world } = await settled(1);
    for (const other of [
      { ...checkout, name: 'chekout' },
      { ...checkout, namespace: 'shop' },
    ])
      expect(await ask((lens) => lens.scale(CLUSTER, other, 40))).toMatchObject({
        ok: false,
        failure: {
          kind: 'unexpected',
          code: 'NotFound',
          message: `shop has no Deployment ${other.name} in namespace ${other.namespace}: it is scaled once it is there under this name`,
        },
      });
    expect(world.pods).toHaveLength(6);
  });

  test('without the right to it the failure names the rule, and reading goes on', async () => {
    const { ask, world } = await settled(1);
    world.cluster().kubernetes.denied.add('patch deployments/scale');
    expect(await ask((lens) => lens.scale(CLUSTER, checkout, 40))).toMatchObject({
      ok: false,
      failure: {
        kind: 'not-allowed',
        message: expect.stringContaining(
          'apiGroups ["apps"], resources ["deployments/scale"], verbs ["patch"]',
        ),
      },
    });
    expect(podsOf(world)).toHaveLength(6);
    expect(await ask((lens) => lens.deployment(CLUSTER, checkout))).toMatchObject({ ok: true });
  });
});

test('opening a gate removes our taint alone, though somebody changes the list meanwhile', async () => {
  const made = await settled(1);
  const [node] = made.world.nodes;
  if (node === undefined) throw new Error('no node');
  for (const taint of ['a.example.com/x', GATE_TAINT.key, 'z.example.com/x']) node.taints.add(taint);
  let changes = 0;
  made.before = ({ method }) => {
    if (method === 'PATCH' && changes++ === 0) node.removeTaint('a.example.com/x');
  };
  const [gate] =
    (await made.ask((lens) => lens.closedGates(CLUSTER)).then((all) => (all.ok ? all.value : []))) ?? [];
  expect(gate).toMatchObject({ nodeId: node.instanceId, name: dnsName(node), closed: true });
  const { nodeId, name } = named(node);
  expect(await made.ask((lens) => lens.openGate(CLUSTER, { nodeId, name: name ?? '' }))).toEqual({
    ok: true,
  });
  expect([...node.taints]).toEqual(['z.example.com/x']);
  // The first patch met another list, and changed nothing.
  expect(changes).toBe(2);
  expect(await made.ask((lens) => lens.openGate(CLUSTER, { nodeId, name: name ?? '' }))).toEqual({
    ok: true,
  });
  expect(changes).toBe(2);
});

test('a name that now belongs to another instance opens nothing', async () => {
  const { ask, world } = await settled(1);
  const [node] = world.nodes;
  node?.taints.add(GATE_TAINT.key);
  const other = { nodeId: 'i-0123456789abcdef0', name: node && dnsName(node) } as {
    nodeId: NodeId;
    name: string;
  };
  expect(await ask((lens) => lens.openGate(CLUSTER, other))).toEqual({ ok: true });
  expect(await ask((lens) => lens.gates(CLUSTER, [other]))).toEqual({ ok: true, value: new Map() });
  expect(node?.taints.size).toBe(1);
});

test('the token serves for ten minutes, is signed for one cluster, and another one refuses it', async () => {
  const made = await settled(1);
  const { ask, asked, world } = made;
  const tokens = (): number => new Set(asked.map(({ headers }) => headers['authorization'])).size;
  for (const wait of [0, 9, 2]) {
    await world.kernel.run(world.kernel.nowMs + minutes(wait));
    expect(await ask((lens) => lens.pendingPods(CLUSTER))).toMatchObject({ ok: true });
  }
  expect(tokens()).toBe(2);
  world.addCluster({ name: 'depot' });
  const door = kubeDoor(world);
  const [request] = asked;
  if (request === undefined) throw new Error('nothing was asked');
  const host = `${Buffer.from('depot').toString('hex')}.gr7.eu-central-1.eks.amazonaws.com`;
  const stolen = { ...request, url: `https://${host}/api/v1/pods` };
  expect(await inWorld(world, () => door(stolen))).toMatchObject({ status: 401 });
  expect(await ask((lens) => lens.pendingPods('depot'))).toMatchObject({ ok: true });
});

test.each([
  [
    'its network is closed to us',
    (world: World) => {
      world.cluster().kubernetes.access = 'private';
    },
    'transient',
    /^the API server of shop cannot be reached: its endpoint is private and this function is not in its VPC/,
  ],
  [
    'it has no access entry for our role',
    (world: World) => {
      world.cluster().kubernetes.access = 'stranger';
    },
    'not-allowed',
    /does not know this function's role: it needs an access entry/,
  ],
  [
    'a rule is missing',
    (world: World) => {
      world.cluster().kubernetes.denied.add('list pods');
    },
    'not-allowed',
    /lacks a rule for this function's role: apiGroups \[""\], resources \["pods"\], verbs \["list"\]/,
  ],
] as const)('%s: the failure says what an operator can do', async (_how, change, kind, message) => {
  const { ask, world } = await settled(1);
  change(world);
  const answer = await ask((lens) => lens.pendingPods(CLUSTER));
  expect(answer).toMatchObject({ ok: false, failure: { kind, message: expect.stringMatching(message) } });
});

test('a server that cannot be reached is not tried again for a minute', async () => {
  const { ask, asked, world } = await settled(1);
  world.cluster().kubernetes.access = 'private';
  await ask((lens) => lens.pendingPods(CLUSTER));
  await ask((lens) => lens.pods(CLUSTER, world.nodes.map(named), 1));
  expect(asked).toHaveLength(1);
  world.cluster().kubernetes.access = 'public';
  await world.kernel.run(world.kernel.nowMs + minutes(1));
  expect(await ask((lens) => lens.pendingPods(CLUSTER))).toMatchObject({ ok: true });
});

test('an API server that is away for a minute: nothing is scaled meanwhile, and afterwards it is', async () => {
  const { ask, world } = await settled(1);
  const checkout = { namespace: 'default', name: 'checkout' };
  const { nowMs } = world.kernel;
  world.cluster().kubernetes.outages.push({ fromMs: nowMs + seconds(10), toMs: nowMs + seconds(70) });
  const replicas = () =>
    world
      .cluster()
      .kubernetes.deployments()
      .map((each) => each.replicas);
  const scaleTo = (pods: number) => ask((lens) => lens.scale(CLUSTER, checkout, pods));
  expect(await scaleTo(7)).toEqual({ ok: true });
  await world.kernel.run(nowMs + seconds(10));
  expect(await scaleTo(8)).toMatchObject({
    ok: false,
    failure: {
      kind: 'transient',
      message: expect.stringMatching(/^the API server of shop cannot be reached/),
    },
  });
  expect(replicas()).toEqual([7]);
  // It is there again after 70 s; that it was not is kept in mind for a minute from the 12th second.
  await world.kernel.run(nowMs + seconds(73));
  expect(await scaleTo(9)).toEqual({ ok: true });
  expect(replicas()).toEqual([9]);
});

test('one slow answer is no reason not to ask again', async () => {
  const made = await settled(1);
  made.before = () => {
    made.before = () => {};
    throw Object.assign(new Error('no answer in 5000 ms'), { code: 'SLOW' });
  };
  expect(await made.ask((lens) => lens.pendingPods(CLUSTER))).toMatchObject({
    ok: false,
    failure: { message: 'the API server of shop did not answer in time (no answer in 5000 ms)' },
  });
  expect(await made.ask((lens) => lens.pendingPods(CLUSTER))).toMatchObject({ ok: true });
});
