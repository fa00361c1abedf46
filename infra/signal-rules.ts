import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Settings } from './settings.ts';
import { SIGNAL_EVENTS } from './signal-events.ts';
import { deadLetterQueue, type SignalQueue } from './signal-queue.ts';

export interface SignalRulesProps {
  readonly queues: Readonly<Record<'launches' | 'signals', SignalQueue>>;
  readonly on: Settings['signals'];
  readonly sweep: IFunction;
  /** Between two sweeps, and so the longest an event that never came goes unnoticed. */
  readonly sweepEvery: Duration;
}

/** EventBridge gives up on an event then. A launch is over, and an announcement's demand has expired, in that time. */
const MAX_EVENT_AGE = Duration.minutes(15);

/** The events that are listened to, and the clock. */
export class SignalRules extends Construct {
  constructor(scope: Construct, id: string, { queues, on, sweep, sweepEvery }: SignalRulesProps) {
    super(scope, id);

    for (const { name, id: rule, description, into, pattern } of SIGNAL_EVENTS)
      if (on[name]) new Rule(this, rule, { description, eventPattern: pattern, targets: [to(queues[into])] });

    new Rule(this, 'SweepDue', {
      description: 'Rebuilds what events missed, and collects half-made interfaces',
      schedule: Schedule.rate(sweepEvery),
      targets: [
        new LambdaFunction(sweep, {
          deadLetterQueue: deadLetterQueue(this, 'SweepDeadLetters'),
          // A sweep that could not start is as good as the next one.
          maxEventAge: sweepEvery,
          retryAttempts: 2,
        }),
      ],
    });
  }
}

/** What EventBridge cannot deliver joins what we could not handle: one place to look, one way to send it again. */
const to = ({ queue, deadLetters }: SignalQueue): SqsQueue =>
  new SqsQueue(queue, { deadLetterQueue: deadLetters, maxEventAge: MAX_EVENT_AGE });
