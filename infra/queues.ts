import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SignalQueue } from './signal-queue.ts';

/** Time limit of the functions that handle signals: reads, a decision, a few paced calls. They never sleep. */
export const SIGNAL_TIMEOUT = Duration.seconds(30);

export type Queues = Readonly<Record<'launches' | 'signals' | 'verifications', SignalQueue>>;

/** Where signals gather. How many are read at a time is what keeps a burst of them from emptying EC2's request buckets. */
export function queues(scope: Construct): Queues {
  const launches = new SignalQueue(scope, 'Launches', {
    functionTimeout: SIGNAL_TIMEOUT,
    // A booting node leaves about twenty seconds: gather one of them, but a whole scale-out.
    window: Duration.seconds(1),
    batchSize: 100,
    // A batch takes three seconds, a node at its start has five to spare: with two readers, one in twenty waited too long.
    readers: 5,
  });
  const signals = new SignalQueue(scope, 'Signals', {
    functionTimeout: SIGNAL_TIMEOUT,
    // A rollout that waits for requests comes back by the second: what gathers longer leaves the budget's bucket full.
    window: Duration.seconds(1),
    // Each reads the whole cluster: ten large ones would not fit into one invocation.
    batchSize: 2,
    // The EC2 request budget is the limit: more readers would only compete for it.
    readers: 2,
  });
  const verifications = new SignalQueue(scope, 'Verifications', {
    functionTimeout: SIGNAL_TIMEOUT,
    // Looks at boots are worth what their time is worth.
    window: Duration.seconds(1),
    batchSize: 10,
    readers: 2,
  });
  return { launches, signals, verifications };
}
