/**
 * One instance of a node group, from the wish for it to its end, in the states Auto Scaling shows:
 * `Pending` → (`Pending:Wait` at a hook → `Pending:Proceed`) → `InService`; through a warm pool first
 * `Warmed:Pending` → (`Warmed:Pending:Wait` → `Warmed:Pending:Proceed`) → `Warmed:Stopped`, until it is wanted.
 * Source: EC2 Auto Scaling User Guide, instance lifecycle, warm pools.
 */

import type { Stream } from '../chance.ts';
import type { Kernel, Process } from '../kernel.ts';
import { RUN_INSTANCES_RETRY_MS, WISH_TO_PENDING } from '../latencies.ts';
import { uuid } from '../wire/uuid.ts';
import type { GroupEvents, Move } from './group-events.ts';
import { type LifecycleHook, LifecycleWait } from './lifecycle-hook.ts';
import type { Node } from './node.ts';

export type LifecycleState =
  | 'Pending'
  | 'Pending:Wait'
  | 'Pending:Proceed'
  | 'InService'
  | 'Terminating'
  | 'Warmed:Pending'
  | 'Warmed:Pending:Wait'
  | 'Warmed:Pending:Proceed'
  | 'Warmed:Stopped';

/** What a member needs of its group. */
export interface Membership {
  readonly kernel: Kernel;
  readonly clockMs: () => number;
  readonly chance: Stream;
  readonly hook: (LifecycleHook & { readonly name: string }) | undefined;
  /** None for nodes without an Auto Scaling group. */
  readonly events: GroupEvents | undefined;
  /** Asks EC2 for the instance; `undefined` while it has no room for it. */
  readonly launch: (member: Member) => Node | undefined;
  readonly abandoned: (member: Member) => void;
}

export class Member {
  readonly zones: readonly string[] | undefined;
  state: LifecycleState;
  node: Node | undefined;
  /** What it waits for at a hook, if it does. */
  waiting: LifecycleWait | undefined;
  #wanted: boolean;
  #whenWanted: () => void = () => {};

  /** `zones`: where it must be; anywhere in the group unless said. */
  constructor(into: 'group' | 'warm pool', zones?: readonly string[]) {
    this.#wanted = into === 'group';
    this.state = into === 'group' ? 'Pending' : 'Warmed:Pending';
    this.zones = zones;
  }

  /** Counts as part of the warm pool. */
  get pooled(): boolean {
    return !this.#wanted;
  }

  /** Takes it out of the warm pool. */
  want(): void {
    this.#wanted = true;
    this.#whenWanted();
  }

  *life(group: Membership): Process {
    const startedAtMs = group.clockMs();
    yield* group.kernel.sleep(group.chance.from(WISH_TO_PENDING));
    let node = group.launch(this);
    while (node === undefined) {
      yield* group.kernel.sleep(RUN_INSTANCES_RETRY_MS);
      node = group.launch(this);
    }
    this.node = node;
    let origin: Move['origin'] = 'EC2';
    if (this.state === 'Warmed:Pending') {
      if (!(yield* this.#pool(group, node, startedAtMs))) return;
      origin = 'WarmPool';
    }
    this.state = 'Pending';
    const { instanceId } = node;
    const move: Move = { origin, destination: 'AutoScalingGroup' };
    yield (resume) => {
      node.onRunning(resume);
      node.boot();
    };
    if (!(yield* this.#answered(group, this.#hold(group, instanceId, move)))) return;
    this.state = 'InService';
    group.events?.launched(node.instance, startedAtMs, move);
  }

  /** Up, set up, and stopped until it is wanted. False when a hook's answer gave it up. */
  *#pool(group: Membership, node: Node, startedAtMs: number): Process<boolean> {
    const move: Move = { origin: 'EC2', destination: 'WarmPool' };
    let wait: LifecycleWait | undefined;
    yield* node.setsUp(() => {
      wait = this.#hold(group, node.instanceId, move);
    });
    if (!(yield* this.#answered(group, wait))) return false;
    yield* node.stops();
    this.state = 'Warmed:Stopped';
    group.events?.launched(node.instance, startedAtMs, move);
    yield (resume) => {
      if (this.#wanted) resume();
      else this.#whenWanted = resume;
    };
    return true;
  }

  /** Stops at the group's hook, if it has one. */
  #hold(group: Membership, instanceId: string, move: Move): LifecycleWait | undefined {
    const { hook, chance, kernel, events } = group;
    if (hook === undefined) return undefined;
    const wait = new LifecycleWait(uuid(chance.hex(32)), hook, kernel);
    this.waiting = wait;
    this.state = move.destination === 'WarmPool' ? 'Warmed:Pending:Wait' : 'Pending:Wait';
    events?.launchLifecycleAction(instanceId, hook.name, wait.token, move);
    return wait;
  }

  *#answered(group: Membership, wait: LifecycleWait | undefined): Process<boolean> {
    if (wait === undefined) return true;
    yield (resume) => wait.wait(resume);
    this.waiting = undefined;
    if (wait.result === 'ABANDON') {
      group.abandoned(this);
      return false;
    }
    this.state = this.state === 'Warmed:Pending:Wait' ? 'Warmed:Pending:Proceed' : 'Pending:Proceed';
    return true;
  }
}
