import { describe, expect, test } from 'vitest';
import { ec2World } from './ec2-stage.ts';

const slow = () => ec2World({ attachmentTimes: { attachingMs: 3_000, detachingMs: 5_000 } });

const at = (networkInterfaceId: string, instanceId: string, deviceIndex: number, networkCardIndex = 0) => ({
  networkInterfaceId,
  instanceId,
  deviceIndex,
  networkCardIndex,
});

describe('attachments on their way', () => {
  test('an attachment is attaching, then attached; filters tell them apart', async () => {
    const { kernel, account, ask, node, create } = slow();
    const { id } = node();
    const eni = create();
    kernel.spawn(account.call({ name: 'tester' }, 'AttachNetworkInterface', at(eni.id, id, 1)));
    await kernel.run(3_099);
    expect(account.eni(eni.id)?.attachment?.status).toBe('attaching');
    await kernel.run(3_100);
    expect(account.eni(eni.id)?.attachment?.status).toBe('attached');
    const filters = [{ name: 'attachment.status', values: ['attaching'] }];
    expect(await ask('DescribeNetworkInterfaces', { filters })).toEqual({ networkInterfaces: [] });
  });

  test('a detach keeps the device index and the ENI busy until it is through', async () => {
    const { kernel, account, node, create } = slow();
    const { id } = node();
    const [eni, next] = [create(), create()];
    const answers: unknown[] = [];
    kernel.spawn(
      (function* () {
        const me = { name: 'tester' };
        const { attachmentId } = yield* account.call(me, 'AttachNetworkInterface', at(eni.id, id, 1));
        yield* account.call(me, 'DetachNetworkInterface', { attachmentId });
        answers.push(account.eni(eni.id)?.attachment?.status);
        for (const refusal of [
          account.call(me, 'DetachNetworkInterface', { attachmentId }),
          account.call(me, 'DeleteNetworkInterface', { networkInterfaceId: eni.id }),
          account.call(me, 'AttachNetworkInterface', at(next.id, id, 1)),
        ]) {
          try {
            answers.push(yield* refusal);
          } catch (error) {
            answers.push((error as Error).name);
          }
        }
        yield* kernel.sleep(5_000);
        answers.push(account.eni(eni.id)?.attachment);
        answers.push(yield* account.call(me, 'DeleteNetworkInterface', { networkInterfaceId: eni.id }));
        yield* account.call(me, 'AttachNetworkInterface', at(next.id, id, 1));
      })(),
    );
    await kernel.run(60_000);
    expect(answers).toEqual([
      'detaching',
      'IncorrectState',
      'InvalidParameterValue',
      'InvalidParameterValue',
      undefined,
      {},
    ]);
    expect(account.instance(id).enis.map((each) => each.id)).toContain(next.id);
  });

  test('a detach overtakes an attach and stays under way', async () => {
    const { kernel, account, ask, node, create } = ec2World({
      attachmentTimes: { attachingMs: 15_000, detachingMs: 30_000 },
    });
    const eni = create();
    const answer = await ask('AttachNetworkInterface', at(eni.id, node().id, 1));
    if (typeof answer === 'string') throw new Error(answer);
    await ask('DetachNetworkInterface', { attachmentId: answer.attachmentId });
    expect(account.eni(eni.id)?.attachment?.status).toBe('detaching');
    await kernel.run(kernel.nowMs + 15_000);
    expect(account.eni(eni.id)?.attachment?.status).toBe('detaching');
    await kernel.run(kernel.nowMs + 15_000);
    expect(account.eni(eni.id)?.attachment).toBeUndefined();
  });

  test('a detach that the end of its instance forestalled does not reach the next attachment', async () => {
    const { kernel, account, ask, node, create } = ec2World({
      attachmentTimes: { attachingMs: 0, detachingMs: 60_000 },
    });
    const [first, second] = [node(), node()];
    const eni = create();
    const { attachmentId } = account.perform('AttachNetworkInterface', at(eni.id, first.id, 1));
    await ask('DetachNetworkInterface', { attachmentId });
    account.terminate(first.id);
    await ask('AttachNetworkInterface', at(eni.id, second.id, 1));
    await kernel.run(120_000);
    expect(account.eni(eni.id)?.attachment?.instanceId).toBe(second.id);
  });

  test('an instance that ends in the middle of a detach takes the ENI with it when told so', async () => {
    const { kernel, account, ask, node, create } = ec2World({
      attachmentTimes: { attachingMs: 0, detachingMs: 60_000 },
    });
    const { id } = node();
    const eni = create();
    const { attachmentId } = account.perform('AttachNetworkInterface', at(eni.id, id, 1));
    account.perform('ModifyNetworkInterfaceAttribute', {
      networkInterfaceId: eni.id,
      attachment: { attachmentId, deleteOnTermination: true },
    });
    await ask('DetachNetworkInterface', { attachmentId });
    account.terminate(id);
    expect(account.enis()).toEqual([]);
    await kernel.run(120_000);
    expect(account.subnet('subnet-a').freeAddresses).toBe(1_019);
  });
});

