/** A person looks into queues and takes messages out, as with the AWS CLI. */
import {
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  ReceiveMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { beforeEach, expect, test } from 'vitest';
import type { Queue } from '../../sim/queues.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { EPOCH_MS, inVirtualTime, REGION, type SmallWorld, smallWorld } from './doors-world.ts';

let world: SmallWorld;
let queue: Queue;
let sqs: SQSClient;
beforeEach(() => {
  world = smallWorld();
  const dead = world.queues.create({ name: 'signals-dead-letters', visibilityTimeoutMs: 30_000 });
  queue = world.queues.create({
    name: 'signals',
    visibilityTimeoutMs: 30_000,
    deadLetter: { queueUrl: dead.url, maxReceiveCount: 5 },
  });
  sqs = new SQSClient(
    virtualClient({ door: inProcessDoor(world), service: 'sqs', region: REGION, callerName: 'person' }),
  );
});

const ask = <T>(work: () => Promise<T>): Promise<T> => inVirtualTime(world.kernel, work);
const receive = (input: object = {}) =>
  ask(() => sqs.send(new ReceiveMessageCommand({ QueueUrl: queue.url, ...input })));
const pass = (ms: number): Promise<void> => world.kernel.run(world.kernel.nowMs + ms);

test('a queue is found by name or prefix, and one that does not exist is refused', async () => {
  const { QueueUrl } = await ask(() => sqs.send(new GetQueueUrlCommand({ QueueName: 'signals' })));
  expect(QueueUrl).toBe(queue.url);
  const { QueueUrls } = await ask(() => sqs.send(new ListQueuesCommand({ QueueNamePrefix: 'signals-' })));
  expect(QueueUrls).toEqual([`${queue.url}-dead-letters`]);
  const first = await ask(() => sqs.send(new ListQueuesCommand({ MaxResults: 1 })));
  expect(first.QueueUrls).toHaveLength(1);
  const next = await ask(() =>
    sqs.send(new ListQueuesCommand({ MaxResults: 1, NextToken: first.NextToken })),
  );
  expect(next).toMatchObject({ QueueUrls: [queue.url] });
  expect(next.NextToken).toBeUndefined();
  await expect(ask(() => sqs.send(new GetQueueUrlCommand({ QueueName: 'none' })))).rejects.toMatchObject({
    name: 'QueueDoesNotExist',
  });
});

test('a message is hidden while somebody has it, comes back if it is not deleted, and not if it is', async () => {
  queue.send('hello', 0);
  const { Messages: [first] = [] } = await receive({ MessageSystemAttributeNames: ['All'] });
  expect(first).toMatchObject({ Body: 'hello', Attributes: { ApproximateReceiveCount: '1' } });
  expect((await receive()).Messages).toBeUndefined();

  await pass(30_000);
  const { Messages: [second] = [] } = await receive({
    AttributeNames: ['ApproximateReceiveCount'],
    VisibilityTimeout: 5,
  });
  expect(second?.MessageId).toBe(first?.MessageId);
  expect(second?.Attributes).toEqual({ ApproximateReceiveCount: '2' });

  await pass(5_000);
  const { Messages: [third] = [] } = await receive();
  await ask(() =>
    sqs.send(new DeleteMessageCommand({ QueueUrl: queue.url, ReceiptHandle: third?.ReceiptHandle })),
  );
  await pass(60_000);
  expect(queue.depth).toEqual({ visible: 0, inFlight: 0, delayed: 0 });
});

test('a long poll answers when a message turns up, or with nothing when its time is over', async () => {
  queue.send('late', 3_000);
  const before = world.kernel.nowMs;
  expect((await receive({ WaitTimeSeconds: 20 })).Messages).toMatchObject([{ Body: 'late' }]);
  expect(world.kernel.nowMs - before).toBe(3_000);
  const { Messages } = await receive({ WaitTimeSeconds: 2 });
  expect(Messages).toBeUndefined();
  expect(world.kernel.nowMs - before).toBe(5_000);
});

test('attributes tell what is in a queue and where its failures go', async () => {
  queue.send('now', 0);
  queue.send('later', 9_000);
  const attributes = async (...AttributeNames: string[]) =>
    (
      await ask(() =>
        sqs.send(
          new GetQueueAttributesCommand({ QueueUrl: queue.url, AttributeNames: AttributeNames as ['All'] }),
        ),
      )
    ).Attributes;
  expect(await attributes('All')).toEqual({
    QueueArn: queue.arn,
    ApproximateNumberOfMessages: '1',
    ApproximateNumberOfMessagesNotVisible: '0',
    ApproximateNumberOfMessagesDelayed: '1',
    VisibilityTimeout: '30',
    CreatedTimestamp: String(EPOCH_MS / 1000),
    DelaySeconds: '0',
    ReceiveMessageWaitTimeSeconds: '0',
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: `${queue.arn}-dead-letters`, maxReceiveCount: 5 }),
  });
  expect(await attributes('VisibilityTimeout')).toEqual({ VisibilityTimeout: '30' });
  await expect(attributes('Colour')).rejects.toMatchObject({ name: 'InvalidAttributeName' });
});

test('what is out of bounds is refused by the name of its parameter', async () => {
  await expect(receive({ MaxNumberOfMessages: 11 })).rejects.toThrow('MaxNumberOfMessages');
  await expect(receive({ WaitTimeSeconds: 21 })).rejects.toThrow('WaitTimeSeconds');
  await expect(receive({ ReceiveRequestAttemptId: 'x' })).rejects.toMatchObject({
    name: 'UnsupportedOperation',
  });
});
