/** The adapter against the embedded EC2, through the real SDK and EC2's own wire protocol, in virtual time. */
import { describe, expect, test } from 'vitest';
import { Ec2Vpc } from '../../lambdas/adapters/ec2-vpc.ts';
import type { Answer } from '../../lambdas/core/failures.ts';
import { CREATE_ANSWER_MS, CREATES_END_MS, CREATES_LEASE_MS } from '../../lambdas/core/leases.ts';
import {
  type EniId,
  type NodeId,
  OUR_CLUSTER_TAG,
  OUR_NODE_TAG,
  type SubnetId,
  type World,
} from '../../lambdas/core/model.ts';
import type { NewEni, Vpc } from '../../lambdas/core/ports.ts';
import { EPOCH_MS, GROUP, inProcess, type SmallWorld, SUBNET, smallWorld, VPC } from '../sim/doors-world.ts';

const FOREVER = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
const OWNED: Readonly<Record<string, string>> = { 'kubernetes.io/cluster/shop': 'owned' };
const CLIENT_TOKEN = 'i-0abcd111122223333.2.9.0aaaaaaaaaaaaaaaa';

/** Runs adapter code to its end in the world's time. */
async function vpcOf(world: SmallWorld) {
  const door = await inProcess.open(world);
  return <T>(work: (vpc: Ec2Vpc) => Promise<T>): Promise<T> =>
    door.through(({ ec2 }) => work(new Ec2Vpc(ec2, () => EPOCH_MS + world.kernel.nowMs)));
}

function launch(world: SmallWorld, tags = OWNED, secondaryIps = 0): NodeId {
  const { id } = world.ec2.launch({
    type: 'm5.large',
    subnetId: SUBNET,
    securityGroups: [GROUP],
    secondaryIps,
    tags,
  });
  return id as NodeId;
}

function running(world: SmallWorld, tags = OWNED, secondaryIps = 0): NodeId {
  const id = launch(world, tags, secondaryIps);
  world.ec2.setState(id, 'running');
  return id;
}

const newEni = (more: Partial<NewEni> = {}): NewEni => ({
  subnetId: SUBNET as SubnetId,
  groupIds: [GROUP],
  addresses: 9,
  token: CLIENT_TOKEN,
  tags: { [OUR_CLUSTER_TAG]: 'shop', [OUR_NODE_TAG]: 'i-0abcd111122223333' },
  description: 'eks-ip-prewarmer for i-0abcd111122223333',
  ...more,
});

function granted<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`${answer.failure.code}: ${answer.failure.message}`);
  return answer.value;
}
const kindOf = (answer: Answer<unknown>): string => (answer.ok ? 'ok' : answer.failure.kind);
const calls = (world: SmallWorld) => Object.fromEntries(world.ec2.calls.of('prewarmer'));
const idsOf = (world: World): string[] => world.nodes.map(({ id }) => id);

