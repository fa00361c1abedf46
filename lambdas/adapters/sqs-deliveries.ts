/** How long messages that a run works on stay hidden from others. */
import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { inParallel } from '../core/parallel.ts';
import type { Deliveries, Delivery } from '../core/ports.ts';

/** Messages in one ChangeMessageVisibilityBatch. Source: SQS quotas. */
const MESSAGES_PER_BATCH = 10;
/** Of the largest batch a function is given. */
const CALLS_AT_ONCE = 10;

export class SqsDeliveries implements Deliveries {
  readonly #client: SQSClient;
  /** By name, which is how a message's record tells its queue. */
  readonly #urls: ReadonlyMap<string, string>;

  constructor(client: SQSClient, queueUrls: readonly string[]) {
    this.#client = client;
    this.#urls = new Map(queueUrls.map((url) => [url.split('/').at(-1) ?? '', url]));
  }

  async hide(messages: readonly Delivery[], forMs: number): Promise<void> {
    const byQueue = Map.groupBy(messages, ({ queueArn }) => this.#urls.get(queueArn.split(':').at(-1) ?? ''));
    const batches = [...byQueue].flatMap(([QueueUrl, all]) =>
      QueueUrl === undefined
        ? []
        : Array.from({ length: Math.ceil(all.length / MESSAGES_PER_BATCH) }, (_, index) => ({
            QueueUrl,
            Entries: all
              .slice(index * MESSAGES_PER_BATCH, (index + 1) * MESSAGES_PER_BATCH)
              .map(({ receiptHandle: ReceiptHandle }, nth) => ({
                Id: String(nth),
                ReceiptHandle,
                VisibilityTimeout: Math.ceil(forMs / 1000),
              })),
          })),
    );
    await inParallel(batches, CALLS_AT_ONCE, async (batch) => {
      // One that fails leaves its messages hidden for as long as they were: later, and never lost.
      await this.#client.send(new ChangeMessageVisibilityBatchCommand(batch)).catch(() => undefined);
    });
  }
}
