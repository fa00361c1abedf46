/**
 * A Job: so many pods at a time until enough of them have completed. A completed pod gives its slot back and leaves an
 * address that cools; the next pod is made in the same instant, while the real controller waits about a second.
 * Source: Kubernetes, Jobs, parallel execution. Containers never fail here.
 */
import type { Pod } from './pod.ts';
import { reconciler } from './reconciler.ts';
import { type PodOptions, Workload, type WorkloadWorld } from './workload.ts';

export interface JobOptions extends PodOptions {
  readonly kind: 'Job';
  readonly name: string;
  readonly completions: number;
  /** 1 unless said. */
  readonly parallelism?: number;
  /** How long each container runs. */
  readonly runMs: number;
}

export class Job extends Workload {
  readonly #completions: number;
  readonly #parallelism: number;
  #alive = 0;
  #completed = 0;
  #made = 0;
  readonly #reconcile = reconciler(() => this.#step());

  constructor(options: JobOptions, world: WorkloadWorld) {
    const { name, completions, parallelism = 1, runMs } = options;
    super(name, options, runMs, world);
    this.#completions = completions;
    this.#parallelism = parallelism;
    this.#reconcile();
  }

  override get done(): boolean {
    return this.#completed === this.#completions;
  }

  override ready(): void {}

  override ending(): void {}

  /** A pod that somebody else ended, or whose node is no more, has not completed: another one takes its place. */
  override gone(pod: Pod): void {
    this.#alive--;
    if (pod.endingAtMs === undefined && pod.node?.terminated !== true) this.#completed++;
    this.#reconcile();
  }

  #step(): void {
    while (this.#alive < Math.min(this.#parallelism, this.#completions - this.#completed)) {
      this.#alive++;
      this.createPod(`${this.name}-${this.#made++}`);
    }
  }
}
