import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { SignalQueue } from './signal-queue.ts';
/** Time limit of the functions that handle signals: reads, a decision, a few paced calls. They never sleep. */
export declare const SIGNAL_TIMEOUT: Duration;
export type Queues = Readonly<Record<'launches' | 'signals' | 'verifications', SignalQueue>>;
/** Where signals gather. How many are read at a time is what keeps a burst of them from emptying EC2's request buckets. */
export declare function queues(scope: Construct): Queues;
