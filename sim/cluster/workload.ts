/** What all workloads share: their pods, what happened to them, and the figures a user would look at. */
import type { Kernel } from '../kernel.ts';
import type { Pod, PodEvent, PodOwner, PodTemplate } from './pod.ts';
import { BARE_POD, type NodeSelector } from './pod.ts';
import type { Scheduler } from './scheduler.ts';

/** How the pods of a workload behave; each absent figure is that of {@link BARE_POD}. Times in ms. */
export interface PodOptions extends Partial<Omit<PodTemplate, 'image' | 'runMs' | 'selector'>> {
  readonly selector?: NodeSelector;
}

export interface WorkloadWorld {
  readonly kernel: Kernel;
  readonly scheduler: Scheduler;
  /** Hears of every pod. */
  readonly created: (pod: Pod) => void;
}

/** The times of one pod, ms of virtual time; `undefined` until it happened. */
export interface PodTimes {
  readonly name: string;
  readonly createdAtMs: number;
  readonly scheduledAtMs: number | undefined;
  readonly gotAddressAtMs: number | undefined;
  readonly runningAtMs: number | undefined;
  readonly readyAtMs: number | undefined;
  readonly failedRequests: number;
}

export abstract class Workload implements PodOwner {
  readonly name: string;
  /** Every pod it ever had, in order of creation. */
  readonly pods: Pod[] = [];
  protected readonly kernel: Kernel;
  protected readonly scheduler: Scheduler;
  readonly #created: (pod: Pod) => void;
  readonly #template: PodTemplate;
  #generation = 1;

  constructor(name: string, options: PodOptions, runMs: number | undefined, world: WorkloadWorld) {
    this.name = name;
    this.kernel = world.kernel;
    this.scheduler = world.scheduler;
    this.#created = world.created;
    this.#template = {
      image: name,
      imagePullMs: options.imagePullMs ?? BARE_POD.imagePullMs,
      readyAfterMs: options.readyAfterMs ?? BARE_POD.readyAfterMs,
      spreadMs: options.spreadMs ?? BARE_POD.spreadMs,
      terminationGraceMs: options.terminationGraceMs ?? BARE_POD.terminationGraceMs,
      exitMs: options.exitMs ?? BARE_POD.exitMs,
      exitSpreadMs: options.exitSpreadMs ?? BARE_POD.exitSpreadMs,
      runMs,
      selector: options.selector ?? {},
    };
  }

  /** Nothing is left to do: the pods it wants are there, and no others. */
  abstract get done(): boolean;
  abstract ready(pod: Pod): void;
  abstract ending(pod: Pod): void;
  abstract gone(pod: Pod): void;

  get terminationGraceMs(): number {
    return this.#template.terminationGraceMs;
  }

  get failedRequests(): number {
    return this.pods.reduce((sum, pod) => sum + pod.failedRequests, 0);
  }

  /** Its pods' events, oldest first. */
  get events(): readonly (PodEvent & { readonly pod: string })[] {
    return this.pods
      .flatMap(({ name, events }) => events.map((event) => ({ ...event, pod: name })))
      .sort((a, b) => a.atMs - b.atMs);
  }

  get times(): readonly PodTimes[] {
    return this.pods.map((pod) => ({
      name: pod.name,
      createdAtMs: pod.createdAtMs,
      scheduledAtMs: pod.scheduledAtMs,
      gotAddressAtMs: pod.gotAddressAtMs,
      runningAtMs: pod.runningAtMs,
      readyAtMs: pod.readyAtMs,
      failedRequests: pod.failedRequests,
    }));
  }

  /** Which version of the template new pods are made from: each has an image of its own. */
  protected get generation(): number {
    return this.#generation;
  }

  protected nextGeneration(): void {
    this.#generation++;
  }

  protected createPod(name: string): Pod {
    const template = { ...this.#template, image: `${this.name}:${this.#generation}` };
    const pod = this.scheduler.create(name, template, this);
    this.pods.push(pod);
    this.#created(pod);
    return pod;
  }
}

/** Changes a number of replicas from one to another in equal steps, one pod at a time, over `overMs`. */
export function ramp(
  kernel: Kernel,
  options: { readonly from: number; readonly to: number; readonly overMs: number },
  set: (replicas: number) => void,
): () => void {
  const { from, to, overMs } = options;
  const steps = Math.abs(to - from);
  if (overMs <= 0 || steps === 0) {
    set(to);
    return () => {};
  }
  const startMs = kernel.nowMs;
  const cancels = Array.from({ length: steps }, (_, index) =>
    kernel.at(startMs + Math.round((index * overMs) / steps), () =>
      set(from + Math.sign(to - from) * (index + 1)),
    ),
  );
  return () => {
    for (const cancel of cancels) cancel();
  };
}
