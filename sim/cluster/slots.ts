/** Nodes by free pod slots, for a scheduler that must find the emptiest or the fullest among hundreds for each of
 *  thousands of pods. Nodes with equally many slots are taken in the order in which they came. */

export class SlotIndex<N> {
  /** By free slots: ranks of nodes that have, or once had, as many; a heap, lowest first. */
  readonly #buckets: number[][] = [];
  readonly #nodes: N[] = [];
  readonly #ranks = new Map<N, number>();
  /** By rank: free slots now, 0 for a node that takes no pod. */
  readonly #free: number[] = [];
  /** By rank: buckets that hold an entry of it, true or stale, so that none holds two. */
  readonly #entered: Set<number>[] = [];

  set(node: N, free: number): void {
    let rank = this.#ranks.get(node);
    if (rank === undefined) {
      if (free <= 0) return;
      rank = this.#nodes.push(node) - 1;
      this.#ranks.set(node, rank);
      this.#entered.push(new Set());
    }
    this.#free[rank] = free;
    const entered = this.#entered[rank];
    if (free <= 0 || entered === undefined || entered.has(free)) return;
    entered.add(free);
    let bucket = this.#buckets[free];
    if (bucket === undefined) {
      bucket = [];
      this.#buckets[free] = bucket;
    }
    pushRank(bucket, rank);
  }

  /** The node with most free slots. */
  emptiest(): N | undefined {
    for (let free = this.#buckets.length - 1; free > 0; free--) {
      const node = this.#first(free);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  /** The node with fewest free slots that still has one. */
  fullest(): N | undefined {
    for (let free = 1; free < this.#buckets.length; free++) {
      const node = this.#first(free);
      if (node !== undefined) return node;
    }
    return undefined;
  }

  #first(free: number): N | undefined {
    const bucket = this.#buckets[free];
    while (bucket !== undefined && bucket.length > 0) {
      const rank = bucket[0] ?? 0;
      if (this.#free[rank] === free) return this.#nodes[rank];
      this.#entered[rank]?.delete(free);
      popRank(bucket);
    }
    return undefined;
  }
}

function pushRank(heap: number[], rank: number): void {
  let at = heap.push(rank) - 1;
  while (at > 0) {
    const up = (at - 1) >> 1;
    const parent = heap[up] ?? 0;
    if (parent <= rank) break;
    heap[at] = parent;
    at = up;
  }
  heap[at] = rank;
}

function popRank(heap: number[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    if (left >= heap.length) break;
    const right = left + 1;
    const child = right < heap.length && (heap[right] ?? 0) < (heap[left] ?? 0) ? right : left;
    if ((heap[child] ?? 0) >= last) break;
    heap[at] = heap[child] ?? 0;
    at = child;
  }
  heap[at] = last;
}
