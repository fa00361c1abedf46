/** Pods of one version of a Deployment that are neither gone nor ending, and which of them are available. Thousands of them
 *  come and go one by one, so none of it looks at all. */
import type { Pod } from './pod.ts';

export class ReplicaSet {
  readonly #unavailable = new Set<Pod>();
  readonly #available = new Set<Pod>();
  /** Pods in the order in which they became available; some are no longer here. */
  readonly #byAvailability: Pod[] = [];

  get size(): number {
    return this.#unavailable.size + this.#available.size;
  }

  get available(): number {
    return this.#available.size;
  }

  /** Ready, available or not yet. */
  get ready(): number {
    return this.available + [...this.#unavailable].filter((pod) => pod.ready).length;
  }

  add(pod: Pod): void {
    this.#unavailable.add(pod);
  }

  setAvailable(pod: Pod): void {
    if (!this.#unavailable.delete(pod)) return;
    this.#available.add(pod);
    this.#byAvailability.push(pod);
  }

  drop(pod: Pod): void {
    this.#unavailable.delete(pod);
    this.#available.delete(pod);
  }

  /** All pods of another version, as they are there. */
  takeFrom(other: ReplicaSet): void {
    for (const pod of other.#unavailable) this.add(pod);
    for (const pod of other.#byAvailability) {
      if (!other.#available.has(pod)) continue;
      this.add(pod);
      this.setAvailable(pod);
    }
  }

  /** The `count` pods to delete first: those not bound, then not ready, then not available, then those available most
   *  recently. Source: Kubernetes, ReplicaSet controller, order of deletion (without deletion costs and doubled nodes). */
  firstToGo(count: number): Pod[] {
    if (count <= 0) return [];
    const rank = (pod: Pod): number => (pod.node === undefined ? 0 : pod.ready ? 2 : 1);
    const going = [...this.#unavailable].reverse();
    going.sort((a, b) => rank(a) - rank(b)).splice(count);
    this.#forgetLast();
    for (let at = this.#byAvailability.length - 1; at >= 0 && going.length < count; at--) {
      const pod = this.#byAvailability[at];
      if (pod !== undefined && this.#available.has(pod)) going.push(pod);
    }
    return going;
  }

  #forgetLast(): void {
    for (let last = this.#byAvailability.at(-1); last !== undefined; last = this.#byAvailability.at(-1)) {
      if (this.#available.has(last)) return;
      this.#byAvailability.pop();
    }
  }
}
