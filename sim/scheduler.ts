/** The scheduler: pods wait until a node is Ready and has a slot, and are bound in that instant. `spread` takes the node
 *  with most free slots, as the default scheduler's scoring does for pods that are all alike. */
import type { Kernel } from './kernel.ts';
import type { Node, Pod } from './node.ts';

export class Scheduler {
  readonly #kernel: Kernel;
  readonly #nodes: Node[] = [];
  readonly #pending: Pod[] = [];

  constructor(kernel: Kernel) {
    this.#kernel = kernel;
  }

  nodeReady(node: Node): void {
    this.#nodes.push(node);
    this.#bindPending();
  }

  create(name: string): Pod {
    const pod = this.place(name);
    this.#pending.push(pod);
    this.#bindPending();
    return pod;
  }

  /** A pod that somebody else binds. */
  place(name: string): Pod {
    return {
      name,
      createdAtMs: this.#kernel.nowMs,
      node: undefined,
      askedAtMs: undefined,
      gotAddressAtMs: undefined,
      failedRequests: 0,
      deleted: false,
    };
  }

  get pendingPods(): number {
    return this.#pending.length;
  }

  #bindPending(): void {
    while (this.#pending.length > 0) {
      let best: Node | undefined;
      for (const node of this.#nodes) if (node.freePodSlots > (best?.freePodSlots ?? 0)) best = node;
      if (best === undefined) return;
      const pod = this.#pending.shift();
      if (pod !== undefined) best.bind(pod);
    }
  }
}
