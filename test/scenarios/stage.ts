/** A small cluster with the product deployed in it, for tests that tell a story. */
import type { Node } from '../../sim/cluster/node.ts';
import { SUBNET } from '../../sim/scenarios/subnets.ts';
import type { Note } from '../../sim/stage.ts';
import { Stage, type StageOptions } from '../../sim/stage.ts';
import { World, type WorldSetup } from '../../sim/world.ts';
import { replayable } from '../replay.ts';

export { SUBNET };
export const CLUSTER = 'shop';

export function staged(
  setup: Partial<WorldSetup> & { readonly seed: number },
  options: Partial<StageOptions> = {},
): { readonly world: World; readonly stage: Stage } {
  replayable(setup.seed);
  const world = new World({ cluster: CLUSTER, subnets: [SUBNET], ...setup });
  return { world, stage: new Stage(world, { mode: 'warm', sweep: false, ...options }) };
}

/** An m5.large that an autoscaler asks for because `pods` pods wait: they are bound to it the moment it is Ready. */
export function launchFor(world: World, pods: number): Node {
  for (let index = 0; index < pods; index++) world.createPod(`waiting-${index}`);
  return world.launch('m5.large');
}

/** A Deployment is announced to grow from nothing; `inMs`: its pods start then, else at once. */
export function announceGrowth(
  world: World,
  pods: number,
  { inMs, ...more }: { readonly inMs?: number; readonly podsPerNode?: number } = {},
): void {
  world.bus.put('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: 'checkout' },
    replicas: { from: 0, to: pods },
    ...(inMs !== undefined && { startsAt: new Date(world.clockMs + inMs).toISOString() }),
    ...more,
  });
}

export const failedRequests = (world: World): number =>
  world.pods.reduce((sum, pod) => sum + pod.failedRequests, 0);

export const seconds = (count: number): number => count * 1000;
export const minutes = (count: number): number => count * 60_000;

/** Every reason a step of a plan gave, in order. */
export const stepsOf = (stage: Stage): { do: string; nodeId: string; reason?: string; because: string }[] =>
  stage.journal
    .filter(({ what }) => what === 'plan')
    .flatMap(
      ({ facts }) => facts['steps'] as { do: string; nodeId: string; reason?: string; because: string }[],
    );

export const notesOf = (stage: Stage, what: string): Note[] =>
  stage.journal.filter((note) => note.what === what);

/** Our calls that change something, by action. */
export const changes = (world: World): Record<string, number> =>
  Object.fromEntries(
    [...world.account.calls.of('prewarmer')].filter(([action]) => !action.startsWith('Describe')),
  );

/** Runs real code in the world and waits for it in virtual time. */
export async function inWorld<T>(world: World, work: () => Promise<T>): Promise<T> {
  let result: PromiseSettledResult<T> | undefined;
  world.kernel.activity(work, (settled) => {
    result = settled;
  });
  await world.kernel.run(world.kernel.nowMs + minutes(5), () => result !== undefined);
  if (result === undefined) throw new Error('no answer within five minutes of virtual time');
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}

/** Something happens in the very moment EC2 settles a call of ours. */
export function beforeOurs(
  world: World,
  action: string,
  happens: (input: Readonly<Record<string, unknown>>) => void,
): void {
  const { account } = world;
  const real = account.call.bind(account);
  const call: typeof account.call = function* (caller, what, input) {
    if (caller.name === 'prewarmer' && what === action) happens(input as Readonly<Record<string, unknown>>);
    return yield* real(caller, what, input);
  };
  account.call = call;
}
