import {
  CreateSubnetCidrReservationCommand,
  DeleteSubnetCidrReservationCommand,
  EC2Client,
  GetSubnetCidrReservationsCommand,
} from '@aws-sdk/client-ec2';
import { describe, expect, test } from 'vitest';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { inVirtualTime, REGION, SUBNET, smallWorld } from './doors-world.ts';
import { ec2World } from './ec2-stage.ts';

type Reservations = readonly { readonly cidr: string; readonly type: 'prefix' | 'explicit' }[];

const withReservations = (reservations: Reservations, throttling = false) =>
  ec2World({
    subnets: [{ id: 'subnet-a', vpcId: 'vpc-1', zone: 'z', cidr: '10.0.0.0/24', reservations }],
    throttling,
  });

const last = (address: string): number => Number(address.split('/')[0]?.split('.')[3]);

describe('subnet CIDR reservations', () => {
  test('one for prefixes takes its addresses out of the free count at once, one for callers only as they are used', async () => {
    const { account, ask } = withReservations([]);
    const free = () => account.subnet('subnet-a').freeAddresses;
    expect(free()).toBe(251);
    const reserve = (cidr: string, reservationType: 'prefix' | 'explicit') =>
      ask('CreateSubnetCidrReservation', { subnetId: 'subnet-a', cidr, reservationType });
    await reserve('10.0.0.128/26', 'prefix');
    expect(free()).toBe(251 - 64);
    await reserve('10.0.0.192/27', 'explicit');
    expect(free()).toBe(251 - 64);
    await ask('CreateNetworkInterface', { subnetId: 'subnet-a', privateIpAddress: '10.0.0.200' });
    expect(free()).toBe(251 - 64 - 1);
  });

  test('blocks come from the reservations for prefixes, from all of them, and from nowhere else when they are full', async () => {
    const { account, ask, create } = withReservations([
      { cidr: '10.0.0.64/27', type: 'prefix' },
      { cidr: '10.0.0.192/27', type: 'prefix' },
    ]);
    expect(account.subnet('subnet-a').freePrefixes).toBe(4);
    const { id } = create();
    const more = () => ask('AssignPrivateIpAddresses', { networkInterfaceId: id, ipv4PrefixCount: 1 });
    await more();
    await more();
    await more();
    await more();
    expect([...(account.eni(id)?.prefixes ?? [])].map(last).sort((a, b) => a - b)).toEqual([
      64, 80, 192, 208,
    ]);
    expect(await more()).toBe('InsufficientCidrBlocks');
  });

  test('single addresses that EC2 chooses stay out of every reservation, to the last one', () => {
    const { account, create } = withReservations([
      { cidr: '10.0.0.0/25', type: 'prefix' },
      { cidr: '10.0.0.128/26', type: 'explicit' },
    ]);
    const enis = [create(49), create(11)];
    const addresses = enis.flatMap((eni) => [eni.privateIp, ...eni.secondaryIps]);
    expect(Math.min(...addresses.map(last))).toBeGreaterThanOrEqual(192);
    expect(account.subnet('subnet-a').freeAddresses).toBe(63 - 62 + 64);
    create();
    expect(() => create()).toThrow(expect.objectContaining({ code: 'InsufficientFreeAddressesInSubnet' }));
  });

  test('addresses in use stay where they are, and their blocks are not given out', async () => {
    const { account, ask } = withReservations([]);
    const answer = await ask('CreateNetworkInterface', {
      subnetId: 'subnet-a',
      privateIpAddress: '10.0.0.70',
    });
    if (typeof answer === 'string') throw new Error(answer);
    await ask('CreateSubnetCidrReservation', {
      subnetId: 'subnet-a',
      cidr: '10.0.0.64/27',
      reservationType: 'prefix',
    });
    expect(account.eni(answer.networkInterface.id)?.privateIp).toBe('10.0.0.70');
    expect(account.subnet('subnet-a')).toMatchObject({ freeAddresses: 251 - 32, freePrefixes: 1 });
  });

  test('overlapping, foreign and too small ranges are refused; a deleted reservation gives back what is unused', async () => {
    const { account, ask } = withReservations([{ cidr: '10.0.0.64/26', type: 'prefix' }]);
    const reserve = (cidr: string) =>
      ask('CreateSubnetCidrReservation', { subnetId: 'subnet-a', cidr, reservationType: 'prefix' });
    expect(await reserve('10.0.0.96/27')).toBe('InvalidSubnetCidrReservation.Conflict');
    expect(await reserve('10.0.1.0/28')).toBe('InvalidParameterValue');
    expect(await reserve('10.0.0.130/28')).toBe('InvalidParameterValue');
    expect(await reserve('10.0.0.128/29')).toBe('InvalidParameterValue');
    const known = await ask('GetSubnetCidrReservations', { subnetId: 'subnet-a' });
    if (typeof known === 'string') throw new Error(known);
    const subnetCidrReservationId = known.reservations[0]?.id ?? '';
    await ask('DeleteSubnetCidrReservation', { subnetCidrReservationId });
    expect(account.subnet('subnet-a')).toMatchObject({ freeAddresses: 251, freePrefixes: 14 });
    expect(await ask('DeleteSubnetCidrReservation', { subnetCidrReservationId })).toBe(
      'InvalidSubnetCidrReservationID.NotFound',
    );
  });

  test('making them is rationed to five at once and one a second', async () => {
    const { kernel, ask } = withReservations([], true);
    const answers: unknown[] = [];
    for (let n = 0; n < 7; n++) {
      const startMs = kernel.nowMs;
      answers.push(
        await ask(
          'CreateSubnetCidrReservation',
          { subnetId: 'subnet-a', cidr: `10.0.0.${16 + 16 * n}/28`, reservationType: 'explicit' },
          { name: 'tester', timeoutMs: 101 },
        ),
      );
      expect(kernel.nowMs - startMs).toBeLessThanOrEqual(101);
    }
    expect(answers.filter((answer) => answer === 'RequestLimitExceeded')).toHaveLength(2);
  });

  test('the SDK makes, reads and deletes one', async () => {
    const world = smallWorld();
    const door = inProcessDoor(world);
    const ec2 = new EC2Client(virtualClient({ door, service: 'ec2', region: REGION, callerName: 'person' }));
    const ask = <T>(work: () => Promise<T>): Promise<T> => inVirtualTime(world.kernel, work);
    const { SubnetCidrReservation: made } = await ask(() =>
      ec2.send(
        new CreateSubnetCidrReservationCommand({
          SubnetId: SUBNET,
          Cidr: '10.0.0.64/27',
          ReservationType: 'prefix',
          Description: 'for pods',
          TagSpecifications: [
            { ResourceType: 'subnet-cidr-reservation', Tags: [{ Key: 'team', Value: 'net' }] },
          ],
        }),
      ),
    );
    expect(made).toEqual({
      SubnetCidrReservationId: expect.stringMatching(/^scr-[0-9a-f]{17}$/),
      SubnetId: SUBNET,
      Cidr: '10.0.0.64/27',
      ReservationType: 'prefix',
      OwnerId: world.accountId,
      Description: 'for pods',
      Tags: [{ Key: 'team', Value: 'net' }],
    });
    const read = () => ask(() => ec2.send(new GetSubnetCidrReservationsCommand({ SubnetId: SUBNET })));
    expect(await read()).toMatchObject({
      SubnetIpv4CidrReservations: [made],
      SubnetIpv6CidrReservations: [],
    });
    const { DeletedSubnetCidrReservation: gone } = await ask(() =>
      ec2.send(
        new DeleteSubnetCidrReservationCommand({ SubnetCidrReservationId: made?.SubnetCidrReservationId }),
      ),
    );
    expect(gone).toEqual(made);
    expect((await read()).SubnetIpv4CidrReservations).toEqual([]);
  });
});
