/**
 * A StatefulSet: pods with lasting names, made one after the other (or all at once), ended and updated from the last to
 * the first. A pod is replaced only when its predecessor of the same name is gone.
 * Source: Kubernetes, StatefulSets, deployment and scaling guarantees, rolling updates, maximum unavailable Pods.
 */
import type { Pod } from './pod.ts';
import { reconciler } from './reconciler.ts';
import { type PodOptions, ramp, Workload, type WorkloadWorld } from './workload.ts';

export interface StatefulSetOptions extends PodOptions {
  readonly kind: 'StatefulSet';
  readonly name: string;
  readonly replicas: number;
  /** `OrderedReady` unless said. */
  readonly podManagement?: 'OrderedReady' | 'Parallel';
  /** Pods that may be missing during an update, 1 unless said. */
  readonly maxUnavailable?: number;
}

export class StatefulSet extends Workload {
  readonly #ordered: boolean;
  readonly #maxUnavailable: number;
  #replicas: number;
  /** By ordinal: the pod that has the name now, ending ones included, and the generation it was made from. */
  readonly #seats: ({ readonly pod: Pod; readonly generation: number } | undefined)[] = [];
  readonly #reconcile = reconciler(() => this.#step());
  #stopRamp: () => void = () => {};

  constructor(options: StatefulSetOptions, world: WorkloadWorld) {
    const { name, replicas, podManagement = 'OrderedReady', maxUnavailable = 1 } = options;
    super(name, options, undefined, world);
    this.#ordered = podManagement === 'OrderedReady';
    this.#maxUnavailable = maxUnavailable;
    this.#replicas = replicas;
    this.#reconcile();
  }

  get replicas(): number {
    return this.#replicas;
  }

  override get done(): boolean {
    const seats = this.#seats.slice(0, this.#replicas);
    return (
      seats.length === this.#replicas &&
      seats.every((seat) => seat?.pod.ready === true && seat.generation === this.generation) &&
      this.#seats.slice(this.#replicas).every((seat) => seat === undefined)
    );
  }

  /** Wants another number of replicas: at once, or reached one by one over `overMs`. */
  scaleTo(replicas: number, overMs = 0): void {
    this.#stopRamp();
    this.#stopRamp = ramp(this.kernel, { from: this.#replicas, to: replicas, overMs }, (count) => {
      this.#replicas = count;
      this.#reconcile();
    });
  }

  rollOut(): void {
    this.nextGeneration();
    this.#reconcile();
  }

  override ready(): void {
    this.#reconcile();
  }

  override ending(): void {}

  override gone(pod: Pod): void {
    const ordinal = this.#seats.findIndex((seat) => seat?.pod === pod);
    if (ordinal >= 0) this.#seats[ordinal] = undefined;
    this.#reconcile();
  }

  #step(): void {
    for (let ordinal = 0; ordinal < this.#replicas; ordinal++) {
      if (this.#seats[ordinal] === undefined) this.#seat(ordinal);
      if (this.#ordered && this.#seats[ordinal]?.pod.ready !== true) return;
    }
    if (!this.#retireSurplus()) this.#update();
  }

  #seat(ordinal: number): void {
    const generation = this.generation;
    const pod = this.createPod(`${this.name}-${ordinal}`);
    this.#seats[ordinal] = { pod, generation };
  }

  /** Ends what is beyond the replicas, the last first; one at a time when ordered. True while any is left. */
  #retireSurplus(): boolean {
    for (let ordinal = this.#seats.length - 1; ordinal >= this.#replicas; ordinal--) {
      const pod = this.#seats[ordinal]?.pod;
      if (pod === undefined) continue;
      this.scheduler.end(pod);
      if (this.#ordered) return true;
    }
    return this.#seats.slice(this.#replicas).some((seat) => seat !== undefined);
  }

  /** Ends pods of an older generation, the last first, as long as no more than may be are not Ready. */
  #update(): void {
    const seats = this.#seats.slice(0, this.#replicas);
    const missing = seats.filter((seat) => seat?.pod.ready !== true).length;
    const outdated = seats.flatMap((seat) =>
      seat?.pod.ready === true && seat.generation < this.generation ? [seat.pod] : [],
    );
    for (const pod of outdated.reverse().slice(0, Math.max(0, this.#maxUnavailable - missing)))
      this.scheduler.end(pod);
  }
}
