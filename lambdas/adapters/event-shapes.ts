/** The shapes of events we understand: EventBridge's envelope and what AWS's services put in it, as far as we need it. */
import * as z from 'zod/mini';
import type { NodeId } from '../core/model.ts';
import { announcementId, time } from './announcement-shape.ts';
import { clusterName, ours, text, theirs, value, whole } from './expectations.ts';

export const nodeId = value<NodeId>(
  'an instance id',
  (given) => typeof given === 'string' && /^i-([0-9a-f]{8}|[0-9a-f]{17})$/.test(given),
);
const any = text('a text', /^/);
const name = text('a name of 1 to 300 characters', /^[^\n]{1,300}$/);
const oneOf = (...values: readonly string[]) =>
  value<string>(`one of ${values.join(', ')}`, (given) => values.includes(given as string));

/** Source: EventBridge User Guide, event structure. A person who invokes a function may leave out where it comes from. */
export const ENVELOPE = theirs({
  id: announcementId,
  source: any,
  'detail-type': any,
  time,
  account: z.optional(any),
  region: z.optional(any),
  detail: value<unknown>('an object', (given) => typeof given === 'object' && given !== null),
});

/** Source: EC2 User Guide, state change events. */
export const STATE_CHANGE = theirs({
  'instance-id': nodeId,
  state: oneOf('pending', 'running', 'stopping', 'stopped', 'shutting-down', 'terminated'),
});

/** Source: EC2 User Guide, Spot Instance interruption notices and rebalance recommendations. */
export const INTERRUPTION = theirs({
  'instance-id': nodeId,
  'instance-action': oneOf('terminate', 'stop', 'hibernate'),
});
export const REBALANCE = theirs({ 'instance-id': nodeId });

/** Source: EC2 Auto Scaling User Guide, EventBridge event reference. Origin and destination come with a warm pool only. */
export const LAUNCH_ACTION = theirs({
  EC2InstanceId: nodeId,
  LifecycleTransition: oneOf('autoscaling:EC2_INSTANCE_LAUNCHING', 'autoscaling:EC2_INSTANCE_TERMINATING'),
  AutoScalingGroupName: name,
  LifecycleHookName: name,
  LifecycleActionToken: name,
});
export const LAUNCHED = theirs({ EC2InstanceId: nodeId });
export const LAUNCH_FAILED = theirs({ AutoScalingGroupName: name, StatusMessage: z.optional(any) });
export const REFRESH = theirs({ AutoScalingGroupName: name, InstanceRefreshId: name });

/** Source: CloudTrail User Guide, record contents. */
export const API_CALL = theirs({
  eventName: name,
  errorCode: z.optional(any),
  requestID: name,
  requestParameters: value<unknown>('an object', (given) => typeof given === 'object' && given !== null),
});
const nodes = whole(0, 100_000, 'nodes');
/** Source: EC2 Auto Scaling API reference, SetDesiredCapacity and UpdateAutoScalingGroup. */
export const GROUP_CALL = theirs({ autoScalingGroupName: name, desiredCapacity: z.optional(nodes) });
/** Source: EKS API reference, UpdateNodegroupConfig and UpdateNodegroupVersion. The cluster is a part of the path, whose name
 *  in CloudTrail is not documented: both spellings are taken. */
export const NODEGROUP_CALL = z.union(
  [
    theirs({ name: clusterName, nodegroupName: name, ...scaling() }),
    theirs({ clusterName, nodegroupName: name, ...scaling() }),
  ],
  { error: 'an object with clusterName (or name) and nodegroupName' },
);
function scaling() {
  return { scalingConfig: z.optional(theirs({ desiredSize: z.optional(nodes) })) };
}
/** Source: EC2 API reference, CreateFleet. CloudTrail writes EC2's lists as objects or lists, as they come. */
export const FLEET_CALL = theirs({
  CreateFleetRequest: theirs({
    TargetCapacitySpecification: theirs({ TotalTargetCapacity: nodes }),
    TagSpecification: z.optional(value<unknown>('tags', () => true)),
  }),
});

/** Source: CodePipeline, CodeDeploy, CodeBuild and ECR User Guides, events. */
export const PIPELINE = theirs({ pipeline: name, 'execution-id': name, state: name });
export const DEPLOYMENT = theirs({
  application: name,
  deploymentGroup: name,
  deploymentId: name,
  state: name,
});
export const BUILD = theirs({ 'project-name': name, 'build-id': name, 'build-status': name });
export const IMAGE = theirs({
  'action-type': name,
  result: name,
  'repository-name': name,
  'image-digest': name,
  'image-tag': z.optional(any),
});
/** Source: CloudWatch User Guide, alarm events. */
export const ALARM = theirs({ alarmName: name, state: theirs({ value: name, timestamp: name }) });

/** Source: Step Functions Developer Guide, events of execution status changes. The input is JSON as text; `null` where it was
 *  too large to be told. */
export const EXECUTION = theirs({
  status: oneOf('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'),
  input: any,
  error: z.nullish(any),
});

/** Ours: a person lets a wave go. */
export const APPROVED_DETAIL = ours({
  cluster: clusterName,
  announcementId,
  wave: z.optional(whole(1, 1_000, 'waves')),
});

/** Ours: a schedule of the policy fires. */
export const DUE_DETAIL = ours({ schedule: name });
