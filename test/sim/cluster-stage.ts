/** A world with one cluster, for tests that look at its nodes and pods. */
import type { NodeGroupOptions } from '../../sim/cluster/node-group.ts';
import type { Pod } from '../../sim/cluster/pod.ts';
import type { BusEvent } from '../../sim/event-bus.ts';
import { World, type WorldSetup } from '../../sim/world.ts';
import { replayable } from '../replay.ts';

export const VPC = 'vpc-0a1b2c3d4e5f60718';
export const SUBNETS = ['a', 'b'].map((zone, index) => ({
  id: `subnet-0a1b2c3d4e5f6071${index}`,
  vpcId: VPC,
  zone: `eu-central-1${zone}`,
  cidr: `10.0.${index * 16}.0/20`,
}));
export const SUBNET_A = SUBNETS[0]?.id ?? '';

export function world(setup: Partial<WorldSetup> = {}): World {
  const full = { seed: 5, cluster: 'shop', subnets: SUBNETS, ...setup };
  replayable(full.seed);
  return new World(full);
}

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => count * 60_000;

/** m5.large nodes: at most 27 pods with an address of their own. */
export const WORKERS = { name: 'workers', type: 'm5.large', launchedBy: 'managed' } as const;

/** `nodes` of them that have been there for long with 27 addresses each, so that no pod has to wait for one. */
export const fullNodes = (nodes: number): NodeGroupOptions => ({
  ...WORKERS,
  established: { nodes, addresses: [9, 9, 9] },
});

/** Runs until `done`, or fails the test after `limitMs` of virtual time. */
export async function until(world: World, done: () => boolean, limitMs = minutes(20)): Promise<number> {
  const fromMs = world.kernel.nowMs;
  await world.kernel.run(fromMs + limitMs, done);
  if (!done()) throw new Error(`not within ${limitMs} ms of virtual time`);
  return world.kernel.nowMs - fromMs;
}

/** Keeps every event that reaches a target. */
export function listening(world: World): () => BusEvent[] {
  const queue = world.queues.create({ name: 'everything', visibilityTimeoutMs: minutes(600) });
  world.bus.addRule({ matches: () => true, queueUrl: queue.url });
  const heard: BusEvent[] = [];
  return () => {
    for (let batch = queue.receive(10); batch.length > 0; batch = queue.receive(10))
      heard.push(...batch.map(({ body }) => JSON.parse(body) as BusEvent));
    return heard;
  };
}

export const reasonsOf = (pod: Pod | undefined): string[] => pod?.events.map(({ reason }) => reason) ?? [];
