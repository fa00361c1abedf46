/** EC2 Auto Scaling's wire protocol: its groups, and the two answers to a launch's lifecycle hook.
 *  Source: EC2 Auto Scaling API reference, version 2011-01-01. */
import { ApiError } from '../ec2/api.ts';
import type { AutoScalingGroup, LifecycleAction } from './auto-scaling.ts';
import type { QueryService } from './aws-query.ts';
import type { QueryParameters } from './query.ts';
import type { WireWorld } from './wire.ts';
import type { Xml } from './xml.ts';

/** Groups in one answer: unless said, and at most. */
const GROUPS_PER_PAGE = 50;
const MOST_PER_PAGE = 100;

export const AUTO_SCALING: QueryService = {
  version: '2011-01-01',
  namespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/',
  actions: {
    DescribeAutoScalingGroups: (world, _caller, from) => {
      const names = from.list('AutoScalingGroupNames.member');
      const tests = from.members('Filters.member').map((member) => readFilter(from, member));
      const most = from.count('MaxRecords') ?? GROUPS_PER_PAGE;
      const start = readToken(from.text('NextToken'));
      const withInstances = from.flag('IncludeInstances') ?? true;
      from.end();
      if (most < 1 || most > MOST_PER_PAGE) {
        throw invalid(`Value '${most}' at 'maxRecords' failed to satisfy constraint: 1 to ${MOST_PER_PAGE}`);
      }
      // Names that no group has are left out of the answer: they are no error.
      const found = (world.autoScaling?.groups ?? []).filter(
        (group) => (names?.includes(group.name) ?? true) && tests.every((test) => test(group)),
      );
      const page = found.slice(start, start + most);
      const next = start + most < found.length ? String(start + most) : undefined;
      return {
        AutoScalingGroups: page.map((group) => groupItem(group, world, withInstances)),
        NextToken: next,
      };
    },

    CompleteLifecycleAction: (world, _caller, from) => {
      const action = readAction(from);
      const result = from.required('LifecycleActionResult');
      from.end();
      if (result !== 'CONTINUE' && result !== 'ABANDON') {
        throw invalid('Lifecycle action result must be either CONTINUE or ABANDON');
      }
      const known = checkGroup(world, action).completeLifecycleAction(action, result);
      if (!known) throw noSuchAction(action);
      return {};
    },

    RecordLifecycleActionHeartbeat: (world, _caller, from) => {
      const action = readAction(from);
      from.end();
      if (!checkGroup(world, action).recordLifecycleActionHeartbeat(action)) throw noSuchAction(action);
      return {};
    },
  },
};

function readAction(from: QueryParameters): LifecycleAction {
  const instanceId = from.text('InstanceId');
  const token = from.text('LifecycleActionToken');
  return {
    groupName: from.required('AutoScalingGroupName'),
    hookName: from.required('LifecycleHookName'),
    ...(instanceId !== undefined && { instanceId }),
    ...(token !== undefined && { token }),
  };
}

function checkGroup(world: WireWorld, action: LifecycleAction): NonNullable<WireWorld['autoScaling']> {
  const { autoScaling } = world;
  if (autoScaling === undefined || !autoScaling.groups.some(({ name }) => name === action.groupName)) {
    throw invalid(`AutoScalingGroup name not found - AutoScalingGroup '${action.groupName}' not found`);
  }
  if (action.instanceId === undefined && action.token === undefined) {
    throw invalid('One of LifecycleActionToken and InstanceId must be given');
  }
  return autoScaling;
}

function noSuchAction({ instanceId, token }: LifecycleAction): ApiError {
  const by = token === undefined ? `instance ID ${instanceId}` : `token ${token}`;
  return invalid(`No active Lifecycle Action found with ${by}`);
}

/** Filters know tags only: `tag-key`, `tag-value` and `tag:<key>`; the values of one are alternatives. */
function readFilter(from: QueryParameters, member: string): (group: AutoScalingGroup) => boolean {
  const name = from.required(`${member}.Name`);
  const values = new Set(from.list(`${member}.Values.member`));
  if (name === 'tag-key') return ({ tags }) => [...tags.keys()].some((key) => values.has(key));
  if (name === 'tag-value') return ({ tags }) => [...tags.values()].some((value) => values.has(value));
  if (!name.startsWith('tag:')) throw invalid(`Filter type ${name} is not correct.`);
  const key = name.slice('tag:'.length);
  return ({ tags }) => values.has(tags.get(key) ?? '') && tags.has(key);
}

function readToken(token: string | undefined): number {
  if (token === undefined) return 0;
  if (/^[1-9]\d*$/.test(token)) return Number(token);
  throw new ApiError('InvalidNextToken', 'The NextToken value is not valid.');
}

const invalid = (message: string): ApiError => new ApiError('ValidationError', message);

function groupItem(group: AutoScalingGroup, { epochMs }: WireWorld, withInstances: boolean): Xml {
  return {
    AutoScalingGroupName: group.name,
    AutoScalingGroupARN: group.arn,
    MinSize: group.minSize,
    MaxSize: group.maxSize,
    DesiredCapacity: group.desiredCapacity,
    AvailabilityZones: group.zones,
    VPCZoneIdentifier: group.subnetIds.join(','),
    CreatedTime: new Date(epochMs + group.createdAtMs).toISOString(),
    Instances: withInstances
      ? group.instances.map(({ id, type, zone, lifecycleState }) => ({
          InstanceId: id,
          InstanceType: type,
          AvailabilityZone: zone,
          LifecycleState: lifecycleState,
          HealthStatus: 'Healthy',
          ProtectedFromScaleIn: false,
        }))
      : [],
    Tags: [...group.tags].map(([key, value]) => ({
      ResourceId: group.name,
      ResourceType: 'auto-scaling-group',
      Key: key,
      Value: value,
      PropagateAtLaunch: true,
    })),
  };
}
