/** The sweep's look at everything, against the embedded EC2, through the real SDK and EC2's own wire protocol. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Ec2Vpc } from '../../lambdas/adapters/ec2-vpc.ts';
import type { Answer } from '../../lambdas/core/failures.ts';
import { type EniId, type NodeId, OUR_CLUSTER_TAG, OUR_NODE_TAG } from '../../lambdas/core/model.ts';
import { EPOCH_MS, GROUP, inProcess, type SmallWorld, SUBNET, smallWorld, VPC } from '../sim/doors-world.ts';

const SECOND = 'subnet-0aaaaaaaaaaaaaaab';
const ELSEWHERE = 'subnet-0aaaaaaaaaaaaaaac';
const SUBNETS = [
  { id: SUBNET, vpcId: VPC, zone: 'eu-central-1a', cidr: '10.0.0.0/22', singles: 'packed' },
  { id: SECOND, vpcId: VPC, zone: 'eu-central-1a', cidr: '10.0.4.0/25', singles: 'packed' },
  { id: ELSEWHERE, vpcId: 'vpc-0ddddddddddddddd', zone: 'eu-central-1a', cidr: '10.9.0.0/24' },
] as const;
const ASK = { cluster: 'shop', vpcIds: [VPC] };
const FOREVER = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
const OURS = { [OUR_CLUSTER_TAG]: 'shop' };

const world = (options: Parameters<typeof smallWorld>[0] = {}): SmallWorld =>
  smallWorld({ subnets: SUBNETS, ...options });

/** Runs adapter code to its end in the world's time. */
async function through<T>(there: SmallWorld, work: (vpc: Ec2Vpc) => Promise<T>): Promise<T> {
  const door = await inProcess.open(there);
  return door.through(({ ec2 }) => work(new Ec2Vpc(ec2, () => EPOCH_MS + there.kernel.nowMs)));
}

function launch(there: SmallWorld, { cluster = 'shop', subnetId = SUBNET, secondaryIps = 0 } = {}): NodeId {
  const tags = { [`kubernetes.io/cluster/${cluster}`]: 'owned', 'eks:nodegroup-name': 'workers' };
  const { id } = there.ec2.launch({
    type: 'm5.large',
    subnetId,
    securityGroups: [GROUP],
    secondaryIps,
    tags,
  });
  return id as NodeId;
}

function create(there: SmallWorld, tags: Readonly<Record<string, string>>, prefixes = 0): EniId {
  const { networkInterface } = there.ec2.perform('CreateNetworkInterface', {
    subnetId: SUBNET,
    tags,
    ipv4PrefixCount: prefixes,
  });
  return networkInterface.id as EniId;
}

function granted<T>(answer: Answer<T>): T {
  if (!answer.ok) throw new Error(`${answer.failure.code}: ${answer.failure.message}`);
  return answer.value;
}
const calls = (there: SmallWorld) => Object.fromEntries(there.ec2.calls.of('prewarmer'));

describe('one look', () => {
  test('shows the nodes as a read of the cluster does, and asks about each kind once', async () => {
    const there = world();
    const [first, pending] = [launch(there, { secondaryIps: 4 }), launch(there)];
    there.ec2.setState(first, 'running');
    there.ec2.attachedAtStart(first, { deviceIndex: 2, prefixes: 1, tags: { ...OURS, other: 'too' } });
    there.ec2.attachedAtStart(first, { deviceIndex: 1, subnetId: SECOND, deleteOnTermination: false });
    launch(there, { cluster: 'depot' });
    there.ec2.terminate(launch(there));
    const { world: seen } = granted(await through(there, (vpc) => vpc.inventory(ASK)));
    expect(calls(there)).toEqual({ DescribeInstances: 1, DescribeNetworkInterfaces: 1, DescribeSubnets: 1 });
    expect(seen.nodes.map(({ id, enis }) => [id, enis.length])).toEqual([
      [first, 3],
      [pending, 1],
    ]);
    expect(seen.readAtMs).toBe(EPOCH_MS);
    const read = await through(there, (vpc) => vpc.read({ nodes: { ofCluster: 'shop' }, vpcIds: [VPC] }));
    expect({ ...granted(read), readAtMs: EPOCH_MS }).toEqual(seen);
  });

  test('1,001 nodes with two ENIs each take no more pages than they fill', async () => {
    const there = world({ subnets: [{ ...SUBNETS[0], cidr: '10.0.0.0/20' }] });
    const ids = Array.from({ length: 1_001 }, () => launch(there));
    for (const id of ids) there.ec2.attachedAtStart(id, { deviceIndex: 1 });
    const { world: seen } = granted(await through(there, (vpc) => vpc.inventory(ASK)));
    expect(seen.nodes.map(({ id }) => id)).toEqual(ids);
    expect(seen.nodes.every(({ enis }) => enis.length === 2)).toBe(true);
    expect(seen).not.toHaveProperty('incomplete');
    expect(calls(there)).toEqual({ DescribeInstances: 5, DescribeNetworkInterfaces: 3, DescribeSubnets: 1 });
  });

  test('an ENI attached between the two answers leaves its node incomplete, and no other', async () => {
    const there = world({ latencies: { default: 100, DescribeInstances: 400 } });
    const [quiet, growing] = [launch(there), launch(there)];
    there.kernel.after(250, () => void there.ec2.attachedAtStart(growing, { deviceIndex: 1 }));
    const { world: seen } = granted(await through(there, (vpc) => vpc.inventory(ASK)));
    expect(seen.nodes.map(({ id }) => id)).toEqual([quiet]);
    expect(seen.incomplete).toEqual([growing]);
  });

  test('an instance with the cluster’s tag in another VPC is incomplete: nobody looked there', async () => {
    const there = world();
    const [here, elsewhere] = [launch(there), launch(there, { subnetId: ELSEWHERE })];
    const { world: seen } = granted(await through(there, (vpc) => vpc.inventory(ASK)));
    expect(seen.nodes.map(({ id }) => id)).toEqual([here]);
    expect(seen.incomplete).toEqual([elsewhere]);
  });

  test.each(['DescribeInstances', 'DescribeNetworkInterfaces', 'DescribeSubnets'] as const)(
    '%s throttled, then unanswered: a failure that passes, and nothing is tried again here',
    async (action) => {
      const there = world({ faults: [{ kind: 'throttle', action, ...FOREVER }] });
      launch(there);
      expect(await through(there, (vpc) => vpc.inventory(ASK))).toMatchObject({
        ok: false,
        failure: { kind: 'throttled', code: 'RequestLimitExceeded' },
      });
      there.ec2.addFault({ kind: 'lostReply', action, ...FOREVER });
      expect(await through(there, (vpc) => vpc.inventory(ASK))).toMatchObject({
        ok: false,
        failure: { kind: 'transient' },
      });
      expect(calls(there)[action]).toBe(2);
    },
  );
});

