import { Stack, type StackProps } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { IpPrewarmer } from './ip-prewarmer.ts';
import type { IpPrewarmerProps } from './props.ts';
export interface PrewarmerStackProps extends StackProps {
    readonly prewarmer: IpPrewarmerProps;
}
/** The prewarmer as a stack of its own, with what its operators need to know as outputs. */
export declare class PrewarmerStack extends Stack {
    readonly prewarmer: IpPrewarmer;
    constructor(scope: Construct, id: string, { prewarmer: props, ...stackProps }: PrewarmerStackProps);
}
