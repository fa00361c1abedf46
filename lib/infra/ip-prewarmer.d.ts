import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda';
import type { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { IStateMachine } from 'aws-cdk-lib/aws-stepfunctions';
import { Construct } from 'constructs';
import { GateEndpoint } from './gate-endpoint.ts';
import type { IpPrewarmerProps } from './props.ts';
import { type Queues } from './queues.ts';
import { Tables } from './tables.ts';
/**
 * The prewarmer of one or several clusters of an account and Region:
 *
 *     rules ─┬→ launches ─┬→ on-signal ──→ verifications ──→ look-again
 *            ├→ signals  ─┘      │                               │
 *            └→ every 5 minutes ─┼──→ sweep ──→ ledger, budget ←─┘
 *                                └── policy, at most 5 s old, to all three; their figures to the alarms
 *
 *     new IpPrewarmer(this, 'Prewarmer', { clusters: [{ name: 'shop' }] });
 *
 * Throws one `SettingsError` that names everything that is wrong with its props, a line each.
 */
export declare class IpPrewarmer extends Construct {
    #private;
    readonly onSignal: LambdaFunction;
    readonly lookAgain: LambdaFunction;
    readonly sweep: LambdaFunction;
    /** What announcements may be sent to, and where dead letters lie. */
    readonly queues: Queues;
    readonly tables: Tables;
    /** Operators change the policy here, without a deployment. */
    readonly policyParameter: StringParameter;
    /** Batched rollouts, where a cluster is warm. */
    readonly rolloutMachine: IStateMachine | undefined;
    /** Where other tools ask, where that is wanted. */
    readonly gateEndpoint: GateEndpoint | undefined;
    constructor(scope: Construct, id: string, props: IpPrewarmerProps);
}
