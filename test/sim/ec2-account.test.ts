import { describe, expect, test } from 'vitest';
import type { ApiError } from '../../sim/ec2/api.ts';
import { caller, ec2World as world } from './ec2-stage.ts';

describe('addresses', () => {
  test('a /22 has 1,019 addresses to give: AWS keeps five', () => {
    expect(world().account.subnet('subnet-a').freeAddresses).toBe(1_019);
  });

  test('an ENI that does not fit leaves nothing behind', async () => {
    const { account, ask } = world({
      subnets: [
        {
          id: 'subnet-a',
          vpcId: 'vpc-1',
          zone: 'z',
          cidr: '10.0.0.0/24',
          free: { addresses: 5, prefixes: 0 },
        },
      ],
    });
    const answer = await ask('CreateNetworkInterface', {
      subnetId: 'subnet-a',
      secondaryPrivateIpAddressCount: 5,
    });
    expect(answer).toBe('InsufficientFreeAddressesInSubnet');
    expect(account.enis()).toEqual([]);
    expect(account.subnet('subnet-a').freeAddresses).toBe(5);
  });

  test('a fragmented subnet has addresses but no /28, and gets one back when a block empties', async () => {
    const { account, ask, create } = world({
      subnets: [
        {
          id: 'subnet-a',
          vpcId: 'vpc-1',
          zone: 'z',
          cidr: '10.0.0.0/24',
          free: { addresses: 40, prefixes: 1 },
        },
      ],
    });
    const prefix = create();
    expect(await ask('AssignPrivateIpAddresses', { networkInterfaceId: prefix.id, ipv4PrefixCount: 2 })).toBe(
      'InsufficientCidrBlocks',
    );
    expect(account.eni(prefix.id)?.prefixes).toEqual([]);
    await ask('AssignPrivateIpAddresses', { networkInterfaceId: prefix.id, ipv4PrefixCount: 1 });
    const [block = ''] = account.eni(prefix.id)?.prefixes ?? [];
    expect(Number(block.split('.')[3]?.split('/')[0]) % 16).toBe(0);
    expect(account.subnet('subnet-a')).toMatchObject({ freeAddresses: 23, freePrefixes: 0 });
    await ask('UnassignPrivateIpAddresses', { networkInterfaceId: prefix.id, ipv4Prefixes: [block] });
    expect(account.subnet('subnet-a')).toMatchObject({ freeAddresses: 39, freePrefixes: 1 });
  });

  test('scattered single addresses eat whole blocks long before the subnet is full', () => {
    const { account, create } = world();
    for (let n = 0; n < 10; n++) create(9);
    expect(account.subnet('subnet-a').freeAddresses).toBe(919);
    expect(account.subnet('subnet-a').freePrefixes).toBeLessThan(40);
  });
});

describe('attaching', () => {
  test('an instance that is still pending refuses, a running one accepts', async () => {
    const { account, ask, create } = world();
    const { id } = account.launch({ type: 'm5.large', subnetId: 'subnet-a' });
    const input = { networkInterfaceId: create().id, instanceId: id, deviceIndex: 1 };
    expect(await ask('AttachNetworkInterface', input)).toBe('IncorrectState');
    account.setState(id, 'running');
    expect(await ask('AttachNetworkInterface', input)).toMatchObject({ networkCardIndex: 0 });
    expect(await ask('AttachNetworkInterface', { ...input, deviceIndex: 2 })).toBe(
      'InvalidNetworkInterface.InUse',
    );
  });

  test('a taken device index and a fourth ENI on an m5.large are refused, each in its own words', async () => {
    const { ask, node, create } = world();
    const { id: instanceId } = node();
    const attach = (deviceIndex: number) =>
      ask('AttachNetworkInterface', { networkInterfaceId: create().id, instanceId, deviceIndex });
    await attach(1);
    expect(await attach(1)).toBe('InvalidParameterValue');
    await attach(2);
    expect(await attach(3)).toBe('AttachmentLimitExceeded');
  });

  test('an ENI takes no more addresses than its type allows', async () => {
    const { account, ask, node } = world();
    const primary = node().enis[0]?.id ?? '';
    await ask('AssignPrivateIpAddresses', { networkInterfaceId: primary, secondaryPrivateIpAddressCount: 8 });
    expect(
      await ask('AssignPrivateIpAddresses', {
        networkInterfaceId: primary,
        secondaryPrivateIpAddressCount: 2,
      }),
    ).toBe('PrivateIpAddressLimitExceeded');
    expect(account.eni(primary)?.secondaryIps).toHaveLength(8);
  });

  test('termination deletes what it may and leaves the rest lying about', () => {
    const { account, node } = world();
    const instance = node();
    const kept = account.attachedAtStart(instance.id, { secondaryIps: 3, deleteOnTermination: false });
    account.terminate(instance.id);
    expect(account.instance(instance.id)).toMatchObject({ state: 'terminated', enis: [] });
    expect(account.enis().map((eni) => [eni.id, eni.attachment])).toEqual([[kept.id, undefined]]);
    expect(account.subnet('subnet-a').freeAddresses).toBe(1_019 - 4);
  });
});

