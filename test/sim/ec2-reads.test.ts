import { expect, test } from 'vitest';
import type { Eni } from '../../sim/ec2/api.ts';
import { ec2World } from './ec2-stage.ts';

/** Reads of everybody but `prompt` lag by up to ten seconds. */
const lagging = () =>
  ec2World({
    readLag: {
      callers: (name) => name !== 'prompt',
      lagMs: [
        [0, 0],
        [1, 10_000],
      ],
    },
  });

/** One growing story: an ENI is created, filled, tagged, attached, marked, emptied, detached and deleted, one step a second. */
function* story(world: ReturnType<typeof lagging>, instanceId: string) {
  const { kernel, account } = world;
  const me = { name: 'prompt' };
  const { networkInterface } = yield* account.call(me, 'CreateNetworkInterface', { subnetId: 'subnet-a' });
  const networkInterfaceId = networkInterface.id;
  const pause = () => kernel.sleep(900);
  for (let n = 0; n < 3; n++) {
    yield* pause();
    yield* account.call(me, 'AssignPrivateIpAddresses', {
      networkInterfaceId,
      secondaryPrivateIpAddressCount: 1,
    });
  }
  yield* pause();
  yield* account.call(me, 'CreateTags', { resources: [networkInterfaceId], tags: { step: 'tagged' } });
  yield* pause();
  const { attachmentId } = yield* account.call(me, 'AttachNetworkInterface', {
    networkInterfaceId,
    instanceId,
    deviceIndex: 1,
  });
  yield* pause();
  yield* account.call(me, 'ModifyNetworkInterfaceAttribute', {
    networkInterfaceId,
    attachment: { attachmentId, deleteOnTermination: true },
  });
  yield* pause();
  yield* account.call(me, 'DetachNetworkInterface', { attachmentId });
  yield* pause();
  yield* account.call(me, 'DeleteNetworkInterface', { networkInterfaceId });
}

/** How far the story has come, as one ENI's looks tell. */
function chapter(eni: Eni | undefined, seenBefore: number): number {
  if (eni === undefined) return seenBefore === 0 ? 0 : 8;
  if (eni.attachment !== undefined) return eni.attachment.deleteOnTermination ? 6 : 5;
  if (eni.tags.size === 0) return 1 + eni.secondaryIps.length / 10;
  return seenBefore >= 5 ? 7 : 4;
}

test('a caller never sees a thing go back in time, is behind at most by the longest lag, and callers differ', async () => {
  const world = lagging();
  const { kernel, account } = world;
  const { id } = world.node();
  await kernel.run(20_000);
  kernel.spawn(story(world, id));
  const seen = new Map<string, number[]>();
  const watch = function* (name: string) {
    const chapters: number[] = [];
    seen.set(name, chapters);
    for (;;) {
      const { networkInterfaces } = yield* account.call({ name }, 'DescribeNetworkInterfaces', {});
      const eni = networkInterfaces.find(({ attachment }) => attachment?.deviceIndex !== 0);
      chapters.push(chapter(eni, chapters.at(-1) ?? 0));
    }
  };
  for (const name of ['prompt', 'a', 'b', 'c']) kernel.spawn(watch(name));
  await kernel.run(60_000);
  for (const chapters of seen.values()) {
    expect(chapters).toEqual([...chapters].sort((a, b) => a - b));
    expect(chapters.at(-1)).toBe(8);
  }
  // Before the story's end every lagging caller is behind the prompt one, each in its own way.
  const ends = ['prompt', 'a', 'b', 'c'].map((name) => seen.get(name)?.indexOf(8) ?? -1);
  expect(Math.min(...ends)).toBe(ends[0]);
  expect(new Set(ends).size).toBeGreaterThan(2);
  expect(Math.max(...ends) - (ends[0] ?? 0)).toBeLessThanOrEqual(101);
});

test('an ENI that is not to be seen yet is not found by id, and may be changed all the same', async () => {
  const { account, ask, kernel } = ec2World({ readLag: { callers: () => true, lagMs: 30_000 } });
  const made = await ask('CreateNetworkInterface', { subnetId: 'subnet-a' });
  if (typeof made === 'string') throw new Error(made);
  const networkInterfaceId = made.networkInterface.id;
  const look = () => ask('DescribeNetworkInterfaces', { networkInterfaceIds: [networkInterfaceId] });
  expect(await look()).toBe('InvalidNetworkInterfaceID.NotFound');
  expect(
    await ask('AssignPrivateIpAddresses', { networkInterfaceId, secondaryPrivateIpAddressCount: 2 }),
  ).toMatchObject({ assignedIps: [expect.any(String), expect.any(String)] });
  expect(account.eni(networkInterfaceId)?.secondaryIps).toHaveLength(2);
  await kernel.run(32_000);
  expect(await look()).toMatchObject({ networkInterfaces: [{ secondaryIps: [] }] });
  await kernel.run(80_000);
  expect(await look()).toMatchObject({ networkInterfaces: [{ secondaryIps: { length: 2 } }] });
});

test('ENIs that go with their instance are still shown for a while; a call whose reply was lost counts too', async () => {
  const { account, ask, kernel } = ec2World({
    readLag: { callers: () => true, lagMs: 30_000 },
    faults: [{ kind: 'lostReply', fromMs: 40_000, toMs: 41_000, action: 'CreateNetworkInterface' }],
  });
  const { id } = account.launch({ type: 'm5.large', subnetId: 'subnet-a' });
  account.setState(id, 'running');
  await kernel.run(40_000);
  expect(await ask('CreateNetworkInterface', { subnetId: 'subnet-a' })).toBe('TimeoutError');
  account.terminate(id);
  const shown = async () => {
    const answer = await ask('DescribeInstances', { instanceIds: [id] });
    const enis = await ask('DescribeNetworkInterfaces', {});
    if (typeof answer === 'string' || typeof enis === 'string') throw new Error('no answer');
    return [answer.instances[0]?.state, answer.instances[0]?.enis.length, enis.networkInterfaces.length];
  };
  expect(await shown()).toEqual(['running', 1, 1]);
  await kernel.run(120_000);
  expect(await shown()).toEqual(['terminated', 0, 1]);
});

test('pages and filters go by what the caller sees', async () => {
  const { account, ask } = ec2World({ readLag: { callers: () => true, lagMs: 60_000 } });
  for (let n = 0; n < 7; n++) account.perform('CreateNetworkInterface', { subnetId: 'subnet-a' });
  const gone = account.enis()[2]?.id ?? '';
  await ask('DeleteNetworkInterface', { networkInterfaceId: gone });
  const first = await ask('DescribeNetworkInterfaces', { maxResults: 5 });
  if (typeof first === 'string') throw new Error(first);
  const { nextToken = '' } = first;
  const second = await ask('DescribeNetworkInterfaces', { maxResults: 5, nextToken });
  if (typeof second === 'string') throw new Error(second);
  const ids = [...first.networkInterfaces, ...second.networkInterfaces].map(({ id }) => id);
  expect(new Set(ids).size).toBe(7);
  expect(ids).toContain(gone);
});