describe('reading', () => {
  test('nodes come whole: ENIs with tags, addresses, prefixes and what becomes of them, and the subnets’ room', async () => {
    const world = smallWorld();
    const id = running(world, { ...OWNED, 'eks:nodegroup-name': 'workers' }, 4);
    const second = world.ec2.attachedAtStart(id, {
      deviceIndex: 2,
      prefixes: 1,
      deleteOnTermination: false,
      tags: { [OUR_NODE_TAG]: id },
    });
    const [primary] = world.ec2.instance(id).enis;
    const through = await vpcOf(world);
    const read = granted(await through((vpc) => vpc.read({ nodes: { ids: [id] }, vpcIds: [VPC] })));
    const eni = {
      subnetId: SUBNET,
      networkCardIndex: 0,
      interfaceType: 'interface',
      attachmentStatus: 'attached',
      attachedAtMs: EPOCH_MS,
      groupIds: [GROUP],
    };
    expect(read).toEqual({
      readAtMs: EPOCH_MS,
      nodes: [
        {
          id,
          state: 'running',
          type: 'm5.large',
          vpcId: VPC,
          subnetId: SUBNET,
          zone: 'eu-central-1a',
          dnsName: `ip-${primary?.privateIp.replaceAll('.', '-')}.eu-central-1.compute.internal`,
          launchedAtMs: EPOCH_MS,
          platform: 'linux',
          tags: { ...OWNED, 'eks:nodegroup-name': 'workers' },
          enis: [
            {
              ...eni,
              id: primary?.id,
              deviceIndex: 0,
              attachmentId: primary?.attachment?.id,
              deleteOnTermination: true,
              secondaryIps: 4,
              prefixes: 0,
              tags: {},
            },
            {
              ...eni,
              id: second.id,
              deviceIndex: 2,
              attachmentId: second.attachment?.id,
              deleteOnTermination: false,
              secondaryIps: 0,
              ips: [],
              prefixes: 1,
              tags: { [OUR_NODE_TAG]: id },
            },
          ],
        },
      ],
      subnets: [
        {
          id: SUBNET,
          vpcId: VPC,
          zone: 'eu-central-1a',
          // 1,024 less the five AWS keeps, two ENIs' own, four more and one block of 16.
          freeAddresses: 997,
          tags: { 'kubernetes.io/role/cni': '1' },
        },
      ],
    });
  });

  test('an instance EC2 does not know is absent, and costs the others nothing', async () => {
    const world = smallWorld();
    const id = running(world);
    const through = await vpcOf(world);
    const ids: NodeId[] = ['i-0000000000000dead', id];
    const read = granted(await through((vpc) => vpc.read({ nodes: { ids }, vpcIds: [] })));
    expect(idsOf(read)).toEqual([id]);
    expect(read.subnets).toEqual([]);
    expect(calls(world)).toEqual({ DescribeInstances: 1, DescribeNetworkInterfaces: 1 });
  });

  test('a terminated instance is no node any more', async () => {
    const world = smallWorld();
    const id = running(world);
    world.ec2.terminate(id);
    const through = await vpcOf(world);
    const read = granted(await through((vpc) => vpc.read({ nodes: { ids: [id] }, vpcIds: [] })));
    expect(read).toEqual({ readAtMs: EPOCH_MS, nodes: [], subnets: [] });
  });

  test('a cluster’s nodes are those that live and carry its tag', async () => {
    const world = smallWorld();
    const [pending, up] = [launch(world), running(world)];
    running(world, { 'kubernetes.io/cluster/depot': 'owned' });
    world.ec2.setState(running(world), 'stopping');
    const through = await vpcOf(world);
    const read = granted(await through((vpc) => vpc.read({ nodes: { ofCluster: 'shop' }, vpcIds: [VPC] })));
    expect(idsOf(read)).toEqual([pending, up]);
    expect(read.nodes.map(({ state }) => state)).toEqual(['pending', 'running']);
  });

  test('400 launches at once cost three questions of each kind and one for the subnets; no node is missing', async () => {
    const world = smallWorld();
    const ids = Array.from({ length: 400 }, () => launch(world));
    const through = await vpcOf(world);
    const read = granted(await through((vpc) => vpc.read({ nodes: { ids }, vpcIds: [VPC] })));
    expect(idsOf(read)).toEqual(ids);
    expect(read.nodes.every(({ enis }) => enis.length === 1)).toBe(true);
    expect(calls(world)).toEqual({ DescribeInstances: 3, DescribeNetworkInterfaces: 3, DescribeSubnets: 1 });
  });

  describe('told of as pending, instances say of their ENIs themselves what is to know', () => {
    test('one request tells all of those that are, as two do, and those EC2 does not show cost none', async () => {
      const world = smallWorld();
      const ids: NodeId[] = [launch(world, OWNED, 4), launch(world), 'i-0000000000000dead'];
      const through = await vpcOf(world);
      const read = (pending?: true) =>
        through((vpc) => vpc.read({ nodes: { ids, ...(pending && { pending }) }, vpcIds: [] }));
      const alone = granted(await read(true));
      expect(idsOf(alone)).toEqual(ids.slice(0, 2));
      expect(calls(world)).toEqual({ DescribeInstances: 1 });
      expect(alone.nodes).toEqual(granted(await read()).nodes);
    });

    test('whose state is another by now is asked for its ENIs with their tags', async () => {
      const world = smallWorld();
      const [id, pending] = [running(world), launch(world)];
      world.ec2.attachedAtStart(id, { deviceIndex: 2, tags: { seen: 'yes' } });
      const through = await vpcOf(world);
      const ask = { nodes: { ids: [id, pending], pending: true }, vpcIds: [] } as const;
      const { nodes } = granted(await through((vpc) => vpc.read(ask)));
      expect(nodes.map(({ enis }) => enis.map(({ tags }) => tags))).toEqual([[{}, { seen: 'yes' }], [{}]]);
      expect(calls(world)).toEqual({ DescribeInstances: 1, DescribeNetworkInterfaces: 1 });
    });
  });

  test('what is known of instances is not asked again: their ENIs are, and others are asked for whole', async () => {
    const world = smallWorld();
    const [id, other] = [running(world, OWNED, 4), running(world)];
    const through = await vpcOf(world);
    const read = (ids: readonly NodeId[], known: World['nodes'] = []) =>
      through((vpc) => vpc.read({ nodes: { ids, known }, vpcIds: [] }));
    const { nodes: known } = granted(await read([id]));
    world.ec2.attachedAtStart(id, { deviceIndex: 2, tags: { seen: 'yes' } });
    const { nodes } = granted(await read([id, other], known));
    expect(nodes.map((node) => node.id)).toEqual([id, other]);
    expect(nodes[0]).toEqual({
      ...known[0],
      enis: [known[0]?.enis[0], expect.objectContaining({ tags: { seen: 'yes' } })],
    });
    expect(calls(world)).toEqual({ DescribeInstances: 2, DescribeNetworkInterfaces: 2 });
    expect(idsOf(granted(await read([id], known)))).toEqual([id]);
    expect(calls(world)).toEqual({ DescribeInstances: 2, DescribeNetworkInterfaces: 3 });
  });

  test('a known instance that is gone shows no ENI any more: it is left out', async () => {
    const world = smallWorld();
    const id = running(world);
    const through = await vpcOf(world);
    const ask = { nodes: { ids: [id] }, vpcIds: [] };
    const { nodes: known } = granted(await through((vpc) => vpc.read(ask)));
    world.ec2.terminate(id);
    const read = granted(await through((vpc) => vpc.read({ ...ask, nodes: { ...ask.nodes, known } })));
    expect(read).toMatchObject({ nodes: [], incomplete: [id] });
  });

  test('a cluster of 1,001 nodes is read over all pages', async () => {
    const subnet = { id: SUBNET, vpcId: VPC, zone: 'eu-central-1a', cidr: '10.0.0.0/20' };
    const world = smallWorld({ subnets: [subnet] });
    const ids = Array.from({ length: 1_001 }, () => launch(world));
    const through = await vpcOf(world);
    const read = granted(await through((vpc) => vpc.read({ nodes: { ofCluster: 'shop' }, vpcIds: [VPC] })));
    expect(idsOf(read)).toEqual(ids);
    expect(calls(world)).toMatchObject({ DescribeInstances: 5, DescribeNetworkInterfaces: 7 });
  });

  test('nobody is asked about nothing', async () => {
    const world = smallWorld();
    const through = await vpcOf(world);
    expect((await through((vpc) => vpc.read({ nodes: { ids: [] }, vpcIds: [] }))).ok).toBe(true);
    expect(calls(world)).toEqual({});
  });

  test('a read that is throttled or unanswered is a failure that passes, and is not tried again here', async () => {
    const world = smallWorld({
      faults: [{ kind: 'throttle', action: 'DescribeNetworkInterfaces', ...FOREVER }],
    });
    const id = running(world);
    const through = await vpcOf(world);
    const read = () => through((vpc) => vpc.read({ nodes: { ids: [id] }, vpcIds: [VPC] }));
    const throttled = await read();
    expect(throttled).toMatchObject({
      ok: false,
      failure: { kind: 'throttled', code: 'RequestLimitExceeded' },
    });
    expect(calls(world)).toMatchObject({ DescribeNetworkInterfaces: 1 });
    world.ec2.addFault({ kind: 'lostReply', action: 'DescribeNetworkInterfaces', ...FOREVER });
    expect(kindOf(await read())).toBe('transient');
  });
});

