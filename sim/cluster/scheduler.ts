/**
 * The scheduler: pods wait in order of creation until a node is Ready, fits and has a slot, and are bound in that instant.
 * `spread` takes the node with most free slots, as the default scheduler's scoring (least allocated) does for pods that
 * are all alike on nodes that are all alike; `pack` the one with fewest (most allocated). `default` ranks as the default
 * profile does: shares of a node rather than slots, and apart from pods of the same owner (default-scoring.ts).
 * Source: Kubernetes, NodeResourcesFit scoring strategies.
 */

import type { Kernel } from '../kernel.ts';
import { bestNode } from './default-scoring.ts';
import type { Node } from './node.ts';
import { type NodeSelector, Pod, type PodOwner, type PodTemplate } from './pod.ts';
import { SlotIndex } from './slots.ts';

export type Placement = 'spread' | 'pack' | 'default';

/** Pods with the same selector, and the nodes that fit it. */
interface Lane {
  readonly selector: NodeSelector;
  readonly slots: SlotIndex<Node>;
  readonly waiting: Pod[];
  /** Waiting pods before this one have been bound or have gone. */
  head: number;
  /** Why its pods find no node, until a node changes. */
  obstacles: string | undefined;
}

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #placement: Placement;
  readonly #nodes = new Set<Node>();
  readonly #lanes = new Map<string, Lane>();
  readonly #whenUnschedulable: (() => void)[] = [];
  readonly #order = new Map<Pod, number>();
  #created = 0;
  #binding = false;

  constructor(kernel: Kernel, placement: Placement = 'spread') {
    this.#kernel = kernel;
    this.#placement = placement;
  }

  /** A node joined, left, or has other room than before. */
  nodeChanged(node: Node): void {
    const free = node.schedulable ? node.freePodSlots : 0;
    if (node.terminated) this.#nodes.delete(node);
    else if (node.ready) this.#nodes.add(node);
    for (const lane of this.#lanes.values()) {
      lane.obstacles = undefined;
      if (fits(lane.selector, node)) lane.slots.set(node, free);
    }
    if (free > 0) this.#bindWaiting();
  }

  create(name: string, template?: PodTemplate, owner?: PodOwner): Pod {
    const pod = this.place(name, template, owner);
    const lane = this.#laneOf(pod.template.selector);
    lane.waiting.push(pod);
    this.#order.set(pod, this.#created++);
    this.#bindWaiting();
    if (pod.alive && pod.node === undefined && !this.#binding) this.#refuse(pod);
    return pod;
  }

  /** A pod that somebody else binds. */
  place(name: string, template?: PodTemplate, owner?: PodOwner): Pod {
    return new Pod(name, this.#kernel.nowMs, template, owner);
  }

  /** Deletes a pod, wherever it is on its way. */
  end(pod: Pod): void {
    if (pod.node !== undefined) {
      pod.node.end(pod);
      return;
    }
    if (!pod.askToEnd(this.#kernel.nowMs)) return;
    this.#order.delete(pod);
    pod.leave(this.#kernel.nowMs);
  }

  get pendingPods(): number {
    return this.#order.size;
  }

  get pending(): readonly Pod[] {
    return [...this.#order.keys()];
  }

  /** How many pods wait, by what they select. */
  waiting(): { readonly selector: NodeSelector; readonly pods: number }[] {
    return [...this.#lanes.values()].map(({ selector, waiting, head }) => {
      let pods = 0;
      for (let at = head; at < waiting.length; at++) {
        const pod = waiting[at];
        if (pod !== undefined && this.#order.has(pod)) pods++;
      }
      return { selector, pods };
    });
  }

  /** Called each time a pod finds no node. */
  onUnschedulable(listener: () => void): void {
    this.#whenUnschedulable.push(listener);
  }

  #laneOf(selector: NodeSelector): Lane {
    const key = JSON.stringify([selector.nodeGroups ?? null, selector.zones ?? null]);
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { selector, slots: new SlotIndex(), waiting: [], head: 0, obstacles: undefined };
      for (const node of this.#nodes)
        if (fits(selector, node)) lane.slots.set(node, node.schedulable ? node.freePodSlots : 0);
      this.#lanes.set(key, lane);
    }
    return lane;
  }

  /** What binding sets off (a pod Ready at once, its owner's next pod) only adds to the queues that are worked on here. */
  #bindWaiting(): void {
    if (this.#binding) return;
    this.#binding = true;
    const bornDuring = this.#created;
    for (;;) {
      const next = this.#next();
      if (next === undefined) break;
      next.lane.head++;
      this.#order.delete(next.pod);
      next.node.bind(next.pod);
    }
    this.#binding = false;
    if (this.#created > bornDuring)
      for (const [pod, order] of this.#order) if (order >= bornDuring) this.#refuse(pod);
  }

  /** The oldest waiting pod that fits somewhere, and where. */
  #next(): { readonly lane: Lane; readonly pod: Pod; readonly node: Node } | undefined {
    let best: { lane: Lane; pod: Pod; node: Node; order: number } | undefined;
    for (const lane of this.#lanes.values()) {
      const pod = this.#headOf(lane);
      const order = pod && this.#order.get(pod);
      if (pod === undefined || order === undefined || order > (best?.order ?? Infinity)) continue;
      const node = this.#choose(pod, lane);
      if (node !== undefined) best = { lane, pod, node, order };
    }
    return best;
  }

  #choose(pod: Pod, lane: Lane): Node | undefined {
    switch (this.#placement) {
      case 'spread':
        return lane.slots.emptiest();
      case 'pack':
        return lane.slots.fullest();
      case 'default': {
        const open = [...this.#nodes].filter(
          (node) => node.schedulable && node.freePodSlots > 0 && fits(lane.selector, node),
        );
        return bestNode(pod, open);
      }
    }
  }

  #headOf(lane: Lane): Pod | undefined {
    for (; lane.head < lane.waiting.length; lane.head++) {
      const pod = lane.waiting[lane.head];
      if (pod !== undefined && this.#order.has(pod)) return pod;
    }
    lane.waiting.length = 0;
    lane.head = 0;
    return undefined;
  }

  /** The pod's first try failed; later tries that fail too are counted by Kubernetes in the same event. */
  #refuse(pod: Pod): void {
    pod.record(
      this.#kernel.nowMs,
      'Warning',
      'FailedScheduling',
      this.#obstacles(this.#laneOf(pod.template.selector)),
    );
    for (const listener of this.#whenUnschedulable) listener();
  }

  /** In the words of the scheduler's own summary (Kubernetes, framework.FitError). */
  #obstacles(lane: Lane): string {
    lane.obstacles ??= this.#whyNot(lane.selector);
    return lane.obstacles;
  }

  #whyNot(selector: NodeSelector): string {
    const counts = new Map<string, number>();
    for (const node of this.#nodes) {
      const why = obstacle(selector, node);
      counts.set(why, (counts.get(why) ?? 0) + 1);
    }
    const reasons = [...counts].map(([why, count]) => `${count} ${why}`).sort();
    const nodes = this.#nodes.size;
    return nodes === 0
      ? 'no nodes available to schedule pods'
      : `0/${nodes} nodes are available: ${reasons.join(', ')}.`;
  }
}

function obstacle(selector: NodeSelector, node: Node): string {
  if (node.cordoned) return 'node(s) were unschedulable';
  const [taint] = node.taints;
  if (taint !== undefined) return `node(s) had untolerated taint {${taint}: }`;
  return fits(selector, node) ? 'Too many pods' : "node(s) didn't match Pod's node affinity/selector";
}

export const fits = (
  { nodeGroups, zones }: NodeSelector,
  { group, zone }: { readonly group: string; readonly zone: string },
): boolean => (nodeGroups?.includes(group) ?? true) && (zones?.includes(zone) ?? true);
