import { SendMessageBatchCommand, type SendMessageBatchRequestEntry, SQSClient } from '@aws-sdk/client-sqs';
import { describe, expect, test } from 'vitest';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { inVirtualTime, REGION, smallWorld } from './doors-world.ts';

const MIB = 1_048_576;

/** Sends one batch; tells what came back and how many messages the queue holds afterwards. */
async function sendBatch(entries: SendMessageBatchRequestEntry[]) {
  const world = smallWorld();
  const queue = world.queues.create({ name: 'q', visibilityTimeoutMs: 30_000 });
  const door = inProcessDoor(world);
  const sqs = new SQSClient(virtualClient({ door, service: 'sqs', region: REGION, callerName: 'me' }));
  const send = () => sqs.send(new SendMessageBatchCommand({ QueueUrl: queue.url, Entries: entries }));
  const answer = await inVirtualTime(world.kernel, () => send().catch((error: unknown) => error));
  return { answer, held: queue.depth.visible };
}

describe('a batch that breaks a rule for all of it sends nothing', () => {
  const entry = (Id: string, MessageBody = 'x') => ({ Id, MessageBody });
  const entries = (count: number) => Array.from({ length: count }, (_, i) => entry(`n${i}`));

  test.each([
    ['empty', [], 'EmptyBatchRequest'],
    ['eleven entries', entries(11), 'TooManyEntriesInBatchRequest'],
    ['two entries of one id', [entry('a'), entry('b'), entry('a')], 'BatchEntryIdsNotDistinct'],
    ['an id with a space', [entry('a b')], 'InvalidBatchEntryId'],
    ['an id too long', [entry('a'.repeat(81))], 'InvalidBatchEntryId'],
    ['more than 1 MiB in all', [entry('a', 'x'.repeat(MIB)), entry('b')], 'BatchRequestTooLong'],
    [
      'attributes, which these queues do not keep',
      [{ ...entry('a'), MessageGroupId: 'g' }],
      'UnsupportedOperation',
    ],
  ])('%s', async (_rule, batch, name) => {
    const { answer, held } = await sendBatch(batch);
    expect(answer).toMatchObject({ name, $metadata: { httpStatusCode: 400 } });
    expect(held).toBe(0);
  });

  test('ten entries of just 1 MiB together are within the rules', async () => {
    const { answer, held } = await sendBatch(
      entries(10).map((e) => ({ ...e, MessageBody: 'é'.repeat(MIB / 20) })),
    );
    expect(answer).toMatchObject({ Successful: entries(10).map(({ Id }) => ({ Id })) });
    expect(held).toBe(10);
  });
});
