/** How long messages that a run works on stay hidden from others. */
import { ChangeMessageVisibilityBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from '../core/batches.ts';
import { inParallel } from '../core/parallel.ts';
import type { Deliveries, Hidden } from '../core/ports.ts';
import { MESSAGES_PER_BATCH, queueNameOf } from './sqs-queues.ts';

/** Of the largest batch a function is given. */
const CALLS_AT_ONCE = 10;

export class SqsDeliveries implements Deliveries {
  readonly #client: SQSClient;
  readonly #urls: ReadonlyMap<string, string>;

  constructor(client: SQSClient, queueUrls: readonly string[]) {
    this.#client = client;
    this.#urls = new Map(queueUrls.map((url) => [queueNameOf(url), url]));
  }

  async hide(messages: readonly Hidden[]): Promise<void> {
    const byQueue = Map.groupBy(messages, ({ delivery: { queueArn } }) =>
      this.#urls.get(queueNameOf(queueArn)),
    );
    const batches = [...byQueue].flatMap(([QueueUrl, all]) =>
      QueueUrl === undefined
        ? []
        : batchesOf(all, MESSAGES_PER_BATCH).map((some) => ({
            QueueUrl,
            Entries: some.map(({ delivery: { receiptHandle: ReceiptHandle }, forMs }, nth) => ({
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
