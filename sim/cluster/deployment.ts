/**
 * A Deployment: keeps its replicas, and replaces them a few at a time when its template changes. The controller acts in
 * the instant something changes; how long the real one takes to see it is left out, as is its slow start.
 * Source: Kubernetes, Deployments, and the Deployment controller's rolling.go. Pods that are ending are not counted, so
 * their addresses are held beside those of maxSurge.
 */
import type { Pod } from './pod.ts';
import { reconciler } from './reconciler.ts';
import { ReplicaSet } from './replica-set.ts';
import { type PodOptions, ramp, Workload, type WorkloadWorld } from './workload.ts';

/** A number of pods, or a share of the replicas such as `25%`. */
export type IntOrPercent = number | `${number}%`;

export interface DeploymentOptions extends PodOptions {
  readonly kind: 'Deployment';
  readonly name: string;
  readonly replicas: number;
  /** Rolling updates with 25 % each, unless said (Kubernetes API reference, DeploymentStrategy). */
  readonly strategy?:
    | { readonly maxSurge?: IntOrPercent; readonly maxUnavailable?: IntOrPercent }
    | 'Recreate';
  /** How long a pod must have been Ready to count as available; 0 unless said. */
  readonly minReadySeconds?: number;
}

const DEFAULT_SHARE = '25%';

export class Deployment extends Workload {
  readonly #strategy: NonNullable<DeploymentOptions['strategy']>;
  readonly #minReadyMs: number;
  #replicas: number;
  #new = new ReplicaSet();
  #old = new ReplicaSet();
  /** Pods asked to end that are not gone yet. */
  #ending = 0;
  #made = 0;
  readonly #reconcile = reconciler(() => this.#step());
  #stopRamp: () => void = () => {};

  constructor(options: DeploymentOptions, world: WorkloadWorld) {
    const { name, replicas, strategy = {}, minReadySeconds = 0 } = options;
    super(name, options, undefined, world);
    this.#strategy = strategy;
    this.#minReadyMs = minReadySeconds * 1000;
    this.#replicas = replicas;
    this.#reconcile();
  }

  get replicas(): number {
    return this.#replicas;
  }

  get strategy(): NonNullable<DeploymentOptions['strategy']> {
    return this.#strategy;
  }

  get available(): number {
    return this.#new.available + this.#old.available;
  }

  get readyPods(): number {
    return this.#new.ready + this.#old.ready;
  }

  override get done(): boolean {
    const { size, available } = this.#new;
    return (
      size === this.#replicas && available === this.#replicas && this.#old.size === 0 && this.#ending === 0
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

  /** The template changes: every pod is replaced as the strategy says. Of a change that also brings another number of
   *  replicas the controller does that first, in the old version: `scaleTo`, then this (isScalingEvent). */
  rollOut(): void {
    this.#old.takeFrom(this.#new);
    this.#new = new ReplicaSet();
    this.nextGeneration();
    this.#reconcile();
  }

  override ready(pod: Pod): void {
    const available = (): void => {
      if (!pod.ready) return;
      this.#new.setAvailable(pod);
      this.#old.setAvailable(pod);
      this.#reconcile();
    };
    if (this.#minReadyMs === 0) available();
    else this.kernel.after(this.#minReadyMs, available);
  }

  override ending(pod: Pod): void {
    this.#new.drop(pod);
    this.#old.drop(pod);
    this.#ending++;
    this.#reconcile();
  }

  override gone(pod: Pod): void {
    if (pod.endingAtMs !== undefined) this.#ending--;
    this.#new.drop(pod);
    this.#old.drop(pod);
    this.#reconcile();
  }

  #step(): void {
    const { maxSurge, maxUnavailable, waits } = this.#bounds();
    const old = this.#old.size;
    const mayGrow = waits ? this.#replicas : this.#replicas + maxSurge - old;
    const wanted = Math.min(this.#replicas, Math.max(this.#new.size, mayGrow));
    this.#end(this.#new, this.#new.size - this.#replicas);
    if (!waits || old + this.#ending === 0)
      for (let missing = wanted - this.#new.size; missing > 0; missing--) this.#create();
    if (old > 0) this.#retire(this.#replicas - maxUnavailable);
  }

  /** Old pods that are not available cost nothing to lose; the others go as far as enough stay available. */
  #retire(minAvailable: number): void {
    const newUnavailable = this.#new.size - this.#new.available;
    const total = this.#old.size + this.#new.size;
    const most = total - minAvailable - newUnavailable;
    if (most <= 0) return;
    const unavailable = Math.min(most, this.#old.size - this.#old.available);
    this.#end(this.#old, unavailable);
    this.#end(this.#old, Math.min(this.#old.size, this.available - minAvailable));
  }

  #end(set: ReplicaSet, count: number): void {
    for (const pod of set.firstToGo(count)) this.scheduler.end(pod);
  }

  #create(): void {
    const pod = this.createPod(`${this.name}-${this.generation}-${this.#made++}`);
    if (pod.deleted) return;
    this.#new.add(pod);
    // It may have become Ready before it was counted.
    if (pod.ready) this.ready(pod);
  }

  /** Kubernetes rounds maxSurge up and maxUnavailable down, and takes 1 unavailable when both come to 0. */
  #bounds(): { readonly maxSurge: number; readonly maxUnavailable: number; readonly waits: boolean } {
    if (this.#strategy === 'Recreate') return { maxSurge: 0, maxUnavailable: this.#replicas, waits: true };
    const maxSurge = Math.ceil(count(this.#strategy.maxSurge ?? DEFAULT_SHARE, this.#replicas));
    const unavailable = Math.floor(count(this.#strategy.maxUnavailable ?? DEFAULT_SHARE, this.#replicas));
    const maxUnavailable = maxSurge === 0 && unavailable === 0 ? 1 : unavailable;
    return { maxSurge, maxUnavailable: Math.min(maxUnavailable, this.#replicas), waits: false };
  }
}

const count = (value: IntOrPercent, replicas: number): number =>
  typeof value === 'number' ? value : (Number(value.slice(0, -1)) * replicas) / 100;
