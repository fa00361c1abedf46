/** What the door to EC2 Auto Scaling needs of a world that has groups. Names and values as in the API reference. */
export interface AutoScaling {
  readonly groups: readonly AutoScalingGroup[];
  /** Lets the instance go on (or be given up); false when it waits for no such action. */
  completeLifecycleAction(action: LifecycleAction, result: 'CONTINUE' | 'ABANDON'): boolean;
  /** Starts the hook's time limit anew; false when the instance waits for no such action. */
  recordLifecycleActionHeartbeat(action: LifecycleAction): boolean;
}

export interface AutoScalingGroup {
  readonly name: string;
  readonly arn: string;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  readonly subnetIds: readonly string[];
  readonly zones: readonly string[];
  readonly createdAtMs: number;
  readonly tags: ReadonlyMap<string, string>;
  readonly instances: readonly GroupInstance[];
}

export interface GroupInstance {
  readonly id: string;
  readonly type: string;
  readonly zone: string;
  /** For example `Pending:Wait` or `InService`. */
  readonly lifecycleState: string;
}

/** An instance held by a hook, by the instance itself or by the token its event carried. */
export interface LifecycleAction {
  readonly groupName: string;
  readonly hookName: string;
  readonly instanceId?: string;
  readonly token?: string;
}
