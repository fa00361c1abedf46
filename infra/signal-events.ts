/** Which events reach us, by the name an operator switches them by, and the queue they go to. All come from the default bus. */
import type { EventPattern } from 'aws-cdk-lib/aws-events';
import { CALLS } from '../lambdas/adapters/aws-events.ts';

export interface SignalEvents {
  readonly name: string;
  /** Of the rule, in the template. */
  readonly id: string;
  readonly description: string;
  readonly into: 'launches' | 'signals';
  readonly pattern: EventPattern;
}

const of = (source: string, ...detailType: string[]): EventPattern => ({ source: [source], detailType });

/** EC2's events carry no tags, so every instance of the account knocks. What names a pipeline, a repository or an alarm means
 *  something only by a route of the policy, and CloudTrail's comes late and needs a trail: those are off unless asked for. */
export const SIGNAL_EVENTS = [
  {
    name: 'instances',
    id: 'InstanceLaunching',
    description: 'EC2 instances that start: any of them may be a node of the cluster',
    into: 'launches',
    pattern: {
      ...of('aws.ec2', 'EC2 Instance State-change Notification'),
      detail: { state: ['pending', 'running'] },
    },
  },
  {
    name: 'autoScaling',
    id: 'LifecycleAction',
    description: 'Launches that wait at a lifecycle hook',
    into: 'launches',
    pattern: of('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action'),
  },
  {
    name: 'autoScaling',
    id: 'WarmPoolFilled',
    description: 'Instances that stopped in a warm pool; EC2 tells of all other launches sooner',
    into: 'launches',
    pattern: {
      ...of('aws.autoscaling', 'EC2 Instance Launch Successful'),
      detail: { Destination: ['WarmPool'] },
    },
  },
  {
    name: 'autoScaling',
    id: 'InstanceRefresh',
    description: 'Groups whose nodes are all replaced',
    into: 'signals',
    pattern: of('aws.autoscaling', 'EC2 Auto Scaling Instance Refresh Started'),
  },
  {
    name: 'spot',
    id: 'NodesLeaving',
    description: 'Spot instances that are taken back, or are likely to be: their pods come to other nodes',
    into: 'signals',
    pattern: of('aws.ec2', 'EC2 Spot Instance Interruption Warning', 'EC2 Instance Rebalance Recommendation'),
  },
  {
    name: 'announcements',
    id: 'DeploymentAnnounced',
    description: 'Rollouts that a pipeline announces before their pods exist',
    into: 'signals',
    pattern: of('eks-ip-prewarmer', 'Deployment Announced', 'Prewarm Due', 'Wave Approved'),
  },
  {
    name: 'cloudTrail',
    id: 'NodesAskedFor',
    description: 'Calls that ask for nodes, as CloudTrail tells them: late',
    into: 'signals',
    pattern: {
      source: ['aws.autoscaling', 'aws.eks', 'aws.ec2'],
      detailType: ['AWS API Call via CloudTrail'],
      detail: { eventName: [...CALLS] },
    },
  },
  {
    name: 'codePipeline',
    id: 'PipelineChanged',
    description: 'Pipelines, for the routes of the policy',
    into: 'signals',
    pattern: of('aws.codepipeline', 'CodePipeline Pipeline Execution State Change'),
  },
  {
    name: 'codeDeploy',
    id: 'DeploymentChanged',
    description: 'Deployments of CodeDeploy, for the routes of the policy',
    into: 'signals',
    pattern: of('aws.codedeploy', 'CodeDeploy Deployment State-change Notification'),
  },
  {
    name: 'codeBuild',
    id: 'BuildChanged',
    description: 'Builds, for the routes of the policy',
    into: 'signals',
    pattern: of('aws.codebuild', 'CodeBuild Build State Change'),
  },
  {
    name: 'ecr',
    id: 'ImagePushed',
    description: 'Images that are pushed, for the routes of the policy',
    into: 'signals',
    pattern: {
      ...of('aws.ecr', 'ECR Image Action'),
      detail: { 'action-type': ['PUSH'], result: ['SUCCESS'] },
    },
  },
  {
    name: 'alarms',
    id: 'AlarmChanged',
    description: 'Alarms of CloudWatch, for the routes of the policy',
    into: 'signals',
    pattern: of('aws.cloudwatch', 'CloudWatch Alarm State Change'),
  },
] as const satisfies readonly SignalEvents[];

export type SignalName = (typeof SIGNAL_EVENTS)[number]['name'];

/** What is listened to unless the settings say otherwise. */
export const SIGNAL_DEFAULTS: Readonly<Record<SignalName, boolean>> = {
  instances: true,
  autoScaling: true,
  spot: true,
  announcements: true,
  cloudTrail: false,
  codePipeline: false,
  codeDeploy: false,
  codeBuild: false,
  ecr: false,
  alarms: false,
};
