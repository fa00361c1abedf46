import { type Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { IpPrewarmerProps } from './props.ts';
import { type TaskFunctionProps } from './task-function.ts';
export interface GateEndpointProps extends Omit<TaskFunctionProps, 'name' | 'timeout' | 'reservedConcurrency'> {
    readonly access: NonNullable<IpPrewarmerProps['gateEndpoint']>;
}
/** Where other tools ask whether a workload's addresses are there (docs/gate-endpoint.md). */
export declare class GateEndpoint extends Construct {
    #private;
    /** `/gate` included. */
    readonly url: string;
    readonly lambda: LambdaFunction;
    /** What callers show, where they do not sign. */
    readonly secret: Secret | undefined;
    constructor(scope: Construct, id: string, { access, ...props }: GateEndpointProps);
}
