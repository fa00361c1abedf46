/**
 * Standard queues in virtual time. What feeds them to functions is in queue-consumer.ts.
 *
 * A message is *delayed* until its delay is over, then *visible*; a poller's receive hides it for the visibility timeout
 * (*in flight*), after which it is visible again unless it was deleted meanwhile. The receive after `maxReceiveCount`
 * ones moves it to the dead-letter queue instead. Delivery is at least once: some messages exist twice from the start.
 */
import { createHash } from 'node:crypto';
import type { SQSRecord } from 'aws-lambda';
import type { Chance, Stream } from './chance.ts';
import type { Kernel } from './kernel.ts';
import { uuid } from './wire/uuid.ts';

/** What a door to SQS needs. */
export interface Queues {
  /** `undefined` when there is no such queue. */
  send(
    queueUrl: string,
    body: string,
    delayMs: number,
    attributes?: Attributes,
  ): { readonly messageId: string } | undefined;
  /** The queue at a URL, whatever its host. */
  find(queueUrl: string): Queue | undefined;
  all(): readonly Queue[];
}

/** What a sender wrote beside the body: texts by name. */
export type Attributes = Readonly<Record<string, string>>;

export interface QueueOptions {
  readonly name: string;
  /** How long a received message stays hidden, ms; no less than its consumer's time limit, or it is delivered twice. */
  readonly visibilityTimeoutMs: number;
  /** Where a message goes that was received `maxReceiveCount` times in vain. The queue must exist already. */
  readonly deadLetter?: { readonly queueUrl: string; readonly maxReceiveCount: number };
  /** Probability that SQS keeps a second copy of a message and delivers that too. */
  readonly duplicates?: number;
}

interface Message {
  readonly id: string;
  readonly body: string;
  readonly attributes: Attributes;
  readonly sentAtMs: number;
  firstReceivedAtMs: number | undefined;
  receiveCount: number;
  /** The queue it failed in, once it is a dead letter. */
  failedIn: string | undefined;
}

export class Queue {
  readonly name: string;
  readonly url: string;
  readonly arn: string;
  readonly region: string;
  readonly visibilityTimeoutMs: number;
  /** On the world's clock. */
  readonly createdAtMs: number;
  readonly #options: QueueOptions;
  readonly #world: QueuesWorld;
  readonly #deadLetter: Queue | undefined;
  readonly #maxReceiveCount: number;
  readonly #chance: Stream;
  readonly #visible: Message[] = [];
  /** By the handle of the receive that hid it. */
  readonly #inFlight = new Map<string, { readonly message: Message }>();
  readonly #delayed = new Set<Message>();
  readonly #waiting = new Set<() => void>();

  constructor(options: QueueOptions, world: QueuesWorld, deadLetter: Queue | undefined) {
    this.#options = options;
    this.#world = world;
    this.#deadLetter = deadLetter;
    this.#maxReceiveCount = options.deadLetter?.maxReceiveCount ?? Number.POSITIVE_INFINITY;
    this.#chance = world.chance.stream(`queue ${options.name}`);
    this.name = options.name;
    this.visibilityTimeoutMs = options.visibilityTimeoutMs;
    this.createdAtMs = world.kernel.nowMs;
    this.region = world.region;
    this.url = `https://sqs.${world.region}.amazonaws.com/${world.accountId}/${options.name}`;
    this.arn = `arn:aws:sqs:${world.region}:${world.accountId}:${options.name}`;
  }

