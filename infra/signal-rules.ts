import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction, SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { deadLetterQueue, type SignalQueue } from './signal-queue.ts';

export interface SignalRulesProps {
  readonly launches: SignalQueue;
  readonly signals: SignalQueue;
  readonly sweep: IFunction;
  /** Between two sweeps, and so the longest an event that never came goes unnoticed. */
  readonly sweepEvery: Duration;
}

/** EventBridge gives up on an event then. A launch is over, and an announcement's demand has expired, in that time. */
const MAX_EVENT_AGE = Duration.minutes(15);

/** Which events reach us, all from the default bus. EC2's carry no tags, so every instance of the account knocks. */
export class SignalRules extends Construct {
  constructor(scope: Construct, id: string, { launches, signals, sweep, sweepEvery }: SignalRulesProps) {
    super(scope, id);

    new Rule(this, 'InstanceLaunching', {
      description: 'EC2 instances that start: any of them may be a node of the cluster',
      eventPattern: {
        source: ['aws.ec2'],
        detailType: ['EC2 Instance State-change Notification'],
        detail: { state: ['pending', 'running'] },
      },
      targets: [into(launches)],
    });

    new Rule(this, 'DeploymentAnnounced', {
      description: 'Rollouts that a pipeline announces before their pods exist',
      eventPattern: { source: ['eks-ip-prewarmer'], detailType: ['Deployment Announced'] },
      targets: [into(signals)],
    });

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
const into = ({ queue, deadLetters }: SignalQueue): SqsQueue =>
  new SqsQueue(queue, { deadLetterQueue: deadLetters, maxEventAge: MAX_EVENT_AGE });
