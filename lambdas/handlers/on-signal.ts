import { AutoScalingClient } from '@aws-sdk/client-auto-scaling';
import { SFNClient } from '@aws-sdk/client-sfn';
import type { SQSBatchResponse } from 'aws-lambda';
import { AsgLaunchHooks } from '../adapters/asg-launch-hooks.ts';
import { readSignals } from '../adapters/eventbridge-signals.ts';
import { SfnRolloutMachine } from '../adapters/sfn-rollout-machine.ts';
import { SqsDeliveries } from '../adapters/sqs-deliveries.ts';
import { countIgnored, isQueueEvent, readingOf, workOff } from '../adapters/sqs-signals.ts';
import type { Ports } from '../core/ports.ts';
import { prewarm, type Report } from '../core/prewarm.ts';
import { type Extras, followers, sharing, start } from './wiring.ts';

/** What a direct invocation answers. */
export type Answer = { readonly ignored: string } | { readonly reports: readonly Report[] };

/** Events from the queues, in batches; or one event, or `{ "plan": event }`, by direct invocation. */
export const onSignal =
  (ports: Ports) =>
  (event: unknown): Promise<SQSBatchResponse | Answer> =>
    isQueueEvent(event) ? workOff(event, ports, prewarm) : answer(event, ports);

async function answer(event: unknown, ports: Ports): Promise<Answer> {
  const read = readSignals(event, readingOf(ports));
  const handled = await prewarm(
    read.filter((one) => one.kind !== 'ignored'),
    ports,
  );
  const failed = handled.find(({ error }) => error !== undefined);
  if (failed !== undefined) throw failed.error;
  const ignored = [...read.filter((one) => one.kind === 'ignored'), ...handled.flatMap((one) => one.ignored)];
  countIgnored(ignored, ports.journal);
  const reports = handled.flatMap((one) => one.reports);
  const [left] = ignored;
  return left !== undefined && reports.length === 0 ? { ignored: left.why } : { reports };
}

/** Here, because their clients would take room in the functions that never hear of a hook or an announcement. */
export const onSignalExtras: Extras = (reach) => {
  const { autoscaling, sfn, sqs, config, clock } = reach;
  return {
    ...followers(reach),
    ...sharing(reach),
    launchHooks: new AsgLaunchHooks(() => new AutoScalingClient(autoscaling)),
    deliveries: new SqsDeliveries(sqs, [config.launchQueueUrl]),
    rolloutMachine: new SfnRolloutMachine(() => new SFNClient(sfn), config, clock),
  };
};

export const handler = start(onSignal, onSignalExtras);
