/** Events of AWS's services, as signals. */
import type * as z from 'zod/mini';
import type { Complaint } from '../core/complaints.ts';
import { ignored } from '../core/ignored.ts';
import { ROLLOUT_STOPPED } from '../core/rollouts/errors.ts';
import type { Happening } from '../core/routes.ts';
import type {
  Ignored,
  NodeGroupName,
  NodeLaunching,
  PodsDisplaced,
  RolloutEnded,
  ScaleOutComing,
} from '../core/signals.ts';
import {
  ALARM,
  API_CALL,
  BUILD,
  DEPLOYMENT,
  EXECUTION,
  FLEET_CALL,
  GROUP_CALL,
  IMAGE,
  INTERRUPTION,
  LAUNCH_ACTION,
  LAUNCH_FAILED,
  LAUNCHED,
  NODEGROUP_CALL,
  PIPELINE,
  REBALANCE,
  REFRESH,
  STATE_CHANGE,
} from './event-shapes.ts';
import { check } from './expectations.ts';

/** What every reader gets of an event: its envelope has been checked. */
export interface Envelope {
  readonly id: string;
  readonly atMs: number;
  readonly detail: unknown;
}

type Shape = Parameters<typeof check>[0];
/** Reads the detail as `shape` has it, or says all that is wrong with it. */
const reading =
  <S extends Shape, R>(shape: S, read: (detail: z.output<S>, event: Envelope) => R) =>
  (event: Envelope): R | Ignored => {
    const checked = check(shape, event.detail, 'detail');
    return checked.ok ? read(checked.value, event) : ignored('malformed', ...checked.complaints);
  };

const noNeed = (complaint: Complaint): Ignored => ignored('no address needed', complaint);

const launching = (
  nodeId: NodeLaunching['nodeId'],
  phase: NodeLaunching['phase'],
  atMs: number,
): NodeLaunching => ({
  kind: 'node-launching',
  nodeId,
  phase,
  atMs,
  attempt: 0,
});

type Told = NodeLaunching | PodsDisplaced | ScaleOutComing | RolloutEnded | Ignored;

const stateChanged = reading(STATE_CHANGE, ({ 'instance-id': nodeId, state }, { atMs }): Told => {
  if (state === 'pending' || state === 'running') return launching(nodeId, state, atMs);
  return noNeed({
    field: 'detail.state',
    expected: 'pending or running, when addresses are needed',
    got: state,
  });
});

const displaced = (
  nodeId: PodsDisplaced['nodeId'],
  cause: PodsDisplaced['cause'],
  atMs: number,
): PodsDisplaced => ({ kind: 'pods-displaced', nodeId, cause, atMs, attempt: 0 });

const interrupted = reading(
  INTERRUPTION,
  ({ 'instance-id': nodeId }, { atMs }): Told => displaced(nodeId, 'spot interruption', atMs),
);
const rebalance = reading(
  REBALANCE,
  ({ 'instance-id': nodeId }, { atMs }): Told => displaced(nodeId, 'rebalance recommendation', atMs),
);

/** When the instance began to run no event of Auto Scaling's tells: it counts as one that may still be pending. */
const launchAction = reading(LAUNCH_ACTION, (action, { atMs }): Told => {
  const { EC2InstanceId: nodeId, LifecycleTransition: transition } = action;
  if (transition !== 'autoscaling:EC2_INSTANCE_LAUNCHING')
    return noNeed({ field: 'detail.LifecycleTransition', expected: 'a launch', got: transition });
  const {
    AutoScalingGroupName: groupName,
    LifecycleHookName: hookName,
    LifecycleActionToken: token,
  } = action;
  return { ...launching(nodeId, 'pending', atMs), hook: { groupName, hookName, token } };
});
const launched = reading(
  LAUNCHED,
  ({ EC2InstanceId: nodeId }, { atMs }): Told => launching(nodeId, 'pending', atMs),
);
const launchFailed = reading(
  LAUNCH_FAILED,
  ({ StatusMessage: got }): Told =>
    noNeed({ field: 'detail.StatusMessage', expected: 'an instance that launched', got }),
);

