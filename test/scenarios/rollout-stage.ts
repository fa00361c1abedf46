/** Batched rollouts for tests that tell a story: the machine from its template, the real functions as its tasks. */
import { rolloutTemplate } from '../../infra/rollout-template.ts';
import type { WaveRecord } from '../../lambdas/core/rollouts/record.ts';
import type { Execution } from '../../sim/asl/execution.ts';
import type { StateMachine } from '../../sim/asl/machine.ts';
import type { Deployment } from '../../sim/cluster/deployment.ts';
import type { BusEvent } from '../../sim/event-bus.ts';
import { followWaves } from '../../sim/pipeline.ts';
import { ROLLOUT_MACHINE, type Stage, type StageOptions } from '../../sim/stage.ts';
import type { World, WorldSetup } from '../../sim/world.ts';
import { CLUSTER, minutes, staged } from './stage.ts';

const TEMPLATE = rolloutTemplate();
export const NAME = 'checkout';
export const ROLLOUT = `${CLUSTER}/release-7`;

export interface Rolling {
  readonly world: World;
  readonly stage: Stage;
  readonly machine: StateMachine;
  /** Everything we put on the bus for followers, in order. */
  readonly heard: readonly BusEvent[];
  /** The one execution there is. */
  execution(): Execution;
  /** Runs the world until the execution has ended, or for so long. */
  toEnd(withinMs?: number): Promise<Execution>;
  waves(): Promise<readonly WaveRecord[]>;
}

export function rolling(
  setup: Partial<WorldSetup> & { readonly seed: number },
  options: Partial<StageOptions> = {},
): Rolling {
  const { world, stage } = staged(setup, { sweep: true, rollouts: TEMPLATE, ...options });
  const machine = world.stepFunctions.machine(world.stepFunctions.arnOf(ROLLOUT_MACHINE));
  if (machine === undefined) throw new Error('the stage has no rollout machine');
  const heard: BusEvent[] = [];
  world.bus.addRule({
    matches: ({ source, 'detail-type': type }) =>
      source === 'eks-ip-prewarmer' && (type.startsWith('Wave ') || type.startsWith('Rollout ')),
    deliver: (event) => heard.push(event),
  });
  const execution = (): Execution => {
    const [only, ...others] = machine.executions;
    if (only === undefined || others.length > 0)
      throw new Error(`expected one execution, got ${machine.executions.length}`);
    return only;
  };
  return {
    ...{ world, stage, machine, heard, execution },
    toEnd: async (withinMs = minutes(120)) => {
      const { kernel } = world;
      // A message whose function died is delivered again after three minutes.
      await kernel.run(kernel.nowMs + minutes(10), () => machine.executions.length > 0);
      await kernel.run(kernel.nowMs + withinMs, () => execution().status !== 'RUNNING');
      return execution();
    },
    waves: async () => (await stage.stores.rolloutBook.find(ROLLOUT))?.waves ?? [],
  };
}

/** `waves` as announced; `replicas` from 0 unless said. */
export function announceWaves(
  { bus }: World,
  {
    waves = {},
    to,
    from = 0,
    ...more
  }: { readonly waves?: object; readonly to: number; readonly from?: number } & Readonly<
    Record<string, unknown>
  >,
): BusEvent {
  return bus.put('eks-ip-prewarmer', 'Deployment Announced', {
    cluster: CLUSTER,
    workload: { kind: 'Deployment', namespace: 'default', name: NAME },
    replicas: { from, to },
    announcementId: 'release-7',
    waves,
    ...more,
  });
}

export const detailsOf = (heard: readonly BusEvent[], type: string): Record<string, unknown>[] =>
  heard
    .filter((event) => event['detail-type'] === type)
    .map(({ detail }) => detail as Record<string, unknown>);

/** The announced Deployment, which has `from` pods and which a pipeline grows wave by wave. */
export function grownByPipeline(
  world: World,
  { from = 0, to }: { readonly from?: number; readonly to: number },
): Deployment {
  const fresh = world.deploy({ kind: 'Deployment', name: NAME, replicas: from });
  followWaves(world.bus, { announcementId: 'release-7', fresh, replicas: to });
  return fresh;
}
