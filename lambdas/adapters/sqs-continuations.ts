/** Work that must wait goes back on the queue it belongs to, in an envelope like EventBridge's, so one reader reads both. */
import { createHash } from 'node:crypto';
import { SendMessageBatchCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { batchesOf } from '../core/batches.ts';
import { SQS_MAX_DELAY_MS } from '../core/limits.ts';
import type { Clock, Continuations, Delayed } from '../core/ports.ts';
import type { OwnMessage } from '../core/signals.ts';
import { CONTINUATION, OUR_SOURCE } from './our-events.ts';
import { MESSAGES_PER_BATCH } from './sqs-queues.ts';

export interface Queues {
  readonly launchQueueUrl: string;
  readonly signalQueueUrl: string;
  readonly verifyQueueUrl: string;
  readonly accountId: string;
  readonly region: string;
}

export class SqsContinuations implements Continuations {
  readonly #client: SQSClient;
  readonly #queues: Queues;
  readonly #clock: Clock;

  constructor(client: SQSClient, queues: Queues, clock: Clock) {
    this.#client = client;
    this.#queues = queues;
    this.#clock = clock;
  }

  /** Sends all it can, then throws one error if any message was not taken: its signal's own message comes back instead. */
  async later(signals: readonly Delayed[]): Promise<void> {
    const byQueue = Map.groupBy(signals, ({ signal }) => this.#queueOf(signal));
    const batches = [...byQueue].flatMap(([QueueUrl, all]) =>
      batchesOf(all, MESSAGES_PER_BATCH).map((some) => ({ QueueUrl, some })),
    );
    const refusals = (await Promise.all(batches.map((batch) => this.#send(batch)))).flat();
    const [first] = refusals;
    if (first === undefined) return;
    throw new Error(`${refusals.length} of ${signals.length} messages not sent: ${first.why}`, {
      cause: first.cause,
    });
  }

  /** One entry for each message that was not taken. */
  async #send(batch: {
    readonly QueueUrl: string;
    readonly some: readonly Delayed[];
  }): Promise<{ why: string; cause?: unknown }[]> {
    const { QueueUrl, some } = batch;
    const Entries = some.map(({ signal, delayMs }, index) => ({
      Id: String(index),
      MessageBody: JSON.stringify(this.#envelope(signal)),
      DelaySeconds: Math.ceil(Math.min(Math.max(delayMs, 0), SQS_MAX_DELAY_MS) / 1000),
    }));
    try {
      const { Failed = [] } = await this.#client.send(new SendMessageBatchCommand({ QueueUrl, Entries }));
      return Failed.map(({ Code, Message }) => ({ why: [Code, Message].filter(Boolean).join(': ') }));
    } catch (cause) {
      const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
      return some.map(() => ({ why, cause }));
    }
  }

  #envelope(detail: OwnMessage): object {
    const { accountId: account, region } = this.#queues;
    const time = `${new Date(this.#clock()).toISOString().slice(0, 19)}Z`;
    return {
      version: '0',
      id: idOf(`${time} ${JSON.stringify(detail)}`),
      source: OUR_SOURCE,
      'detail-type': CONTINUATION,
      account,
      time,
      region,
      resources: [],
      detail,
    };
  }

  #queueOf(signal: OwnMessage): string {
    switch (signal.kind) {
      case 'node-launching':
        return this.#queues.launchQueueUrl;
      case 'rollout-announced':
      case 'pods-displaced':
      case 'scale-out-coming':
        return this.#queues.signalQueueUrl;
      case 'verify-due':
      case 'boot-look':
      case 'gate-look':
        return this.#queues.verifyQueueUrl;
    }
  }
}

/** A UUID from the content: the same message twice is the same event twice. */
function idOf(text: string): string {
  const hex = createHash('sha256').update(text).digest('hex');
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `8${hex.slice(17, 20)}`,
    hex.slice(20, 32),
  ].join('-');
}
