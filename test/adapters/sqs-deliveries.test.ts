/** Messages that a run works on, against the embedded SQS. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { SqsDeliveries } from '../../lambdas/adapters/sqs-deliveries.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { World } from '../../sim/world.ts';
import { CLUSTER, inWorld, SUBNET, seconds } from '../scenarios/stage.ts';

/** A queue whose messages come back after 181 s by themselves, with so many of them received by a run. */
function received(count: number) {
  const world = new World({ seed: 1, cluster: CLUSTER, subnets: [SUBNET] });
  const queue = world.queues.create({ name: 'launches', visibilityTimeoutMs: seconds(181) });
  for (let index = 0; index < count; index++) queue.send(`message ${index}`, 0);
  const messages = Array.from({ length: Math.ceil(count / 10) }, () => queue.receive(10))
    .flat()
    .map(({ eventSourceARN: queueArn, receiptHandle }) => ({ queueArn, receiptHandle }));
  const client = new SQSClient(
    virtualClient({ door: inProcessDoor(world), service: 'sqs', region: world.region, callerName: 'us' }),
  );
  const deliveries = new SqsDeliveries(client, [queue.url]);
  const hide = (some = messages, forS = 3): Promise<void> =>
    inWorld(world, () => deliveries.hide(some, seconds(forS)));
  const visibleIn = async (afterS: number): Promise<number> => {
    await world.kernel.run(world.kernel.nowMs + seconds(afterS));
    return queue.depth.visible;
  };
  return { queue, messages, hide, visibleIn };
}

test('a whole batch of a hundred comes back as soon as was said', async () => {
  const { hide, visibleIn } = received(100);
  await hide();
  expect(await visibleIn(2.5)).toBe(0);
  expect(await visibleIn(1)).toBe(100);
});

test('hidden anew they stay away for as long as was said last', async () => {
  const { hide, visibleIn } = received(3);
  await hide();
  await hide(undefined, 90);
  expect(await visibleIn(80)).toBe(0);
  expect(await visibleIn(11)).toBe(3);
});

test('one that is done with, and one of a queue that is not ours, do not keep the others', async () => {
  const { queue, messages, hide, visibleIn } = received(3);
  const [done, other, ...rest] = messages;
  if (done === undefined || other === undefined) throw new Error('three messages were received');
  queue.delete(done.receiptHandle);
  await hide([done, { ...other, queueArn: 'arn:aws:sqs:eu-central-1:123456789012:theirs' }, ...rest]);
  expect(await visibleIn(4)).toBe(1);
});
