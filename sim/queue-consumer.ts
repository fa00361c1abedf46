/**
 * What feeds a queue to a Lambda function: pollers that receive, gather a batch, invoke, and delete what succeeded.
 * What failed is left alone and comes back when its visibility timeout is over. Reporting of batch item failures is on.
 * Source: AWS Lambda Developer Guide, using Lambda with Amazon SQS.
 */
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Kernel, Process, Running } from './kernel.ts';
import type { Queue } from './queues.ts';

export interface ConsumerOptions {
  readonly queue: Queue;
  /** Messages one invocation gets at most: 1 to 10,000; above 10 only with a window of a second or more. */
  readonly maxBatch: number;
  /** How long a batch that is not full waits for more, ms, counted from its first message: 0 to 300,000. */
  readonly windowMs: number;
  /** Invocations at one time. */
  readonly pollers: number;
  /** The function's time limit, ms: the batch of an invocation that has not answered by then has failed. None, unless
   *  said. What the code still has under way is not stopped, so only a function that hangs ends as it would in Lambda. */
  readonly timeLimitMs?: number;
  /** The function: real code, run as an activity of the kernel. */
  readonly handler: (event: SQSEvent) => Promise<SQSBatchResponse | undefined>;
}

/** Messages one receive can bring. Source: SQS quotas. */
const RECEIVE_MOST = 10;
const MAX_BATCH = 10_000;
const MAX_WINDOW_MS = 300_000;

export function consume(kernel: Kernel, options: ConsumerOptions): Running {
  const { maxBatch, windowMs, pollers } = options;
  if (maxBatch < 1 || maxBatch > MAX_BATCH || windowMs < 0 || windowMs > MAX_WINDOW_MS || pollers < 1) {
    throw new Error(`no event source allows maxBatch ${maxBatch}, windowMs ${windowMs}, pollers ${pollers}`);
  }
  if (maxBatch > RECEIVE_MOST && windowMs < 1_000) {
    throw new Error(`a batch of ${maxBatch} needs a window of at least 1,000 ms, not ${windowMs}`);
  }
  const running = Array.from({ length: pollers }, () => kernel.spawn(poll(kernel, options)));
  return {
    stop: () => {
      for (const poller of running) poller.stop();
    },
  };
}

function* poll(kernel: Kernel, options: ConsumerOptions): Process {
  for (;;) {
    const records = yield* gather(kernel, options);
    const failed = yield* invoke(kernel, options, records);
    for (const record of records) {
      if (!failed.has(record.messageId)) options.queue.delete(record.receiptHandle);
    }
  }
}

/** A batch: full, or as much as came within the window of its first message. */
function* gather(kernel: Kernel, { queue, maxBatch, windowMs }: ConsumerOptions): Process<SQSRecord[]> {
  const records: SQSRecord[] = [];
  let closesAtMs = Number.POSITIVE_INFINITY;
  while (records.length < maxBatch && kernel.nowMs < closesAtMs) {
    yield* waitForMessages(kernel, queue, closesAtMs);
    records.push(...queue.receive(Math.min(RECEIVE_MOST, maxBatch - records.length)));
    if (records.length > 0) closesAtMs = Math.min(closesAtMs, kernel.nowMs + windowMs);
  }
  return records;
}

function* waitForMessages(kernel: Kernel, queue: Queue, untilMs: number): Process {
  let woken = (): void => {};
  let cancel = (): void => {};
  try {
    yield (resume) => {
      woken = resume;
      queue.whenVisible(woken);
      if (untilMs < Number.POSITIVE_INFINITY) cancel = kernel.at(untilMs, resume);
    };
  } finally {
    cancel();
    queue.forget(woken);
  }
}

/** Runs the function and tells which messages it failed. */
function* invoke(
  kernel: Kernel,
  { handler, timeLimitMs }: ConsumerOptions,
  records: SQSRecord[],
): Process<Set<string>> {
  const all = new Set(records.map((record) => record.messageId));
  // The function may keep or change its event: it gets a copy, as it would from the wire.
  const event: SQSEvent = structuredClone({ Records: records });
  let failed = all;
  yield (resume) => {
    if (timeLimitMs !== undefined) kernel.after(timeLimitMs, resume);
    kernel.activity(
      () => handler(event),
      (result) => {
        if (result.status === 'fulfilled') failed = failures(result.value, all);
        resume();
      },
    );
  };
  return failed;
}

/** An answer that names no message of the batch cannot be trusted about any: everything has failed. */
function failures(response: SQSBatchResponse | undefined, all: Set<string>): Set<string> {
  const named = (response?.batchItemFailures ?? []).map((failure) => failure.itemIdentifier);
  return named.every((id) => all.has(id)) ? new Set(named) : all;
}
