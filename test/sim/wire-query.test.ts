/** STS and EC2 Auto Scaling over the Query protocol. */
import { XMLParser } from 'fast-xml-parser';
import { describe, expect, test } from 'vitest';
import type { AutoScaling, LifecycleAction } from '../../sim/wire/auto-scaling.ts';
import { services } from '../../sim/wire/services.ts';
import { EPOCH_MS, inVirtualTime, smallWorld } from './doors-world.ts';

const GROUP = 'workers';
const WAITING: LifecycleAction = { groupName: GROUP, hookName: 'warm', instanceId: 'i-1' };

/** Two groups; one instance waits at the hook `warm`. */
function groups(): AutoScaling & { readonly done: string[] } {
  const done: string[] = [];
  const waits = ({ instanceId, hookName }: LifecycleAction): boolean =>
    hookName === WAITING.hookName && instanceId === WAITING.instanceId && done.at(-1) !== 'CONTINUE';
  const group = (name: string, cluster: string) => ({
    name,
    arn: `arn:aws:autoscaling:eu-central-1:111122223333:autoScalingGroup:u:autoScalingGroupName/${name}`,
    minSize: 0,
    maxSize: 9,
    desiredCapacity: 1,
    subnetIds: ['subnet-a', 'subnet-b'],
    zones: ['eu-central-1a', 'eu-central-1b'],
    createdAtMs: 0,
    tags: new Map([['eks:cluster-name', cluster]]),
    instances: [{ id: 'i-1', type: 'm5.large', zone: 'eu-central-1a', lifecycleState: 'Pending:Wait' }],
  });
  return {
    done,
    groups: [group(GROUP, 'shop'), group('others', 'lab')],
    completeLifecycleAction: (action, result) => {
      const known = waits(action);
      if (known) done.push(result);
      return known;
    },
    recordLifecycleActionHeartbeat: (action) => {
      const known = waits(action);
      if (known) done.push('heartbeat');
      return known;
    },
  };
}

async function post(service: string, form: Record<string, string>, autoScaling?: AutoScaling) {
  const world = { ...smallWorld(), ...(autoScaling && { autoScaling }) };
  const headers = {
    authorization: `AWS4-HMAC-SHA256 Credential=me/20260115/eu-central-1/${service}/aws4_request, Signature=0`,
  };
  const body = new URLSearchParams(form).toString();
  const ask = services(world, {});
  const response = await inVirtualTime(world.kernel, () => ask({ method: 'POST', path: '/', headers, body }));
  const lists = (name: string): boolean => name === 'member';
  const parser = new XMLParser({ parseTagValue: false, isArray: lists });
  return { status: response.status, document: parser.parse(response.body) };
}

const scaling = (form: Record<string, string>, world?: AutoScaling) =>
  post('autoscaling', { Version: '2011-01-01', ...form }, world);

test('STS tells whoever asks who they are', async () => {
  const { document } = await post('sts', { Action: 'GetCallerIdentity', Version: '2011-06-15' });
  expect(document.GetCallerIdentityResponse.GetCallerIdentityResult).toEqual({
    Arn: 'arn:aws:sts::111122223333:assumed-role/simulated/me',
    UserId: 'AROASIMULATED00000000:me',
    Account: '111122223333',
  });
  expect(document.GetCallerIdentityResponse.ResponseMetadata.RequestId).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  ['an action it does not have', { Action: 'GetSessionToken', Version: '2011-06-15' }, 'InvalidAction'],
  ['an action every object has', { Action: 'constructor', Version: '2011-06-15' }, 'InvalidAction'],
  ['another version', { Action: 'GetCallerIdentity', Version: '2011-06-14' }, 'InvalidAction'],
  [
    'a parameter nobody knows',
    { Action: 'GetCallerIdentity', Version: '2011-06-15', Colour: 'red' },
    'ValidationError',
  ],
  ['no action', { Version: '2011-06-15' }, 'ValidationError'],
])('%s is refused in the service’s own error body', async (_trouble, form, code) => {
  const { status, document } = await post('sts', form);
  expect(status).toBe(400);
  expect(document.ErrorResponse.Error).toMatchObject({ Type: 'Sender', Code: code });
});

describe('Auto Scaling', () => {
  const found = async (form: Record<string, string>, world?: AutoScaling): Promise<string[]> => {
    const { document } = await scaling({ Action: 'DescribeAutoScalingGroups', ...form }, world);
    const list = document.DescribeAutoScalingGroupsResponse.DescribeAutoScalingGroupsResult.AutoScalingGroups;
    return (list.member ?? []).map((one: { AutoScalingGroupName: string }) => one.AutoScalingGroupName);
  };

  test('a world without groups has none, and no action waits in it', async () => {
    expect(await found({})).toEqual([]);
    const { status, document } = await scaling({
      Action: 'CompleteLifecycleAction',
      AutoScalingGroupName: GROUP,
      LifecycleHookName: 'warm',
      LifecycleActionResult: 'CONTINUE',
      InstanceId: 'i-1',
    });
    expect([status, document.ErrorResponse.Error.Code]).toEqual([400, 'ValidationError']);
  });

  test('groups are described whole, by name and by tag', async () => {
    const world = groups();
    const { document } = await scaling(
      { Action: 'DescribeAutoScalingGroups', 'AutoScalingGroupNames.member.1': GROUP },
      world,
    );
    const result = document.DescribeAutoScalingGroupsResponse.DescribeAutoScalingGroupsResult;
    expect(result.AutoScalingGroups.member).toMatchObject([
      {
        AutoScalingGroupName: GROUP,
        DesiredCapacity: '1',
        VPCZoneIdentifier: 'subnet-a,subnet-b',
        AvailabilityZones: { member: ['eu-central-1a', 'eu-central-1b'] },
        CreatedTime: new Date(EPOCH_MS).toISOString(),
        Instances: { member: [{ InstanceId: 'i-1', LifecycleState: 'Pending:Wait' }] },
        Tags: { member: [{ Key: 'eks:cluster-name', Value: 'shop' }] },
      },
    ]);
    const filter = {
      'Filters.member.1.Name': 'tag:eks:cluster-name',
      'Filters.member.1.Values.member.1': 'lab',
    };
    expect(await found(filter, world)).toEqual(['others']);
    expect(await found({ 'AutoScalingGroupNames.member.1': 'none' }, world)).toEqual([]);
    expect(await found({ MaxRecords: '1' }, world)).toEqual([GROUP]);
    expect(await found({ MaxRecords: '1', NextToken: '1' }, world)).toEqual(['others']);
  });

  test('a waiting instance is kept waiting, then let go, once', async () => {
    const world = groups();
    const answer = async (form: Record<string, string>): Promise<string> => {
      const whole = { AutoScalingGroupName: GROUP, LifecycleHookName: 'warm', InstanceId: 'i-1', ...form };
      const { status, document } = await scaling(whole, world);
      return status === 200 ? 'done' : document.ErrorResponse.Error.Message;
    };
    const complete = { Action: 'CompleteLifecycleAction', LifecycleActionResult: 'CONTINUE' };
    expect(await answer({ Action: 'RecordLifecycleActionHeartbeat' })).toBe('done');
    expect(await answer({ ...complete, LifecycleActionResult: 'PERHAPS' })).toContain('CONTINUE or ABANDON');
    expect(await answer({ ...complete, InstanceId: 'i-2' })).toContain('No active Lifecycle Action');
    expect(await answer(complete)).toBe('done');
    expect(await answer(complete)).toContain('No active Lifecycle Action found with instance ID i-1');
    expect(world.done).toEqual(['heartbeat', 'CONTINUE']);
  });
});
