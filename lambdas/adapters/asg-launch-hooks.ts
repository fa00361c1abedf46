/** Lifecycle hooks through Auto Scaling's SDK. */
import { type AutoScalingClient, CompleteLifecycleActionCommand } from '@aws-sdk/client-auto-scaling';
import type { LaunchHooks } from '../core/ports.ts';
import type { LaunchHook } from '../core/signals.ts';

export class AsgLaunchHooks implements LaunchHooks {
  readonly #make: () => AutoScalingClient;
  #client: AutoScalingClient | undefined;

  /** `make`: called when the first hook is answered, because most stacks have none. */
  constructor(make: () => AutoScalingClient) {
    this.#make = make;
  }

  async complete({ groupName, hookName, token }: LaunchHook): Promise<void> {
    this.#client ??= this.#make();
    await this.#client.send(
      new CompleteLifecycleActionCommand({
        AutoScalingGroupName: groupName,
        LifecycleHookName: hookName,
        LifecycleActionToken: token,
        LifecycleActionResult: 'CONTINUE',
      }),
    );
  }
}
