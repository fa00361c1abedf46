import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { Schedule, ScheduleExpression, ScheduleTargetInput } from 'aws-cdk-lib/aws-scheduler';
import { SqsSendMessage } from 'aws-cdk-lib/aws-scheduler-targets';
import { Construct } from 'constructs';
import type { Policy } from '../lambdas/core/policy.ts';
import type { SignalQueue } from './signal-queue.ts';

export interface SchedulesProps {
  readonly signals: SignalQueue;
  readonly schedules: Policy['schedules'];
  readonly accountId: string;
  readonly region: string;
}

/** A peak is news for as long as its pods may still come. */
const MAX_EVENT_AGE = Duration.minutes(15);

/** Peaks that are known beforehand: each fires as an event of ours that names its schedule, straight into the queue. What it
 *  announces stands in the policy, and may change without a deployment; when it fires may not. */
export class Schedules extends Construct {
  constructor(scope: Construct, id: string, { signals, schedules, accountId, region }: SchedulesProps) {
    super(scope, id);
    if (Object.keys(schedules).length === 0) return;
    // Its own: the CDK's would lie beside us in the stack, where our permissions boundary does not reach.
    const role = new Role(this, 'Role', { assumedBy: scheduler(Stack.of(this)) });
    for (const [name, { at, leadSeconds }] of Object.entries(schedules))
      new Schedule(this, name, {
        description: `Pods come ${leadSeconds} s later, as policy.schedules.${name} says`,
        schedule: ScheduleExpression.expression(at),
        target: new SqsSendMessage(signals.queue, {
          // Source of what stands in angle brackets: EventBridge Scheduler User Guide, context attributes.
          input: ScheduleTargetInput.fromObject({
            version: '0',
            id: '<aws.scheduler.execution-id>',
            source: 'eks-ip-prewarmer',
            'detail-type': 'Prewarm Due',
            account: accountId,
            time: '<aws.scheduler.scheduled-time>',
            region,
            resources: [],
            detail: { schedule: name },
          }),
          role,
          deadLetterQueue: signals.deadLetters,
          maxEventAge: MAX_EVENT_AGE,
          retryAttempts: 10,
        }),
      });
  }
}

/** For schedules of this account alone. Source: EventBridge Scheduler User Guide, confused deputy prevention. */
const scheduler = (stack: Stack): ServicePrincipal =>
  new ServicePrincipal('scheduler.amazonaws.com', {
    conditions: {
      StringEquals: {
        'aws:SourceAccount': stack.account,
        'aws:SourceArn': stack.formatArn({
          service: 'scheduler',
          resource: 'schedule-group',
          resourceName: 'default',
          arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
        }),
      },
    },
  });