describe('unreliable calls', () => {
  test('a create repeated with its token is answered, not repeated; with other contents it is refused', async () => {
    const { account, ask } = world();
    const input = { subnetId: 'subnet-a', clientToken: 'plan-1', secondaryPrivateIpAddressCount: 2 };
    const first = await ask('CreateNetworkInterface', input);
    expect(await ask('CreateNetworkInterface', input)).toEqual(first);
    expect(await ask('CreateNetworkInterface', { ...input, secondaryPrivateIpAddressCount: 3 })).toBe(
      'IdempotentParameterMismatch',
    );
    expect(account.enis()).toHaveLength(1);
  });

  test('a lost reply arrives as silence at the time limit although the addresses were assigned', async () => {
    const { account, ask, node } = world({
      faults: [{ kind: 'lostReply', fromMs: 0, toMs: 60_000, action: 'Assign*' }],
    });
    const primary = node().enis[0]?.id ?? '';
    const answer = await ask('AssignPrivateIpAddresses', {
      networkInterfaceId: primary,
      secondaryPrivateIpAddressCount: 4,
    });
    expect(answer).toBe('TimeoutError');
    expect(account.eni(primary)?.secondaryIps).toHaveLength(4);
  });

  test('one caller empties a bucket for all; it refills at the documented pace', async () => {
    const { kernel, account, ask, create } = world({ throttling: true });
    const { id: networkInterfaceId } = create();
    const groups = ['sg-1'];
    for (let n = 0; n < 101; n++) {
      kernel.spawn(
        (function* () {
          try {
            yield* account.call({ name: 'greedy' }, 'ModifyNetworkInterfaceAttribute', {
              networkInterfaceId,
              groups,
            });
          } catch (error) {
            expect((error as ApiError).httpStatus).toBe(503);
          }
        })(),
      );
    }
    await kernel.run(150);
    expect(account.calls.throttles.get('ModifyNetworkInterfaceAttribute')).toBe(1);
    expect(await ask('ModifyNetworkInterfaceAttribute', { networkInterfaceId, groups })).toBe(
      'RequestLimitExceeded',
    );
    await kernel.run(kernel.nowMs + 1_000);
    expect(await ask('ModifyNetworkInterfaceAttribute', { networkInterfaceId, groups })).toEqual({});
    expect(account.calls.of('greedy').get('ModifyNetworkInterfaceAttribute')).toBe(101);
    expect(account.calls.of('tester').get('ModifyNetworkInterfaceAttribute')).toBe(2);
  });

  test('a caller that dies while it waits never reached EC2', async () => {
    const { kernel, account } = world();
    const running = kernel.spawn(account.call(caller, 'CreateNetworkInterface', { subnetId: 'subnet-a' }));
    await kernel.run(50);
    running.stop();
    await kernel.run(1_000);
    expect(account.enis()).toEqual([]);
    expect(account.calls.callers).toEqual([]);
  });

  test('others take a subnet for a while and give it back', async () => {
    const { kernel, account, ask } = world({
      faults: [{ kind: 'subnetExhausted', fromMs: 1_000, toMs: 30_000 }],
    });
    await kernel.run(2_000);
    expect(await ask('CreateNetworkInterface', { subnetId: 'subnet-a' })).toBe(
      'InsufficientFreeAddressesInSubnet',
    );
    await kernel.run(31_000);
    expect(account.subnet('subnet-a').freeAddresses).toBe(1_019);
  });
});

