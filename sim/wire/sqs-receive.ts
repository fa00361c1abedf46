/** Looking into queues and taking messages out. Limits, attributes and error names: SQS API reference. */
import type { SQSRecord } from 'aws-lambda';
import type { Kernel, Process } from '../kernel.ts';
import type { Queue } from '../queues.ts';
import { batchOf, type Fields, invalid, names, noSuchQueue, SqsError, text, whole } from './sqs-fields.ts';
import type { WireRequest, WireWorld } from './wire.ts';

const MAX_MESSAGES = 10;
const LONGEST_WAIT_SECONDS = 20;
/** Twelve hours. */
const LONGEST_VISIBILITY_SECONDS = 43_200;
const QUEUES_PER_PAGE = 1_000;

export function* receiveMessage(world: WireWorld, fields: Fields): Process<object> {
  const queue = find(world, fields);
  const most = whole(fields, 'MaxNumberOfMessages', 1, MAX_MESSAGES) ?? 1;
  const waitMs = 1000 * (whole(fields, 'WaitTimeSeconds', 0, LONGEST_WAIT_SECONDS) ?? 0);
  const hiddenSeconds = whole(fields, 'VisibilityTimeout', 0, LONGEST_VISIBILITY_SECONDS);
  const hiddenMs = hiddenSeconds === undefined ? queue.visibilityTimeoutMs : 1000 * hiddenSeconds;
  const shown = [...names(fields, 'AttributeNames'), ...names(fields, 'MessageSystemAttributeNames')];
  const asked = names(fields, 'MessageAttributeNames');
  const untilMs = world.kernel.nowMs + waitMs;
  let records = queue.receive(most, hiddenMs);
  while (records.length === 0 && world.kernel.nowMs < untilMs) {
    yield* awaitMessage(world.kernel, queue, untilMs);
    records = queue.receive(most, hiddenMs);
  }
  return records.length === 0 ? {} : { Messages: records.map((record) => message(record, shown, asked)) };
}

/** Until something may be received, or `untilMs`. */
function* awaitMessage(kernel: Kernel, queue: Queue, untilMs: number): Process {
  yield (resume) => {
    const wake = (): void => {
      cancel();
      queue.forget(wake);
      resume();
    };
    const cancel = kernel.at(untilMs, wake);
    queue.whenVisible(wake);
  };
}

function message(record: SQSRecord, shown: readonly string[], asked: readonly string[]): object {
  const own = Object.entries(record.messageAttributes).filter(
    ([name]) => asked.includes('All') || asked.includes(name),
  );
  const attributes = chosen({ ...record.attributes }, shown);
  return {
    MessageId: record.messageId,
    ReceiptHandle: record.receiptHandle,
    Body: record.body,
    MD5OfBody: record.md5OfBody,
    ...(attributes && { Attributes: attributes }),
    ...(own.length > 0 && {
      MessageAttributes: Object.fromEntries(
        own.map(([name, { stringValue }]) => [name, { DataType: 'String', StringValue: stringValue }]),
      ),
    }),
  };
}

/** An entry whose message is not in flight fails alone. Source: SQS API reference, ChangeMessageVisibility. */
export function changeVisibilityBatch(world: WireWorld, fields: Fields): object {
  const queue = find(world, fields);
  const entries = batchOf(fields['Entries'], 'ChangeMessageVisibilityBatch', [
    'ReceiptHandle',
    'VisibilityTimeout',
  ]).map(({ id, fields: one }) => ({
    Id: id,
    handle: text(one, 'ReceiptHandle'),
    seconds: whole(one, 'VisibilityTimeout', 0, LONGEST_VISIBILITY_SECONDS) ?? 0,
  }));
  const Failed: object[] = [];
  const Successful: object[] = [];
  for (const { Id, handle, seconds } of entries) {
    if (queue.hide(handle, 1000 * seconds)) Successful.push({ Id });
    else
      Failed.push({
        Id,
        SenderFault: true,
        Code: 'MessageNotInflight',
        Message: 'The specified message is not in flight.',
      });
  }
  return { Successful, Failed };
}

