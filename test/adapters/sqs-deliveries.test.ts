/** Messages that a run works on, against the embedded SQS. */
import { readFileSync } from 'node:fs';
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { SqsDeliveries } from '../../lambdas/adapters/sqs-deliveries.ts';
import { workOff } from '../../lambdas/adapters/sqs-signals.ts';
import type { NodeId } from '../../lambdas/core/model.ts';
import { DEFAULT_POLICY } from '../../lambdas/core/policy.ts';
import type { Ports } from '../../lambdas/core/ports.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { World } from '../../sim/world.ts';
import { CLUSTER, inWorld, SUBNET, seconds } from '../scenarios/stage.ts';

const RUNNING = JSON.parse(
  readFileSync(new URL('../events/ec2-instance-running.json', import.meta.url), 'utf8'),
);

const SILENT: Ports['journal'] = { note() {}, warn() {}, measure() {} };

/** A queue whose messages come back after 181 s by themselves, with so many of them received by a run; each tells of an instance. */
function received(count: number) {
  const world = new World({ seed: 1, cluster: CLUSTER, subnets: [SUBNET] });
  const queue = world.queues.create({ name: 'launches', visibilityTimeoutMs: seconds(181) });
  for (let index = 0; index < count; index++) queue.send(launchOf(index), 0);
  const records = Array.from({ length: Math.ceil(count / 10) }, () => queue.receive(10)).flat();
  const messages = records.map(({ eventSourceARN: queueArn, receiptHandle }) => ({
    queueArn,
    receiptHandle,
  }));
  const client = new SQSClient(
    virtualClient({ door: inProcessDoor(world), service: 'sqs', region: world.region, callerName: 'us' }),
  );
  const deliveries = new SqsDeliveries(client, [queue.url]);
  const hide = (some = messages, forS = 3): Promise<void> =>
    inWorld(world, () => deliveries.hide(some.map((delivery) => ({ delivery, forMs: seconds(forS) }))));
  const visibleIn = async (afterS: number): Promise<number> => {
    await world.kernel.run(world.kernel.nowMs + seconds(afterS));
    return queue.depth.visible;
  };
  return { world, queue, records, messages, deliveries, hide, visibleIn };
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

const nodeOf = (index: number): NodeId => `i-0000000000000${String(index).padStart(4, '0')}`;
const launchOf = (index: number): string =>
  JSON.stringify({ ...RUNNING, detail: { ...RUNNING.detail, 'instance-id': nodeOf(index) } });

test('of two launches one is being attached, the other waits for requests: should the run die, that one comes back first', async () => {
  const { world, queue, records, deliveries, visibleIn } = received(2);
  // All that a batch of launches touches beside its queue.
  const ports = {
    deliveries,
    home: undefined,
    settings: { policy: DEFAULT_POLICY },
    journal: SILENT,
  } as unknown as Ports;
  await inWorld(world, () =>
    workOff({ Records: records }, ports, async (_, { acts }) => {
      await acts?.(new Map([[nodeOf(0), seconds(90)]]));
      return [];
    }),
  );
  expect(await visibleIn(4.5)).toBe(0);
  expect(await visibleIn(1)).toBe(1);
  expect(queue.receive(1)[0]?.body).toBe(launchOf(1));
  expect(await visibleIn(80)).toBe(0);
});