test('ours are the ENIs with our tag of this cluster, attached or not', async () => {
  const there = world();
  const node = launch(there);
  const attached = there.ec2.attachedAtStart(node, { tags: { ...OURS, [OUR_NODE_TAG]: node } }).id;
  const orphan = create(there, OURS);
  create(there, { [OUR_CLUSTER_TAG]: 'depot' });
  create(there, { 'node.k8s.amazonaws.com/instance_id': node });
  const { own } = granted(await through(there, (vpc) => vpc.inventory(ASK)));
  expect(own).toEqual([
    { cluster: 'shop', id: attached, nodeId: node, attached: true },
    { cluster: 'shop', id: orphan, nodeId: undefined, attached: false },
  ]);
});

describe('free blocks', () => {
  const look = async (there: SmallWorld): Promise<Record<string, number>> =>
    Object.fromEntries(granted(await through(there, (vpc) => vpc.inventory(ASK))).freeBlocks);

  test('of every subnet of the VPC, and of no other', async () => {
    expect(await look(world())).toEqual({ [SUBNET]: 62, [SECOND]: 6 });
  });

  test('whoever holds an address takes its block: nodes, other clusters, interfaces attached to nothing', async () => {
    const there = world();
    // Single addresses lie in the first and last block while these have room, 27 addresses that are nobody's.
    for (let node = 0; node < 2; node++) launch(there, { secondaryIps: 9 });
    expect(await look(there)).toEqual({ [SUBNET]: 62, [SECOND]: 6 });
    launch(there, { cluster: 'depot', secondaryIps: 9 });
    expect(await look(there)).toEqual({ [SUBNET]: 61, [SECOND]: 6 });
    create(there, {}, 3);
    expect(await look(there)).toEqual({ [SUBNET]: 58, [SECOND]: 6 });
    there.ec2.attachedAtStart(launch(there), { subnetId: SECOND, prefixes: 2 });
    expect(await look(there)).toEqual({ [SUBNET]: 58, [SECOND]: 4 });
  });
});

test('whatever was launched, attached and given up: as a read of the cluster shows it, and as EC2 has room', async () => {
  const step = fc.record({
    kind: fc.constantFrom('launch', 'attach', 'attach', 'create', 'terminate'),
    cluster: fc.constantFrom('shop', 'shop', 'depot'),
    subnetId: fc.constantFrom(SUBNET, SECOND),
    secondaryIps: fc.nat(9),
    prefixes: fc.nat(2),
    which: fc.nat(1_000),
  });
  const stories = fc.record({ seed: fc.nat(), steps: fc.array(step, { minLength: 3, maxLength: 20 }) });
  await fc.assert(
    fc.asyncProperty(stories, async ({ seed, steps }) => {
      const scattered = SUBNETS.map((subnet) => ({ ...subnet, singles: 'scattered' as const }));
      const there = world({ seed, subnets: scattered });
      for (const { kind, cluster, subnetId, secondaryIps, prefixes, which } of steps) {
        const living = there.ec2.instances().filter(({ state }) => state !== 'terminated');
        const node = living[which % Math.max(living.length, 1)];
        if (kind === 'launch') launch(there, { cluster, secondaryIps });
        else if (kind === 'create') create(there, { [OUR_CLUSTER_TAG]: cluster }, prefixes);
        else if (node === undefined) continue;
        else if (kind === 'terminate') there.ec2.terminate(node.id);
        else if (node.enis.length < 3 && there.ec2.subnet(subnetId).freePrefixes > prefixes)
          there.ec2.attachedAtStart(node.id, { subnetId, prefixes });
      }
      const found = granted(await through(there, (vpc) => vpc.inventory(ASK)));
      const read = await through(there, (vpc) => vpc.read({ nodes: { ofCluster: 'shop' }, vpcIds: [VPC] }));
      expect({ ...granted(read), readAtMs: EPOCH_MS }).toEqual(found.world);
      const room = there.ec2.subnets().filter(({ vpcId }) => vpcId === VPC);
      expect([...found.freeBlocks]).toEqual(room.map(({ id, freePrefixes }) => [id, freePrefixes]));
      const ours = there.ec2.enis().filter(({ tags }) => tags.get(OUR_CLUSTER_TAG) === 'shop');
      expect(found.own.map(({ id }) => id)).toEqual(ours.map(({ id }) => id));
    }),
    { numRuns: 60 },
  );
});
