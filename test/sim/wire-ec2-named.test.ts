/** What a person at the AWS CLI sends and the product does not: addresses by name, types by name, forced detaches. */
import {
  AssignPrivateIpAddressesCommand,
  AttachNetworkInterfaceCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  DescribeInstanceTypesCommand,
  DescribeNetworkInterfacesCommand,
  DetachNetworkInterfaceCommand,
  type EC2Client,
} from '@aws-sdk/client-ec2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inProcess, type OpenDoor, overHttp, type SmallWorld, SUBNET, smallWorld } from './doors-world.ts';

let world: SmallWorld;
let open: OpenDoor;
let ec2: EC2Client;

const ask = <T>(work: () => Promise<T>): Promise<T> =>
  open.through((clients) => {
    ec2 = clients.ec2;
    return work();
  });
const code = (work: () => Promise<unknown>): Promise<string> =>
  ask(() =>
    work().then(
      () => 'carried out',
      (error: Error) => error.name,
    ),
  );
const create = (input: object) => () =>
  ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET, ...input }));
const assign = (NetworkInterfaceId: string, input: object) => () =>
  ec2.send(new AssignPrivateIpAddressesCommand({ NetworkInterfaceId, ...input }));

describe.each([inProcess, overHttp])('the real SDK, $door', ({ open: openDoor }) => {
  beforeEach(async () => {
    world = smallWorld();
    open = await openDoor(world);
  });
  afterEach(() => open.close());

  test('an ENI is made with exactly the addresses it was asked to have', async () => {
    const { NetworkInterface: listed } = await ask(
      create({
        PrivateIpAddresses: [
          { PrivateIpAddress: '10.0.0.77', Primary: true },
          { PrivateIpAddress: '10.0.0.79', Primary: false },
          { PrivateIpAddress: '10.0.0.78' },
        ],
      }),
    );
    expect(listed?.PrivateIpAddresses?.map((one) => [one.PrivateIpAddress, one.Primary])).toEqual([
      ['10.0.0.77', true],
      ['10.0.0.79', false],
      ['10.0.0.78', false],
    ]);
    const { NetworkInterface: blocks } = await ask(
      create({ PrivateIpAddress: '10.0.0.80', Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }] }),
    );
    expect(blocks).toMatchObject({
      PrivateIpAddress: '10.0.0.80',
      Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.16/28' }],
    });
  });

  test('an address that is taken, AWS’s own or elsewhere is refused, and the ones named beside it stay free', async () => {
    await ask(create({ PrivateIpAddress: '10.0.0.77' }));
    const { freeAddresses } = world.ec2.subnet(SUBNET);
    const beside = (PrivateIpAddress: string) =>
      create({ PrivateIpAddresses: [{ PrivateIpAddress: '10.0.0.90' }, { PrivateIpAddress }] });
    expect(await code(beside('10.0.0.77'))).toBe('InvalidIPAddress.InUse');
    expect(await code(beside('10.0.0.90'))).toBe('InvalidIPAddress.InUse');
    expect(await code(beside('10.0.0.1'))).toBe('InvalidParameterValue');
    expect(await code(beside('10.9.0.1'))).toBe('InvalidParameterValue');
    expect(await code(beside('not an address'))).toBe('InvalidParameterValue');
    expect(await code(create({ Ipv4Prefixes: [{ Ipv4Prefix: '10.0.1.8/28' }] }))).toBe(
      'InvalidParameterValue',
    );
    expect(await code(create({ InterfaceType: 'efa' }))).toBe('UnsupportedOperation');
    expect(world.ec2.subnet(SUBNET).freeAddresses).toBe(freeAddresses);
    expect(await code(beside('10.0.0.91'))).toBe('carried out');
  });

  test('named addresses move from one ENI to another only when that is allowed, and never its own address', async () => {
    const from = world.ec2.perform('CreateNetworkInterface', {
      subnetId: SUBNET,
      privateIpAddress: '10.0.0.50',
      privateIpAddresses: ['10.0.0.51', '10.0.0.52'],
    }).networkInterface;
    const to = world.ec2.perform('CreateNetworkInterface', { subnetId: SUBNET }).networkInterface;
    const move = (address: string, AllowReassignment: boolean) =>
      assign(to.id, { PrivateIpAddresses: [address], AllowReassignment });

    expect(await code(move('10.0.0.51', false))).toBe('InvalidParameterValue');
    expect(await code(move('10.0.0.50', true))).toBe('InvalidIPAddress.InUse');
    expect(world.ec2.eni(from.id)?.secondaryIps).toEqual(['10.0.0.51', '10.0.0.52']);

    const { AssignedPrivateIpAddresses: moved } = await ask(() =>
      ec2.send(
        new AssignPrivateIpAddressesCommand({
          NetworkInterfaceId: to.id,
          PrivateIpAddresses: ['10.0.0.51', '10.0.0.60'],
          AllowReassignment: true,
        }),
      ),
    );
    expect(moved?.map((one) => one.PrivateIpAddress)).toEqual(['10.0.0.51', '10.0.0.60']);
    expect(world.ec2.eni(from.id)?.secondaryIps).toEqual(['10.0.0.52']);
    expect(world.ec2.eni(to.id)?.secondaryIps).toEqual(['10.0.0.51', '10.0.0.60']);
    expect(
      await code(assign(to.id, { PrivateIpAddresses: ['10.0.0.61'], SecondaryPrivateIpAddressCount: 1 })),
    ).toBe('InvalidParameterCombination');
  });

  test('a move that finds no room leaves the addresses where they were', async () => {
    const { id } = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET, secondaryIps: 9 });
    world.ec2.setState(id, 'running');
    const full = world.ec2.instance(id).enis[0]?.id ?? '';
    const from = world.ec2.perform('CreateNetworkInterface', {
      subnetId: SUBNET,
      secondaryPrivateIpAddressCount: 2,
    }).networkInterface;
    const move = assign(full, { PrivateIpAddresses: from.secondaryIps, AllowReassignment: true });
    expect(await code(move)).toBe('PrivateIpAddressLimitExceeded');
    expect(world.ec2.eni(from.id)?.secondaryIps).toEqual(from.secondaryIps);
  });

  test('instance types tell how many interfaces and addresses they take, and an invented one is refused', async () => {
    const types = (input: object) => () => ec2.send(new DescribeInstanceTypesCommand(input));
    const { InstanceTypes } = await ask(types({ InstanceTypes: ['m5.large', 'm5.metal', 'p4d.24xlarge'] }));
    expect(InstanceTypes).toMatchObject([
      {
        InstanceType: 'm5.large',
        Hypervisor: 'nitro',
        BareMetal: false,
        NetworkInfo: { MaximumNetworkInterfaces: 3, Ipv4AddressesPerInterface: 10, MaximumNetworkCards: 1 },
      },
      { InstanceType: 'm5.metal', BareMetal: true, NetworkInfo: { MaximumNetworkInterfaces: 15 } },
      { InstanceType: 'p4d.24xlarge', NetworkInfo: { MaximumNetworkCards: 4, MaximumNetworkInterfaces: 60 } },
    ]);
    expect(await code(types({ InstanceTypes: ['m5.tiny'] }))).toBe('InvalidInstanceType');
    expect(await code(types({ MaxResults: 101 }))).toBe('InvalidParameterValue');
    const page = await ask(types({ Filters: [{ Name: 'bare-metal', Values: ['true'] }] }));
    expect(page.InstanceTypes).toHaveLength(100);
    expect(page.NextToken).toBeDefined();
  });

  test('what clients send without being asked changes nothing: forced detaches, resources managed by AWS', async () => {
    const { id } = world.ec2.launch({ type: 'm5.large', subnetId: SUBNET });
    world.ec2.setState(id, 'running');
    const { NetworkInterface } = await ask(create({ InterfaceType: 'interface' }));
    const NetworkInterfaceId = NetworkInterface?.NetworkInterfaceId ?? '';
    const { AttachmentId } = await ask(() =>
      ec2.send(new AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId: id, DeviceIndex: 1 })),
    );
    await ask(() => ec2.send(new DetachNetworkInterfaceCommand({ AttachmentId, Force: true })));
    const { Reservations } = await ask(() =>
      ec2.send(new DescribeInstancesCommand({ InstanceIds: [id], IncludeManagedResources: true })),
    );
    expect(Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces).toHaveLength(1);
    const { NetworkInterfaces } = await ask(() =>
      ec2.send(
        new DescribeNetworkInterfacesCommand({
          NetworkInterfaceIds: [NetworkInterfaceId],
          IncludeManagedResources: false,
        }),
      ),
    );
    expect(NetworkInterfaces?.[0]?.Status).toBe('available');
  });
});