describe('acting', () => {
  test('three requests make an ENI that is full, tagged, attached and gone with its node', async () => {
    const world = smallWorld();
    const nodeId = running(world);
    const through = await vpcOf(world);
    const eniId = await through(async (vpc) => {
      const id = granted(await vpc.createEni(newEni()));
      const attachmentId = granted(await vpc.attachEni({ eniId: id, nodeId, deviceIndex: 2 }));
      granted(await vpc.deleteOnTermination(id, attachmentId));
      return id;
    });
    expect(calls(world)).toEqual({
      CreateNetworkInterface: 1,
      AttachNetworkInterface: 1,
      ModifyNetworkInterfaceAttribute: 1,
    });
    const eni = world.ec2.eni(eniId);
    expect(eni?.secondaryIps).toHaveLength(9);
    expect(Object.fromEntries(eni?.tags ?? [])).toEqual(newEni().tags);
    expect(eni).toMatchObject({
      subnetId: SUBNET,
      groups: [GROUP],
      description: 'eks-ip-prewarmer for i-0abcd111122223333',
      attachment: { instanceId: nodeId, deviceIndex: 2 },
    });
    world.ec2.terminate(nodeId);
    expect(world.ec2.enis()).toEqual([]);
  });

  test('the reply to a create is lost: asking again gives the same ENI, and no second one', async () => {
    const world = smallWorld({
      faults: [{ kind: 'lostReply', action: 'CreateNetworkInterface', fromMs: 0, toMs: 1_000 }],
    });
    const through = await vpcOf(world);
    const [first, again] = await through(async (vpc) => [
      await vpc.createEni(newEni()),
      await vpc.createEni(newEni()),
    ]);
    expect(kindOf(first as Answer<EniId>)).toBe('transient');
    expect(world.ec2.enis().map(({ id }) => id)).toEqual([granted(again as Answer<EniId>)]);
  });

  test('a create that is not answered is broken off while the lease of a pending instance still holds', async () => {
    const world = smallWorld({
      faults: [{ kind: 'lostReply', action: 'CreateNetworkInterface', ...FOREVER }],
    });
    const through = await vpcOf(world);
    const tookMs = await through(async (vpc) => {
      await vpc.createEni(newEni());
      return world.kernel.nowMs;
    });
    expect(tookMs).toBe(CREATE_ANSWER_MS);
    expect(CREATES_END_MS).toBeGreaterThan(CREATE_ANSWER_MS);
    expect(CREATES_LEASE_MS).toBeGreaterThan(CREATES_END_MS);
  });

  test('the reply to an assign is lost: nobody may say whether it happened, and it is not repeated', async () => {
    const world = smallWorld({
      faults: [{ kind: 'lostReply', action: 'AssignPrivateIpAddresses', ...FOREVER }],
    });
    const [eni] = world.ec2.instance(running(world)).enis;
    const through = await vpcOf(world);
    expect(kindOf(await through((vpc) => vpc.assign(eni?.id as EniId, 5)))).toBe('uncertain');
    expect(world.ec2.eni(eni?.id ?? '')?.secondaryIps).toHaveLength(5);
  });

  test('an empty ENI is created without a count, and no address is no request', async () => {
    const world = smallWorld({ keepsLog: true });
    const through = await vpcOf(world);
    const eniId = granted(await through((vpc) => vpc.createEni(newEni({ addresses: 0 }))));
    expect(world.ec2.eni(eniId)?.secondaryIps).toEqual([]);
    expect(world.ec2.calls.log[0]?.input).not.toHaveProperty('secondaryPrivateIpAddressCount');
    granted(await through((vpc) => vpc.assign(eniId, 0)));
    expect(calls(world)).toEqual({ CreateNetworkInterface: 1 });
    granted(await through((vpc) => vpc.assign(eniId, 3)));
    expect(world.ec2.eni(eniId)?.secondaryIps).toHaveLength(3);
  });

  test('EC2’s refusals have names of ours', async () => {
    const subnet = { id: SUBNET, vpcId: VPC, zone: 'eu-central-1a', cidr: '10.0.0.0/26' };
    const world = smallWorld({ subnets: [{ ...subnet, free: { addresses: 18, prefixes: 0 } }] });
    const [pending, node] = [launch(world), running(world, OWNED, 9)];
    const [primary] = world.ec2.instance(node).enis;
    const through = await vpcOf(world);
    await through(async (vpc) => {
      const eniId = granted(await vpc.createEni(newEni({ addresses: 1 })));
      const attach = (nodeId: NodeId, deviceIndex: number, id = eniId) =>
        vpc.attachEni({ eniId: id, nodeId, deviceIndex });
      expect(kindOf(await attach(pending, 1))).toBe('node-not-ready');
      expect(kindOf(await attach(node, 0))).toBe('conflict');
      expect(kindOf(await attach('i-0000000000000dead', 1))).toBe('node-not-ready');
      expect(kindOf(await vpc.assign(primary?.id as EniId, 1))).toBe('interface-full');
      expect(kindOf(await vpc.assign('eni-0000000000000dead', 1))).toBe('node-gone');
      expect(kindOf(await vpc.createEni(newEni({ addresses: 2 })))).toBe('unexpected');
      const full = await vpc.createEni(newEni({ addresses: 9, token: 'another' }));
      expect(full).toMatchObject({ ok: false, failure: { kind: 'subnet-full', subnetId: SUBNET } });
      expect(kindOf(await vpc.deleteEni(primary?.id as EniId))).toBe('conflict');
    });
  });

  test('a node whose slots are taken says so', async () => {
    const world = smallWorld();
    const node = running(world);
    for (const deviceIndex of [1, 2]) world.ec2.attachedAtStart(node, { deviceIndex });
    const through = await vpcOf(world);
    await through(async (vpc) => {
      const eniId = granted(await vpc.createEni(newEni()));
      const answer = await vpc.attachEni({ eniId, nodeId: node, deviceIndex: 3 });
      expect(answer).toMatchObject({ ok: false, failure: { kind: 'slots-full', nodeId: node } });
    });
  });
});

