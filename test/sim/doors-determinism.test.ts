import {
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  EC2Client,
  EC2ServiceException,
} from '@aws-sdk/client-ec2';
import { expect, test } from 'vitest';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import type { WireWorld } from '../../sim/wire/wire.ts';
import { race } from './doors-race.ts';
import { REGION, SUBNET, smallWorld } from './doors-world.ts';

test('twelve real clients at once: the same seed gives the same run, request ids and losers included', async () => {
  const first = await race(3);
  expect(first.some((line) => line.includes('RequestLimitExceeded'))).toBe(true);
  expect(first.some((line) => line.includes('TimeoutError'))).toBe(true);
  // Created, assigned, sent; put, and an execution's start and end.
  expect(first).toHaveLength(12 * 4 * (3 + 3) - first.filter((line) => line.includes('RequestLimit')).length);
  const requestIds = first.flatMap((line) => line.match(/\(([0-9a-f-]{36})\)/)?.[1] ?? []);
  expect(new Set(requestIds).size).toBe(requestIds.length);
  expect(requestIds.length).toBeGreaterThan(12);
  expect(await race(3)).toEqual(first);
  expect(await race(4)).not.toEqual(first);
});

test('a time limit of the door is the client’s time limit, in virtual time', async () => {
  const world = smallWorld({ latencies: { default: 4_000 } });
  const door = inProcessDoor(world, { timeoutMs: 3_000 });
  const ec2 = new EC2Client(virtualClient({ door, service: 'ec2', region: REGION, callerName: 'me' }));
  const failures: unknown[] = [];
  world.kernel.activity(
    () => ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET })),
    (result) => failures.push(world.kernel.nowMs, result.status === 'rejected' && result.reason),
  );
  await world.kernel.run(3_500);
  expect(failures[0]).toBe(3_000);
  expect(failures[1]).not.toBeInstanceOf(EC2ServiceException);
  expect(failures[1]).toMatchObject({ name: 'TimeoutError', $metadata: { attempts: 1 } });
  expect(world.ec2.enis()).toEqual([]);
  await world.kernel.run(5_000);
  expect(world.ec2.enis()).toHaveLength(1);
});

test('a defect of the world ends the run; it does not pass for a failed request', async () => {
  const world = smallWorld();
  const broken: WireWorld = {
    ...world,
    ec2: {
      call: () => {
        throw new RangeError('the world is flat');
      },
    },
  };
  const door = inProcessDoor(broken);
  const ec2 = new EC2Client(virtualClient({ door, service: 'ec2', region: REGION, callerName: 'me' }));
  world.kernel.activity(
    () => ec2.send(new DescribeInstancesCommand({})).catch(() => 'swallowed'),
    () => {},
  );
  await expect(world.kernel.run(1_000)).rejects.toThrow('the world is flat');
});