const refreshStarted = reading(
  REFRESH,
  ({ AutoScalingGroupName: name, InstanceRefreshId: requestId }, { atMs }): Told =>
    scaleOut({ by: 'Auto Scaling group', name }, { are: 'replaced' }, requestId, atMs),
);

const scaleOut = (
  group: NodeGroupName,
  nodes: ScaleOutComing['nodes'],
  requestId: string,
  atMs: number,
): ScaleOutComing => ({ kind: 'scale-out-coming', group, nodes, requestId, atMs, attempt: 0 });

const PARAMETERS = 'detail.requestParameters';
const called = reading(API_CALL, (call, { atMs }): Told => {
  const { eventName, errorCode, requestID, requestParameters } = call;
  if (errorCode !== undefined)
    return noNeed({ field: 'detail.errorCode', expected: 'a call that succeeded', got: errorCode });
  const as = <S extends Shape>(shape: S, read: (asked: z.output<S>) => Told): Told => {
    const checked = check(shape, requestParameters, PARAMETERS);
    return checked.ok ? read(checked.value) : ignored('malformed', ...checked.complaints);
  };
  const desired = (group: NodeGroupName, field: string, count: number | undefined): Told =>
    count === undefined
      ? noNeed({
          field: `${PARAMETERS}.${field}`,
          expected: 'a number of nodes, when it changes',
          got: count,
        })
      : scaleOut(group, { are: 'desired', count }, requestID, atMs);
  switch (eventName) {
    case 'SetDesiredCapacity':
    case 'UpdateAutoScalingGroup':
      return as(GROUP_CALL, ({ autoScalingGroupName: name, desiredCapacity }) =>
        desired({ by: 'Auto Scaling group', name }, 'desiredCapacity', desiredCapacity),
      );
    case 'UpdateNodegroupConfig':
      return as(NODEGROUP_CALL, (asked) =>
        desired(nodeGroupOf(asked), 'scalingConfig.desiredSize', asked.scalingConfig?.desiredSize),
      );
    case 'UpdateNodegroupVersion':
      return as(NODEGROUP_CALL, (asked) =>
        scaleOut(nodeGroupOf(asked), { are: 'replaced' }, requestID, atMs),
      );
    case 'CreateFleet':
      return as(FLEET_CALL, ({ CreateFleetRequest: { TargetCapacitySpecification, TagSpecification } }) => {
        const name = nodePoolIn(TagSpecification);
        const count = TargetCapacitySpecification.TotalTargetCapacity;
        return name === undefined
          ? noNeed({
              field: `${PARAMETERS}.CreateFleetRequest.TagSpecification`,
              expected: 'the tag karpenter.sh/nodepool',
              got: TagSpecification,
            })
          : scaleOut({ by: 'node pool', name }, { are: 'more', count }, requestID, atMs);
      });
    default:
      return noNeed({
        field: 'detail.eventName',
        expected: `one of ${CALLS.join(', ')}`,
        got: eventName,
      });
  }
});
/** API calls that bring nodes, as CloudTrail tells them: infra/signal-rules.ts asks for these. */
export const CALLS = [
  'SetDesiredCapacity',
  'UpdateAutoScalingGroup',
  'UpdateNodegroupConfig',
  'UpdateNodegroupVersion',
  'CreateFleet',
] as const;

const nodeGroupOf = (
  asked: { readonly nodegroupName: string } & ({ readonly name: string } | { readonly clusterName: string }),
): NodeGroupName => ({
  by: 'node group',
  cluster: 'clusterName' in asked ? asked.clusterName : asked.name,
  name: asked.nodegroupName,
});

/** Karpenter tags what its fleets launch (Karpenter, cloud provider AWS, tags). */
function nodePoolIn(given: unknown): string | undefined {
  if (Array.isArray(given)) return given.map(nodePoolIn).find((name) => name !== undefined);
  if (typeof given !== 'object' || given === null) return undefined;
  const { Key, Value, Tag } = given as Readonly<Record<string, unknown>>;
  if (Key === 'karpenter.sh/nodepool' && typeof Value === 'string' && /^[^\n]{1,253}$/.test(Value))
    return Value;
  return Tag === undefined ? undefined : nodePoolIn(Tag);
}

