import type { SQSEvent } from 'aws-lambda';
import { describe, expect, test } from 'vitest';
import { Chance } from '../../sim/chance.ts';
import { Kernel } from '../../sim/kernel.ts';
import { type ConsumerOptions, consume } from '../../sim/queue-consumer.ts';
import { type Queue, type QueueOptions, QueueService } from '../../sim/queues.ts';

const EPOCH_MS = Date.UTC(2026, 0, 15, 9);
const seconds = (s: number): number => s * 1_000;

/** One invocation as the function saw it. */
interface Invocation {
  readonly atMs: number;
  readonly bodies: string[];
  readonly event: SQSEvent;
}

interface Setup {
  readonly seed?: number;
  readonly queue?: Partial<QueueOptions>;
  readonly consumer?: Partial<Pick<ConsumerOptions, 'maxBatch' | 'windowMs' | 'pollers'>>;
  /** What the function does with its event: takes this long, then answers or throws. */
  readonly works?: (event: SQSEvent, invocation: number) => unknown;
  readonly takesMs?: number;
}

function world(setup: Setup = {}) {
  const kernel = new Kernel();
  const place = {
    kernel,
    chance: new Chance(setup.seed ?? 1),
    region: 'eu-central-1',
    accountId: '111122223333',
  };
  const queues = new QueueService({ ...place, epochMs: EPOCH_MS });
  const dead = queues.create({ name: 'dead', visibilityTimeoutMs: seconds(30) });
  const queue = queues.create({ name: 'signals', visibilityTimeoutMs: seconds(30), ...setup.queue });
  const invocations: Invocation[] = [];
  const handler = async (event: SQSEvent) => {
    const number = invocations.push({
      atMs: kernel.nowMs,
      bodies: event.Records.map((record) => record.body),
      event,
    });
    await kernel.park<void>((resolve) => kernel.after(setup.takesMs ?? 0, () => resolve()));
    return setup.works?.(event, number) as undefined;
  };
  const start = () =>
    consume(kernel, { queue, maxBatch: 10, windowMs: 0, pollers: 1, ...setup.consumer, handler });
  return { kernel, queues, queue, dead, invocations, start };
}

const send = (queue: Queue, count: number): string[] =>
  Array.from({ length: count }, (_, i) => {
    queue.send(`m${i}`, 0);
    return `m${i}`;
  });
const EMPTY = { visible: 0, inFlight: 0, delayed: 0 };

describe('batches', () => {
  test('a burst within the window becomes one invocation, which starts when the window closes', async () => {
    const { kernel, queue, invocations, start } = world({
      consumer: { maxBatch: 100, windowMs: 9_500 },
    });
    start();
    for (let second = 1; second <= 12; second++)
      kernel.at(seconds(second), () => queue.send(`at ${second}`, 0));
    await kernel.run(seconds(40));
    expect(invocations.map(({ atMs, bodies }) => [atMs, bodies.length])).toEqual([
      [10_500, 10],
      [20_500, 2],
    ]);
    expect(queue.depth).toEqual(EMPTY);
  });

  test('a full batch does not wait for its window', async () => {
    const { kernel, queue, invocations, start } = world({
      consumer: { maxBatch: 25, windowMs: seconds(10) },
    });
    start();
    send(queue, 60);
    await kernel.run(seconds(60));
    expect(invocations.map(({ atMs, bodies }) => [atMs, bodies.length])).toEqual([
      [0, 25],
      [0, 25],
      [seconds(10), 10],
    ]);
  });

  test('several pollers share a backlog; none of it is handled twice', async () => {
    const { kernel, queue, invocations, start } = world({
      consumer: { maxBatch: 10, pollers: 4 },
      takesMs: seconds(5),
    });
    const sent = send(queue, 80);
    start();
    await kernel.run(seconds(60));
    expect(invocations.map(({ atMs }) => atMs)).toEqual([0, 0, 0, 0, ...Array(4).fill(seconds(5))]);
    expect(invocations.flatMap(({ bodies }) => bodies).sort()).toEqual([...sent].sort());
    expect(queue.depth).toEqual(EMPTY);
  });

  test('a message that comes while every poller works waits for the first that is free', async () => {
    const { kernel, queue, invocations, start } = world({ takesMs: seconds(5) });
    start();
    queue.send('first', 0);
    kernel.at(seconds(2), () => queue.send('second', 0));
    await kernel.run(seconds(4));
    expect(queue.depth).toEqual({ visible: 1, inFlight: 1, delayed: 0 });
    await kernel.run(seconds(20));
    expect(invocations.map(({ atMs }) => atMs)).toEqual([0, seconds(5)]);
  });

  test('settings Lambda refuses are refused', () => {
    const { start } = world({ consumer: { maxBatch: 11, windowMs: 999 } });
    expect(start).toThrow('a batch of 11 needs a window of at least 1,000 ms');
    expect(world({ consumer: { windowMs: 300_001 } }).start).toThrow('windowMs 300001');
  });

  test('a stopped consumer leaves the queue to the next one', async () => {
    const { kernel, queue, invocations, start } = world({ consumer: { pollers: 3 } });
    start().stop();
    send(queue, 2);
    await kernel.run(seconds(1));
    expect(invocations).toEqual([]);
    start();
    await kernel.run(seconds(2));
    expect(invocations.flatMap(({ bodies }) => bodies)).toEqual(['m0', 'm1']);
  });
});

