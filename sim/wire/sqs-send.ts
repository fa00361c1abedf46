/** SQS's two ways to send. Limits and error names: SQS API reference and quotas. */
import { createHash } from 'node:crypto';
import type { Attributes } from '../queues.ts';
import { batchError, batchOf, type Fields, invalid, noSuchQueue, SqsError, text } from './sqs-fields.ts';
import type { WireWorld } from './wire.ts';

/** Longest delay of a message, seconds. */
const MAX_DELAY_SECONDS = 900;
/** Longest message, and longest batch, UTF-8 bytes (1 MiB). */
const MAX_BYTES = 1_048_576;

export function sendMessage(world: WireWorld, fields: Fields): object {
  const url = text(fields, 'QueueUrl');
  const body = text(fields, 'MessageBody');
  checkBody(body);
  return deliver(world, url, body, delaySeconds(fields), attributesOf(fields));
}

export function sendMessageBatch(world: WireWorld, fields: Fields): object {
  const url = text(fields, 'QueueUrl');
  const entries = readEntries(fields['Entries']);
  const outcomes = entries.map((entry) => {
    try {
      checkBody(entry.body);
      return { Id: entry.id, ...deliver(world, url, entry.body, delaySeconds(entry.fields), {}) };
    } catch (error) {
      if (!(error instanceof SqsError) || error.queryCode !== 'InvalidParameterValue') throw error;
      return { Id: entry.id, SenderFault: true, Code: error.queryCode, Message: error.message };
    }
  });
  const failed = outcomes.filter((outcome) => 'SenderFault' in outcome);
  const successful = outcomes.filter((outcome) => !('SenderFault' in outcome));
  return { Successful: successful, ...(failed.length > 0 ? { Failed: failed } : {}) };
}

interface Entry {
  readonly id: string;
  readonly body: string;
  readonly fields: Fields;
}

/** The rules for the batch as a whole; each fails all of it. */
function readEntries(raw: unknown): Entry[] {
  const entries = batchOf(raw, 'SendMessageBatch', ['MessageBody', 'DelaySeconds']).map(
    ({ id, fields }): Entry => ({ id, body: text(fields, 'MessageBody'), fields }),
  );
  const bytes = entries.reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  if (bytes > MAX_BYTES) {
    throw batchError(
      'BatchRequestTooLong',
      `Batch requests cannot be longer than ${MAX_BYTES} bytes. You have sent ${bytes} bytes.`,
    );
  }
  return entries;
}

/** Texts only: nobody here sends numbers or bytes. */
function attributesOf(fields: Fields): Attributes {
  const given = Object.entries((fields['MessageAttributes'] ?? {}) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(
    given.map(([name, value]) => {
      const { DataType, StringValue } = (value ?? {}) as Readonly<Record<string, unknown>>;
      if (DataType !== 'String' || typeof StringValue !== 'string' || StringValue === '')
        throw invalid(
          `The message attribute '${name}' must contain non-empty message attribute value of type String.`,
        );
      return [name, StringValue];
    }),
  );
}

function deliver(world: WireWorld, url: string, body: string, delay: number, attributes: Attributes): object {
  const sent = world.queues.send(url, body, delay * 1000, attributes);
  if (sent === undefined) throw noSuchQueue();
  return { MessageId: sent.messageId, MD5OfMessageBody: createHash('md5').update(body).digest('hex') };
}

function delaySeconds(fields: Fields): number {
  const value = fields['DelaySeconds'] ?? 0;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MAX_DELAY_SECONDS)
    return value;
  throw invalid(
    `Value ${String(value)} for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= ${MAX_DELAY_SECONDS}.`,
  );
}

function checkBody(body: string): void {
  if (Buffer.byteLength(body) <= MAX_BYTES) return;
  throw invalid(
    `One or more parameters are invalid. Reason: Message must be shorter than ${MAX_BYTES} bytes.`,
  );
}