const piped = reading(
  PIPELINE,
  ({ pipeline: name, state, 'execution-id': key }): Happening => ({ by: 'codepipeline', name, state, key }),
);
const deployed = reading(
  DEPLOYMENT,
  ({ application, deploymentGroup, state, deploymentId: key }): Happening => ({
    by: 'codedeploy',
    name: `${application}/${deploymentGroup}`,
    state,
    key,
  }),
);
const built = reading(
  BUILD,
  ({ 'project-name': name, 'build-status': state, 'build-id': id }): Happening => ({
    by: 'codebuild',
    name,
    state,
    // arn:aws:codebuild:REGION:ACCOUNT:build/PROJECT:UUID
    key: id.split(':').at(-1) ?? id,
  }),
);
const pushed = reading(IMAGE, (image): Happening | Ignored => {
  const {
    'action-type': action,
    result,
    'repository-name': name,
    'image-digest': key,
    'image-tag': tag,
  } = image;
  return action === 'PUSH' && result === 'SUCCESS'
    ? { by: 'ecr', name, state: tag, key }
    : noNeed({
        field: 'detail.action-type',
        expected: 'a PUSH with SUCCESS',
        got: `${action} with ${result}`,
      });
});
const alarmed = reading(
  ALARM,
  ({ alarmName: name, state: { value: state, timestamp: key } }): Happening => ({
    by: 'alarm',
    name,
    state,
    key,
  }),
);

/** An execution of ours: the rule asks for no other machine's. Its input names its rollout. */
const executed = reading(EXECUTION, ({ status, input, error }): Told => {
  const rolloutId = rolloutIn(input);
  if (rolloutId === undefined)
    return ignored('malformed', {
      field: 'detail.input',
      expected: 'a rollout as JSON, {"rolloutId": ...}',
      got: input,
    });
  if (status === 'RUNNING' || status === 'SUCCEEDED')
    return noNeed({ field: 'detail.status', expected: 'FAILED, TIMED_OUT or ABORTED', got: status });
  // It may be late, and the rollout have been resumed meanwhile.
  if (error === ROLLOUT_STOPPED)
    return noNeed({ field: 'detail.error', expected: 'an end that nobody reported', got: error });
  return { kind: 'rollout-ended', rolloutId, status: status as RolloutEnded['status'] };
});

function rolloutIn(input: string): string | undefined {
  try {
    const { rolloutId } = JSON.parse(input) as { readonly rolloutId?: unknown };
    return typeof rolloutId === 'string' ? rolloutId : undefined;
  } catch {
    return undefined;
  }
}

const API_CALLED = { 'AWS API Call via CloudTrail': called };

/** By source and detail type. */
export const AWS_EVENTS: Readonly<
  Record<string, Readonly<Record<string, (event: Envelope) => Told | Happening>>>
> = {
  'aws.ec2': {
    'EC2 Instance State-change Notification': stateChanged,
    'EC2 Spot Instance Interruption Warning': interrupted,
    'EC2 Instance Rebalance Recommendation': rebalance,
    ...API_CALLED,
  },
  'aws.autoscaling': {
    'EC2 Instance-launch Lifecycle Action': launchAction,
    'EC2 Instance Launch Successful': launched,
    'EC2 Instance Launch Unsuccessful': launchFailed,
    'EC2 Auto Scaling Instance Refresh Started': refreshStarted,
    ...API_CALLED,
  },
  'aws.eks': API_CALLED,
  'aws.states': { 'Step Functions Execution Status Change': executed },
  'aws.codepipeline': { 'CodePipeline Pipeline Execution State Change': piped },
  'aws.codedeploy': { 'CodeDeploy Deployment State-change Notification': deployed },
  'aws.codebuild': { 'CodeBuild Build State Change': built },
  'aws.ecr': { 'ECR Image Action': pushed },
  'aws.cloudwatch': { 'CloudWatch Alarm State Change': alarmed },
};