describe('failures', () => {
  test('a function that throws gets its whole batch again when the visibility timeout is over', async () => {
    const { kernel, queue, invocations, start } = world({
      works: (_event, number) => {
        if (number === 1) throw new Error('not today');
      },
      takesMs: seconds(2),
    });
    send(queue, 3);
    start();
    await kernel.run(seconds(60));
    expect(invocations.map(({ atMs, bodies }) => [atMs, bodies])).toEqual([
      [0, ['m0', 'm1', 'm2']],
      [seconds(30), ['m0', 'm1', 'm2']],
    ]);
    expect(invocations[1]?.event.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
    expect(queue.depth).toEqual(EMPTY);
  });

  test('of a batch that failed in part only that part comes back', async () => {
    const { kernel, queue, invocations, start } = world({
      works: ({ Records }, number) => ({
        batchItemFailures: number > 1 ? [] : [{ itemIdentifier: Records[1]?.messageId }],
      }),
    });
    send(queue, 3);
    start();
    await kernel.run(seconds(60));
    expect(invocations.map(({ bodies }) => bodies)).toEqual([['m0', 'm1', 'm2'], ['m1']]);
    expect(queue.depth).toEqual(EMPTY);
  });

  test.each([
    ['an id that was not in the batch', { batchItemFailures: [{ itemIdentifier: 'who' }] }],
    ['an empty id', { batchItemFailures: [{ itemIdentifier: '' }] }],
    ['a missing id', { batchItemFailures: [{ id: 'misspelt' }] }],
  ])('a report with %s fails the whole batch', async (_report, answer) => {
    const { kernel, queue, start } = world({ works: () => answer });
    send(queue, 2);
    start();
    await kernel.run(seconds(1));
    expect(queue.depth).toEqual({ visible: 0, inFlight: 2, delayed: 0 });
  });

  test('a message nobody can handle is tried as often as allowed and then buried, with where it failed', async () => {
    const { kernel, queues, dead, start } = world();
    const queue = queues.create({
      name: 'poisoned',
      visibilityTimeoutMs: seconds(30),
      deadLetter: { queueUrl: dead.url, maxReceiveCount: 3 },
    });
    start();
    const tries: number[] = [];
    consume(kernel, {
      queue,
      maxBatch: 1,
      windowMs: 0,
      pollers: 2,
      handler: async () => {
        tries.push(kernel.nowMs);
        throw new Error('poison');
      },
    });
    queue.send('poison', 0);
    await kernel.run(seconds(300));
    expect(tries).toEqual([0, seconds(30), seconds(60)]);
    expect(queue.depth).toEqual(EMPTY);
    expect(dead.bodies).toEqual(['poison']);
    expect(dead.receive(1)[0]?.attributes).toMatchObject({
      DeadLetterQueueSourceArn: queue.arn,
      SentTimestamp: String(EPOCH_MS),
      ApproximateReceiveCount: '1',
    });
  });

  test('a function slower than the visibility timeout sees its message twice, and its late delete counts for nothing', async () => {
    const { kernel, queue, invocations, start } = world({
      queue: { visibilityTimeoutMs: seconds(10) },
      consumer: { pollers: 2 },
      takesMs: seconds(12),
      works: (_event, number) => {
        if (number === 2) throw new Error('the second one fails');
      },
    });
    queue.send('slow', 0);
    start();
    await kernel.run(seconds(21));
    expect(invocations.map(({ atMs }) => atMs)).toEqual([0, seconds(10), seconds(20)]);
    expect(invocations.map(({ event }) => event.Records[0]?.receiptHandle)).toSatisfy(
      (handles: string[]) => new Set(handles).size === 3,
    );
  });
});

describe('delivery', () => {
  test('delayed messages become visible in the order of their moments', async () => {
    const { kernel, queue, invocations, start } = world();
    start();
    queue.send('later', seconds(900));
    queue.send('sooner', seconds(3));
    expect(queue.depth).toEqual({ visible: 0, inFlight: 0, delayed: 2 });
    await kernel.run(seconds(1_000));
    expect(invocations.map(({ atMs, bodies }) => [atMs, bodies])).toEqual([
      [seconds(3), ['sooner']],
      [seconds(900), ['later']],
    ]);
  });

  test('at least once: some messages come a second time under the same id, the same ones for the same seed', async () => {
    const run = async (seed: number) => {
      const { kernel, queue, invocations, start } = world({ seed, queue: { duplicates: 0.1 } });
      const sent = send(queue, 500);
      start();
      await kernel.run(seconds(60));
      expect(queue.depth).toEqual(EMPTY);
      const records = invocations.flatMap(({ event }) => event.Records);
      expect(new Set(records.map(({ body }) => body))).toEqual(new Set(sent));
      expect(new Set(records.map(({ messageId }) => messageId)).size).toBe(500);
      return records.map(({ body }) => body);
    };
    const first = await run(7);
    expect(first.length).toBeGreaterThan(520);
    expect(first.length).toBeLessThan(580);
    expect(await run(7)).toEqual(first);
    expect(await run(8)).not.toEqual(first);
  });

  test('an event has every field Lambda hands on', async () => {
    const { kernel, queue, invocations, start } = world();
    await kernel.run(seconds(5));
    const { messageId } = queue.send('hello', seconds(2));
    start();
    await kernel.run(seconds(10));
    expect(invocations[0]?.event).toEqual({
      Records: [
        {
          messageId,
          receiptHandle: expect.stringMatching(/^[0-9a-f]{64}$/),
          body: 'hello',
          attributes: {
            ApproximateReceiveCount: '1',
            SentTimestamp: String(EPOCH_MS + seconds(5)),
            SenderId: '111122223333',
            ApproximateFirstReceiveTimestamp: String(EPOCH_MS + seconds(7)),
          },
          messageAttributes: {},
          // md5 of "hello".
          md5OfBody: '5d41402abc4b2a76b9719d911017c592',
          eventSource: 'aws:sqs',
          eventSourceARN: 'arn:aws:sqs:eu-central-1:111122223333:signals',
          awsRegion: 'eu-central-1',
        },
      ],
    });
  });

  test('a queue nobody made takes nothing', () => {
    const { queues, queue } = world();
    expect(queues.send(`${queue.url}s`, 'lost', 0)).toBeUndefined();
    expect(queues.send(queue.url, 'kept', 0)?.messageId).toMatch(/^[0-9a-f-]{36}$/);
    expect(() => queues.create({ name: 'signals', visibilityTimeoutMs: 1 })).toThrow('exists already');
  });
});
