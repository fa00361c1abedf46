/** Messages that failed for the last time, against the embedded SQS. */
import { SQSClient } from '@aws-sdk/client-sqs';
import { expect, test } from 'vitest';
import { SqsDeadLetters } from '../../lambdas/adapters/sqs-dead-letters.ts';
import { inProcessDoor, virtualClient } from '../../sim/wire/door.ts';
import { World } from '../../sim/world.ts';
import { CLUSTER, inWorld, SUBNET } from '../scenarios/stage.ts';

function queues(deadLettersUrl?: string) {
  const world = new World({ seed: 1, cluster: CLUSTER, subnets: [SUBNET] });
  const dead = world.queues.create({ name: 'signals-dead-letters', visibilityTimeoutMs: 30_000 });
  const queue = world.queues.create({ name: 'signals', visibilityTimeoutMs: 30_000 });
  const client = new SQSClient(
    virtualClient({ door: inProcessDoor(world), service: 'sqs', region: world.region, callerName: 'us' }),
  );
  const letters = new SqsDeadLetters(client, { deadLettersOf: { [queue.url]: deadLettersUrl ?? dead.url } });
  const bury = (why: string, queueArn = queue.arn): Promise<boolean> =>
    inWorld(world, () => letters.bury({ body: '{"some":"event"}', queueArn }, why));
  return { dead, bury };
}

test('the letter is the message, with the reason on it', async () => {
  const { dead, bury } = queues();
  expect(await bury('EC2 said no')).toBe(true);
  expect(dead.receive(10)).toMatchObject([
    {
      body: '{"some":"event"}',
      messageAttributes: {
        ERROR_CODE: { stringValue: 'FUNCTION_FAILED' },
        ERROR_MESSAGE: { stringValue: 'EC2 said no' },
      },
    },
  ]);
});

test.each([
  ['a long one is cut', 'x'.repeat(5_000), 'x'.repeat(1_000)],
  ['characters that SQS refuses become spaces', 'a\u0000b\uD800c', 'a b c'],
  ['none is said to be none', '', 'no reason was given'],
])('reasons: %s', async (_, why, kept) => {
  const { dead, bury } = queues();
  expect(await bury(why)).toBe(true);
  expect(dead.receive(1)[0]?.messageAttributes['ERROR_MESSAGE']?.stringValue).toBe(kept);
});

test('a queue that we know no dead letters of, or that does not take it, is left to SQS', async () => {
  const { dead, bury } = queues();
  expect(await bury('why', 'arn:aws:sqs:eu-central-1:111122223333:another')).toBe(false);
  const gone = queues('https://sqs.eu-central-1.amazonaws.com/111122223333/gone');
  expect(await gone.bury('why')).toBe(false);
  expect([dead.depth.visible, gone.dead.depth.visible]).toEqual([0, 0]);
});
