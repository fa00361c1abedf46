import { Duration } from 'aws-cdk-lib';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
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
/** A queue and its dead letters: what is still not done after five tries waits there, fourteen days, for a person. */
export declare class SignalQueue extends Construct {
    #private;
    readonly queue: Queue;
    readonly deadLetters: Queue;
    constructor(scope: Construct, id: string, props: SignalQueueProps);
    readBy(reader: IFunction): void;
}
export declare function deadLetterQueue(scope: Construct, id: string): Queue;
