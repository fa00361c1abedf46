import { describe, expect, test } from 'vitest';
import { ApiError, type Caller, type Ec2Action, type Ec2Actions } from '../../sim/ec2/api.ts';
import type { World } from '../../sim/world.ts';
import { SUBNET_A, world } from './cluster-stage.ts';

const PREWARMER = { name: 'prewarmer' };
const IPAMD = { name: 'ipamd/i-1' };
const LAG_MS = 30_000;

const lagging = (): World =>
  world({ readLag: { callers: (name) => name === PREWARMER.name, lagMs: LAG_MS } });

/** The answer, or the code of the refusal. */
async function ask<A extends Ec2Action>(
  { kernel, ec2 }: World,
  caller: Caller,
  action: A,
  input: Ec2Actions[A]['input'],
): Promise<Ec2Actions[A]['output'] | string> {
  let answer: Ec2Actions[A]['output'] | string | undefined;
  kernel.spawn(
    (function* () {
      try {
        answer = yield* ec2.call(caller, action, input);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        answer = error.code;
      }
    })(),
  );
  await kernel.run(kernel.nowMs + 10_000, () => answer !== undefined);
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

describe('reads of EC2 that lag, for one caller', () => {
  test('a new instance is not found yet, and then it is; others find it at once', async () => {
    const shop = lagging();
    const { id } = shop.account.launch({ type: 'm5.large', subnetId: SUBNET_A });
    const look = (caller: Caller) => ask(shop, caller, 'DescribeInstances', { instanceIds: [id] });
    expect(await look(PREWARMER)).toBe('InvalidInstanceID.NotFound');
    expect(await ask(shop, PREWARMER, 'DescribeInstances', {})).toEqual({ instances: [] });
    expect(await look(IPAMD)).toMatchObject({ instances: [{ id, state: 'pending' }] });
    shop.account.setState(id, 'running');
    await shop.kernel.run(LAG_MS);
    expect(await look(PREWARMER)).toMatchObject({ instances: [{ id, state: 'pending' }] });
    await shop.kernel.run(2 * LAG_MS);
    expect(await look(PREWARMER)).toMatchObject({ instances: [{ id, state: 'running' }] });
  });

  test('an ENI that was created and attached: not there, then on the instance', async () => {
    const shop = lagging();
    const { id } = shop.account.launch({ type: 'm5.large', subnetId: SUBNET_A });
    shop.account.setState(id, 'running');
    await shop.kernel.run(2 * LAG_MS);
    const created = await ask(shop, PREWARMER, 'CreateNetworkInterface', { subnetId: SUBNET_A });
    if (typeof created === 'string') throw new Error(created);
    const eni = created.networkInterface.id;
    await ask(shop, PREWARMER, 'AttachNetworkInterface', {
      networkInterfaceId: eni,
      instanceId: id,
      deviceIndex: 1,
    });
    const filters = [{ name: 'attachment.instance-id', values: [id] }];
    const attachedFor = async (caller: Caller): Promise<number> => {
      const answer = await ask(shop, caller, 'DescribeNetworkInterfaces', { filters });
      return typeof answer === 'string' ? -1 : answer.networkInterfaces.length;
    };
    const onInstance = async (caller: Caller): Promise<number> => {
      const answer = await ask(shop, caller, 'DescribeInstances', { instanceIds: [id] });
      return typeof answer === 'string' ? -1 : (answer.instances[0]?.enis.length ?? -1);
    };
    expect([await attachedFor(PREWARMER), await attachedFor(IPAMD)]).toEqual([1, 2]);
    expect([await onInstance(PREWARMER), await onInstance(IPAMD)]).toEqual([1, 2]);
    expect(await ask(shop, PREWARMER, 'DescribeNetworkInterfaces', { networkInterfaceIds: [eni] })).toBe(
      'InvalidNetworkInterfaceID.NotFound',
    );
    await shop.kernel.run(shop.kernel.nowMs + LAG_MS);
    expect([await attachedFor(PREWARMER), await onInstance(PREWARMER)]).toEqual([2, 2]);
  });

  test('an ENI that was deleted is still among those that match', async () => {
    const shop = lagging();
    const { networkInterface } = shop.account.perform('CreateNetworkInterface', { subnetId: SUBNET_A });
    await ask(shop, IPAMD, 'DeleteNetworkInterface', { networkInterfaceId: networkInterface.id });
    const filters = [{ name: 'status', values: ['avail*'] }];
    const available = (caller: Caller) => ask(shop, caller, 'DescribeNetworkInterfaces', { filters });
    expect(await available(PREWARMER)).toMatchObject({ networkInterfaces: [{ id: networkInterface.id }] });
    expect(await available(IPAMD)).toMatchObject({ networkInterfaces: [] });
    await shop.kernel.run(2 * LAG_MS);
    expect(await available(PREWARMER)).toMatchObject({ networkInterfaces: [] });
  });
});
