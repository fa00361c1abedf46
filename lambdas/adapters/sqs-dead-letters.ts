/** Dead letters that say why they are dead. SQS moves a message that failed too often by itself, and says nothing. */
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DeadLetters } from '../core/ports.ts';
import { queueNameOf } from './sqs-queues.ts';

export interface DeadLetterQueues {
  /** URLs, by the URL of the queue whose messages fail; absent: SQS alone moves them. */
  readonly deadLettersOf: Readonly<Record<string, string>>;
}

/** Longest reason, characters: one line of a console. */
const REASON_CHARACTERS = 1_000;

export class SqsDeadLetters implements DeadLetters {
  readonly #client: SQSClient;
  /** By the name of the queue whose messages fail. */
  readonly #urls: ReadonlyMap<string, string>;

  constructor(client: SQSClient, { deadLettersOf }: DeadLetterQueues) {
    this.#client = client;
    this.#urls = new Map(
      Object.entries(deadLettersOf).map(([queueUrl, url]) => [queueNameOf(queueUrl), url]),
    );
  }

  /** The names of the attributes are EventBridge's, whose own dead letters lie in the same queue (EventBridge User Guide, dead-letter
   *  queues). */
  async bury({ body, queueArn }: Parameters<DeadLetters['bury']>[0], why: string): Promise<boolean> {
    const QueueUrl = this.#urls.get(queueNameOf(queueArn));
    if (QueueUrl === undefined) return false;
    const attribute = (StringValue: string) => ({ DataType: 'String', StringValue });
    try {
      await this.#client.send(
        new SendMessageCommand({
          QueueUrl,
          MessageBody: body,
          MessageAttributes: {
            ERROR_CODE: attribute('FUNCTION_FAILED'),
            ERROR_MESSAGE: attribute(plain(why) || 'no reason was given'),
          },
        }),
      );
      return true;
    } catch {
      return false;
    }
  }
}

/** Characters that SQS takes. Source: SQS API reference, SendMessage. */
const plain = (why: string): string =>
  why.replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, ' ').slice(0, REASON_CHARACTERS);
