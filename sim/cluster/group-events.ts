/** What AWS says about a node group on its event bus, field by field. */

import type { Stream } from '../chance.ts';
import type { Instance } from '../ec2/api.ts';
import type { EventBus } from '../event-bus.ts';
import { isoSeconds } from '../iso-seconds.ts';
import { CLOUDTRAIL_DELAY } from '../latencies.ts';
import { uuid } from '../wire/uuid.ts';

export interface GroupEventsOptions {
  readonly bus: EventBus;
  readonly ids: Stream;
  readonly cluster: string;
  readonly nodeGroup: string;
  /** The Auto Scaling group's. */
  readonly groupName: string;
  readonly groupArn: string;
  readonly region: string;
  readonly accountId: string;
  /** Unix time in ms, now. */
  readonly clockMs: () => number;
  /** Events of groups with a warm pool say where an instance comes from and goes to; others do not. */
  readonly hasWarmPool: boolean;
}

type Place = 'EC2' | 'AutoScalingGroup' | 'WarmPool';

/** Where an instance comes from and where it goes. */
export interface Move {
  readonly origin: Place;
  readonly destination: Place;
}

export class GroupEvents {
  readonly #options: GroupEventsOptions;

  constructor(options: GroupEventsOptions) {
    this.#options = options;
  }

  /** Source: EC2 Auto Scaling User Guide, EventBridge event reference, EC2 Instance-launch Lifecycle Action. */
  launchLifecycleAction(instanceId: string, hookName: string, token: string, move: Move): void {
    const { bus, groupName, groupArn } = this.#options;
    const detail = {
      LifecycleActionToken: token,
      AutoScalingGroupName: groupName,
      LifecycleHookName: hookName,
      EC2InstanceId: instanceId,
      LifecycleTransition: 'autoscaling:EC2_INSTANCE_LAUNCHING',
      ...this.#places(move),
    };
    bus.put('aws.autoscaling', 'EC2 Instance-launch Lifecycle Action', detail, [groupArn]);
  }

  /** Source: as above, EC2 Instance Launch Successful. */
  launched(instance: Instance, startedAtMs: number, move: Move): void {
    this.#activity('EC2 Instance Launch Successful', {
      instance,
      startedAtMs,
      description: `Launching a new EC2 instance: ${instance.id}`,
      more: this.#places(move),
    });
  }

  terminated(instance: Instance, startedAtMs: number): void {
    this.#activity('EC2 Instance Terminate Successful', {
      instance,
      startedAtMs,
      description: `Terminating EC2 instance: ${instance.id}`,
      more: {},
    });
  }

  #activity(
    type: string,
    what: {
      readonly instance: Instance;
      readonly startedAtMs: number;
      readonly description: string;
      readonly more: object;
    },
  ): void {
    const { bus, ids, groupName, groupArn, region, accountId, clockMs } = this.#options;
    const { instance, startedAtMs, description, more } = what;
    const activityId = uuid(ids.hex(32));
    const detail = {
      EC2InstanceId: instance.id,
      AutoScalingGroupName: groupName,
      ActivityId: activityId,
      RequestId: activityId,
      StatusCode: 'InProgress',
      StatusMessage: '',
      Description: description,
      Cause: 'a change of the desired capacity',
      StartTime: new Date(startedAtMs).toISOString(),
      EndTime: new Date(clockMs()).toISOString(),
      Details: { 'Availability Zone': instance.zone, 'Subnet ID': instance.subnetId },
      ...more,
    };
    const arn = `arn:aws:ec2:${region}:${accountId}:instance/${instance.id}`;
    bus.put('aws.autoscaling', type, detail, [groupArn, arn]);
  }

  /** Two minutes before the end of a spot instance. Source: EC2 User Guide, Spot Instance interruption notices. */
  spotInterruption(instanceId: string): void {
    const { bus, region, accountId } = this.#options;
    const arn = `arn:aws:ec2:${region}:${accountId}:instance/${instanceId}`;
    const detail = { 'instance-id': instanceId, 'instance-action': 'terminate' };
    bus.put('aws.ec2', 'EC2 Spot Instance Interruption Warning', detail, [arn]);
  }

  /** Somebody calls EKS, or Auto Scaling itself, for another number of nodes; a trail is on. */
  capacityAskedFor(by: 'UpdateNodegroupConfig' | 'SetDesiredCapacity', desired: number): void {
    const { cluster, nodeGroup, groupName } = this.#options;
    if (by === 'UpdateNodegroupConfig') {
      const asked = { name: cluster, nodegroupName: nodeGroup, scalingConfig: { desiredSize: desired } };
      this.#apiCall('eks', by, asked);
    } else {
      this.#apiCall('autoscaling', by, { autoScalingGroupName: groupName, desiredCapacity: desired });
    }
  }

  /** Source: CloudTrail User Guide, record contents. */
  #apiCall(service: string, name: string, requestParameters: object): void {
    const { bus, ids, region, accountId, clockMs } = this.#options;
    const detail = {
      eventVersion: '1.09',
      userIdentity: {
        type: 'AssumedRole',
        accountId,
        arn: `arn:aws:sts::${accountId}:assumed-role/operator/cli`,
      },
      eventTime: isoSeconds(clockMs()),
      eventSource: `${service}.amazonaws.com`,
      eventName: name,
      awsRegion: region,
      sourceIPAddress: '192.0.2.1',
      userAgent: 'aws-cli',
      requestParameters,
      responseElements: null,
      requestID: uuid(ids.hex(32)),
      eventID: uuid(ids.hex(32)),
      readOnly: false,
      eventType: 'AwsApiCall',
      managementEvent: true,
      recipientAccountId: accountId,
      eventCategory: 'Management',
    };
    bus.put(`aws.${service}`, 'AWS API Call via CloudTrail', detail, [], CLOUDTRAIL_DELAY);
  }

  #places({ origin, destination }: Move): object {
    return this.#options.hasWarmPool ? { Origin: origin, Destination: destination } : {};
  }
}
