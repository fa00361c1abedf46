import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AssignPrivateIpAddressesCommand,
  CreateNetworkInterfaceCommand,
  DescribeInstancesCommand,
  EC2Client,
  EC2ServiceException,
} from '@aws-sdk/client-ec2';
import { DescribeClusterCommand, EKSClient } from '@aws-sdk/client-eks';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { afterEach, expect, test, vi } from 'vitest';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import type { WireWorld } from '../../sim/wire/wire.ts';
import { REGION, SUBNET, smallWorld } from './doors-world.ts';

const FOREVER = { fromMs: 0, toMs: 1e12 };

/** Twelve workers, each with clients of its own, race for the account; what each met, in the order it happened. */
async function race(seed: number): Promise<string[]> {
  const world = smallWorld({
    seed,
    latencies: {
      default: [
        [0, 40],
        [0.5, 150],
        [1, 2_000],
      ],
    },
    throttling: { CreateNetworkInterface: { size: 5, perSecond: 2 } },
    faults: [{ kind: 'lostReply', action: 'Assign*', share: 0.1, ...FOREVER }],
  });
  const queue = world.queues.create({ name: 'q', visibilityTimeoutMs: 30_000 });
  const story: string[] = [];
  const tell = (text: string) => story.push(`${world.kernel.nowMs} ${text}`);
  for (let worker = 0; worker < 12; worker++) {
    const door = inProcessDoor(world);
    const settings = (service: 'ec2' | 'eks' | 'sqs') =>
      virtualClient({ door, service, region: REGION, callerName: `worker-${worker}` });
    const work = async (): Promise<void> => {
      const ec2 = new EC2Client(settings('ec2'));
      await new EKSClient(settings('eks')).send(new DescribeClusterCommand({ name: 'shop' }));
      for (let round = 0; round < 4; round++) {
        try {
          const created = await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: SUBNET }));
          const id = created.NetworkInterface?.NetworkInterfaceId;
          tell(`${worker} created ${id} (${created.$metadata.requestId})`);
          const given = await ec2.send(
            new AssignPrivateIpAddressesCommand({
              NetworkInterfaceId: id,
              SecondaryPrivateIpAddressCount: 3,
            }),
          );
          tell(`${worker} got ${given.AssignedPrivateIpAddresses?.map((ip) => ip.PrivateIpAddress)}`);
        } catch (error) {
          tell(`${worker} failed: ${(error as Error).name}`);
        }
        await Promise.all([
          ec2.send(new DescribeInstancesCommand({})),
          new SQSClient(settings('sqs')).send(
            new SendMessageCommand({ QueueUrl: queue.url, MessageBody: `${worker}` }),
          ),
        ]);
      }
    };
    world.kernel.after(worker * 10, () =>
      world.kernel.activity(work, (result) => expect(result.status).toBe('fulfilled')),
    );
  }
  await world.kernel.run(600_000);
  return [...story, ...queue.bodies];
}

afterEach(() => vi.unstubAllEnvs());

test('twelve real clients at once: the same seed gives the same run, request ids and losers included', async () => {
  const first = await race(3);
  expect(first.some((line) => line.includes('RequestLimitExceeded'))).toBe(true);
  expect(first.some((line) => line.includes('TimeoutError'))).toBe(true);
  expect(first).toHaveLength(12 * 4 * 3 - first.filter((line) => line.includes('RequestLimit')).length);
  expect(await race(3)).toEqual(first);
  expect(await race(4)).not.toEqual(first);
});

test('a hostile environment and configuration file change nothing: neither is read', async () => {
  const calm = await race(5);
  const folder = mkdtempSync(join(tmpdir(), 'doors-'));
  const file = join(folder, 'config');
  writeFileSync(file, '[default]\nregion = mars-1\nendpoint_url = http://127.0.0.1:1\nmax_attempts = 9\n');
  for (const [name, value] of Object.entries({
    AWS_CONFIG_FILE: file,
    AWS_SHARED_CREDENTIALS_FILE: file,
    AWS_REGION: 'mars-1',
    AWS_ENDPOINT_URL: 'http://127.0.0.1:1',
    AWS_MAX_ATTEMPTS: '9',
    AWS_RETRY_MODE: 'adaptive',
    AWS_USE_FIPS_ENDPOINT: 'true',
    AWS_AUTH_SCHEME_PREFERENCE: 'sigv4a',
    AWS_SDK_UA_APP_ID: 'x'.repeat(60),
  })) {
    vi.stubEnv(name, value);
  }
  expect(await race(5)).toEqual(calm);
  rmSync(folder, { recursive: true });
});

test('the clients ask the machine for nothing: no file, no socket, no name, no timer', async () => {
  const inside = new AsyncLocalStorage<true>();
  const asked = new Set<string>();
  // The kernel's own turns of the event loop are `Immediate`. The SDK draws its invocation ids and client tokens from
  // the machine's randomness, without waiting for it, and the world's answers do not depend on them.
  const harmless = new Set(['PROMISE', 'Immediate', 'TickObject', 'Microtask', 'RANDOMBYTESREQUEST']);
  const hook = createHook({
    init: (_id, type) => {
      if (inside.getStore() && !harmless.has(type)) asked.add(type);
    },
  });
  hook.enable();
  try {
    await inside.run(true, () => race(6));
    expect([...asked]).toEqual([]);
    // The probe itself works: a timer does show.
    inside.run(true, () => clearTimeout(setTimeout(() => {}, 1)));
    expect([...asked]).toEqual(['Timeout']);
  } finally {
    hook.disable();
  }
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
