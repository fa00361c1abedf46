/** The Auto Scaling groups behind node groups, as the service shows them and takes answers for them. */
import type { AutoScaling, AutoScalingGroup, GroupInstance, LifecycleAction } from '../wire/auto-scaling.ts';
import type { LifecycleResult } from './lifecycle-hook.ts';
import type { NodeGroup } from './node-group.ts';

/** Largest size of a group that names none: an assumption, far above what scenarios launch. */
const MOST_NODES = 10_000;

/** A node group and the names its Auto Scaling group goes by. */
export interface ScalingGroup {
  readonly name: string;
  readonly arn: string;
  readonly tags: ReadonlyMap<string, string>;
  readonly createdAtMs: number;
  readonly group: NodeGroup;
}

export class ScalingGroups implements AutoScaling {
  readonly #groups: ScalingGroup[] = [];

  add(group: ScalingGroup): void {
    this.#groups.push(group);
  }

  get groups(): readonly AutoScalingGroup[] {
    return this.#groups.map(({ group, ...named }) => ({
      ...named,
      minSize: 0,
      maxSize: group.options.autoscale?.most ?? MOST_NODES,
      desiredCapacity: group.desired,
      subnetIds: group.subnetIds,
      zones: group.zones,
      instances: instancesOf(group),
    }));
  }

  completeLifecycleAction(action: LifecycleAction, result: LifecycleResult): boolean {
    return this.#of(action)?.completeLifecycleAction(action, result) ?? false;
  }

  recordLifecycleActionHeartbeat(action: LifecycleAction): boolean {
    return this.#of(action)?.recordHeartbeat(action) ?? false;
  }

  #of({ groupName, hookName }: LifecycleAction): NodeGroup | undefined {
    const group = this.#groups.find(({ name }) => name === groupName)?.group;
    return group?.hookName === hookName ? group : undefined;
  }
}

/** Instances in the warm pool are not among a group's instances: DescribeWarmPool shows those. */
const instancesOf = (group: NodeGroup): GroupInstance[] =>
  group.members.flatMap(({ node, pooled, state }) =>
    node === undefined || pooled
      ? []
      : [{ id: node.instanceId, type: node.type, zone: node.zone, lifecycleState: state }],
  );