const ownOf = async (vpc: Vpc, cluster: string) =>
  granted(await vpc.inventory({ cluster, vpcIds: [VPC] })).own;

describe('what is ours', () => {
  test('ours are found by tag, attached or not; others’ are not, and deleting twice is deleting once', async () => {
    const world = smallWorld();
    const node = running(world);
    const tags = { [OUR_CLUSTER_TAG]: 'shop', [OUR_NODE_TAG]: node };
    const attached = world.ec2.attachedAtStart(node, { tags }).id;
    const through = await vpcOf(world);
    await through(async (vpc) => {
      const orphan = granted(await vpc.createEni(newEni({ tags: { [OUR_CLUSTER_TAG]: 'shop' } })));
      granted(await vpc.createEni(newEni({ token: 'depot', tags: { [OUR_CLUSTER_TAG]: 'depot' } })));
      const own = { cluster: 'shop', nodeId: undefined };
      expect(await ownOf(vpc, 'shop')).toEqual([
        { ...own, id: attached, nodeId: node, attached: true },
        { ...own, id: orphan, attached: false },
      ]);
      expect(await ownOf(vpc, 'depot')).toHaveLength(1);
      granted(await vpc.deleteEni(orphan));
      granted(await vpc.deleteEni(orphan));
      expect((await ownOf(vpc, 'shop')).map(({ id }) => id)).toEqual([attached]);
    });
  });
});
