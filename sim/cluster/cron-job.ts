/**
 * A CronJob: again and again a Job whose pods run for a while and complete. Each completed pod gives its slot back and
 * leaves an address that cools. Runs may overlap (concurrencyPolicy Allow, the default: Kubernetes, CronJob).
 */
import { type PodOptions, Workload, type WorkloadWorld } from './workload.ts';

export interface CronJobOptions extends PodOptions {
  readonly kind: 'CronJob';
  readonly name: string;
  readonly everyMs: number;
  /** From now to the first run; `everyMs` unless said. */
  readonly firstAfterMs?: number;
  /** Pods of one run, all at once. */
  readonly replicas: number;
  /** How long each container runs. */
  readonly runMs: number;
}

export class CronJob extends Workload {
  readonly #everyMs: number;
  #replicas: number;
  #alive = 0;
  #runs = 0;
  #suspended = false;

  constructor(options: CronJobOptions, world: WorkloadWorld) {
    const { name, everyMs, firstAfterMs, replicas, runMs } = options;
    super(name, options, runMs, world);
    if (!(everyMs > 0)) throw new Error(`a CronJob cannot run every ${everyMs} ms`);
    this.#everyMs = everyMs;
    this.#replicas = replicas;
    this.#next(firstAfterMs ?? everyMs);
  }

  /** No pod of any run is left. */
  override get done(): boolean {
    return this.#alive === 0;
  }

  /** Pods of each later run. */
  scaleTo(replicas: number): void {
    this.#replicas = replicas;
  }

  /** A new image from the next run on. */
  rollOut(): void {
    this.nextGeneration();
  }

  /** No further runs. */
  suspend(): void {
    this.#suspended = true;
  }

  override ready(): void {}

  override ending(): void {}

  override gone(): void {
    this.#alive--;
  }

  #next(afterMs: number): void {
    this.kernel.after(afterMs, () => {
      if (this.#suspended) return;
      this.#runs++;
      for (let index = 0; index < this.#replicas; index++) {
        this.#alive++;
        this.createPod(`${this.name}-${this.#runs}-${index}`);
      }
      this.#next(this.#everyMs);
    });
  }
}
