import { type Duration } from 'aws-cdk-lib';
import { PolicyStatement } from 'aws-cdk-lib/aws-iam';
import { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { VpcProps } from './props.ts';
export interface TaskFunctionProps {
    /** Name of the file in lambdas/handlers, of the bundle's folder and of the log group's end: `on-signal`. */
    readonly name: string;
    /** Folder with one bundle per function. */
    readonly bundles: string;
    /** The deployment's. */
    readonly deployment: string;
    readonly logRetentionDays: RetentionDays;
    readonly vpc: VpcProps | undefined;
    readonly timeout: Duration;
    readonly environment: Readonly<Record<string, string>>;
    readonly permissions: readonly PolicyStatement[];
    /** Most that may run at once, taken from the account's concurrency; as many as the account has, unless said. */
    readonly reservedConcurrency?: number;
}
/** One function: its bundle, a role of its own that holds what it needs and no more, and its log group. */
export declare class TaskFunction extends Construct {
    readonly lambda: LambdaFunction;
    constructor(scope: Construct, id: string, props: TaskFunctionProps);
}