describe('stopped instances', () => {
  test('keep their interfaces, take another one, and come back with all of them and a new launch time', async () => {
    const { kernel, account, ask, node, create } = ec2World();
    const { id } = node();
    account.attachedAtStart(id, { secondaryIps: 9 });
    const states: string[] = [];
    account.onStateChange((_, state) => states.push(state));
    account.setState(id, 'stopping');
    expect(await ask('AttachNetworkInterface', at(create().id, id, 2))).toBe('IncorrectState');
    account.setState(id, 'stopped');
    expect(await ask('AttachNetworkInterface', at(create().id, id, 2))).toMatchObject({
      networkCardIndex: 0,
    });
    const startedAtMs = kernel.nowMs;
    account.setState(id, 'pending');
    account.setState(id, 'running');
    expect(states).toEqual(['stopping', 'stopped', 'pending', 'running']);
    const { enis, launchedAtMs } = account.instance(id);
    expect(enis.map((eni) => [eni.attachment?.deviceIndex, eni.secondaryIps.length])).toEqual([
      [0, 0],
      [1, 9],
      [2, 0],
    ]);
    expect(launchedAtMs).toBe(startedAtMs);
  });
});

describe('network cards', () => {
  test('each card of a c6in.32xlarge has its own device indexes and takes eight ENIs', async () => {
    const { account, ask, node, create } = ec2World();
    const { id } = node('c6in.32xlarge');
    for (let device = 1; device < 8; device++) {
      account.perform('AttachNetworkInterface', at(create().id, id, device));
    }
    expect(await ask('AttachNetworkInterface', at(create().id, id, 8))).toBe('AttachmentLimitExceeded');
    for (let device = 1; device <= 8; device++) {
      expect(await ask('AttachNetworkInterface', at(create().id, id, device, 1))).toMatchObject({
        networkCardIndex: 1,
      });
    }
    expect(await ask('AttachNetworkInterface', at(create().id, id, 9, 1))).toBe('AttachmentLimitExceeded');
    expect(account.instance(id).enis).toHaveLength(16);
    expect(await ask('AttachNetworkInterface', at(create().id, id, 1, 2))).toBe('InvalidParameterValue');
  });

  test('a taken index is refused on its own card only', async () => {
    const { ask, node, create } = ec2World();
    const { id } = node('c6in.32xlarge');
    expect(await ask('AttachNetworkInterface', at(create().id, id, 1, 1))).toMatchObject({
      networkCardIndex: 1,
    });
    expect(await ask('AttachNetworkInterface', at(create().id, id, 1, 1))).toBe('InvalidParameterValue');
    expect(await ask('AttachNetworkInterface', at(create().id, id, 1))).toMatchObject({
      networkCardIndex: 0,
    });
  });

  test('the primary interface stays; one at index 0 of another card may go', async () => {
    const { account, ask, node, create } = ec2World();
    const instance = node('c6in.32xlarge');
    const { attachmentId } = account.perform('AttachNetworkInterface', at(create().id, instance.id, 0, 1));
    const primary = instance.enis[0]?.attachment?.id ?? '';
    expect(await ask('DetachNetworkInterface', { attachmentId: primary })).toBe('OperationNotPermitted');
    expect(await ask('DetachNetworkInterface', { attachmentId })).toEqual({});
  });
});
