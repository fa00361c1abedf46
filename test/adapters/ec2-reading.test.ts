/** One perfect pair of answers, one deviation a test. */
import type { Instance, NetworkInterface } from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { isGone, NodesRead, readNode, readOwnEni, readSubnet } from '../../lambdas/adapters/ec2-reading.ts';
import { OUR_CLUSTER_TAG, OUR_NODE_TAG } from '../../lambdas/core/model.ts';

const ENI: NetworkInterface = {
  NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaaa',
  SubnetId: 'subnet-0aaaaaaaaaaaaaaaa',
  Status: 'in-use',
  Attachment: {
    AttachmentId: 'eni-attach-0aaaaaaaaaaaaaaaa',
    DeviceIndex: 0,
    NetworkCardIndex: 0,
    Status: 'attached',
    DeleteOnTermination: true,
    InstanceId: 'i-0abcd111122223333',
  },
  PrivateIpAddresses: [
    { PrivateIpAddress: '10.0.0.7', Primary: true },
    { PrivateIpAddress: '10.0.0.9', Primary: false },
  ],
  Groups: [{ GroupId: 'sg-0cccccccccccccccc' }],
  TagSet: [{ Key: 'a', Value: 'b' }, { Key: 'empty' }],
};
const INSTANCE: Instance = {
  InstanceId: 'i-0abcd111122223333',
  InstanceType: 'm5.large',
  State: { Name: 'running' },
  LaunchTime: new Date('2026-01-31T09:00:00Z'),
  Placement: { AvailabilityZone: 'eu-central-1a' },
  SubnetId: 'subnet-0aaaaaaaaaaaaaaaa',
  VpcId: 'vpc-0bbbbbbbbbbbbbbbb',
  NetworkInterfaces: [{ NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaaa' }],
};

test('the perfect pair is a node', () => {
  expect(readNode(INSTANCE, [ENI])).toMatchObject({
    id: 'i-0abcd111122223333',
    platform: 'linux',
    enis: [{ secondaryIps: 1, prefixes: 0, tags: { a: 'b', empty: '' } }],
  });
});

describe('an instance is left out, not guessed at, when', () => {
  const { Attachment: attachment, ...detached } = ENI;
  test.each<[string, Instance, NetworkInterface[]]>([
    ['its id has another shape', { ...INSTANCE, InstanceId: 'mi-0abcd111122223333' }, [ENI]],
    ['its state is a new one', { ...INSTANCE, State: { Name: 'dreaming' as 'running' } }, [ENI]],
    ['it has no subnet', { ...INSTANCE, SubnetId: undefined }, [ENI]],
    ['it has no VPC', { ...INSTANCE, VpcId: undefined }, [ENI]],
    ['it has no type', { ...INSTANCE, InstanceType: undefined }, [ENI]],
    ['it has no zone', { ...INSTANCE, Placement: {} }, [ENI]],
    ['it has no launch time', { ...INSTANCE, LaunchTime: undefined }, [ENI]],
    ['its ENIs, and so their tags, were not read yet', INSTANCE, []],
    [
      'one of its ENIs, and so whether that is tagged, was not read yet',
      {
        ...INSTANCE,
        NetworkInterfaces: [
          { NetworkInterfaceId: 'eni-0aaaaaaaaaaaaaaaa' },
          { NetworkInterfaceId: 'eni-0bbbbbbbbbbbbbbbb' },
        ],
      },
      [ENI],
    ],
    ['it shows no ENI yet', { ...INSTANCE, NetworkInterfaces: [] }, []],
    ['an ENI has no attachment', INSTANCE, [detached]],
    [
      'an ENI’s attachment has a new state',
      INSTANCE,
      [{ ...ENI, Attachment: { ...attachment, Status: 'busy' as 'attached' } }],
    ],
    [
      'an ENI has no device index',
      INSTANCE,
      [{ ...ENI, Attachment: { ...attachment, DeviceIndex: undefined } }],
    ],
    ['its primary ENI is missing', INSTANCE, [{ ...ENI, Attachment: { ...attachment, DeviceIndex: 1 } }]],
  ])('%s', (_trouble, instance, enis) => {
    expect(readNode(instance, enis)).toBeUndefined();
  });
});

describe('an instance says enough of its ENIs itself while it is pending for the first time', () => {
  const LAUNCHED = INSTANCE.LaunchTime ?? new Date(0);
  const pendingWith = (enis: NetworkInterface[]): Instance => ({
    ...INSTANCE,
    State: { Name: 'pending' },
    NetworkInterfaces: enis as Instance['NetworkInterfaces'],
  });
  const attached = (AttachTime: Date | undefined): NetworkInterface => ({
    ...ENI,
    Attachment: { ...ENI.Attachment, AttachTime },
  });
  const untouched = (instance: Instance): boolean => new NodesRead().addUntouched('i-1', instance);

  test.each<[string, boolean, Instance]>([
    ['its ENIs came with its launch', true, pendingWith([attached(LAUNCHED)])],
    [
      'it was stopped: its ENI is older',
      false,
      pendingWith([attached(new Date(LAUNCHED.getTime() - 1_000))]),
    ],
    ['it does not say how old its ENI is', false, pendingWith([attached(undefined)])],
    ['it shows no ENI', false, pendingWith([])],
    ['it runs', false, { ...pendingWith([attached(LAUNCHED)]), State: { Name: 'running' } }],
  ])('%s: %s', (_, enough, instance) => {
    expect(untouched(instance)).toBe(enough);
  });
});

test('an ENI that only the later answer shows belongs to the node, in order of its slot', () => {
  const { Attachment } = ENI;
  const later = {
    ...ENI,
    NetworkInterfaceId: 'eni-0bbbbbbbbbbbbbbbb',
    Attachment: { ...Attachment, DeviceIndex: 2 },
  };
  expect(readNode(INSTANCE, [later, ENI])?.enis.map(({ deviceIndex }) => deviceIndex)).toEqual([0, 2]);
});

test('what two pages show is there once, as the later one shows it', () => {
  const read = new NodesRead();
  read.add(INSTANCE);
  read.addEni(ENI);
  read.add({ ...INSTANCE, Tags: [{ Key: 'Name', Value: 'worker' }] });
  read.addEni({ ...ENI, TagSet: [] });
  expect(read.whole()).toEqual({
    nodes: [
      expect.objectContaining({ tags: { Name: 'worker' }, enis: [expect.objectContaining({ tags: {} })] }),
    ],
  });
});

test('an ENI is of the kind EC2 says; where it says none, of none', () => {
  const kind = (eni: NetworkInterface) => readNode(INSTANCE, [eni])?.enis[0]?.interfaceType;
  expect(kind({ ...ENI, InterfaceType: 'trunk' })).toBe('trunk');
  expect(kind(ENI)).toBeUndefined();
});

test('Windows and service-operated instances are told as such', () => {
  expect(readNode({ ...INSTANCE, Platform: 'Windows' }, [ENI])?.platform).toBe('windows');
  const operator = { Managed: true, Principal: 'eks.amazonaws.com' };
  expect(readNode({ ...INSTANCE, Operator: operator }, [ENI])?.operatedBy).toBe('eks.amazonaws.com');
  expect(readNode({ ...INSTANCE, Operator: { Managed: true } }, [ENI])?.operatedBy).toBeTruthy();
  expect(readNode({ ...INSTANCE, Operator: { Managed: false } }, [ENI])).not.toHaveProperty('operatedBy');
});

test('ids of eight digits, from before 2018, are ids', () => {
  expect(readNode({ ...INSTANCE, InstanceId: 'i-0abcd111' }, [ENI])?.id).toBe('i-0abcd111');
});

test('only a terminated instance is gone', () => {
  expect(isGone({ State: { Name: 'terminated' } })).toBe(true);
  expect(isGone({ State: { Name: 'shutting-down' } })).toBe(false);
});

test('a subnet that does not say its room is left out', () => {
  const subnet = { SubnetId: 'subnet-0aaaaaaaaaaaaaaaa', VpcId: 'vpc-0b', AvailabilityZone: 'eu-central-1a' };
  expect(readSubnet(subnet)).toBeUndefined();
  expect(readSubnet({ ...subnet, AvailableIpAddressCount: 0 })?.freeAddresses).toBe(0);
});

describe('an ENI of ours', () => {
  const TagSet = [
    { Key: OUR_CLUSTER_TAG, Value: 'shop' },
    { Key: OUR_NODE_TAG, Value: 'i-0abcd111122223333' },
  ];
  const { Attachment: _attachment, ...free } = ENI;

  test('is unattached only when EC2 says plainly that it is available', () => {
    const attached = (eni: NetworkInterface) => readOwnEni({ ...eni, TagSet })?.attached;
    expect(attached({ ...free, Status: 'available' })).toBe(false);
    for (const Status of ['in-use', 'attaching', 'detaching', 'associated', undefined] as const)
      expect(attached({ ...free, Status })).toBe(true);
    expect(attached({ ...ENI, Status: 'available' })).toBe(true);
  });

  test('has our cluster’s tag; a node’s tag of another shape names no node', () => {
    expect(readOwnEni(ENI)).toBeUndefined();
    const odd = [TagSet[0] ?? {}, { Key: OUR_NODE_TAG, Value: 'node-7' }];
    expect(readOwnEni({ ...ENI, TagSet: odd })).toMatchObject({ cluster: 'shop', nodeId: undefined });
  });
});