describe('reading', () => {
  test('pages follow one another without gap or repeat', async () => {
    const { ask, create } = world();
    const made = Array.from({ length: 12 }, () => create().id);
    const seen: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await ask('DescribeNetworkInterfaces', { maxResults: 5, ...(nextToken && { nextToken }) });
      if (typeof page === 'string') throw new Error(page);
      seen.push(...page.networkInterfaces.map((eni) => eni.id));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    expect(seen).toEqual(made);
    expect(await ask('DescribeNetworkInterfaces', { maxResults: 4 })).toBe('InvalidParameterValue');
    expect(await ask('DescribeNetworkInterfaces', { maxResults: 5, networkInterfaceIds: made })).toBe(
      'InvalidParameterCombination',
    );
  });

  test('filters combine, take alternatives and wildcards, and unknown ones are refused', async () => {
    const { account, ask, node, create } = world();
    const { id: instanceId } = node();
    const spare = account.perform('CreateNetworkInterface', {
      subnetId: 'subnet-a',
      description: 'warm spare',
      tags: { owner: 'us' },
    }).networkInterface;
    create();
    const find = async (filters: { name: string; values: string[] }[]) => {
      const answer = await ask('DescribeNetworkInterfaces', { filters });
      return typeof answer === 'string' ? answer : answer.networkInterfaces.map((eni) => eni.id);
    };
    expect(await find([{ name: 'attachment.instance-id', values: [instanceId, 'i-other'] }])).toHaveLength(1);
    expect(
      await find([
        { name: 'status', values: ['available'] },
        { name: 'tag:owner', values: ['us'] },
      ]),
    ).toEqual([spare.id]);
    expect(await find([{ name: 'description', values: ['warm*'] }])).toEqual([spare.id]);
    expect(await find([{ name: 'colour', values: ['red'] }])).toBe('InvalidParameterValue');
  });

  test('one unknown instance id fails the whole question', async () => {
    const { ask, node } = world();
    const { id } = node();
    expect(await ask('DescribeInstances', { instanceIds: [id, 'i-gone'] })).toBe(
      'InvalidInstanceID.NotFound',
    );
  });

  test('an answer is a copy: later changes do not reach into it', async () => {
    const { account, ask, node } = world();
    const primary = node().enis[0]?.id ?? '';
    const before = account.eni(primary);
    await ask('AssignPrivateIpAddresses', { networkInterfaceId: primary, secondaryPrivateIpAddressCount: 3 });
    expect(before?.secondaryIps).toEqual([]);
  });
});

describe('instance metadata', () => {
  test('an ENI shows late, its addresses never before it, and it vanishes as late', async () => {
    const { kernel, account, ask, node, create } = world();
    const { id } = node();
    const eni = create(2);
    const shows = () =>
      account
        .metadata(id)
        .enis(kernel.nowMs)
        .map((shown) => shown.secondaryIps.length);
    const { attachmentId } = account.perform('AttachNetworkInterface', {
      networkInterfaceId: eni.id,
      instanceId: id,
      deviceIndex: 1,
    });
    await kernel.run(3_999);
    expect(shows()).toEqual([0]);
    await kernel.run(4_000);
    expect(shows()).toEqual([0, 2]);
    await ask('AssignPrivateIpAddresses', { networkInterfaceId: eni.id, secondaryPrivateIpAddressCount: 1 });
    expect(shows()).toEqual([0, 3]);
    account.perform('DetachNetworkInterface', { attachmentId });
    await kernel.run(kernel.nowMs + 3_999);
    expect(shows()).toEqual([0, 3]);
    account.perform('DeleteNetworkInterface', { networkInterfaceId: eni.id });
    expect(shows()).toEqual([0]);
  });
});

test('one caller more shifts nobody else`s latencies', async () => {
  const ends = async (alone: boolean) => {
    const { kernel, account } = world({
      latencies: {
        default: [
          [0, 50],
          [1, 500],
        ],
      },
    });
    const loop = function* (name: string, times: number[]) {
      for (let n = 0; n < 5; n++) {
        yield* account.call({ name }, 'DescribeSubnets', {});
        times.push(kernel.nowMs);
      }
    };
    const times: number[] = [];
    if (!alone) kernel.spawn(loop('other', []));
    kernel.spawn(loop('tester', times));
    await kernel.run(60_000);
    return times;
  };
  expect(await ends(false)).toEqual(await ends(true));
});