  send(body: string, delayMs: number, attributes: Attributes = {}): { readonly messageId: string } {
    const message: Message = {
      id: uuid(this.#chance.hex(32)),
      body,
      attributes,
      sentAtMs: this.#world.kernel.nowMs,
      firstReceivedAtMs: undefined,
      receiveCount: 0,
      failedIn: undefined,
    };
    this.#enter(message, delayMs);
    if (this.#chance.chance(this.#options.duplicates ?? 0)) {
      // The copy turns up at any time until the first one, had it failed, would have come back.
      this.#enter(
        { ...message },
        delayMs + Math.floor(this.#chance.between(0, this.#options.visibilityTimeoutMs)),
      );
    }
    return { messageId: message.id };
  }

  /** Where a message goes that failed too often. */
  get redrive(): { readonly deadLetterArn: string; readonly maxReceiveCount: number } | undefined {
    if (this.#deadLetter === undefined) return undefined;
    return { deadLetterArn: this.#deadLetter.arn, maxReceiveCount: this.#maxReceiveCount };
  }

  /** Takes up to `most` visible messages and hides them, for the queue's own time unless another is said. */
  receive(most: number, hiddenMs = this.visibilityTimeoutMs): SQSRecord[] {
    const records: SQSRecord[] = [];
    while (records.length < most) {
      const message = this.#visible.shift();
      if (message === undefined) break;
      if (message.receiveCount < this.#maxReceiveCount) records.push(this.#hide(message, hiddenMs));
      else this.#deadLetter?.bury(message, this.arn);
    }
    return records;
  }

  /** Hides a message that is in flight for so long from now on; `false`: it is not, or no more. */
  hide(receiptHandle: string, forMs: number): boolean {
    const message = this.#inFlight.get(receiptHandle)?.message;
    if (message === undefined) return false;
    this.#comesBack(receiptHandle, message, forMs);
    return true;
  }

  /** Deletes a message by the handle of its latest receive. An older handle, of a receive whose time ran out, deletes
   *  nothing. Source: SQS API reference, DeleteMessage. */
  delete(receiptHandle: string): void {
    this.#inFlight.delete(receiptHandle);
  }

  /** Takes in a message that failed too often in the queue `failedIn`. Its age goes on counting from when it was sent. */
  bury(message: Message, failedIn: string): void {
    this.#show({ ...message, receiveCount: 0, firstReceivedAtMs: undefined, failedIn });
  }

  /** Calls `resume` once, when there is something to receive. */
  whenVisible(resume: () => void): void {
    if (this.#visible.length > 0) this.#world.kernel.after(0, resume);
    else this.#waiting.add(resume);
  }

  forget(resume: () => void): void {
    this.#waiting.delete(resume);
  }

  /** Messages by where they are, as the queue's metrics count them. */
  get depth(): { readonly visible: number; readonly inFlight: number; readonly delayed: number } {
    return { visible: this.#visible.length, inFlight: this.#inFlight.size, delayed: this.#delayed.size };
  }

  /** Bodies of the visible messages, oldest first, without receiving them. */
  get bodies(): readonly string[] {
    return this.#visible.map((message) => message.body);
  }

  #enter(message: Message, delayMs: number): void {
    if (delayMs <= 0) {
      this.#show(message);
      return;
    }
    this.#delayed.add(message);
    this.#world.kernel.after(delayMs, () => {
      this.#delayed.delete(message);
      this.#show(message);
    });
  }

  #show(message: Message): void {
    this.#visible.push(message);
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    this.#world.kernel.after(0, next);
  }

  #hide(message: Message, hiddenMs: number): SQSRecord {
    const { kernel } = this.#world;
    const handle = this.#chance.hex(64);
    message.receiveCount++;
    message.firstReceivedAtMs ??= kernel.nowMs;
    this.#comesBack(handle, message, hiddenMs);
    return this.#record(message, handle, message.firstReceivedAtMs);
  }

  /** Unless it is deleted, or hidden anew, before. */
  #comesBack(handle: string, message: Message, hiddenMs: number): void {
    const hiding = { message };
    this.#inFlight.set(handle, hiding);
    this.#world.kernel.after(hiddenMs, () => {
      if (this.#inFlight.get(handle) !== hiding) return;
      this.#inFlight.delete(handle);
      this.#show(message);
    });
  }

  /** A record as Lambda hands it on. Source: AWS Lambda Developer Guide, using Lambda with Amazon SQS. */
  #record(message: Message, handle: string, firstReceivedAtMs: number): SQSRecord {
    const { epochMs, accountId } = this.#world;
    return {
      messageId: message.id,
      receiptHandle: handle,
      body: message.body,
      attributes: {
        ApproximateReceiveCount: String(message.receiveCount),
        SentTimestamp: String(epochMs + message.sentAtMs),
        SenderId: accountId,
        ApproximateFirstReceiveTimestamp: String(epochMs + firstReceivedAtMs),
        ...(message.failedIn === undefined ? {} : { DeadLetterQueueSourceArn: message.failedIn }),
      },
      messageAttributes: Object.fromEntries(
        Object.entries(message.attributes).map(([name, stringValue]) => [
          name,
          { dataType: 'String', stringValue },
        ]),
      ),
      md5OfBody: createHash('md5').update(message.body).digest('hex'),
      eventSource: 'aws:sqs',
      eventSourceARN: this.arn,
      awsRegion: this.region,
    };
  }
}

export interface QueuesWorld {
  readonly kernel: Kernel;
  readonly chance: Chance;
  readonly region: string;
  readonly accountId: string;
  /** Unix time, in ms, of virtual time 0. */
  readonly epochMs: number;
}

/** The queues of one account and Region. */
export class QueueService implements Queues {
  readonly #world: QueuesWorld;
  readonly #queues = new Map<string, Queue>();

  constructor(world: QueuesWorld) {
    this.#world = world;
  }

  create(options: QueueOptions): Queue {
    const deadLetter = options.deadLetter && this.#queues.get(options.deadLetter.queueUrl);
    if (options.deadLetter && !deadLetter)
      throw new Error(`no dead-letter queue ${options.deadLetter.queueUrl}`);
    const queue = new Queue(options, this.#world, deadLetter);
    if (this.#queues.has(queue.url)) throw new Error(`a queue named ${options.name} exists already`);
    this.#queues.set(queue.url, queue);
    return queue;
  }

  send(
    queueUrl: string,
    body: string,
    delayMs: number,
    attributes: Attributes = {},
  ): { readonly messageId: string } | undefined {
    return this.find(queueUrl)?.send(body, delayMs, attributes);
  }

  find(queueUrl: string): Queue | undefined {
    // SQS tells queues by the path alone: the same queue answers at every host the service has.
    const path = URL.parse(queueUrl)?.pathname;
    return this.all().find(({ url }) => new URL(url).pathname === path);
  }

  all(): readonly Queue[] {
    return [...this.#queues.values()];
  }
}
