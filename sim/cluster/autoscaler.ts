/**
 * An autoscaler, as Karpenter and Cluster Autoscaler behave: some time after a pod found no node it counts the pods that
 * wait, takes off what nodes on their way will hold, and asks the first group that fits for the rest, packed by max-pods.
 */
import type { Kernel } from '../kernel.ts';
import type { NodeGroup } from './node-group.ts';
import { fits, type Scheduler } from './scheduler.ts';

export class Autoscaler {
  readonly #kernel: Kernel;
  readonly #scheduler: Scheduler;
  readonly #groups: NodeGroup[];
  /** Groups that have a look ahead of them. */
  readonly #armed = new Set<NodeGroup>();

  /** `groups` may grow later. */
  constructor(kernel: Kernel, scheduler: Scheduler, groups: NodeGroup[]) {
    this.#kernel = kernel;
    this.#scheduler = scheduler;
    this.#groups = groups;
    scheduler.onUnschedulable(() => this.#wake());
  }

  #wake(): void {
    for (const group of this.#groups) {
      const { autoscale } = group.options;
      if (autoscale === undefined || this.#armed.has(group)) continue;
      this.#armed.add(group);
      this.#kernel.after(autoscale.afterMs, () => {
        this.#armed.delete(group);
        this.#grow(group);
      });
    }
  }

  #grow(group: NodeGroup): void {
    const onTheWay = new Map(this.#groups.map((each) => [each, each.slotsOnTheWay]));
    const suits = (each: NodeGroup, selector: Parameters<typeof fits>[0]): boolean =>
      each.zones.some((zone) => fits(selector, { group: each.name, zone }));
    for (const { selector, pods } of this.#scheduler.waiting()) {
      let left = pods;
      for (const [each, slots] of onTheWay) {
        if (!suits(each, selector)) continue;
        const taken = Math.min(left, slots);
        left -= taken;
        onTheWay.set(each, slots - taken);
      }
      if (left === 0 || !suits(group, selector)) continue;
      const launched = group.grow(Math.ceil(left / group.podSlots), selector.zones);
      const spare = Math.max(0, launched * group.podSlots - left);
      onTheWay.set(group, (onTheWay.get(group) ?? 0) + spare);
    }
  }
}