export function deleteMessage(world: WireWorld, fields: Fields): object {
  const handle = text(fields, 'ReceiptHandle');
  find(world, fields).delete(handle);
  return {};
}

export function getQueueUrl(world: WireWorld, fields: Fields, request: WireRequest): object {
  const name = text(fields, 'QueueName');
  const owner = fields['QueueOwnerAWSAccountId'] ?? world.accountId;
  const queue = world.queues.all().find((one) => one.name === name);
  if (queue === undefined || owner !== world.accountId) throw noSuchQueue();
  return { QueueUrl: urlFor(request, queue) };
}

export function listQueues(world: WireWorld, fields: Fields, request: WireRequest): object {
  const prefix = fields['QueueNamePrefix'] ?? '';
  if (typeof prefix !== 'string') throw invalid('Value for parameter QueueNamePrefix is invalid.');
  const most = whole(fields, 'MaxResults', 1, QUEUES_PER_PAGE);
  const start = Number(fields['NextToken'] ?? 0);
  if (!Number.isInteger(start)) throw invalid('Value for parameter NextToken is invalid.');
  const found = world.queues.all().filter(({ name }) => name.startsWith(prefix));
  const end = start + (most ?? QUEUES_PER_PAGE);
  const QueueUrls = found.slice(start, end).map((queue) => urlFor(request, queue));
  return {
    ...(QueueUrls.length > 0 && { QueueUrls }),
    // Without MaxResults SQS answers once, with at most a thousand.
    ...(most !== undefined && end < found.length && { NextToken: String(end) }),
  };
}

/** What every queue has, as text; `undefined` where this one has nothing to tell. */
const ATTRIBUTES: Readonly<Record<string, (queue: Queue, world: WireWorld) => string | undefined>> = {
  QueueArn: ({ arn }) => arn,
  ApproximateNumberOfMessages: ({ depth }) => String(depth.visible),
  ApproximateNumberOfMessagesNotVisible: ({ depth }) => String(depth.inFlight),
  ApproximateNumberOfMessagesDelayed: ({ depth }) => String(depth.delayed),
  VisibilityTimeout: ({ visibilityTimeoutMs }) => String(visibilityTimeoutMs / 1000),
  CreatedTimestamp: ({ createdAtMs }, { epochMs }) => String(Math.floor((epochMs + createdAtMs) / 1000)),
  DelaySeconds: () => '0',
  ReceiveMessageWaitTimeSeconds: () => '0',
  RedrivePolicy: ({ redrive }) =>
    redrive &&
    JSON.stringify({ deadLetterTargetArn: redrive.deadLetterArn, maxReceiveCount: redrive.maxReceiveCount }),
};

export function getQueueAttributes(world: WireWorld, fields: Fields): object {
  const queue = find(world, fields);
  const wanted = names(fields, 'AttributeNames');
  const unknown = wanted.find((name) => name !== 'All' && !Object.hasOwn(ATTRIBUTES, name));
  if (unknown !== undefined) {
    throw new SqsError(
      'com.amazonaws.sqs#InvalidAttributeName',
      'InvalidAttributeName',
      `Unknown Attribute ${unknown}.`,
    );
  }
  const all = Object.fromEntries(Object.entries(ATTRIBUTES).map(([name, of]) => [name, of(queue, world)]));
  const attributes = chosen(all, wanted);
  return attributes === undefined ? {} : { Attributes: attributes };
}

/** Those of the names asked for that have a value; `undefined` when there is none. */
function chosen(
  values: Readonly<Record<string, string | undefined>>,
  wanted: readonly string[],
): Record<string, string> | undefined {
  const kept = Object.entries(values).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined && (wanted.includes('All') || wanted.includes(entry[0])),
  );
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function find(world: WireWorld, fields: Fields): Queue {
  const queue = world.queues.find(text(fields, 'QueueUrl'));
  if (queue === undefined) throw noSuchQueue();
  return queue;
}

/** A queue's URL at the address the request came to, since clients send to a queue where its URL says. */
function urlFor(request: WireRequest, queue: Queue): string {
  const host = request.headers['host'];
  if (host === undefined || host.endsWith('.amazonaws.com')) return queue.url;
  return `http://${host}${new URL(queue.url).pathname}`;
}
