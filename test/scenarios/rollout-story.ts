/** A rollout of 54 pods in waves, told for tests of what may befall it. */
import type { Deployment } from '../../sim/cluster/deployment.ts';
import type { Fault } from '../../sim/ec2/faults.ts';
import type { StageOptions } from '../../sim/stage.ts';
import type { World } from '../../sim/world.ts';
import { announceWaves, detailsOf, grownByPipeline, NAME, type Rolling, rolling } from './rollout-stage.ts';
import { failedRequests, minutes } from './stage.ts';

export interface Story extends Partial<StageOptions> {
  readonly seed: number;
  readonly nodes?: number;
  readonly to?: number;
  readonly waves?: Readonly<Record<string, unknown>>;
}

export interface Told extends Rolling {
  readonly deployment: Deployment;
  /** Pods it was asked for, as they changed. */
  readonly asked: number[];
  readonly startMs: number;
}

/** Quiet m5.large with nine free addresses each; waves of 27 pods take more than is free, so each is warmed for. */
export async function told({ seed, nodes = 3, to = 54, waves, ...options }: Story): Promise<Told> {
  const rollout = rolling({ seed }, options);
  const { world } = rollout;
  for (let node = 0; node < nodes; node++) world.established('m5.large', [9]);
  await world.kernel.run(minutes(11));
  const scales = waves?.['advance'] === 'scale';
  const deployment = scales
    ? world.deploy({ kind: 'Deployment', name: NAME, replicas: 0 })
    : grownByPipeline(world, { to });
  const asked: number[] = [];
  const look = (): void => {
    if (deployment.replicas !== asked.at(-1)) asked.push(deployment.replicas);
    world.kernel.after(500, look);
  };
  look();
  const startMs = world.kernel.nowMs;
  announceWaves(world, { to, podsPerNode: 0, waves: { size: 27, ...waves } });
  return { ...rollout, deployment, asked, startMs };
}

export const readyPods = ({ pods }: World): number => pods.filter(({ ready }) => ready).length;
export const rest = ({ world: { kernel } }: Rolling, forMs: number) => kernel.run(kernel.nowMs + forMs);
export const finished = ({ heard }: Rolling) => detailsOf(heard, 'Rollout Finished');

/** How it went: to its end, and a minute more for the last pods. */
export async function went(story: Told) {
  const { world, toEnd, startMs, asked } = story;
  const { status } = await toEnd();
  const tookMs = world.kernel.nowMs - startMs;
  await rest(story, minutes(1));
  return { status, ready: readyPods(world), failed: failedRequests(world), grew: grows(asked), tookMs };
}

const grows = (counts: readonly number[]): boolean =>
  counts.every((count, index) => index === 0 || count > (counts[index - 1] ?? 0));

export const OURS = 'prewarmer';
export type Ordered = Fault extends infer F ? (F extends Fault ? Omit<F, 'fromMs' | 'toMs'> : never) : never;

/** Trouble from now on, for so long. */
export function order({ world }: Pick<Rolling, 'world'>, fault: Ordered, forMs: number): void {
  const { nowMs: fromMs } = world.kernel;
  world.account.addFault({ ...fault, fromMs, toMs: fromMs + forMs });
}

/** Runs until so many pods have been asked for. */
export async function untilAsked({ world: { kernel }, asked }: Told, pods: number): Promise<void> {
  await kernel.run(kernel.nowMs + minutes(30), () => (asked.at(-1) ?? 0) >= pods);
}
