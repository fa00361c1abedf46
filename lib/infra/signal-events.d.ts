/** Which events reach us, by the name an operator switches them by, and the queue they go to. All come from the default bus. */
import type { EventPattern } from 'aws-cdk-lib/aws-events';
export interface SignalEvents {
    readonly name: string;
    /** Of the rule, in the template. */
    readonly id: string;
    readonly description: string;
    readonly into: 'launches' | 'signals';
    readonly pattern: EventPattern;
}
/** EC2's events carry no tags, so every instance of the account knocks. What names a pipeline, a repository or an alarm means
 *  something only by a route of the policy, and CloudTrail's comes late and needs a trail: those are off unless asked for. */
export declare const SIGNAL_EVENTS: readonly [{
    readonly name: 'instances';
    readonly id: 'InstanceLaunching';
    readonly description: 'EC2 instances that start: any of them may be a node of the cluster';
    readonly into: 'launches';
    readonly pattern: {
        readonly version?: string[];
        readonly id?: string[];
        readonly detailType?: string[];
        readonly source?: string[];
        readonly account?: string[];
        readonly time?: string[];
        readonly region?: string[];
        readonly resources?: string[];
        readonly detail: {
            readonly state: readonly ["pending", "running"];
        };
    };
}, {
    readonly name: 'autoScaling';
    readonly id: 'LifecycleAction';
    readonly description: 'Launches that wait at a lifecycle hook';
    readonly into: 'launches';
    readonly pattern: EventPattern;
}, {
    readonly name: 'autoScaling';
    readonly id: 'WarmPoolFilled';
    readonly description: 'Instances that stopped in a warm pool; EC2 tells of all other launches sooner';
    readonly into: 'launches';
    readonly pattern: {
        readonly version?: string[];
        readonly id?: string[];
        readonly detailType?: string[];
        readonly source?: string[];
        readonly account?: string[];
        readonly time?: string[];
        readonly region?: string[];
        readonly resources?: string[];
        readonly detail: {
            readonly Destination: readonly ["WarmPool"];
        };
    };
}, {
    readonly name: 'autoScaling';
    readonly id: 'InstanceRefresh';
    readonly description: 'Groups whose nodes are all replaced';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'spot';
    readonly id: 'NodesLeaving';
    readonly description: 'Spot instances that are taken back, or are likely to be: their pods come to other nodes';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'announcements';
    readonly id: 'DeploymentAnnounced';
    readonly description: 'Rollouts that a pipeline announces before their pods exist';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'cloudTrail';
    readonly id: 'NodesAskedFor';
    readonly description: 'Calls that ask for nodes, as CloudTrail tells them: late';
    readonly into: 'signals';
    readonly pattern: {
        readonly source: ["aws.autoscaling", "aws.eks", "aws.ec2"];
        readonly detailType: ["AWS API Call via CloudTrail"];
        readonly detail: {
            readonly eventName: readonly ["SetDesiredCapacity", "UpdateAutoScalingGroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion", "CreateFleet"];
        };
    };
}, {
    readonly name: 'codePipeline';
    readonly id: 'PipelineChanged';
    readonly description: 'Pipelines, for the routes of the policy';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'codeDeploy';
    readonly id: 'DeploymentChanged';
    readonly description: 'Deployments of CodeDeploy, for the routes of the policy';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'codeBuild';
    readonly id: 'BuildChanged';
    readonly description: 'Builds, for the routes of the policy';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}, {
    readonly name: 'ecr';
    readonly id: 'ImagePushed';
    readonly description: 'Images that are pushed, for the routes of the policy';
    readonly into: 'signals';
    readonly pattern: {
        readonly version?: string[];
        readonly id?: string[];
        readonly detailType?: string[];
        readonly source?: string[];
        readonly account?: string[];
        readonly time?: string[];
        readonly region?: string[];
        readonly resources?: string[];
        readonly detail: {
            readonly 'action-type': readonly ["PUSH"];
            readonly result: readonly ["SUCCESS"];
        };
    };
}, {
    readonly name: 'alarms';
    readonly id: 'AlarmChanged';
    readonly description: 'Alarms of CloudWatch, for the routes of the policy';
    readonly into: 'signals';
    readonly pattern: EventPattern;
}];
export type SignalName = (typeof SIGNAL_EVENTS)[number]['name'];
/** What is listened to unless the settings say otherwise. */
export declare const SIGNAL_DEFAULTS: Readonly<Record<SignalName, boolean>>;
