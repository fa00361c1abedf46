import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { SqsEventSource } from 'aws-cdk-lib/aws-lambda-event-sources';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MOST_RECEIVES } from '../lambdas/adapters/sqs-signals.ts';

export interface SignalQueueProps {
  /** Time limit of the function that reads it. */
  readonly functionTimeout: Duration;
  /** How long a batch may gather: a burst of launches then costs one read of the cluster, not two hundred. */
  readonly window: Duration;
  /** Messages in one invocation, at most. */
  readonly batchSize: number;
  /** Invocations at a time, at least 2 (Lambda Developer Guide, maximum concurrency). */
  readonly readers: number;
}

const SAFE = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  // Queues and dead letters go with the stack: what is on them is of use to nobody who has no functions to read it.
  removalPolicy: RemovalPolicy.DESTROY,
} as const;

/** A queue and its dead letters: what is still not done after five tries waits there, fourteen days, for a person. */
export class SignalQueue extends Construct {
  readonly queue: Queue;
  readonly deadLetters: Queue;
  readonly #props: SignalQueueProps;

  constructor(scope: Construct, id: string, props: SignalQueueProps) {
    super(scope, id);
    this.#props = props;
    this.deadLetters = deadLetterQueue(this, 'DeadLetters');
    this.queue = new Queue(this, 'Queue', {
      ...SAFE,
      // Six time limits plus the window, so that no batch comes back while it is still at work.
      // Source: Lambda Developer Guide, configuring a queue to use with Lambda.
      visibilityTimeout: Duration.seconds(6 * props.functionTimeout.toSeconds() + props.window.toSeconds()),
      // Older signals are news to nobody: the sweep has rebuilt their decisions hundreds of times.
      retentionPeriod: Duration.days(1),
      deadLetterQueue: { queue: this.deadLetters, maxReceiveCount: MOST_RECEIVES },
    });
  }

  readBy(reader: IFunction): void {
    reader.addEventSource(
      new SqsEventSource(this.queue, {
        batchSize: this.#props.batchSize,
        maxBatchingWindow: this.#props.window,
        maxConcurrency: this.#props.readers,
        reportBatchItemFailures: true,
      }),
    );
  }
}

export function deadLetterQueue(scope: Construct, id: string): Queue {
  return new Queue(scope, id, {
    ...SAFE,
    retentionPeriod: Duration.days(14),
  });
}
