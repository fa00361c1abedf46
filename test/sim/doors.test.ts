import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  CreateTagsCommand,
  DeleteNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSubnetsCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
  EC2ServiceException,
  ModifyNetworkInterfaceAttributeCommand,
  paginateDescribeInstances,
  paginateDescribeNetworkInterfaces,
  UnassignPrivateIpAddressesCommand,
} from '@aws-sdk/client-ec2';
import { DescribeAddonCommand, DescribeClusterCommand } from '@aws-sdk/client-eks';
import { SendMessageBatchCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { afterEach, describe, expect, test } from 'vitest';
import { consume } from '../../sim/queue-consumer.ts';
import {
  EPOCH_MS,
  GROUP,
  inProcess,
  type OpenDoor,
  overHttp,
  SUBNET,
  smallWorld,
  VPC,
} from './doors-world.ts';

const FOREVER = { fromMs: 0, toMs: 1e12 };

/** What a request was refused with, as a caller sees it. */
async function refusal(request: Promise<unknown>): Promise<{ name: string; status: number | undefined }> {
  const error = await request.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof EC2ServiceException)) throw new Error(`not refused by EC2: ${error}`);
  expect(error.message).not.toBe('');
  expect(error.$metadata.requestId).toMatch(/^[0-9a-f-]{36}$/);
  return { name: error.name, status: error.$metadata.httpStatusCode };
}

describe.each([inProcess, overHttp])('the real SDK, $door', ({ open }) => {
  let door: OpenDoor | undefined;
  const enter = async (world: Parameters<typeof open>[0]): Promise<OpenDoor> => {
    door = await open(world);
    return door;
  };
  afterEach(() => door?.close());

  test('the nodes of one cluster among others: pages bring each of them once', async () => {
    const world = smallWorld();
    for (let i = 0; i < 46; i++) {
      const cluster = i % 2 === 0 ? 'shop' : 'other';
      world.ec2.launch({ type: 'm5.large', subnetId: SUBNET, tags: { 'eks:cluster-name': cluster } });
    }
    const { through } = await enter(world);
    const pages = await through(async ({ ec2 }) => {
      const filters = [{ Name: 'tag:eks:cluster-name', Values: ['shop'] }];
      const sizes: number[] = [];
      const ids: (string | undefined)[] = [];
      for await (const page of paginateDescribeInstances(
        { client: ec2, pageSize: 10 },
        { Filters: filters },
      )) {
        const found = (page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
        sizes.push(found.length);
        ids.push(...found.map((instance) => instance.InstanceId));
      }
      return { sizes, ids };
    });
    const shop = world.ec2.instances().filter((instance) => instance.tags.get('eks:cluster-name') === 'shop');
    expect(pages.sizes).toEqual([10, 10, 3]);
    expect(pages.ids).toEqual(shop.map((instance) => instance.id));
  });

  test('an instance tells all that a plan needs to know of its node', async () => {
    const world = smallWorld();
    await world.kernel.run(90_000);
    const node = world.ec2.launch({
      type: 'm5.large',
      subnetId: SUBNET,
      secondaryIps: 2,
      securityGroups: [GROUP],
      tags: { 'eks:cluster-name': 'shop', note: 'a < b & "c" > d' },
    });
    world.ec2.attachedAtStart(node.id, { prefixes: 1, deleteOnTermination: false });
    world.ec2.setState(node.id, 'running');
    const { through } = await enter(world);
    const answer = await through(({ ec2 }) =>
      ec2.send(new DescribeInstancesCommand({ InstanceIds: [node.id] })),
    );

    const instance = answer.Reservations?.[0]?.Instances?.[0];
    const [primary, second] = world.ec2.instance(node.id).enis;
    expect(instance).toMatchObject({
      InstanceId: node.id,
      InstanceType: 'm5.large',
      State: { Code: 16, Name: 'running' },
      LaunchTime: new Date(EPOCH_MS + 90_000),
      Placement: { AvailabilityZone: 'eu-central-1a' },
      SubnetId: SUBNET,
      VpcId: VPC,
      Tags: [
        { Key: 'eks:cluster-name', Value: 'shop' },
        { Key: 'note', Value: 'a < b & "c" > d' },
      ],
      NetworkInterfaces: [
        {
          NetworkInterfaceId: primary?.id,
          Groups: [{ GroupId: GROUP }],
          Ipv4Prefixes: [],
          Attachment: {
            AttachmentId: primary?.attachment?.id,
            DeviceIndex: 0,
            NetworkCardIndex: 0,
            Status: 'attached',
            DeleteOnTermination: true,
          },
          PrivateIpAddresses: [
            { PrivateIpAddress: primary?.privateIp, Primary: true },
            { PrivateIpAddress: primary?.secondaryIps[0], Primary: false },
            { PrivateIpAddress: primary?.secondaryIps[1], Primary: false },
          ],
        },
        {
          NetworkInterfaceId: second?.id,
          Ipv4Prefixes: [{ Ipv4Prefix: second?.prefixes[0] }],
          Attachment: { DeviceIndex: 1, DeleteOnTermination: false },
        },
      ],
    });
    expect(instance).not.toHaveProperty('Platform');
  });

  test('an ENI created full, attached and made to die with its node reads back so', async () => {
    const world = smallWorld();
    const node = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
    world.ec2.setState(node.id, 'running');
    const { through } = await enter(world);
    const { created, attached, read } = await through(async ({ ec2 }) => {
      const created = await ec2.send(
        new CreateNetworkInterfaceCommand({
          SubnetId: SUBNET,
          Groups: [GROUP],
          Description: 'warm, for i-1 & co',
          SecondaryPrivateIpAddressCount: 9,
          ClientToken: 'plan-1/slot-2',
          TagSpecifications: [
            { ResourceType: 'network-interface', Tags: [{ Key: 'owner', Value: 'us+them' }] },
          ],
        }),
      );
      const eniId = created.NetworkInterface?.NetworkInterfaceId;
      const attached = await ec2.send(
        new AttachNetworkInterfaceCommand({ NetworkInterfaceId: eniId, InstanceId: node.id, DeviceIndex: 2 }),
      );
      await ec2.send(
        new ModifyNetworkInterfaceAttributeCommand({
          NetworkInterfaceId: eniId,
          Attachment: { AttachmentId: attached.AttachmentId, DeleteOnTermination: true },
        }),
      );
      const read = await describeEni(ec2, eniId);
      return { created, attached, read };
    });
    expect(created.ClientToken).toBe('plan-1/slot-2');
    expect(created.NetworkInterface).toMatchObject({ Status: 'available', TagSet: [{ Key: 'owner' }] });
    expect(attached.NetworkCardIndex).toBe(0);
    expect(read).toMatchObject({
      NetworkInterfaceId: created.NetworkInterface?.NetworkInterfaceId,
      Status: 'in-use',
      Description: 'warm, for i-1 & co',
      Groups: [{ GroupId: GROUP }],
      TagSet: [{ Key: 'owner', Value: 'us+them' }],
      Attachment: {
        AttachmentId: attached.AttachmentId,
        InstanceId: node.id,
        DeviceIndex: 2,
        NetworkCardIndex: 0,
        DeleteOnTermination: true,
      },
    });
    expect(read?.PrivateIpAddresses).toHaveLength(10);
    expect(read?.PrivateIpAddresses).toEqual(created.NetworkInterface?.PrivateIpAddresses);
  });

  test('addresses and prefixes given and taken back: the describe follows each step until the ENI is gone', async () => {
    const world = smallWorld();
    const free = () => world.ec2.subnet(SUBNET).freeAddresses;
    const before = free();
    const { through } = await enter(world);
    const eniId = await through(async ({ ec2 }) => {
      const created = await ec2.send(
        new CreateNetworkInterfaceCommand({ SubnetId: SUBNET, Ipv4PrefixCount: 1 }),
      );
      const id = created.NetworkInterface?.NetworkInterfaceId;
      const given = await ec2.send(
        new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: id, SecondaryPrivateIpAddressCount: 2 }),
      );
      const blocks = await ec2.send(
        new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: id, Ipv4PrefixCount: 1 }),
      );
      const full = await describeEni(ec2, id);
      expect(given.NetworkInterfaceId).toBe(id);
      expect(given.AssignedPrivateIpAddresses).toHaveLength(2);
      expect(full?.PrivateIpAddresses).toHaveLength(3);
      expect(full?.Ipv4Prefixes).toEqual([
        ...(created.NetworkInterface?.Ipv4Prefixes ?? []),
        ...(blocks.AssignedIpv4Prefixes ?? []),
      ]);
      await ec2.send(
        new UnassignPrivateIpAddressesCommand({
          NetworkInterfaceId: id,
          PrivateIpAddresses: (given.AssignedPrivateIpAddresses ?? []).map((ip) => ip.PrivateIpAddress ?? ''),
        }),
      );
      await ec2.send(
        new UnassignPrivateIpAddressesCommand({
          NetworkInterfaceId: id,
          Ipv4Prefixes: (full?.Ipv4Prefixes ?? []).map((block) => block.Ipv4Prefix ?? ''),
        }),
      );
      const emptied = await describeEni(ec2, id);
      expect(emptied?.PrivateIpAddresses).toHaveLength(1);
      expect(emptied?.Ipv4Prefixes).toEqual([]);
      return id;
    });

    const node = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
    world.ec2.setState(node.id, 'running');
    await through(async ({ ec2 }) => {
      const attached = await ec2.send(
        new AttachNetworkInterfaceCommand({ NetworkInterfaceId: eniId, InstanceId: node.id, DeviceIndex: 1 }),
      );
      await ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: attached.AttachmentId }));
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eniId }));
      expect(await refusal(describeEni(ec2, eniId))).toEqual({
        name: 'InvalidNetworkInterfaceID.NotFound',
        status: 400,
      });
    });
    expect(free()).toBe(before - 1);
  });

  test('tags put on afterwards are found by filter, and replace what stood there', async () => {
    const world = smallWorld();
    const node = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
    const [primary] = node.enis;
    const { through } = await enter(world);
    const found = await through(async ({ ec2 }) => {
      const key = 'node.k8s.amazonaws.com/instance_id';
      for (const Value of ['i-old', node.id]) {
        await ec2.send(
          new CreateTagsCommand({ Resources: [primary?.id ?? ''], Tags: [{ Key: key, Value }] }),
        );
      }
      const answer = await ec2.send(
        new DescribeNetworkInterfacesCommand({
          Filters: [
            { Name: 'attachment.instance-id', Values: ['i-none', node.id] },
            { Name: 'tag-key', Values: [key] },
          ],
        }),
      );
      return answer.NetworkInterfaces?.map((eni) => eni.TagSet);
    });
    expect(found).toEqual([[{ Key: 'node.k8s.amazonaws.com/instance_id', Value: node.id }]]);
  });

  test('a subnet says how many addresses are left in it', async () => {
    const world = smallWorld();
    world.ec2.launch({ type: 'm5.large', subnetId: SUBNET, secondaryIps: 9 });
    const { through } = await enter(world);
    const answer = await through(({ ec2 }) =>
      ec2.send(
        new DescribeSubnetsCommand({ Filters: [{ Name: 'tag:kubernetes.io/role/cni', Values: ['1'] }] }),
      ),
    );
    expect(answer.Subnets).toMatchObject([
      {
        SubnetId: SUBNET,
        VpcId: VPC,
        AvailabilityZone: 'eu-central-1a',
        CidrBlock: '10.0.0.0/22',
        // 1,024 less the five AWS keeps and the ten the node holds.
        AvailableIpAddressCount: 1_009,
        Tags: [{ Key: 'kubernetes.io/role/cni', Value: '1' }],
      },
    ]);
  });

  test('ENIs in pages: the token leads to the next one and ends with the last', async () => {
    const world = smallWorld();
    for (let i = 0; i < 12; i++) world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
    const { through } = await enter(world);
    const ids = await through(async ({ ec2 }) => {
      const seen: (string | undefined)[] = [];
      for await (const page of paginateDescribeNetworkInterfaces({ client: ec2, pageSize: 5 }, {})) {
        seen.push(...(page.NetworkInterfaces ?? []).map((eni) => eni.NetworkInterfaceId));
      }
      return seen;
    });
    expect(ids).toEqual(world.ec2.enis().map((eni) => eni.id));
  });

  test('every refusal arrives under the name EC2 gives it', async () => {
    const world = smallWorld();
    const node = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET, secondaryIps: 9 });
    world.ec2.setState(node.id, 'running');
    const eniId = node.enis[0]?.id;
    const bad = { status: 400 };
    const { through } = await enter(world);
    await through(async ({ ec2 }) => {
      const refused = async (request: Promise<unknown>) => (await refusal(request)).name;
      const create = (input: { SubnetId: string; Ipv4PrefixCount?: number; Description?: string }) =>
        ec2.send(new CreateNetworkInterfaceCommand({ ClientToken: 'one', ...input }));
      const assign = (SecondaryPrivateIpAddressCount: number) =>
        ec2.send(
          new AssignPrivateIpAddressesCommand({ NetworkInterfaceId: eniId, SecondaryPrivateIpAddressCount }),
        );
      const free = (await create({ SubnetId: SUBNET })).NetworkInterface?.NetworkInterfaceId;
      const attach = (NetworkInterfaceId: string | undefined, InstanceId: string, DeviceIndex: number) =>
        ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex }));

      const names = [
        await refused(ec2.send(new DescribeInstancesCommand({ InstanceIds: ['i-0000000000000dead'] }))),
        await refused(describeEni(ec2, 'eni-0000000000000dead')),
        await refused(ec2.send(new DescribeSubnetsCommand({ SubnetIds: ['subnet-0000000000000dead'] }))),
        await refused(ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId: 'eni-attach-0dead' }))),
        await refused(assign(1)),
        await refused(attach(free, node.id, 0)),
        await refused(attach(eniId, node.id, 1)),
        await refused(create({ SubnetId: SUBNET, Description: 'another thing' })),
        await refused(ec2.send(new DescribeInstancesCommand({ MaxResults: 3 }))),
        await refused(ec2.send(new DescribeInstancesCommand({ MaxResults: 9, InstanceIds: [node.id] }))),
      ];
      expect(names).toEqual([
        'InvalidInstanceID.NotFound',
        'InvalidNetworkInterfaceID.NotFound',
        'InvalidSubnetID.NotFound',
        'InvalidAttachmentID.NotFound',
        'PrivateIpAddressLimitExceeded',
        'InvalidParameterValue',
        'InvalidNetworkInterface.InUse',
        'IdempotentParameterMismatch',
        'InvalidParameterValue',
        'InvalidParameterCombination',
      ]);
      expect(await refusal(assign(1))).toMatchObject(bad);
    });
  });

  test('a full subnet has its own name for no address and for no whole block', async () => {
    const world = smallWorld({ faults: [{ kind: 'noFreePrefix', ...FOREVER }] });
    const { through, pass } = await enter(world);
    const create = (how: { Ipv4PrefixCount?: number }) =>
      through(({ ec2 }) =>
        refusal(ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET, ...how }))),
      );
    await pass(1);
    expect(await create({ Ipv4PrefixCount: 1 })).toEqual({ name: 'InsufficientCidrBlocks', status: 400 });
    world.ec2.addFault({ kind: 'subnetExhausted', ...FOREVER });
    expect(await create({})).toEqual({ name: 'InsufficientFreeAddressesInSubnet', status: 400 });
    expect(world.ec2.enis()).toEqual([]);
  });

  test('an empty request bucket answers 503, and nothing has happened', async () => {
    const world = smallWorld({
      faults: [{ kind: 'throttle', action: 'CreateNetworkInterface', ...FOREVER }],
    });
    const { through } = await enter(world);
    await through(async ({ ec2 }) => {
      const create = ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET }));
      expect(await refusal(create)).toEqual({ name: 'RequestLimitExceeded', status: 503 });
    });
    expect(world.ec2.enis()).toEqual([]);
    // One attempt, counted under the name the client's credentials give it.
    expect(world.ec2.calls.of('prewarmer')).toEqual(new Map([['CreateNetworkInterface', 1]]));
  });

  test('a lost reply looks like a broken wire, not like a refusal, and the request has taken effect', async () => {
    const world = smallWorld({ faults: [{ kind: 'lostReply', action: 'Create*', ...FOREVER }] });
    const { through } = await enter(world);
    const error = await through(({ ec2 }) =>
      ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET })).catch((reason: unknown) => reason),
    );
    expect(error).toBeInstanceOf(Error);
    expect(error).not.toBeInstanceOf(EC2ServiceException);
    // Either name is one the SDK would have retried.
    expect([(error as Error).name, (error as { code?: string }).code]).toSatisfy(
      (names: unknown[]) => names.includes('TimeoutError') || names.includes('ECONNRESET'),
    );
    expect(world.ec2.enis()).toHaveLength(1);
  });

  test('a dry run changes nothing and says that it would have', async () => {
    const world = smallWorld();
    const { through } = await enter(world);
    await through(async ({ ec2 }) => {
      const create = ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET, DryRun: true }));
      expect(await refusal(create)).toEqual({ name: 'DryRunOperation', status: 412 });
    });
    expect(world.ec2.enis()).toEqual([]);
  });

  test('a parameter this EC2 does not carry out is refused, never ignored', async () => {
    const world = smallWorld();
    const { through } = await enter(world);
    await through(async ({ ec2 }) => {
      const create = ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET, Ipv6AddressCount: 1 }));
      expect(await refusal(create)).toEqual({ name: 'UnknownParameter', status: 400 });
    });
    expect(world.ec2.enis()).toEqual([]);
  });

  test('EKS tells how a cluster and its CNI are set up, and what it does not know', async () => {
    const { through } = await enter(smallWorld());
    const seen = await through(async ({ eks }) => ({
      cluster: (await eks.send(new DescribeClusterCommand({ name: 'shop' }))).cluster,
      addon: (await eks.send(new DescribeAddonCommand({ clusterName: 'shop', addonName: 'vpc-cni' }))).addon,
      auto: (await eks.send(new DescribeClusterCommand({ name: 'by hand' }))).cluster,
      unknown: await Promise.all(
        [
          eks.send(new DescribeClusterCommand({ name: 'nowhere' })),
          eks.send(new DescribeAddonCommand({ clusterName: 'nowhere', addonName: 'vpc-cni' })),
          eks.send(new DescribeAddonCommand({ clusterName: 'by hand', addonName: 'vpc-cni' })),
          eks.send(new DescribeAddonCommand({ clusterName: 'shop', addonName: 'coredns' })),
        ].map((request: Promise<unknown>) => request.catch((error: unknown) => error)),
      ),
    }));
    expect(seen.cluster).toMatchObject({
      name: 'shop',
      status: 'ACTIVE',
      resourcesVpcConfig: { vpcId: VPC },
      kubernetesNetworkConfig: { ipFamily: 'ipv4' },
      computeConfig: { enabled: false },
      createdAt: new Date(EPOCH_MS),
    });
    expect(seen.addon).toMatchObject({
      addonName: 'vpc-cni',
      addonVersion: 'v1.23.1-eksbuild.1',
      configurationValues: '{"env":{"WARM_ENI_TARGET":"1"}}',
    });
    expect(seen.auto).toMatchObject({
      kubernetesNetworkConfig: { ipFamily: 'ipv6' },
      computeConfig: { enabled: true },
    });
    for (const error of seen.unknown) {
      expect(error).toMatchObject({ name: 'ResourceNotFoundException', $metadata: { httpStatusCode: 404 } });
    }
  });

  test('a message sent with a delay reaches its function when the delay is over, not before', async () => {
    const world = smallWorld();
    const queue = world.queues.create({ name: 'continuations', visibilityTimeoutMs: 30_000 });
    const arrivals: { body: string; lateMs: number }[] = [];
    consume(world.kernel, {
      queue,
      maxBatch: 1,
      windowMs: 0,
      pollers: 1,
      handler: async ({ Records }) => {
        for (const { body, attributes } of Records) {
          expect(attributes.SentTimestamp).toMatch(/^\d{13}$/);
          arrivals.push({ body, lateMs: EPOCH_MS + world.kernel.nowMs - Number(attributes.SentTimestamp) });
        }
        return undefined;
      },
    });
    const { through, pass } = await enter(world);
    await through(async ({ sqs }) => {
      const delayed = new SendMessageCommand({
        QueueUrl: queue.url,
        MessageBody: '{"the":"rest"}',
        DelaySeconds: 45,
      });
      const sent = await sqs.send(delayed);
      expect(sent.MessageId).toMatch(/^[0-9a-f-]{36}$/);
      const batch = await sqs.send(
        new SendMessageBatchCommand({
          QueueUrl: queue.url,
          Entries: [
            { Id: 'soon', MessageBody: 'soon', DelaySeconds: 10 },
            { Id: 'never', MessageBody: 'never', DelaySeconds: 901 },
          ],
        }),
      );
      expect(batch.Successful?.map(({ Id }) => Id)).toEqual(['soon']);
      expect(batch.Failed).toMatchObject([{ Id: 'never', SenderFault: true, Code: 'InvalidParameterValue' }]);
    });
    await pass(60_000);
    expect(arrivals).toEqual([
      { body: 'soon', lateMs: 10_000 },
      { body: '{"the":"rest"}', lateMs: 45_000 },
    ]);
  });

  test('SQS refuses an unknown queue and a delay above fifteen minutes', async () => {
    const world = smallWorld();
    const queue = world.queues.create({ name: 'continuations', visibilityTimeoutMs: 30_000 });
    const { through } = await enter(world);
    const errors = await through(({ sqs }) =>
      Promise.all(
        [
          { QueueUrl: `${queue.url}-not`, MessageBody: 'x' },
          { QueueUrl: queue.url, MessageBody: 'x', DelaySeconds: 901 },
          { QueueUrl: queue.url, MessageBody: 'x', MessageGroupId: 'g' },
        ].map((input) => sqs.send(new SendMessageCommand(input)).catch((error: unknown) => error)),
      ),
    );
    expect(errors).toMatchObject([
      { name: 'QueueDoesNotExist', $metadata: { httpStatusCode: 400 } },
      { name: 'InvalidParameterValue', $metadata: { httpStatusCode: 400 } },
      { name: 'UnsupportedOperation', $metadata: { httpStatusCode: 400 } },
    ]);
    expect(queue.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
  });
});

async function describeEni(ec2: EC2Client, id: string | undefined) {
  const answer = await ec2.send(new DescribeNetworkInterfacesCommand({ NetworkInterfaceIds: [id ?? ''] }));
  return answer.NetworkInterfaces?.[0];
}
